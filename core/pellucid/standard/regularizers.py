"""L1, L2 and both: penalties that draw parameters towards 0."""

from __future__ import annotations

from abc import ABC

from pellucid.basics.arrays import Array
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.regularizer import Regularizer
from pellucid.ops.base import Backend


class OfOneStrength(Regularizer, ABC):
    """A penalty with a single factor."""

    examples = (Example(), Example({"strength": 0.5}))
    capturable = True

    def __init__(self, strength: float = 1e-4) -> None:
        check_float(self, "strength", strength, "[0, inf)")
        self.strength = strength


class L1(OfOneStrength):
    """``λ‖θ‖₁``, with the gradient ``λ sign θ``, 0 at 0; not averaged over the batch (Tibshirani, 1996).

    It pulls small numbers as hard as large ones, so many come near 0. A step of λη carries them to and fro across it:
    they become as small as that, not exactly 0.

    Args:
        strength: λ, at least 0.
    """

    equations = (
        Equation("penalty", r"\lambda \lVert \theta \rVert_1", "strength * np.sum(np.abs(theta))"),
        Equation("dtheta", r"\lambda \operatorname{sign} \theta, \quad \operatorname{sign} 0 = 0",
                 "strength * np.sign(theta)"),
    )  # fmt: skip

    def penalty(self, ops: Backend, data: Array) -> float:
        return self.strength * _size(ops, data)

    def add_gradient(self, ops: Backend, data: Array, grad: Array) -> None:
        ops.add_sign(grad, data, self.strength)


class L2(OfOneStrength):
    """``(λ/2)‖θ‖²``, with the gradient ``λθ``; not averaged over the batch (Goodfellow et al., Deep Learning, §7.1.1).

    Args:
        strength: λ, at least 0.
    """

    equations = (
        Equation("penalty", r"\tfrac{\lambda}{2} \lVert \theta \rVert^2", "strength / 2 * np.sum(theta**2)"),
        Equation("dtheta", r"\lambda \theta", "strength * theta"),
    )

    def penalty(self, ops: Backend, data: Array) -> float:
        return self.strength * _half_square(ops, data)

    def add_gradient(self, ops: Backend, data: Array, grad: Array) -> None:
        ops.add_scaled(grad, data, self.strength)


class ElasticNet(Regularizer):
    """``λ₁‖θ‖₁ + (λ₂/2)‖θ‖²``: L1 and L2 of one parameter (Zou & Hastie, 2005).

    Args:
        l1: λ₁, at least 0.
        l2: λ₂, at least 0.
    """

    equations = (
        Equation(
            "penalty", r"\lambda_1 \lVert \theta \rVert_1 + \tfrac{\lambda_2}{2} \lVert \theta \rVert^2",
            "l1 * np.sum(np.abs(theta)) + l2 / 2 * np.sum(theta**2)",
        ),
        Equation(
            "dtheta", r"\lambda_1 \operatorname{sign} \theta + \lambda_2 \theta",
            "l1 * np.sign(theta) + l2 * theta",
        ),
    )  # fmt: skip
    examples = (Example(), Example({"l1": 0.5, "l2": 0.25}))
    capturable = True

    def __init__(self, l1: float = 1e-4, l2: float = 1e-4) -> None:
        check_float(self, "l1", l1, "[0, inf)")
        check_float(self, "l2", l2, "[0, inf)")
        self.l1 = l1
        self.l2 = l2

    def penalty(self, ops: Backend, data: Array) -> float:
        return self.l1 * _size(ops, data) + self.l2 * _half_square(ops, data)

    def add_gradient(self, ops: Backend, data: Array, grad: Array) -> None:
        ops.add_sign(grad, data, self.l1)
        ops.add_scaled(grad, data, self.l2)


def _size(ops: Backend, data: Array) -> float:
    """‖θ‖₁, summed in float64."""
    return float(ops.xp.abs(data).sum(dtype="float64"))


def _half_square(ops: Backend, data: Array) -> float:
    """½‖θ‖²."""
    total = ops.empty((), "float64")
    ops.sum_squares(data, total)
    return 0.5 * float(total)
