"""ElasticNet: a penalty of absolute and squared weights."""

from __future__ import annotations

from pellucid import Array, Equation, Example, Ops, Regularizer, check_float


class ElasticNet(Regularizer):
    """``α‖θ‖₁ + (λ/2)‖θ‖²``, with the gradient ``α sign θ + λθ``; see Zou & Hastie, 2005.

    Args:
        l1: α, at least 0.
        l2: λ, at least 0.
    """

    equations = (
        Equation(
            "penalty", r"\alpha \lVert \theta \rVert_1 + \tfrac{\lambda}{2} \lVert \theta \rVert^2",
            "l1 * np.sum(abs(theta)) + l2 / 2 * np.sum(theta**2)",
        ),
        Equation("dtheta", r"\alpha \operatorname{sign} \theta + \lambda \theta", "l1 * np.sign(theta) + l2 * theta"),
    )  # fmt: skip
    symbols = {"alpha": "l1", "lambda": "l2"}  # noqa: RUF012
    examples = (Example(), Example({"l1": 0.5, "l2": 0.25}))

    def __init__(self, l1: float = 1e-4, l2: float = 1e-4) -> None:
        check_float(self, "l1", l1, "[0, inf)")
        check_float(self, "l2", l2, "[0, inf)")
        self.l1 = l1
        self.l2 = l2

    def penalty(self, ops: Ops, data: Array) -> float:
        wide = data.astype("float64")
        return self.l1 * float(abs(wide).sum()) + self.l2 / 2 * float((wide * wide).sum())

    def add_gradient(self, ops: Ops, data: Array, grad: Array) -> None:
        grad += self.l1 * ops.xp.sign(data) + self.l2 * data
