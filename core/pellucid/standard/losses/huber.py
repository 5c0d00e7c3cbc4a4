"""Huber: squared near the target, absolute far from it."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.basics.arrays import Array
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.context import Context
from pellucid.standard.losses.outputwise import Outputwise


class Huber(Outputwise):
    """``L = Σᵢ wᵢ lᵢ / Σᵢ wᵢ`` with ``lᵢ = (1/J) Σⱼ h(ŷᵢⱼ − tᵢⱼ)``, ``h(r) = r²/2`` up to |r| = δ, then δ(|r| − δ/2).

    Value and slope are continuous at δ. With a large δ it is half the squared error; divided by δ it goes to the
    absolute error as δ goes to 0 (Huber, Robust Estimation of a Location Parameter, 1964).

    Args:
        delta: δ, from which on an error counts by its size only, in the unit of the targets (of the scaled ones, where
            targets are scaled).

    Shapes: prediction (N, …), J outputs a sample; target: the same; weight (N,), or (N, T) for (N, T, …).
    """

    equations = (
        Equation("r", r"r = \hat y - t", "prediction - t.reshape(prediction.shape)"),
        Equation("c", r"c = \min(\max(r, -\delta), \delta)", "np.minimum(np.maximum(r, -delta), delta)"),
        Equation(
            "l", r"l_i = \frac1J \sum_j c_{ij} \left(r_{ij} - \tfrac12 c_{ij}\right)",
            "np.mean((c * (r - c / 2)).reshape(*w.shape, -1), axis=-1)",
        ),
        Equation("loss", r"L = \frac{\sum_i w_i l_i}{\sum_i w_i}", "np.sum(w * l) / np.sum(w)"),
        Equation(
            "dprediction", r"d\hat y_{ij} = \frac{w_i}{\sum_k w_k} \frac{c_{ij}}{J}",
            "w.reshape(*w.shape, *(1,) * (r.ndim - w.ndim)) * c / (r.size / w.size) / np.sum(w)",
        ),
    )  # fmt: skip
    examples = (Example({}, ((3,), (3,))), Example({"delta": 0.3}, ((1,), (1,))))
    predicts = "values"

    def __init__(self, delta: float = 1.0) -> None:
        check_float(self, "delta", delta, "(0, inf)")
        self.delta = delta

    def compute(
        self, ctx: Context, prediction: Array, target: Array, weight: Array | None, loss: Array, gradient: Array
    ) -> None:
        ctx.ops.huber(prediction, target, weight, self.delta, loss, gradient)

    def default_metrics(self, *, labels: bool) -> Sequence[str]:
        return () if labels else ("core/mae", "core/rmse", "core/r2")
