"""LogCosh: a loss of values, squared near zero and absolute far away."""

from __future__ import annotations

from typing import Any

from pellucid import Array, Context, Equation, Example, HostArray, Loss, Shape, ShapeError, reject, require_rows


class LogCosh(Loss):
    """``L = Σ wᵢ lᵢ / Σ wᵢ`` with ``lᵢ = (1/J) Σⱼ log cosh rᵢⱼ``, ``r = ŷ − t``.

    Shapes: prediction (N, J); target (N, J); weight (N,).
    """

    equations = (
        Equation("r", r"r = \hat y - t", "prediction - t"),
        Equation(
            "l", r"l_i = \tfrac1J \sum_j \log \cosh r_{ij}",
            "(abs(r) + np.log1p(np.exp(-2 * abs(r))) - np.log(2)).mean(axis=1)",
        ),
        Equation("loss", r"L = \frac{\sum_i w_i l_i}{\sum_i w_i}", "np.sum(w * l) / np.sum(w)"),
        Equation(
            "dprediction", r"d\hat y_{ij} = \frac{w_i}{\sum_k w_k} \frac{\tanh r_{ij}}{J}",
            "w[:, None] / np.sum(w) * np.tanh(r) / r.shape[1]",
        ),
    )  # fmt: skip
    examples = (Example({}, ((3,), (3,))), Example({}, ((1,), (1,))))
    predicts = "values"

    def forward(self, ctx: Context, prediction: Array, target: Array, weight: Array | None = None) -> Any:
        if target.shape != prediction.shape or prediction.ndim != 2:
            raise ShapeError(
                f"LogCosh needs predictions (N, J) and a target of the same shape. Received: {prediction.shape} and "
                f"{target.shape}."
            )
        xp = ctx.xp
        w = xp.ones(len(prediction), prediction.dtype) if weight is None else weight
        ctx.count = float(w.sum(dtype="float64"))
        share = (w / ctx.count if ctx.count else w)[:, None] / prediction.shape[1]
        r = prediction - target
        ctx.dprediction = (share * xp.tanh(r)).astype(prediction.dtype)
        size = abs(r)
        return (share * (size + xp.log1p(xp.exp(-2 * size)) - xp.log(2.0))).sum(dtype="float64")

    def backward(self, ctx: Context) -> Array:
        return ctx.dprediction

    def check(self, target: HostArray, output_shape: Shape) -> None:
        require_rows(self, target, (output_shape,))
        reject(self, target, target - target != 0, "finite targets", "Clean the data first.")
