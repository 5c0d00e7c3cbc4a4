"""unchanged, fingerprint: what stands on a component and what is set on it, to tell what a call changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from pellucid.basics.component import CHANGES, Component
from pellucid.glassbox.failure import require


def fingerprint(component: Component) -> dict[str, Any]:
    """A value that changes when any attribute of the component, or of one inside it, is set, replaced or filled."""
    described: dict[str, Any] = _of(component, set())
    return described


def difference(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Which attribute differs, as a path such as ``layers.0.cache``; empty if none."""
    for name in [*before, *(name for name in after if name not in before)]:
        a, b = before.get(name, _ABSENT), after.get(name, _ABSENT)
        if a != b:
            inner = difference(a, b) if isinstance(a, dict) and isinstance(b, dict) else ""
            return f"{name}.{inner}" if inner else str(name)
    return ""


@contextmanager
def unchanged(*components: Component, what: str, remedy: str) -> Iterator[None]:
    """Within: no attribute of these components, or of those inside them, is set, replaced or filled.

    Raises:
        ConformanceError: at the end, if one was; it says that ``what`` did it.
    """
    before, changes = [fingerprint(component) for component in components], CHANGES.count
    with recorded_assignments() as assigned:
        yield
    for component, kept in zip(components, before, strict=True):
        place = difference(kept, fingerprint(component))
        require(not place, f"{what} changes {type(component).__name__}.{place}.", received=place, remedy=remedy,
                expected="the same attributes before and after")  # fmt: skip
    require(CHANGES.count == changes, f"{what} sets an attribute of a component.", expected="none",
            received=", ".join(dict.fromkeys(assigned)) or "Param.trainable", remedy=remedy)  # fmt: skip


@contextmanager
def recorded_assignments() -> Iterator[list[str]]:
    """The attributes that are set on components inside the ``with`` block, as ``Sine.cache``, also where the value is
    the same again or is taken back."""
    found: list[str] = []
    plain = Component.__setattr__

    def recorded(self: Component, name: str, value: Any) -> None:
        found.append(f"{type(self).__name__}.{name}")
        plain(self, name, value)

    Component.__setattr__ = recorded  # type: ignore[method-assign]
    try:
        yield found
    finally:
        Component.__setattr__ = plain  # type: ignore[method-assign]


_ABSENT = object()


def _of(value: Any, seen: set[int]) -> Any:
    if isinstance(value, Component):
        if id(value) in seen:
            return id(value)
        seen.add(id(value))
        own = {name: _of(part, seen) for name, part in vars(value).items() if name != "runtime"}
        shared = {f"{c.__name__}.{name}": _of(part, seen) for c in type(value).__mro__ for name, part in vars(c).items()
                  if isinstance(part, list | dict | set | np.ndarray) and not name.startswith("__")}  # fmt: skip
        return {**own, **shared}
    if isinstance(value, dict):
        return {key: _of(part, seen) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return type(value).__name__, [_of(part, seen) for part in value]
    if isinstance(value, np.ndarray):
        return "array", value.shape, str(value.dtype), value.tobytes()
    if isinstance(value, str | int | float | bool | bytes | None):
        return value
    return type(value).__name__, id(value)
