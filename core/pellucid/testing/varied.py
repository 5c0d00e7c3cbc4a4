"""varied, far: the same component with other arguments than those of its example, near them, so that no number can
stand for them, and of other sign and size."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any
from unittest import SkipTest

import numpy as np

from pellucid.basics.errors import PellucidError
from pellucid.glassbox.failure import ConformanceError
from pellucid.testing.check import Check, has_expressions
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


def far(subject: Subject) -> Iterator[tuple[str, Subject]]:
    """The subject with one of its floating arguments of the other sign, much larger, much smaller, or 0; in words, too.
    What the constructor refuses is left out, whatever it says."""
    for name, value, floating in _given(subject):
        for other in _far(value, floating=floating):
            example = replace(subject.example, arguments={**subject.example.arguments, name: other})
            tried = replace(subject, example=example)
            try:
                tried.create()
            except Exception:  # other cases look at how things are refused
                continue
            yield f"{name}={other:g}", tried


def with_far_arguments(run: Callable[[Subject], None]) -> Callable[[Subject], None]:
    """The same promise, tried with floating arguments of other sign and size than those of the example."""

    def far_away(subject: Subject) -> None:
        for said, other in far(subject):
            try:
                with np.errstate(all="ignore"):
                    run(other)
            except ConformanceError as error:
                error.what = f"With {said}: {error.what}"
                error.remedy = f"{error.remedy} Or let the constructor refuse such an argument."
                raise
            except Exception:  # what it cannot be used with is only known to its author
                continue

    far_away.__name__ = f"{run.__name__}_with_far_arguments"
    far_away.__doc__ = f"With arguments of other sign and size, too: {(run.__doc__ or '').partition(chr(10))[0]}"
    return far_away


def other_arguments(
    equations: Callable[[Subject], None], far_away: Callable[[Subject], None] | None = None
) -> tuple[Check, ...]:
    """The equations, tried with other arguments near those of the example, and far from them, where ``far_away`` may
    be shorter."""
    run = equations if far_away is None else wraps(equations)(far_away)
    return (
        Check(with_other_arguments(equations), lambda subject: has_expressions(subject) and can_vary(subject)),
        Check(with_far_arguments(run), lambda subject: has_expressions(subject) and can_be_far(subject)),
    )


def can_be_far(subject: Subject) -> bool:
    """Whether one of the arguments is a number that may have any sign or size."""
    return isinstance(subject.target, type) and any(_far(v, floating=floating) for _, v, floating in _given(subject))


def can_vary(subject: Subject) -> bool:
    """Whether one of the arguments is a number."""
    whole = subject.entry.kind in COUNTED
    return isinstance(subject.target, type) and any(_others(v, whole=whole) for v in _numbers(subject).values())


def _numbers(subject: Subject) -> Mapping[str, Any]:
    """The arguments that are numbers, given by the example or by default."""
    parameters = inspect.signature(subject.target).parameters.values()
    given = {p.name: subject.example.arguments.get(p.name, p.default) for p in parameters}
    return {name: value for name, value in given.items() if type(value) in (int, float)}


def _given(subject: Subject) -> Iterator[tuple[str, Any, bool]]:
    """The arguments that may be numbers, given by the example or by default, and whether they are floating ones; whole
    ones only where they say nothing of the shape of data."""
    for p in inspect.signature(subject.target).parameters.values():
        value, told = subject.example.arguments.get(p.name, p.default), str(p.annotation)
        floating = type(value) is float or (type(value) in (int, type(None)) and "float" in told)
        if floating or (type(value) is int and subject.entry.kind in (*COUNTED, "metric", "transform")):
            yield p.name, value, floating


def _far(value: float | None, *, floating: bool) -> tuple[float, ...]:
    """What may stand in its place, however much else it means."""
    if not floating:
        return (7 * value, 1, 0) if value else (3,)
    near_one = tuple(other for other in (0.97, 1.0) if other != value)
    return (*((-value, 12.5 * value, value / 8.0, 0.0) if value else (0.7, -0.7, 9.0)), *near_one)


def _others(value: float, *, whole: bool) -> tuple[float, ...]:
    """What may stand in its place: near to it, so that it means much the same."""
    if type(value) is int:
        return (value + 1, value - 1) if whole else ()
    return 0.93 * value + 0.01, 0.93 * value, 1.07 * value
