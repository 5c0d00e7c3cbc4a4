"""AbsoluteError: the mean absolute error, which a few wild targets do not draw far."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.basics.arrays import Array
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.context import Context
from pellucid.standard.losses.outputwise import Outputwise


class AbsoluteError(Outputwise):
    """``L = Σᵢ wᵢ lᵢ / Σᵢ wᵢ`` with ``lᵢ = (1/J) Σⱼ |ŷᵢⱼ − tᵢⱼ|``: the best constant is the median, not the mean.

    At ŷ = t, where every slope from −1 to 1 is a subgradient, it is 0: what is right is left alone. Elsewhere all
    errors pull alike, however small, so the steps must shrink for it to settle: by a schedule, or take ``huber``.

    Shapes: prediction (N, …), J outputs a sample; target: the same; weight (N,), or (N, T) for (N, T, …).
    """

    equations = (
        Equation("r", r"r = \hat y - t", "prediction - t.reshape(prediction.shape)"),
        Equation("l", r"l_i = \frac1J \sum_j |r_{ij}|", "np.mean(np.abs(r).reshape(*w.shape, -1), axis=-1)"),
        Equation("loss", r"L = \frac{\sum_i w_i l_i}{\sum_i w_i}", "np.sum(w * l) / np.sum(w)"),
        Equation(
            "dprediction",
            r"d\hat y_{ij} = \frac{w_i}{J \sum_k w_k} \operatorname{sign} r_{ij}, \quad \operatorname{sign} 0 = 0",
            "w.reshape(*w.shape, *(1,) * (r.ndim - w.ndim)) * np.sign(r) / (r.size / w.size) / np.sum(w)",
        ),
    )
    examples = (Example({}, ((3,), (3,))),)
    predicts = "values"

    def compute(
        self, ctx: Context, prediction: Array, target: Array, weight: Array | None, loss: Array, gradient: Array
    ) -> None:
        ctx.ops.mae(prediction, target, weight, loss, gradient)

    def default_metrics(self, *, labels: bool) -> Sequence[str]:
        return () if labels else ("core/mae", "core/r2")
