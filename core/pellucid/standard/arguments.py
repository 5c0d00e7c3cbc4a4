"""Checks of the arguments of components that the engine itself needs none of, with the same message."""

from __future__ import annotations

from collections.abc import Iterable

from pellucid.basics.checks import as_python, is_size, wrong

MOST_SIZES = 1000
"""In one list of them, each of which is one layer or several."""


def check_bool(owner: object, name: str, value: object) -> None:
    """Raise ConfigError unless ``value`` is True or False."""
    if not isinstance(as_python(value), bool):
        raise wrong(owner, name, "True or False", value)


def check_choice(owner: object, name: str, value: object, choices: Iterable[object]) -> None:
    """Raise ConfigError unless ``value`` is one of the choices."""
    known = list(choices)
    if not any(value is choice or (isinstance(value, str) and value == choice) for choice in known):
        raise wrong(owner, name, f"one of {', '.join(repr(choice) for choice in known)}", value)


def check_sizes(owner: object, name: str, value: object, of: str, *, least: int = 0) -> None:
    """Raise ConfigError unless ``value`` is a list of ``least`` or more ints of at least 1, and at most
    ``MOST_SIZES``: sizes ``of`` something, such as ``"the units of each hidden layer"``."""
    good = isinstance(value, list | tuple) and len(value) >= least
    if isinstance(value, list | tuple) and len(value) > MOST_SIZES:
        raise wrong(owner, name, f"a list of at most {MOST_SIZES} ints, {of}", f"{len(value)} of them")
    if not good or not all(is_size(size) for size in value):  # type: ignore[attr-defined]
        many = f"at least {least} " if least else ""
        raise wrong(owner, name, f"a list of {many}ints of at least 1, {of}", value)
