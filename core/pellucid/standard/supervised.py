"""supervised: a loss between the model's prediction and the target; the default objective."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pellucid.basics.arrays import Array, HostArray
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ConfigError, DataError
from pellucid.basics.suggest import listed
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.metric import Metric
from pellucid.interfaces.objective import Batch, Loss, Objective
from pellucid.standard.last_layer import check_last_layer
from pellucid.standard.several_losses import output_shapes
from pellucid.standard.targets import fit_targets, scaled, unscaled

BY_LOSS = "the loss computes it, by equations of its own"


class Supervised(Objective):
    """``L(θ) = loss(f(x; θ), y)``.

    Args:
        loss: the loss between prediction and target.
    """

    equations = (Equation("objective", r"L(\theta) = \mathrm{loss}\left(f(x; \theta),\, y\right)", why=BY_LOSS),)
    examples = (
        Example({"loss": {"type": "core/mse"}}, ((5,),), model={"type": "core/dense", "units": 3}, target=(3,)),
        Example(
            {"loss": {"type": "core/softmax_cross_entropy"}}, ((5,),),
            model={"type": "core/dense", "units": 3}, target=("int", 3),
        ),
    )  # fmt: skip

    needs_target = True

    def __init__(self, loss: Loss) -> None:
        self.loss = loss

    @property
    def capturable(self) -> bool:  # type: ignore[override]
        return self.loss.capturable

    @property
    def signed_weights(self) -> bool:  # type: ignore[override]
        return self.loss.signed_weights

    def suited(self, model: Layer, metrics: Sequence[Metric]) -> list[Metric]:
        shapes = output_shapes(model)
        if len(shapes) > 1:
            raise ConfigError(
                f"loss: {type(model).__name__} gives {len(shapes)} outputs, of shapes {list(shapes)}, and one loss "
                f"compares one. Received: {type(self.loss).__name__}. Give each a loss, in a list or by name: "
                "loss={'digit': 'softmax_cross_entropy', 'angle': 'mse'}."
            )
        check_last_layer(model, self.loss)
        shape = model.output_shape(*require_runtime(model).input_shapes)
        return [metric.beside(self.loss.predicts, shape) for metric in metrics]

    def begin(self, model: Layer, data: Any) -> None:
        fit_targets(model, self.loss, data)

    def scaled(self, model: Layer, y: HostArray) -> HostArray:
        return scaled(model, self.loss, y)

    def unscaled(self, model: Layer, y: HostArray) -> HostArray:
        return unscaled(model, self.loss, y)

    def forward(self, ctx: Context, model: Layer, batch: Batch) -> Array:
        ctx.prediction = model.forward(ctx.child("model", needs_dx=(False,) * len(batch.inputs)), *batch.inputs)
        ctx.target = batch.y
        of_loss = ctx.child("loss")
        value = self.loss.forward(of_loss, ctx.prediction, batch.y, batch.weight)
        ctx.count = of_loss.count
        return value

    def backward(self, ctx: Context, model: Layer) -> None:
        model.backward(ctx.child("model"), self.loss.backward(ctx.child("loss")))

    def check(self, model: Layer, x: Any, y: Any) -> None:
        if isinstance(y, (tuple, dict)):
            told = f"a table of {listed(y)}" if isinstance(y, dict) else f"a tuple of {len(y)}"
            raise DataError(
                f"One loss takes one target, an array with a row for each sample. Received: {told}. Give the array "
                "alone; a model of several outputs takes several losses, by the names of the targets."
            )
        if y is None:
            raise DataError(
                "Supervised training needs a target for every sample. Received: y = None. Pass data=(x, y), or choose "
                "an objective that learns without targets: Trainer(model, objective=…)."
            )
        if model.runtime is not None:
            self.loss.check(y, model.output_shape(*model.runtime.input_shapes))

    def probabilities(self, outputs: HostArray) -> HostArray | None:
        return self.loss.probabilities(outputs)

    def outputs_for(self, targets: HostArray) -> int | None:
        return self.loss.outputs_for(targets)

    def default_metrics(self, *, labels: bool) -> Sequence[str]:
        return self.loss.default_metrics(labels=labels)

    def metric_pair(self, ctx: Context) -> tuple[Array, Array]:
        return self.loss.scored(ctx.prediction, ctx.target)
