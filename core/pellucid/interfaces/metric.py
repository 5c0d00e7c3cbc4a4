"""Metric: a figure computed from predictions and targets while evaluating."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from pellucid.basics.arrays import HostArray, Shape
from pellucid.basics.component import Component

Kind = Literal["classes", "answers", "values"]
"""What a prediction is. ``classes``: scores of K classes along the last axis, the largest of which is chosen.
``answers``: each number is a logit z by itself, of a yes where z > 0, with the probability σ(z). ``values``: numbers in
the unit of the target, whatever unit that is."""


class Metric(Component, ABC):
    """Accumulates over batches; ``update`` receives NumPy arrays."""

    kind: ClassVar[str] = "metric"
    part_of_step: ClassVar[bool] = False
    higher_is_better: ClassVar[bool] = True
    figure: str = ""
    """What it is reported as; empty, the default: the name of its class, ``TopK`` as ``top_k``."""

    def beside(self, predicts: Kind | None, output_shape: Shape) -> Metric:
        """The metric that counts predictions of this kind: this one, the default, or one like it that reads them so.

        Called when a Trainer is made; ``predicts`` is what the loss says of itself (None: nothing).

        Raises:
            ConfigError: such predictions mean nothing to this metric.
        """
        return self

    @abstractmethod
    def reset(self) -> None:
        """Forget all batches."""

    @abstractmethod
    def update(self, prediction: HostArray, target: HostArray, weight: HostArray | None = None) -> None:
        """Take in one batch. Its arrays are lent, the next one may be computed in their memory: keep copies or sums."""

    @abstractmethod
    def result(self) -> float:
        """The figure over all batches since the last reset: a number, of Python's or of NumPy's."""
