"""Checks of constructor arguments: one message for a wrong type or range, the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from numbers import Integral, Real

from pellucid.basics.errors import ConfigError


def check_float(owner: object, name: str, value: object, interval: str) -> None:
    """Raise ConfigError unless ``value`` is a finite number in the interval, written as in ``"[0, 1)"``."""
    if isinstance(value, bool) or not isinstance(value, Real) or not _inside(float(value), interval):
        raise _error(owner, name, f"a float in {interval}", value)


def check_int(owner: object, name: str, value: object, interval: str) -> None:
    """Raise ConfigError unless ``value`` is an integer in the interval, written as in ``"[1, inf)"``."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not _inside(float(value), interval):
        raise _error(owner, name, f"an int in {interval}", value)


def check_bool(owner: object, name: str, value: object) -> None:
    """Raise ConfigError unless ``value`` is True or False."""
    if not isinstance(value, bool):
        raise _error(owner, name, "True or False", value)


def check_choice(owner: object, name: str, value: object, choices: Iterable[object]) -> None:
    """Raise ConfigError unless ``value`` is one of the choices."""
    known = list(choices)
    if not any(value is choice or (isinstance(value, str) and value == choice) for choice in known):
        raise _error(owner, name, f"one of {', '.join(repr(choice) for choice in known)}", value)


def check_sizes(owner: object, name: str, value: object, of: str, *, least: int = 0) -> None:
    """Raise ConfigError unless ``value`` is a list of ``least`` or more ints of at least 1: sizes ``of`` something,
    such as ``"the units of each hidden layer"``."""
    good = isinstance(value, list | tuple) and len(value) >= least
    if not good or not all(is_size(size) for size in value):  # type: ignore[attr-defined]
        many = f"at least {least} " if least else ""
        raise _error(owner, name, f"a list of {many}ints of at least 1, {of}", value)


def check_type(owner: object, name: str, value: object, types: tuple[type, ...], expected: str) -> None:
    """Raise ConfigError unless ``value`` is an instance of one of the types, which ``expected`` puts into words."""
    if not isinstance(value, types):
        raise _error(owner, name, expected, value)


def is_size(value: object) -> bool:
    """Whether ``value`` is an integer of at least 1."""
    return not isinstance(value, bool) and isinstance(value, Integral) and int(value) >= 1


def _inside(value: float, interval: str) -> bool:
    low, high = (float(end) for end in interval[1:-1].split(","))
    above = value >= low if interval[0] == "[" else value > low
    below = value <= high if interval[-1] == "]" else value < high
    return isfinite(value) and above and below


def _error(owner: object, name: str, expected: str, value: object) -> ConfigError:
    # Some owners are named by their text; of a function it is its own name, of a component that of its class.
    of = owner if isinstance(owner, str) else getattr(owner, "__name__", type(owner).__name__)
    return ConfigError(f"The '{name}' of {of} must be {expected}. Received: {value!r}.")
