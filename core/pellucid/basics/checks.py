"""Checks of constructor arguments: one message for a wrong type or range, the same everywhere."""

from __future__ import annotations

from math import inf
from numbers import Integral, Real
from typing import Any, TypeGuard

from pellucid.basics.errors import ConfigError
from pellucid.basics.suggest import said

LARGEST = 1 << 64
"""Whole numbers stay below it: seeds fill 64 bits, sizes and counts 63."""


def check_float(owner: object, name: str, value: object, interval: str) -> None:
    """Raise ConfigError unless ``value`` is a finite number in the interval, written as in ``"[0, 1)"``."""
    if not is_number(value) or not _inside(float(value), interval):
        raise wrong(owner, name, f"a float in {interval}", value)


def check_int(owner: object, name: str, value: object, interval: str) -> None:
    """Raise ConfigError unless ``value`` is an integer in the interval, written as in ``"[1, inf)"``, of 64 bits."""
    if not is_int(value) or not _inside(int(value), interval):
        raise wrong(owner, name, f"an int in {interval}", value)
    if int(value) >= LARGEST:
        raise wrong(owner, name, f"an int in {interval} of at most 64 bits", value)


def check_type(owner: object, name: str, value: object, types: tuple[type, ...], expected: str) -> None:
    """Raise ConfigError unless ``value`` is an instance of one of the types, which ``expected`` puts into words."""
    if not isinstance(value, types):
        raise wrong(owner, name, expected, value)


def is_int(value: object) -> TypeGuard[int]:
    """Whether ``value`` is an integer, of Python's or of NumPy's; a truth value is none."""
    return type(value) is int or (isinstance(value, Integral) and not isinstance(value, bool))  # the first is faster


def is_size(value: object) -> bool:
    """Whether ``value`` is an integer of at least 1 that an array can have as its size."""
    return is_int(value) and 1 <= int(value) < LARGEST >> 1


def is_number(value: object) -> TypeGuard[float]:
    """Whether ``value`` is a real number, of Python's or of NumPy's, that a float can hold; a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return float(value) is not None
    except OverflowError:
        return False


def as_python(value: Any) -> Any:
    """What NumPy holds as Python has it: a number, a text or a truth value, of an array a list; all else as it is."""
    return value.tolist() if hasattr(value, "tolist") else value


def _inside(value: float, interval: str) -> bool:
    low, high = (float(end) for end in interval[1:-1].split(","))
    above = value >= low if interval[0] == "[" else value > low
    below = value <= high if interval[-1] == "]" else value < high
    return -inf < value < inf and above and below


def wrong(owner: object, name: str, expected: str, value: object) -> ConfigError:
    """The error for an argument of a constructor or function that is none of what is expected."""
    # Some owners are named by their text; of a function it is its own name, of a component that of its class.
    of = owner if isinstance(owner, str) else getattr(owner, "__name__", type(owner).__name__)
    return ConfigError(f"The '{name}' of {of} must be {expected}. Received: {said(value)}.")
