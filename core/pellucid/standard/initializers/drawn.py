"""Normal, Uniform, TruncatedNormal: drawn as widely as they are told to be."""

from __future__ import annotations

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.initializer import Initializer


class Normal(Initializer):
    """``θ ~ N(mean, std²)``.

    Args:
        std: the standard deviation, at least 0.
        mean: the mean.
    """

    equations = (
        Equation(
            "theta",
            r"\theta \sim \mathcal{N}(\mathrm{mean}, \mathrm{std}^2)",
            why="it is drawn; mean and variance say how",
        ),
        Equation("mean", r"\operatorname{E} \theta = \mathrm{mean}", "mean"),
        Equation("variance", r"\operatorname{Var} \theta = \mathrm{std}^2", "std**2"),
    )

    def __init__(self, std: float = 0.01, mean: float = 0.0) -> None:
        check_float(self, "std", std, "[0, inf)")
        check_float(self, "mean", mean, "(-inf, inf)")
        self.std = std
        self.mean = mean

    def __call__(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> HostArray:
        return rng.normal(self.mean, self.std, shape)


class Uniform(Initializer):
    """``θ`` uniform in ±limit.

    Args:
        limit: the largest value, at least 0.
    """

    equations = (
        Equation("mean", r"\operatorname{E} \theta = 0", "0"),
        Equation("variance", r"\operatorname{Var} \theta = \frac{\mathrm{limit}^2}{3}", "limit**2 / 3"),
    )

    def __init__(self, limit: float = 0.05) -> None:
        check_float(self, "limit", limit, "[0, inf)")
        self.limit = limit

    def __call__(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> HostArray:
        return rng.uniform(-self.limit, self.limit, shape)


class TruncatedNormal(Initializer):
    """``θ ~ N(mean, std²)``, cut off at ``mean ± limit·std``: no weight is an outlier. What lies beyond is drawn again.

    The deviation that is left is smaller than ``std``: 0.880 of it for a limit of 2.

    Args:
        std: the standard deviation before the cut, at least 0.
        mean: the mean.
        limit: c, where it is cut, in deviations; above 0.
    """

    equations = (
        Equation(
            "theta", r"\theta \sim \mathcal{N}(\mathrm{mean}, \mathrm{std}^2), \quad |\theta - \mathrm{mean}| \le c\,"
            r" \mathrm{std}", why="it is drawn; mean and variance say how",
        ),
        Equation("mean", r"\operatorname{E} \theta = \mathrm{mean}", "mean"),
        Equation(
            "variance",
            r"\operatorname{Var} \theta = \mathrm{std}^2 \left(1 - \frac{2 c\, \varphi(c)}{2 \Phi(c) - 1}\right)",
            "std**2 * (1 - 2 * limit * np.exp(-(limit**2) / 2) / np.sqrt(2 * np.pi) / erf(limit / np.sqrt(2)))",
        ),
    )  # fmt: skip
    examples = (Example({"std": 0.02}), Example({"std": 0.5, "mean": 1.0, "limit": 1.0}))

    def __init__(self, std: float = 0.02, mean: float = 0.0, limit: float = 2.0) -> None:
        check_float(self, "std", std, "[0, inf)")
        check_float(self, "mean", mean, "(-inf, inf)")
        check_float(self, "limit", limit, "[0.01, inf)")  # nearer, almost all would be drawn again and again
        self.std = std
        self.mean = mean
        self.limit = limit

    def __call__(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> HostArray:
        z = rng.standard_normal(shape)
        flat = np.atleast_1d(z).reshape(-1)
        while len(beyond := np.flatnonzero(abs(flat) > self.limit)):
            flat[beyond] = rng.standard_normal(len(beyond))
        return self.mean + self.std * flat.reshape(shape)
