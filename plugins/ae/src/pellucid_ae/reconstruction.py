"""reconstruction: a loss between a model's output and its input; what autoencoders are trained with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pellucid import (
    Array,
    Batch,
    ConfigError,
    Context,
    DataError,
    Equation,
    Example,
    Layer,
    Loss,
    Metric,
    Objective,
    check_last_layer,
    require_runtime,
)


class Reconstruction(Objective):
    """``L(θ) = loss(f(x; θ), x)``: the input is the target; targets in the data are not used.

    A model that corrupts its input in training is compared with the clean input.

    Args:
        loss: between output and input: ``mse`` for values in the units of the input, ``binary_cross_entropy`` or
            another on logits for logits and inputs from 0 to 1.

    Raises:
        ConfigError: logits with a loss on values, or values with a loss on logits.
        DataError: inputs that are no targets for the loss, with the row.
    """

    equations = (
        Equation(
            "objective", r"L(\theta) = \mathrm{loss}\left(f(x; \theta),\, x\right)",
            why="the loss computes it, by equations of its own",
        ),
    )  # fmt: skip
    examples = (
        Example({"loss": {"type": "core/mse"}}, ((4,),), model={"type": "core/dense", "units": 4}),
        Example(
            {"loss": {"type": "core/mse"}}, ((2, 2),),
            model={"type": "ae/denoising_autoencoder", "latent": 2, "hidden": [3], "activation": "tanh"},
        ),
    )  # fmt: skip

    def __init__(self, loss: Loss) -> None:
        self.loss = loss

    @property
    def _on_logits(self) -> bool:
        return self.loss.predicts == "answers"

    @property
    def capturable(self) -> bool:  # type: ignore[override]
        return self.loss.capturable

    def forward(self, ctx: Context, model: Layer, batch: Batch) -> Array:
        (x,) = batch.inputs
        ctx.target, ctx.output = x, model.forward(ctx.child("model", needs_dx=(False,)), x)
        of_loss = ctx.child("loss")
        value = self.loss.forward(of_loss, ctx.output, x, batch.weight)
        ctx.count = of_loss.count
        return value

    def backward(self, ctx: Context, model: Layer) -> None:
        model.backward(ctx.child("model"), self.loss.backward(ctx.child("loss")))

    def suited(self, model: Layer, metrics: Sequence[Metric]) -> list[Metric]:
        outputs = getattr(model, "outputs", None)
        if outputs in ("values", "logits") and self._on_logits != (outputs == "logits"):
            good = "binary_cross_entropy" if outputs == "logits" else "mse"
            other = "values" if outputs == "logits" else "logits"
            raise ConfigError(
                f"The outputs of this {type(model).__name__} are {outputs}, which the loss {type(self.loss).__name__} "
                f"does not compare with the input. Take loss = {good!r}, or outputs = {other!r}."
            )
        check_last_layer(model, self.loss)
        shape = model.output_shape(*require_runtime(model).input_shapes)
        return [metric.beside("values", shape) for metric in metrics]

    def check(self, model: Layer, x: Any, y: Any) -> None:
        if len(x) != 1:
            raise DataError(f"A reconstruction is of one input. Received: {len(x)} inputs.")
        try:
            self.loss.check(x[0], model.output_shape(x[0].shape[1:]))
        except DataError as error:
            raise DataError(f"The input is the target of a reconstruction. {error}") from error

    def metric_pair(self, ctx: Context) -> tuple[Array, Array]:
        """(output in the units of the input, input)."""
        values = ctx.output
        if self._on_logits:
            values = ctx.scratch("values", ctx.output.shape)
            ctx.ops.activation_forward("sigmoid", ctx.output, values)
        return values, ctx.target
