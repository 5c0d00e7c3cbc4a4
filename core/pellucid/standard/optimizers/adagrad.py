"""Adagrad: each weight by the squares of all its gradients so far."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.optimizer import Group, Optimizer, Segment


class Adagrad(Optimizer):
    """``v ← v + g²``, ``θ ← θ − lr·g/(√v + ε)`` (Duchi, Hazan & Singer, 2011).

    Weights whose gradients are rare or small take longer steps. v only grows, so that steps shrink like 1/√t by
    themselves: right for convex problems and for features that are rarely there; long runs of deep networks come to a
    stop, for which RMSprop forgets.

    Args:
        lr: learning rate: the length of the first step of every weight.
        eps: ε, keeps the denominator away from zero; at least 1e-19.
        weight_decay: λ of the penalty (λ/2)‖θ‖², whose gradient λθ is added to g.
        groups: hyper-parameters for the parameters whose path matches, ``{"match": "*.bias", "weight_decay": 0}``.
    """

    equations = (
        Equation("g", r"g \leftarrow g + \lambda \theta", "g + weight_decay * theta"),
        Equation("v", r"v \leftarrow v + g^2", "v + g**2"),
        Equation("theta", r"\theta \leftarrow \theta - \eta\, g / (\sqrt{v} + \varepsilon)",
                 "theta - lr * g / (np.sqrt(v) + eps)"),
    )  # fmt: skip
    examples = (Example(), Example({"lr": 0.1, "eps": 1e-3, "weight_decay": 0.1}))
    capturable = True
    zeroes_grad = True
    squares = True

    def __init__(
        self, lr: float = 0.01, *, eps: float = 1e-10, weight_decay: float = 0.0, groups: Sequence[Group] = ()
    ) -> None:
        check_float(self, "lr", lr, "[0, inf)")
        check_float(self, "eps", eps, "[1e-19, inf)")
        check_float(self, "weight_decay", weight_decay, "[0, inf)")
        self.lr = lr
        self.eps = eps
        self.weight_decay = weight_decay
        self.groups = groups

    def step(self, segments: Sequence[Segment]) -> None:
        for s in segments:
            s.ops.adagrad(s.data, s.grad, s.slot("v"), s.hyper, self.eps)
