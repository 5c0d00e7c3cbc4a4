"""Primitive: an operation together with its derivative rules; Recorded: a value with its place on a tape."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy

PYTHON_NUMBERS = (float, int, bool)
LISTS = (list, tuple)
HOST_ARRAYS = (numpy.ndarray, numpy.generic)
HOST_TYPES = (*HOST_ARRAYS, float, int)
Rule = Callable[..., Any]
"""``rule(dy, y, *inputs, **options)``: from the gradient at the output to the gradient at one input."""


class TapeLike(Protocol):
    """What an operation asks of the tape that writes it down; :class:`pellucid.autodiff.tape.Tape` has more."""

    serial: int

    def lift(self, value: Any) -> Any:
        """What an operand that is no Variable means on this tape."""
        ...

    def record(self, value: Any, inputs: Sequence[int], pullback: Callable[..., Any], name: str) -> Any:
        """Write down an operation with one result."""
        ...

    def apply(self, layer: Any, inputs: tuple[Any, ...]) -> Any:
        """Apply a layer, in a context of its own."""
        ...


class Recorded:
    """A value and where it stands on a tape; :class:`pellucid.autodiff.tape.Variable` adds the operators.

    Attributes:
        value: the array or number; inside a nested ``grad`` it may be a Variable of the outer tape.
        tape: the tape it is recorded on.
        slot: where its gradient is collected, or None for a constant, whose gradient nobody wants.
    """

    __slots__ = ("slot", "tape", "value")

    def __init__(self, value: Any, tape: TapeLike, slot: int | None) -> None:
        self.value = value
        self.tape = tape
        self.slot = slot


class Primitive:
    """An operation on arrays that knows its derivative.

    Called on arrays it computes; called on Variables it also writes a line on their tape. If they belong to several
    tapes (nested ``grad``), the newest one records, and calls the operation again one level further down.

    Args:
        name: its name in the namespace of the arrays.
        rules: one rule per positional input; the last one serves all further inputs, and is told which
            (``which=i``) if ``variadic``.
        compute: computes the value where the namespace has no function of that name and signature.
    """

    def __init__(
        self, name: str, *rules: Rule, compute: Callable[..., Any] | None = None, variadic: bool = False
    ) -> None:
        self.name = name
        self.rules = rules
        self.variadic = variadic
        self._compute = compute

    def __call__(self, *args: Any, **options: Any) -> Any:
        tape = newest_tape(args)
        if tape is None:
            return self.compute(*args, **options)
        values: list[Any] = []
        active, slots, nested = [], [], False
        for i, arg in enumerate(args):
            operand = arg if isinstance(arg, Recorded) else tape.lift(arg)
            if isinstance(operand, Recorded) and operand.tape is tape:
                if operand.slot is not None:
                    active.append(i)
                    slots.append(operand.slot)
                operand = operand.value
            values.append(operand)
            nested = nested or isinstance(operand, Recorded)
        y = self(*values, **options) if nested else self.compute(*values, **options)

        def pullback(dy: Any) -> list[Any]:
            return [self._rule(i)(dy, y, *values, **options) for i in active]

        return tape.record(y, slots, pullback, self.name)

    def compute(self, *args: Any, **options: Any) -> Any:
        """The value, by the namespace of the arrays; Python numbers give Python numbers, so that they stay free of a
        dtype and widen no float32."""
        if self._compute is not None:
            y = self._compute(*args, **options)
        else:
            y = getattr(namespace(*args), self.name)(*args, **options)
        is_number = isinstance(y, HOST_ARRAYS) and y.ndim == 0 and all(type(a) in PYTHON_NUMBERS for a in args)
        return y.item() if is_number else y

    def _rule(self, i: int) -> Rule:
        rule = self.rules[min(i, len(self.rules) - 1)]
        return (lambda *args, **options: rule(*args, which=i, **options)) if self.variadic else rule

    def __repr__(self) -> str:
        return f"<differentiable {self.name}>"


def newest_tape(args: Any) -> TapeLike | None:
    """The tape that was begun last among those of the arguments: the innermost ``grad``."""
    newest = None
    for arg in args:
        if isinstance(arg, Recorded) and (newest is None or arg.tape.serial > newest.serial):
            newest = arg.tape
    return newest


def strip(value: Any) -> Any:
    """The plain array beneath all tapes."""
    while isinstance(value, Recorded):
        value = value.value
    return value


def namespace(*args: Any) -> Any:
    """The module whose functions work on these arrays: ``cupy`` if one of them is CuPy's, otherwise ``numpy``."""
    for arg in args:
        arg = strip(arg)
        if isinstance(arg, HOST_TYPES):
            continue
        if hasattr(arg, "__array_namespace__"):
            return arg.__array_namespace__()
        if hasattr(arg, "__array_function__"):
            return sys.modules[type(arg).__module__.partition(".")[0]]
    return numpy


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape; that of a Python number is (), and that of a list the array's that it stands for."""
    return numpy.shape(x) if type(x) in LISTS else tuple(getattr(x, "shape", ()))
