"""RMSProp: steps divided by the recent size of each gradient."""

from pellucid import Equation, Example, Optimizer, check_float


class RMSProp(Optimizer):
    """``v ← ρv + (1 − ρ)g²``, ``θ ← θ − lr·g/(√v + ε)``; see Tieleman & Hinton, 2012.

    Args:
        lr: learning rate, per step.
        rho: ρ, the part of v that is kept, in [0, 1).
        eps: ε, keeps the denominator away from zero.
    """

    equations = (
        Equation("v", r"v \leftarrow \rho v + (1 - \rho) g^2", "rho * v + (1 - rho) * g**2"),
        Equation(
            "theta", r"\theta \leftarrow \theta - \eta\, g / (\sqrt v + \varepsilon)",
            "theta - lr * g / (np.sqrt(v) + eps)",
        ),
    )
    examples = (Example(), Example({"lr": 0.01, "rho": 0.5}))
    squares = True

    def __init__(self, lr: float = 1e-3, rho: float = 0.9, eps: float = 1e-8) -> None:
        check_float(self, "lr", lr, "[0, inf)")
        check_float(self, "rho", rho, "[0, 1)")
        check_float(self, "eps", eps, "(0, inf)")
        self.lr = lr
        self.rho = rho
        self.eps = eps

    def step(self, segments):
        for s in segments:
            v = s.slot("v")
            v *= self.rho
            v += (1 - self.rho) * s.grad**2
            s.data -= s.lr * s.grad / (s.ops.xp.sqrt(v) + self.eps)
