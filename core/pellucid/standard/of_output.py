"""of_output: a metric of one of several outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pellucid.basics.arrays import Shape
from pellucid.basics.checks import check_type
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.metric import Kind, Metric
from pellucid.training.evaluation import figure_names


class OfOutput(Metric):
    """The figure of one output, reported as ``digit_accuracy``; ``metrics={"digit": "accuracy"}`` makes it.

    Args:
        output: its name among those of the losses.
        metric: what is computed of its predictions and targets.

    Shapes: prediction and target are tables of arrays by the names of the outputs; of one output, the arrays.
    """

    equations = (Equation("figure", r"m(\hat y_k, t_k)", why="the metric m has equations of its own"),)
    examples = (Example({"output": "digit", "metric": {"type": "core/accuracy"}}, ((4,), ("int", 4))),)

    def __init__(self, output: str, metric: Metric) -> None:
        check_type(self, "output", output, (str,), "the name of an output")
        self.output = output
        self.metric = metric

    @property
    def figure(self) -> str:  # type: ignore[override]
        return f"{self.output}_{figure_names([self.metric])[0]}"

    @property
    def higher_is_better(self) -> bool:  # type: ignore[override]
        return self.metric.higher_is_better

    def beside(self, predicts: Kind | None, output_shape: Shape) -> Metric:
        return OfOutput(self.output, self.metric.beside(predicts, output_shape))

    def reset(self) -> None:
        self.metric.reset()

    def update(self, prediction: Any, target: Any, weight: Any = None) -> None:
        mine = [part[self.output] if isinstance(part, Mapping) else part for part in (prediction, target)]
        self.metric.update(mine[0], mine[1], weight)

    def result(self) -> float:
        return self.metric.result()
