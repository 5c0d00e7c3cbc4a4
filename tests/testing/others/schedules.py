"""Schedules of a stranger's."""

from __future__ import annotations

from typing import Any

from pellucid import Equation, Example, Schedule, check_float, check_int


class Steps(Schedule):
    """``γ^(step // every)``, at least ``least``."""

    equations = (Equation("factor", r"\max(\gamma^{\lfloor s/n \rfloor}, f)", "max(gamma ** (step // every), least)"),)
    examples = (Example({"every": 400}), Example({"every": 1_500, "gamma": 0.1, "least": 1e-3}))

    def __init__(self, every: int = 1_000, gamma: float = 0.5, least: float = 0.0) -> None:
        check_int(self, "every", every, "[1, inf)")
        check_float(self, "gamma", gamma, "(0, 1]")
        check_float(self, "least", least, "[0, 1]")
        self.every = every
        self.gamma = gamma
        self.least = least

    def __call__(self, step: int, total: int) -> float:
        return max(self.gamma ** (step // self.every), self.least)


class WarmInverse(Schedule):
    """``min((s + 1)/w, √(w/(s + 1)))``: up for w steps, then slowly down."""

    equations = (
        Equation("factor", r"\min((s+1)/w, \sqrt{w/(s+1)})", "min((step + 1) / warmup, (warmup / (step + 1)) ** 0.5)"),
    )
    examples = (Example({"warmup": 4}), Example({"warmup": 1_200}))

    def __init__(self, warmup: int = 4_000) -> None:
        check_int(self, "warmup", warmup, "[1, inf)")
        self.warmup = warmup

    def __call__(self, step: int, total: int) -> float:
        return min((step + 1) / self.warmup, (self.warmup / (step + 1)) ** 0.5)


class OneCycle(Schedule):
    """Up for three tenths of the plan, and down to 0; without a plan it stays at 1."""

    equations = (
        Equation("p", r"p = s/S", "min(step / total, 1.0) if total else 0.3"),
        Equation("factor", r"\min(p/0.3, (1 - p)/0.7)", "min(p / 0.3, (1 - p) / 0.7)"),
    )

    def __call__(self, step: int, total: int) -> float:
        p: Any = min(step / total, 1.0) if total else 0.3
        return float(min(p / 0.3, (1 - p) / 0.7))


class Exponential(Schedule):
    """``e^{−s/τ}``."""

    equations = (Equation("factor", r"e^{-s/\tau}", "np.exp(-step / tau)"),)
    examples = (Example({"tau": 3_000.0}),)

    def __init__(self, tau: float = 1_000.0) -> None:
        check_float(self, "tau", tau, "(0, inf)")
        self.tau = tau

    def __call__(self, step: int, total: int) -> float:
        return float(2.718281828459045 ** (-step / self.tau))


class Polynomial(Schedule):
    """``(1 − s/S)^p``, down to ``least`` at the end of the plan; without one it stays at 1."""

    equations = (
        Equation("left", "1 - s/S", "1 - min(step / total, 1.0) if total else 1.0"),
        Equation("factor", r"f + (1 - f)(1 - s/S)^p", "least + (1 - least) * left**power"),
    )
    examples = (Example(), Example({"power": 2.0, "least": 0.1}))

    def __init__(self, power: float = 1.0, least: float = 0.0) -> None:
        check_float(self, "power", power, "(0, inf)")
        check_float(self, "least", least, "[0, 1]")
        self.power = power
        self.least = least

    def __call__(self, step: int, total: int) -> float:
        left: Any = 1 - min(step / total, 1.0) if total else 1.0
        return float(self.least + (1 - self.least) * left**self.power)
