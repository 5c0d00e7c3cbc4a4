"""MSE: the mean squared error."""

from __future__ import annotations

from pellucid.basics.arrays import Array
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.context import Context
from pellucid.standard.losses.outputwise import Outputwise


class MSE(Outputwise):
    """``L = Σᵢ wᵢ lᵢ / Σᵢ wᵢ`` with ``lᵢ = (1/J) Σⱼ (ŷᵢⱼ − tᵢⱼ)²``: the mean over samples and outputs.

    Shapes: prediction (N, …), J outputs a sample; target: the same; weight (N,).
    """

    equations = (
        Equation("l", r"l_i = \frac1J \sum_j (\hat y_{ij} - t_{ij})^2", "np.mean((prediction - t) ** 2, axis=1)"),
        Equation("loss", r"L = \frac{\sum_i w_i l_i}{\sum_i w_i}", "np.sum(w * l) / np.sum(w)"),
        Equation(
            "dprediction",
            r"d\hat y_{ij} = \frac{w_i}{\sum_k w_k} \frac{2 (\hat y_{ij} - t_{ij})}{J}",
            "w[:, None] * 2 * (prediction - t) / t.shape[1] / np.sum(w)",
        ),
    )
    examples = (Example({}, ((3,), (3,))),)

    def compute(
        self, ctx: Context, prediction: Array, target: Array, weight: Array | None, loss: Array, gradient: Array
    ) -> None:
        ctx.ops.mse(prediction, target, weight, loss, gradient)
