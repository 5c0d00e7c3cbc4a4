"""Lion: steps of one length for every weight, along the sign of a mean gradient."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.optimizer import Group, Optimizer, Segment


class Lion(Optimizer):
    """``θ ← θ − lr·(sign(β₁m + (1 − β₁)g) + λθ)``, then ``m ← β₂m + (1 − β₂)g`` (Chen et al., 2023).

    It remembers one number a weight, where Adam remembers two. Every weight moves by lr in every step, so lr is a third
    to a tenth of Adam's, and λ as much larger, for decay is lr·λ; the larger the batch, the better.

    Args:
        lr: learning rate: what a weight moves in one step.
        beta1: β₁, the part of m in the direction of this step, in [0, 1).
        beta2: β₂, the part of m that is kept, in [0, 1).
        weight_decay: λ; per step a weight shrinks by the factor 1 − lr·λ, past the sign.
        groups: hyper-parameters for the parameters whose path matches, ``{"match": "*.bias", "weight_decay": 0}``.
    """

    equations = (
        Equation("c", r"c = \operatorname{sign}(\beta_1 m + (1 - \beta_1) g)", "np.sign(beta1 * m + (1 - beta1) * g)"),
        Equation("theta", r"\theta \leftarrow \theta - \eta\,(c + \lambda \theta)",
                 "theta - lr * (c + weight_decay * theta)"),
        Equation("m", r"m \leftarrow \beta_2 m + (1 - \beta_2) g", "beta2 * m + (1 - beta2) * g"),
    )  # fmt: skip
    examples = (Example(), Example({"lr": 0.01, "beta1": 0.8, "beta2": 0.95, "weight_decay": 0.1}))
    capturable = True
    zeroes_grad = True

    def __init__(
        self, lr: float = 1e-4, *, beta1: float = 0.9, beta2: float = 0.99, weight_decay: float = 0.0,
        groups: Sequence[Group] = (),
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
            s.ops.lion(s.data, s.grad, s.slot("m"), s.hyper, self.beta1, self.beta2)
