"""RMSprop: each weight by the size that its gradients have had of late."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.optimizer import Group, Optimizer, Segment
from pellucid.standard.arguments import check_bool


class RMSprop(Optimizer):
    """``v ← ρv + (1 − ρ)g²``, ``θ ← θ − lr·g/(√v + ε)`` (Tieleman & Hinton, Coursera, 2012, lecture 6.5).

    With ``momentum`` the steps are summed: ``u ← μu + g/(√v + ε)``, ``θ ← θ − lr·u``. With ``centered`` the mean of the
    gradients is taken out of the squares, so that v is their variance: ``a ← ρa + (1 − ρ)g``, and √(v − a²) in place of
    √v (Graves, 2013).

    Args:
        lr: learning rate, per step. v begins at zero and is not corrected for it: the first step of a weight has the
            length lr/√(1 − ρ).
        rho: ρ, the part of the running mean that is kept, in [0, 1).
        momentum: μ, the part of the step before that is kept, in [0, 1).
        centered: whether to divide by the deviation in place of the root of the mean square.
        eps: ε, keeps the denominator away from zero; at least 1e-19.
        weight_decay: λ of the penalty (λ/2)‖θ‖², whose gradient λθ is added to g.
        groups: hyper-parameters for the parameters whose path matches, ``{"match": "*.bias", "weight_decay": 0}``.
    """

    equations = (
        Equation("g", r"g \leftarrow g + \lambda \theta", "g + weight_decay * theta"),
        Equation("v", r"v \leftarrow \rho v + (1 - \rho) g^2", "rho * v + (1 - rho) * g**2"),
        Equation("a", r"a \leftarrow \rho a + (1 - \rho) g", "rho * a + (1 - rho) * g if centered else a"),
        Equation("w", r"w = v - a^2 \text{ (centered) or } v", "np.maximum(v - a**2, 0) if centered else v"),
        Equation("u", r"u \leftarrow \mu u + g / (\sqrt{w} + \varepsilon)",
                 "(momentum * u if momentum else 0) + g / (np.sqrt(w) + eps)"),
        Equation("theta", r"\theta \leftarrow \theta - \eta\, u", "theta - lr * u"),
    )  # fmt: skip
    examples = (
        Example(),
        Example({"lr": 0.01, "momentum": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
        Example({"lr": 0.01, "rho": 0.95, "centered": True, "eps": 1e-2}),
    )
    capturable = True
    zeroes_grad = True
    squares = True

    def __init__(
        self, lr: float = 1e-3, *, rho: float = 0.9, momentum: float = 0.0, centered: bool = False, eps: float = 1e-8,
        weight_decay: float = 0.0, groups: Sequence[Group] = (),
    ) -> None:  # fmt: skip
        check_float(self, "lr", lr, "[0, inf)")
        check_float(self, "rho", rho, "[0, 1)")
        check_float(self, "momentum", momentum, "[0, 1)")
        check_bool(self, "centered", centered)
        check_float(self, "eps", eps, "[1e-19, inf)")
        check_float(self, "weight_decay", weight_decay, "[0, inf)")
        self.lr = lr
        self.rho = rho
        self.momentum = momentum
        self.centered = centered
        self.eps = eps
        self.weight_decay = weight_decay
        self.groups = groups

    def step(self, segments: Sequence[Segment]) -> None:
        for s in segments:
            mean = s.slot("a") if self.centered else None
            steps = s.slot("u") if self.momentum > 0 else None
            s.ops.rmsprop(s.data, s.grad, s.slot("v"), mean, steps, s.hyper, self.rho, self.momentum, self.eps)
