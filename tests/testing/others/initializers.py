"""Initializers of a stranger's."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from pellucid import Equation, Example, Initializer, check_float


class Lecun(Initializer):
    """``θ ~ N(0, 1/fan_in)``."""

    equations = (
        Equation("mean", "0", "0"),
        Equation("variance", r"1/n_\mathrm{in}", "1 / fan_in"),
    )

    def __call__(self, rng: Any, shape: Any, fan_in: int, fan_out: int) -> Any:
        return rng.normal(0.0, sqrt(1 / max(fan_in, 1)), shape)


class Truncated(Initializer):
    """``θ ~ U(−c s, c s)`` with ``c = √3``: of deviation s, and nothing far away."""

    equations = (Equation("mean", "0", "0"), Equation("variance", "s^2", "std**2"))
    examples = (Example(), Example({"std": 0.5}))

    def __init__(self, std: float = 0.02) -> None:
        check_float(self, "std", std, "[0, inf)")
        self.std = std

    def __call__(self, rng: Any, shape: Any, fan_in: int, fan_out: int) -> Any:
        return rng.uniform(-sqrt(3.0) * self.std, sqrt(3.0) * self.std, shape)


class Signs(Initializer):
    """``θ = ± 1/√fan_in``, each as probable."""

    equations = (Equation("mean", "0", "0"), Equation("variance", r"1/n_\mathrm{in}", "1 / fan_in"))

    def __call__(self, rng: Any, shape: Any, fan_in: int, fan_out: int) -> Any:
        return np.where(rng.uniform(size=shape) < 0.5, -1.0, 1.0) / sqrt(max(fan_in, 1))


class Identity(Initializer):
    """``θ_{…ij} = gain [i = j]`` in the last two axes; zeros of a vector."""

    equations = (
        Equation("theta", r"g\, [i = j]",
                 "gain * np.broadcast_to(np.eye(shape[-2], shape[-1]), shape) if len(shape) > 1 else np.zeros(shape)"),
    )  # fmt: skip
    examples = (Example(), Example({"gain": 2.0}))

    def __init__(self, gain: float = 1.0) -> None:
        check_float(self, "gain", gain, "(-inf, inf)")
        self.gain = gain

    def __call__(self, rng: Any, shape: Any, fan_in: int, fan_out: int) -> Any:
        theta = np.zeros(shape)
        if len(shape) > 1:
            theta[...] = self.gain * np.eye(shape[-2], shape[-1])
        return theta


class Orthonormal(Initializer):
    """Columns (or rows) at right angles, of length 1; all axes but the last are one."""

    equations = (
        Equation("theta", r"Q \text{ of } QR", why="the orthogonal factor of a random matrix has no expression"),
        Equation("mean", "0", "0"),
        Equation("variance", r"1/\max(m, n)", "1 / max(np.prod(shape[:-1]), shape[-1])"),
    )

    def __call__(self, rng: Any, shape: Any, fan_in: int, fan_out: int) -> Any:
        if len(shape) < 1 or 0 in shape:
            return rng.normal(size=shape)
        m, n = int(np.prod(shape[:-1])), shape[-1]
        q, r = np.linalg.qr(rng.normal(size=(max(m, n), min(m, n))))
        q = q * np.sign(np.diag(r))
        return np.ascontiguousarray(q if m >= n else q.T).reshape(shape)
