"""What the kit holds the equations of every component against: collected here in place of being compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from unittest import mock

import numpy as np
from pellucid.glassbox.equations import evaluate
from pellucid.registry.registry import default_registry
from pellucid.testing.cases import covered
from pellucid.testing.checks import (
    initializers,
    layer_maths,
    losses,
    metrics,
    objectives,
    optimizers,
    regularizers,
    schedules,
    transforms,
)
from pellucid.testing.subject import Backends, Subject

MODULES = {
    "layer": layer_maths, "loss": losses, "objective": objectives, "optimizer": optimizers, "metric": metrics,
    "regularizer": regularizers, "schedule": schedules, "initializer": initializers, "transform": transforms,
}  # fmt: skip
Seen = tuple[Any, dict[str, Any], dict[str, Any]]
"""A component, what its equations may name, and what its code gave."""


def subjects(examples: int | None = None) -> Iterator[Subject]:
    """All components of core and of the installed plugins that have an expression, with their examples."""
    registry = default_registry()
    for kind in MODULES:
        for name in registry.names(kind):
            entry = registry.find(kind, name)
            target = registry.load(entry)
            if any(e.python is not None for e in getattr(target, "equations", ())) and covered(entry):
                for example in target.examples[:examples]:
                    yield Subject(entry, target, example, Backends())


class _Enough(Exception):
    """As many were collected as were asked for."""


def seen(subject: Subject, most: int | None = None) -> list[Seen]:
    """What the kit's checks of the equations of a component would compare: all, or the first ones."""
    module: Any = MODULES[subject.entry.kind]
    found: list[Seen] = []

    def note(*case: Any) -> None:
        found.append(case)
        if len(found) == most:
            raise _Enough

    def collect(component: Any, names: Any, computed: Any, *rest: Any, **named: Any) -> dict[str, Any]:
        note(component, {**component.arguments(), **copies(names)}, copies(computed))
        return evaluate(component.equations, {**component.arguments(), **names})

    def collect_figure(equations: Any, names: Any) -> dict[str, Any]:
        note(subject.create(), copies(names), {})
        return evaluate(equations, names)

    with suppress(_Enough), mock.patch.object(module, "require_equations", collect, create=True):
        if module is metrics:
            with mock.patch.object(module, "evaluate", collect_figure):
                module.equations(subject)
        else:
            module.equations(subject)
            if hasattr(module, "equations_at_ties"):
                module.equations_at_ties(subject)
    return found


def copies(names: dict[str, Any]) -> dict[str, Any]:
    """Arrays as they are now, in float64; the same array under two names stays one."""
    known: dict[int, Any] = {}

    def copy(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return known.setdefault(id(value), np.array(value, np.float64 if value.dtype.kind == "f" else None))
        return type(value)(map(copy, value)) if type(value) in (list, tuple) else value

    return {name: copy(value) for name, value in names.items()}
