"""Huber: squared error near zero, absolute error far away."""

from pellucid import Equation, Example, Loss, ShapeError, check_float, reject, require_rows


class Huber(Loss):
    """``½r²`` where ``|r| ≤ δ``, else ``δ(|r| − ½δ)``, with ``r = ŷ − t``; see Huber, 1964.

    Args:
        delta: δ, where the parabola becomes a line.

    Shapes: prediction and target (N, J); weight (N,).
    """

    equations = (
        Equation("r", r"r = \hat y - t", "prediction - t"),
        Equation("s", r"s = \max(-\delta, \min(\delta, r))", "np.clip(r, -delta, delta)"),
        Equation("l", r"l_i = \tfrac1J \sum_j s_{ij} (r_{ij} - \tfrac12 s_{ij})", "(s * (r - s / 2)).mean(axis=1)"),
        Equation("loss", r"L = \frac{\sum_i w_i l_i}{\sum_i w_i}", "np.sum(w * l) / np.sum(w)"),
        Equation(
            "dprediction", r"d\hat y_{ij} = \frac{w_i}{\sum_k w_k} \frac{s_{ij}}{J}",
            "w[:, None] / np.sum(w) * s / s.shape[1]",
        ),
    )
    examples = (Example({}, input_shapes=((3,), (3,))), Example({"delta": 0.1}, input_shapes=((1,), (1,))))
    predicts = "values"

    def __init__(self, delta: float = 1.0) -> None:
        check_float(self, "delta", delta, "(0, inf)")
        self.delta = delta

    def forward(self, ctx, prediction, target, weight=None):
        if target.shape != prediction.shape:
            raise ShapeError(f"Huber needs a target of shape {prediction.shape}. Received: {target.shape}.")
        n, j = prediction.shape
        w = ctx.xp.ones(n) if weight is None else weight
        ctx.count = float(w.sum())                                  # what is divided by
        share = (w / ctx.count if ctx.count else w)[:, None] / j    # (N, 1)
        r = prediction - target
        s = ctx.xp.clip(r, -self.delta, self.delta)
        ctx.dprediction = (share * s).astype(prediction.dtype)
        return (share * s * (r - s / 2)).sum(dtype="float64")

    def backward(self, ctx):
        return ctx.dprediction

    def check(self, target, output_shape):
        require_rows(self, target, (output_shape,))
        reject(self, target, target != target, "finite targets", "Clean the data first.")
