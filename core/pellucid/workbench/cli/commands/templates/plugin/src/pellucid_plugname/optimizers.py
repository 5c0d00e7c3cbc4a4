"""Lion: an optimizer with a memory of one number a weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pellucid import Equation, Example, Optimizer, Segment, check_float


class Lion(Optimizer):
    """``θ ← θ − lr·(sign(β₁m + (1 − β₁)g) + λθ)``, ``m ← β₂m + (1 − β₂)g``; see Chen et al., 2023.

    Args:
        lr: learning rate: what a weight moves in one step.
        beta1: β₁, the part of m in the direction of this step, in [0, 1).
        beta2: β₂, the part of m that is kept, in [0, 1).
        weight_decay: λ, at least 0; a weight shrinks by the factor 1 − lr·λ.
        groups: hyper-parameters for the parameters whose path matches, ``{"match": "*.bias", "lr": 0.01}``.
    """

    equations = (
        Equation("c", r"c = \operatorname{sign}(\beta_1 m + (1 - \beta_1) g)", "np.sign(beta1 * m + (1 - beta1) * g)"),
        Equation(
            "theta", r"\theta \leftarrow \theta - \eta (c + \lambda \theta)", "theta - lr * (c + weight_decay * theta)"
        ),
        Equation("m", r"m \leftarrow \beta_2 m + (1 - \beta_2) g", "beta2 * m + (1 - beta2) * g"),
    )
    examples = (Example(), Example({"lr": 0.01, "beta1": 0.8, "beta2": 0.95, "weight_decay": 0.1}))

    def __init__(
        self, lr: float = 1e-3, *, beta1: float = 0.9, beta2: float = 0.99, weight_decay: float = 0.0,
        groups: Sequence[dict[str, Any]] = (),
    ) -> None:  # fmt: skip
        check_float(self, "lr", lr, "[0, inf)")
        check_float(self, "beta1", beta1, "[0, 1)")
        check_float(self, "beta2", beta2, "[0, 1)")
        check_float(self, "weight_decay", weight_decay, "[0, inf)")
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.weight_decay = weight_decay
        self.groups = groups

    def step(self, segments: Sequence[Segment]) -> None:
        for s in segments:
            m = s.slot("m")
            direction = s.ops.xp.sign(self.beta1 * m + (1 - self.beta1) * s.grad)
            s.data -= s.lr * (direction + s.weight_decay * s.data)
            m *= self.beta2
            m += (1 - self.beta2) * s.grad
