"""masked: a loss between the model's prediction and the target, at the steps that the model's mask says are there."""

from __future__ import annotations

from pellucid.basics.arrays import Array
from pellucid.basics.component import Equation
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.objective import Batch, Loss
from pellucid.standard.rows import mask_of, masked_weight
from pellucid.standard.supervised import Supervised


class Masked(Supervised):
    """``L(θ) = Σ m l / Σ m`` over samples and steps, with the mask m (N, T) that is the last input of the model.

    For sequences of different length with a target for each step. The mean is over all steps that are there, however
    they are batched; metrics see these alone. Weights of samples (N,) or steps (N, T) are multiplied by the mask.

    Args:
        loss: the loss between prediction (N, T, …) and target, which takes a weight for each step.

    Errors: ConfigError for a batch whose last input is no mask.
    """

    equations = (
        Equation(
            "objective", r"L(\theta) = \frac{\sum_{nt} m_{nt}\, l(f(x, m; \theta)_{nt}, y_{nt})}{\sum_{nt} m_{nt}}"
        ),
    )
    examples = ()  # type: ignore[assignment]  # a model of the core that takes a mask there is not
    capturable = False  # the number that is divided by is another for every batch

    def __init__(self, loss: Loss) -> None:
        super().__init__(loss)

    def forward(self, ctx: Context, model: Layer, batch: Batch) -> Array:
        ctx.mask = mask_of(self, batch)
        weight = masked_weight(ctx, batch)
        return super().forward(ctx, model, Batch(batch.x, batch.y, weight, batch.index))

    def metric_pair(self, ctx: Context) -> tuple[Array, Array]:
        return self.loss.scored(ctx.prediction[ctx.mask], ctx.target[ctx.mask])
