"""AsTaken: what the components of a step were made of when it was taken, and what of it is another now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from inspect import signature
from typing import Any, cast

import numpy as np

from pellucid.basics.component import Component, parts_in
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param

SHOWN = 3
"""So many changes are told."""


@dataclass(frozen=True)
class Change:
    """Something that is another than it was.

    Attributes:
        where: the component, ``"layers.1 (Dropout)"``; name: which of its arguments, ``"rate"``.
        then, now: its value.
    """

    where: str
    name: str
    then: Any
    now: Any

    def __str__(self) -> str:
        return f"'{self.name}' of {self.where} was {self.then!r:.80} and is {self.now!r:.80}"


class AsTaken:
    """Remembers arguments and parts of components, and of all components inside of them.

    Weights, states and memory are no part of it: a trace holds these itself.

    Args:
        roots: by what they are called: ``model=…, optimizer=…``; None for what there is not.

    Attributes:
        roots: these.
    """

    def __init__(self, **roots: Component | None) -> None:
        self.roots = roots
        self._held: dict[int, tuple[str, Component, dict[str, Any]]] = {}
        for name, root in roots.items():
            if root is not None:
                self._remember("" if name == "model" else name, root)

    def _remember(self, path: str, component: Component) -> None:
        if id(component) in self._held or not component.part_of_step:
            return
        facts = _facts(component)
        self._held[id(component)] = path or "model", component, facts
        for name, inner in _inside(facts):
            self._remember(f"{path}.{name}" if path else name, inner)

    def changes(self, component: Component, named: frozenset[str] = frozenset()) -> Iterator[Change]:
        """What of a component and all inside of it is another now.

        Args:
            named: arguments of its own that do not matter.
        """
        pending, seen = [component], set()
        while pending:
            part = pending.pop()
            if id(part) in seen or id(part) not in self._held:
                continue
            seen.add(id(part))
            path, _, then = self._held[id(part)]
            now = _facts(part)
            for name in dict.fromkeys((*then, *now)):
                own = part is component and name in named
                if not own and not _same(then.get(name, _NOTHING), now.get(name, _NOTHING)):
                    yield _narrowed(
                        f"{path} ({type(part).__name__})", name, *(f.get(name, _NOTHING) for f in (then, now))
                    )
            pending += [inner for _, inner in _inside(then)][::-1]

    def require(self, component: Component, named: frozenset[str] = frozenset()) -> None:
        """Raise ConfigError if something is another than it was; see :meth:`changes`."""
        found = list(self.changes(component, named))
        if found:
            more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            raise ConfigError(
                f"What this trace was taken of has changed since then: {'; '.join(map(str, found[:SHOWN]))}{more}. "
                "Equations and code would speak of what it is now. Put it back, or trace a step again; a trace that is "
                "saved before a change, trace.save(path), and loaded again is of what it was."
            )


class _Nothing:
    def __repr__(self) -> str:
        return "not there"


_NOTHING = _Nothing()


@lru_cache(maxsize=1024)
def _arguments(kind: Any) -> tuple[str, ...]:
    return tuple(signature(kind).parameters)


def _facts(component: Component) -> dict[str, Any]:
    """Its arguments, the components in its attributes, and what holds for its parameters besides their values."""
    held, kind = vars(component), cast("Any", type(component))
    facts = {name: _kept(held[name]) for name in _arguments(kind) if name in held}
    facts |= {name: part for name, part in parts_in(component, Component) if name.partition(".")[0] not in facts}
    if isinstance(component, Layer):
        for name, param in parts_in(component, Param):
            facts |= {f"{name}.regularizer": param.regularizer, f"{name}.decay": param.decay}
        if component.runtime is not None:
            facts |= {"dtype": str(component.runtime.dtype), "backend": component.runtime.ops.name}
    return facts


def _kept(value: Any) -> Any:
    """A copy of lists, tables and arrays; all else, components too, is itself."""
    if isinstance(value, list | tuple):
        return [_kept(item) for item in value]
    if isinstance(value, dict):
        return {key: _kept(item) for key, item in value.items()}
    return np.array(value) if isinstance(value, np.ndarray) else value


def _items(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield f"{name}.{key}", item


def _inside(facts: dict[str, Any]) -> Iterator[tuple[str, Component]]:
    pending = list(facts.items())
    while pending:
        name, value = pending.pop(0)
        if isinstance(value, Component):
            yield name, value
        elif isinstance(value, list | dict):
            pending[:0] = _items(name, value)


def _same(then: Any, now: Any) -> bool:
    if then is now:
        return True
    if type(then) is not type(now) or isinstance(then, Component):
        return False
    if isinstance(then, list):
        return len(then) == len(now) and all(map(_same, then, now))
    if isinstance(then, dict):
        return list(then) == list(now) and all(_same(then[key], now[key]) for key in then)
    if isinstance(then, np.ndarray):
        return then.dtype == now.dtype and then.shape == now.shape and then.tobytes() == now.tobytes()
    return bool(then == now) or (then != then and now != now)


def _narrowed(where: str, name: str, then: Any, now: Any) -> Change:
    """Of lists and tables of one length the first item that is another."""
    if type(then) is type(now) and isinstance(then, list | dict) and len(then) == len(now):
        pairs = dict(_items(name, now))
        for inner, item in _items(name, then):
            if inner in pairs and not _same(item, pairs[inner]):
                return _narrowed(where, inner, item, pairs[inner])
    return Change(where, name, then, now)
