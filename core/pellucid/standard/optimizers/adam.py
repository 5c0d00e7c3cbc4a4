"""Adam, and AdamW, whose weight decay does not pass through the moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.optimizer import Group, Optimizer, Segment

_MOMENTS = (
    Equation("m", r"m \leftarrow \beta_1 m + (1 - \beta_1) g", "beta1 * m + (1 - beta1) * g"),
    Equation("v", r"v \leftarrow \beta_2 v + (1 - \beta_2) g^2", "beta2 * v + (1 - beta2) * g**2"),
    Equation("mhat", r"\hat m = m / (1 - \beta_1^t)", "m / (1 - beta1**t)"),
    Equation("vhat", r"\hat v = v / (1 - \beta_2^t)", "v / (1 - beta2**t)"),
)
_STEP = r"\theta \leftarrow \theta - \eta\, \hat m / (\sqrt{\hat v} + \varepsilon)"


class Adam(Optimizer):
    """Running means of the gradient and of its square, corrected for their start at zero (Kingma & Ba, 2015).

    ``θ ← θ − lr·m̂/(√v̂ + ε)``. Weight decay is the L2 penalty, through the gradient and hence the moments; for decay
    that is independent of them see AdamW.

    Args:
        lr: learning rate, per step.
        beta1, beta2: the part of the running means that is kept, in [0, 1).
        eps: ε, keeps the denominator away from zero; at least 1e-19. Squares of gradients that are smaller are 0 in
            float32, and divided by less their steps would have no bound.
        weight_decay: λ of the penalty (λ/2)‖θ‖², whose gradient λθ is added to g.
        groups: hyper-parameters for the parameters whose path matches, ``{"match": "*.bias", "weight_decay": 0}``.
    """

    equations = (
        Equation("g", r"g \leftarrow g + \lambda \theta", "g + weight_decay * theta"),
        *_MOMENTS,
        Equation("theta", _STEP, "theta - lr * mhat / (np.sqrt(vhat) + eps)"),
    )
    examples = (Example(), Example({"lr": 0.01, "beta1": 0.8, "weight_decay": 0.1}))
    capturable = True
    zeroes_grad = True
    squares = True
    decoupled: ClassVar[bool] = False
    """Whether weights decay by themselves, past the moments."""

    def __init__(
        self, lr: float = 1e-3, *, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
        weight_decay: float = 0.0, groups: Sequence[Group] = (),
    ) -> None:  # fmt: skip
        check_float(self, "lr", lr, "[0, inf)")
        check_float(self, "beta1", beta1, "[0, 1)")
        check_float(self, "beta2", beta2, "[0, 1)")
        check_float(self, "eps", eps, "[1e-19, inf)")
        check_float(self, "weight_decay", weight_decay, "[0, inf)")
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.weight_decay = weight_decay
        self.groups = groups

    def step(self, segments: Sequence[Segment]) -> None:
        for s in segments:
            m, v, betas = s.slot("m"), s.slot("v"), (self.beta1, self.beta2)
            s.ops.adam(s.data, s.grad, m, v, s.hyper, s.t_cell, *betas, self.eps, decoupled=self.decoupled)


class AdamW(Adam):
    """Adam whose decay ``θ ← θ − lr·λ·θ`` does not pass through the moments (Loshchilov & Hutter, 2019).

    So every weight decays at the same rate, however large its gradients are.

    Args:
        lr, beta1, beta2, eps, groups: as of Adam.
        weight_decay: λ; per step a weight shrinks by the factor 1 − lr·λ.
    """

    equations = (
        Equation("decayed", r"\theta \leftarrow \theta - \eta \lambda \theta", "theta - lr * weight_decay * theta"),
        *_MOMENTS,
        Equation("theta", _STEP, "decayed - lr * mhat / (np.sqrt(vhat) + eps)"),
    )
    decoupled = True

    def __init__(
        self, lr: float = 1e-3, *, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
        weight_decay: float = 0.01, groups: Sequence[Group] = (),
    ) -> None:  # fmt: skip
        super().__init__(lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=weight_decay, groups=groups)
