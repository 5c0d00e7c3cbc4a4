"""Optimizers of a stranger's, in array code."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import Equation, Example, Optimizer, check_float, check_int


class Rmsprop(Optimizer):
    """``s ← ρ s + (1 − ρ) g²``, ``θ ← θ − lr·g/(√s + ε)``; decay is decoupled."""

    equations = (
        Equation("s", r"s \leftarrow \rho s + (1 - \rho) g^2", "rho * s + (1 - rho) * g**2"),
        Equation("theta", r"\theta - \eta \lambda \theta - \eta g / (\sqrt s + \varepsilon)",
                 "theta - lr * weight_decay * theta - lr * g / (np.sqrt(s) + eps)"),
    )  # fmt: skip
    examples = (Example(), Example({"lr": 0.01, "rho": 0.5, "weight_decay": 0.1}))
    squares = True

    def __init__(
        self, lr: float = 1e-3, *, rho: float = 0.9, eps: float = 1e-8, weight_decay: float = 0.0, groups: Any = ()
    ) -> None:
        check_float(self, "lr", lr, "[0, inf)")
        check_float(self, "rho", rho, "[0, 1)")
        check_float(self, "eps", eps, "(0, inf)")
        check_float(self, "weight_decay", weight_decay, "[0, inf)")
        self.lr = lr
        self.rho = rho
        self.eps = eps
        self.weight_decay = weight_decay
        self.groups = groups

    def step(self, segments: Any) -> None:
        for segment in segments:
            s, g = segment.slot("s"), segment.grad
            s *= self.rho
            s += (1 - self.rho) * g**2
            segment.data[...] -= segment.lr * segment.weight_decay * segment.data
            segment.data[...] -= segment.lr * g / (np.sqrt(s) + self.eps)


class Lookahead(Optimizer):
    """Plain steps; after every k of them the weights go half of the way from where they stood before."""

    equations = (
        Equation("u", r"u = \theta - \eta g", "theta - lr * g"),
        Equation("start", r"s = \theta \text{ at first}", "theta if t == 1 else slow"),
        Equation("slow", r"s + \alpha (u - s) \text{ at every k-th step}",
                 "start + alpha * (u - start) if t % k == 0 else start"),
        Equation("theta", r"s \text{ at every k-th step, else } u", "slow if t % k == 0 else u"),
    )  # fmt: skip
    examples = (Example({"k": 3}), Example({"lr": 0.1, "k": 5, "alpha": 0.8}))

    def __init__(self, lr: float = 0.01, *, k: int = 5, alpha: float = 0.5) -> None:
        check_float(self, "lr", lr, "[0, inf)")
        check_int(self, "k", k, "[1, inf)")
        check_float(self, "alpha", alpha, "[0, 1]")
        self.lr = lr
        self.k = k
        self.alpha = alpha

    def step(self, segments: Any) -> None:
        for segment in segments:
            slow = segment.slot("slow")
            if segment.t == 1:
                slow[...] = segment.data
            segment.data[...] -= segment.lr * segment.grad
            if segment.t % self.k == 0:
                slow += self.alpha * (segment.data - slow)
                segment.data[...] = slow


class Adagrad(Optimizer):
    """``s ← s + g²``, ``θ ← θ − lr·g/(√s + ε)``; gradients beyond the limit are cut."""

    equations = (
        Equation("g", r"\min(\max(g, -c), c)", "np.clip(g, -limit, limit)"),
        Equation("s", r"s \leftarrow s + g^2", "s + g**2"),
        Equation("theta", r"\theta - \eta g / (\sqrt s + \varepsilon)", "theta - lr * g / (np.sqrt(s) + eps)"),
    )
    examples = (Example(), Example({"limit": 2.0}))

    def __init__(self, lr: float = 0.01, *, eps: float = 1e-10, limit: float = 1e4) -> None:
        check_float(self, "lr", lr, "[0, inf)")
        check_float(self, "eps", eps, "(0, inf)")
        check_float(self, "limit", limit, "(0, inf)")
        self.lr = lr
        self.eps = eps
        self.limit = limit

    def step(self, segments: Any) -> None:
        for segment in segments:
            g = np.clip(segment.grad, -self.limit, self.limit)
            s = segment.slot("s")
            s += g * g
            segment.data[...] -= segment.lr * g / (np.sqrt(s) + self.eps)


class Lion(Optimizer):
    """``θ ← θ − lr·(sign(β₁m + (1 − β₁)g) + λθ)``, ``m ← β₂m + (1 − β₂)g`` (Chen et al., 2023)."""

    equations = (
        Equation("u", r"\operatorname{sign}(\beta_1 m + (1 - \beta_1) g)", "np.sign(beta1 * m + (1 - beta1) * g)"),
        Equation("m", r"\beta_2 m + (1 - \beta_2) g", "beta2 * m + (1 - beta2) * g"),
        Equation("theta", r"\theta - \eta (u + \lambda \theta)", "theta - lr * (u + weight_decay * theta)"),
    )
    examples = (Example(), Example({"beta1": 0.5, "weight_decay": 0.2}))
    zeroes_grad = True

    def __init__(
        self, lr: float = 1e-3, *, beta1: float = 0.9, beta2: float = 0.99, weight_decay: float = 0.0, groups: Any = ()
    ) -> None:
        check_float(self, "lr", lr, "[0, inf)")
        check_float(self, "beta1", beta1, "[0, 1)")
        check_float(self, "beta2", beta2, "[0, 1)")
        check_float(self, "weight_decay", weight_decay, "[0, inf)")
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.weight_decay = weight_decay
        self.groups = groups

    def step(self, segments: Any) -> None:
        for segment in segments:
            m, g = segment.slot("m"), segment.grad
            u = np.sign(self.beta1 * m + (1 - self.beta1) * g)
            m[...] = self.beta2 * m + (1 - self.beta2) * g
            segment.data[...] -= segment.lr * (u + segment.weight_decay * segment.data)
            g[...] = 0.0


class Lars(Optimizer):
    """Momentum, each parameter's step scaled by ‖θ‖/‖g‖ of that parameter (You, Gitman & Ginsburg, 2017)."""

    equations = (
        Equation("trust", r"\frac{\eta_0 \lVert \theta \rVert}{\lVert g \rVert + \varepsilon}",
                 "trust_coefficient * np.sqrt(np.sum(theta**2)) / (np.sqrt(np.sum(g**2)) + 1e-9)"),
        Equation("v", r"\mu v + \text{trust}\, g", "momentum * v + trust * g"),
        Equation("theta", r"\theta - \eta v", "theta - lr * v"),
    )  # fmt: skip
    examples = (Example({"lr": 0.5}), Example({"lr": 0.5, "momentum": 0.5, "trust_coefficient": 0.1}))

    def __init__(self, lr: float = 0.1, *, momentum: float = 0.9, trust_coefficient: float = 0.02) -> None:
        check_float(self, "lr", lr, "[0, inf)")
        check_float(self, "momentum", momentum, "[0, 1)")
        check_float(self, "trust_coefficient", trust_coefficient, "(0, inf)")
        self.lr = lr
        self.momentum = momentum
        self.trust_coefficient = trust_coefficient

    def step(self, segments: Any) -> None:
        for segment in segments:
            v = segment.slot("v")
            place = 0
            for param in segment.params:
                size = param.data.size
                g, mine = param.grad.reshape(-1), v[place : place + size]
                norm, steep = np.sqrt((param.data**2).sum()), np.sqrt((g**2).sum())
                mine[...] = self.momentum * mine + self.trust_coefficient * norm / (steep + 1e-9) * g
                param.data.reshape(-1)[...] -= segment.lr * mine
                place += _padded(segment, param)


def _padded(segment: Any, param: Any) -> int:
    """How far the next parameter is."""
    arena = segment.slots.arena
    i = next(i for i, each in enumerate(arena.params) if each is param)
    return int(arena.end(i) - arena.offsets[i])


class Adamax(Optimizer):
    """``m ← β₁m + (1 − β₁)g``, ``u ← max(β₂u, |g|)``, ``θ ← θ − lr/(1 − β₁ᵗ)·m/(u + ε)``."""

    equations = (
        Equation("m", r"\beta_1 m + (1 - \beta_1) g", "beta1 * m + (1 - beta1) * g"),
        Equation("u", r"\max(\beta_2 u, |g|)", "np.maximum(beta2 * u, np.abs(g))"),
        Equation("theta", r"\theta - \frac{\eta}{1 - \beta_1^t} m / (u + \varepsilon)",
                 "theta - lr / (1 - beta1**t) * m / (u + eps)"),
    )  # fmt: skip

    def __init__(self, lr: float = 2e-3, *, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> None:
        check_float(self, "lr", lr, "[0, inf)")
        check_float(self, "beta1", beta1, "[0, 1)")
        check_float(self, "beta2", beta2, "[0, 1)")
        check_float(self, "eps", eps, "(0, inf)")
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps

    def step(self, segments: Any) -> None:
        for segment in segments:
            m, u, g = segment.slot("m"), segment.slot("u"), segment.grad
            m[...] = self.beta1 * m + (1 - self.beta1) * g
            np.maximum(self.beta2 * u, np.abs(g), out=u)
            segment.data[...] -= segment.lr / (1 - self.beta1**segment.t) * m / (u + self.eps)
