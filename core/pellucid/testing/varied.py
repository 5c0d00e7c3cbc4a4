"""varied: the same component with other arguments than those of its example, so that no number can stand for them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from unittest import SkipTest

from pellucid.basics.errors import PellucidError
from pellucid.testing.subject import Subject

COUNTED = "schedule", "optimizer", "regularizer", "initializer"
"""Kinds whose whole numbers say nothing of the shape of data."""


def varied(subject: Subject) -> Subject | None:
    """The subject with every number among its arguments moved a little, as far as the constructor takes it; None where
    there is none."""
    changed = dict(subject.example.arguments)
    for name, value in _numbers(subject).items():
        for other in _others(value, whole=subject.entry.kind in COUNTED):
            tried = replace(subject, example=replace(subject.example, arguments={**changed, name: other}))
            try:
                tried.create()
            except PellucidError:
                continue
            changed[name] = other
            break
    return None if changed == subject.example.arguments else replace(
        subject, example=replace(subject.example, arguments=changed)
    )  # fmt: skip


def with_other_arguments(run: Callable[[Subject], None]) -> Callable[[Subject], None]:
    """The same promise, tried with other arguments than those of the example."""

    def again(subject: Subject) -> None:
        other = varied(subject)
        if other is None:
            raise SkipTest("none of its arguments is a number that can be another one")
        run(other)

    again.__name__ = f"{run.__name__}_with_other_arguments"
    again.__doc__ = f"With other arguments than those of the example, too: {(run.__doc__ or '').partition(chr(10))[0]}"
    return again


def can_vary(subject: Subject) -> bool:
    """Whether one of the arguments is a number."""
    whole = subject.entry.kind in COUNTED
    return isinstance(subject.target, type) and any(_others(v, whole=whole) for v in _numbers(subject).values())


def _numbers(subject: Subject) -> Mapping[str, Any]:
    """The arguments that are numbers, given by the example or by default."""
    parameters = inspect.signature(subject.target).parameters.values()
    given = {p.name: subject.example.arguments.get(p.name, p.default) for p in parameters}
    return {name: value for name, value in given.items() if type(value) in (int, float)}


def _others(value: float, *, whole: bool) -> tuple[float, ...]:
    """What may stand in its place: near to it, so that it means much the same."""
    if type(value) is int:
        return (value + 1, value - 1) if whole else ()
    return 0.93 * value + 0.01, 0.93 * value, 1.07 * value
