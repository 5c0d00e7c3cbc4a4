"""SGD: stochastic gradient descent, with momentum and with Nesterov's."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.optimizer import Group, Optimizer, Segment
from pellucid.standard.arguments import check_bool


class SGD(Optimizer):
    """``v ← μv + g``, ``θ ← θ − lr·v`` (Polyak, 1964).

    With ``nesterov`` the step looks ahead along the velocity: ``θ ← θ − lr·(g + μv)`` (Sutskever et al., 2013).

    Args:
        lr: learning rate, per step.
        momentum: μ, the part of the velocity that is kept, in [0, 1).
        nesterov: whether to look ahead; needs momentum.
        weight_decay: λ of the penalty (λ/2)‖θ‖², whose gradient λθ is added to g.
        groups: hyper-parameters for the parameters whose path matches, ``{"match": "*.bias", "weight_decay": 0}``.
    """

    equations = (
        Equation("g", r"g \leftarrow g + \lambda \theta", "g + weight_decay * theta"),
        Equation("v", r"v \leftarrow \mu v + g", "momentum * v + g"),
        Equation("d", r"d = g + \mu v \text{ (nesterov) or } v", "g + momentum * v if nesterov else v"),
        Equation("theta", r"\theta \leftarrow \theta - \eta\, d", "theta - lr * d"),
    )
    examples = (
        Example(),
        Example({"lr": 0.1, "momentum": 0.9}),
        Example({"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    )
    capturable = True
    zeroes_grad = True

    def __init__(
        self, lr: float = 0.01, *, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0,
        groups: Sequence[Group] = (),
    ) -> None:  # fmt: skip
        check_float(self, "lr", lr, "[0, inf)")
        check_float(self, "momentum", momentum, "[0, 1)")
        check_bool(self, "nesterov", nesterov)
        check_float(self, "weight_decay", weight_decay, "[0, inf)")
        if nesterov and momentum == 0:
            raise ConfigError(
                "SGD with nesterov=True needs a 'momentum' above 0, as it looks ahead along the velocity. Received: 0."
            )
        self.lr = lr
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.groups = groups

    def step(self, segments: Sequence[Segment]) -> None:
        for s in segments:
            velocity = s.slot("v") if self.momentum > 0 else None
            s.ops.sgd(s.data, s.grad, velocity, s.hyper, self.momentum, self.nesterov)
