"""L2: a penalty that grows with the square of the weights."""

from __future__ import annotations

from pellucid.basics.arrays import Array
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.regularizer import Regularizer
from pellucid.ops.base import Backend


class L2(Regularizer):
    """``(λ/2)‖θ‖²``, with the gradient ``λθ``; not averaged over the batch (Goodfellow et al., Deep Learning, §7.1.1).

    Args:
        strength: λ, at least 0.
    """

    equations = (
        Equation("penalty", r"\tfrac{\lambda}{2} \lVert \theta \rVert^2", "strength / 2 * np.sum(theta**2)"),
        Equation("dtheta", r"\lambda \theta", "strength * theta"),
    )
    examples = (Example(), Example({"strength": 0.5}))
    capturable = True

    def __init__(self, strength: float = 1e-4) -> None:
        check_float(self, "strength", strength, "[0, inf)")
        self.strength = strength

    def penalty(self, ops: Backend, data: Array) -> float:
        total = ops.empty((), "float64")
        ops.sum_squares(data, total)
        return 0.5 * self.strength * float(total)

    def add_gradient(self, ops: Backend, data: Array, grad: Array) -> None:
        ops.add_scaled(grad, data, self.strength)
