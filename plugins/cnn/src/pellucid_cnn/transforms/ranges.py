"""Ranges of factors as augmentations take them: a smallest and a largest one."""

from __future__ import annotations

from math import inf
from numbers import Real
from typing import Any

from pellucid import Component, ConfigError


def check_range(owner: Component, name: str, value: Any) -> None:
    """Raise ConfigError unless ``value`` is a pair of finite factors, 0 < smallest ≤ largest."""
    pair = isinstance(value, list | tuple) and len(value) == 2
    if not pair or not all(isinstance(n, Real) and not isinstance(n, bool) for n in value) or (
        not 0 < value[0] <= value[1] < inf
    ):  # fmt: skip
        raise ConfigError(
            f"The '{name}' of {type(owner).__name__} must be two factors, 0 < smallest ≤ largest. Received: {value!r}."
        )


def between(ends: tuple[float, float], u: Any) -> Any:
    """From u uniform in [−1, 1) to uniform between the two ends."""
    low, high = ends
    return (low + high) / 2 + (high - low) / 2 * u
