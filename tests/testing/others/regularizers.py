"""Regularizers of a stranger's."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import Equation, Example, Regularizer, ShapeError, check_float


class L1(Regularizer):
    """``λ ‖θ‖₁`` with the gradient ``λ sign(θ)``, sign(0) = 0."""

    equations = (
        Equation("penalty", r"\lambda \lVert \theta \rVert_1", "strength * np.sum(np.abs(theta))"),
        Equation("dtheta", r"\lambda \operatorname{sign} \theta", "strength * np.sign(theta)"),
    )
    examples = (Example(), Example({"strength": 0.3}))

    def __init__(self, strength: float = 1e-3) -> None:
        check_float(self, "strength", strength, "[0, inf)")
        self.strength = strength

    def penalty(self, ops: Any, data: Any) -> float:
        return self.strength * float(np.abs(data).sum())

    def add_gradient(self, ops: Any, data: Any, grad: Any) -> None:
        grad += (self.strength * np.sign(data)).astype(grad.dtype)


class Group(Regularizer):
    """``λ Σₖ ‖θₖ‖`` over the columns θₖ, the last axis counting them; of a column of zeros the gradient is 0."""

    equations = (
        Equation("flat", r"\theta", "theta.reshape(-1, theta.shape[-1])"),
        Equation("norm", r"\lVert \theta_k \rVert", "np.sqrt((flat**2).sum(0))"),
        Equation("penalty", r"\lambda \sum_k \lVert \theta_k \rVert", "strength * norm.sum()"),
        Equation("dtheta", r"\lambda \theta_k / \lVert \theta_k \rVert",
                 "strength * theta / np.where(norm > 0, norm, 1.0)"),
    )  # fmt: skip
    examples = (Example({"strength": 0.2}),)

    def __init__(self, strength: float = 1e-3) -> None:
        check_float(self, "strength", strength, "[0, inf)")
        self.strength = strength

    def penalty(self, ops: Any, data: Any) -> float:
        return self.strength * float(np.sqrt((data.reshape(-1, data.shape[-1]) ** 2).sum(axis=0)).sum())

    def add_gradient(self, ops: Any, data: Any, grad: Any) -> None:
        norm = np.sqrt((data.reshape(-1, data.shape[-1]) ** 2).sum(axis=0))
        grad += self.strength * data / np.where(norm > 0, norm, 1.0).astype(data.dtype)


class Elastic(Regularizer):
    """``λ (α ‖θ‖₁ + (1 − α) ‖θ‖²/2)``."""

    equations = (
        Equation("penalty", r"\lambda (\alpha \lVert \theta \rVert_1 + (1 - \alpha) \lVert \theta \rVert^2 / 2)",
                 "strength * (mix * np.sum(np.abs(theta)) + (1 - mix) * np.sum(theta**2) / 2)"),
        Equation("dtheta", r"\lambda (\alpha \operatorname{sign} \theta + (1 - \alpha) \theta)",
                 "strength * (mix * np.sign(theta) + (1 - mix) * theta)"),
    )  # fmt: skip
    examples = (Example({"strength": 0.1, "mix": 0.25}),)

    def __init__(self, strength: float = 1e-3, mix: float = 0.5) -> None:
        check_float(self, "strength", strength, "[0, inf)")
        check_float(self, "mix", mix, "[0, 1]")
        self.strength = strength
        self.mix = mix

    def penalty(self, ops: Any, data: Any) -> float:
        return self.strength * float(self.mix * np.abs(data).sum() + (1 - self.mix) * (data**2).sum() / 2)

    def add_gradient(self, ops: Any, data: Any, grad: Any) -> None:
        grad += (self.strength * (self.mix * np.sign(data) + (1 - self.mix) * data)).astype(grad.dtype)


class Orthogonal(Regularizer):
    """``λ ‖WᵀW − I‖²/4`` of matrices."""

    equations = (
        Equation("gap", r"W^\top W - I", "theta.T @ theta - np.eye(theta.shape[1])"),
        Equation("penalty", r"\tfrac{\lambda}{4} \lVert W^\top W - I \rVert^2", "strength / 4 * np.sum(gap**2)"),
        Equation("dtheta", r"\lambda W (W^\top W - I)", "strength * theta @ gap"),
    )
    examples = (Example({"strength": 0.1}),)

    def __init__(self, strength: float = 1e-3) -> None:
        check_float(self, "strength", strength, "[0, inf)")
        self.strength = strength

    def _gap(self, data: Any) -> Any:
        if data.ndim != 2:
            raise ShapeError(f"Orthogonal is for matrices. Received: a parameter of shape {data.shape}.")
        return data.T @ data - np.eye(data.shape[1], dtype=data.dtype)

    def penalty(self, ops: Any, data: Any) -> float:
        return self.strength / 4 * float((self._gap(data) ** 2).sum())

    def add_gradient(self, ops: Any, data: Any, grad: Any) -> None:
        grad += (self.strength * data @ self._gap(data)).astype(grad.dtype)
