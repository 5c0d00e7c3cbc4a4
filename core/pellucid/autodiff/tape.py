"""Tape: writes down what is computed on Variables and reads it backwards; grad and value_and_grad stand on it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy

from pellucid.autodiff.primitive import LISTS, Recorded, namespace, shape_of, strip
from pellucid.autodiff.variable import Variable
from pellucid.basics.arrays import as_array, as_tuple
from pellucid.basics.checks import is_int
from pellucid.basics.errors import ConfigError, DataError, DifferentiationError, ShapeError

__all__ = ["Tape", "Variable", "grad", "value_and_grad"]

_serial = itertools.count()

Pullback = Callable[..., Sequence[Any]]
"""From the gradients at the outputs to the gradients at the inputs: ``dx = Jᵀ dy``."""


class Line(NamedTuple):
    """One operation on a tape.

    Attributes:
        outputs, inputs: slots of its results and of those arguments whose gradient is wanted.
        pullback: called with one gradient per output, returns one per input.
        name: of the operation, for messages.
    """

    outputs: tuple[int, ...]
    inputs: Sequence[int]
    pullback: Pullback
    name: str


class Tape:
    """A list of operations in the order in which they were computed.

    Reading it from the end to the beginning visits every operation after all that use its result: no search, no
    recursion, however long the chain. Reading changes nothing, so it may be read again::

        tape = Tape()
        x = tape.variable(np.array([1.0, 2.0]))
        y = np.sum(x * x)
        (dx,) = tape.gradients(y, [x])            # [2., 4.]
    """

    def __init__(self) -> None:
        self.serial = next(_serial)  # of nested tapes the inner one is begun later
        self.lines: list[Line] = []
        self.values: list[Any] = []  # per slot
        self.closed = False

    def variable(self, value: Any) -> Variable:
        """``value`` as a Variable whose gradient can be asked for."""
        self.values.append(value)
        return Variable(value, self, len(self.values) - 1)

    def constant(self, value: Any) -> Variable:
        """``value`` as a Variable of this tape whose gradient nobody wants."""
        return Variable(value, self, None)

    def own(self, value: Any) -> Variable:
        """``value`` as a Variable of this tape; one that is a Variable already stays what it is."""
        return value if isinstance(value, Recorded) else self.constant(value)  # type: ignore[return-value]

    def lift(self, value: Any) -> Any:
        """What an operand that is no Variable means on this tape: itself, or the array that a list stands for."""
        return numpy.asarray(value) if type(value) in LISTS else value

    def record(self, value: Any, inputs: Sequence[int], pullback: Pullback, name: str) -> Variable:
        """Write down an operation with one result.

        Args:
            value: the result.
            inputs: slots of the arguments whose gradient is wanted; without any the result is a constant.
            pullback: from the gradient at the result to those at the inputs.
            name: of the operation.
        """
        plain = strip(value)
        kind = plain.dtype.kind if hasattr(plain, "dtype") else "f"
        if kind not in "fiub" or hasattr(plain, "mask"):
            raise DifferentiationError(
                f"{name} gave {type(plain).__name__} of dtype {plain.dtype}; only real numbers, none of them masked, "
                "are differentiated. Check that all operands are arrays or numbers."
            )
        if not inputs or kind != "f":
            return self.constant(value)
        return self.record_several((value,), inputs, pullback, name)[0]

    def record_several(
        self, values: Sequence[Any], inputs: Sequence[int], pullback: Pullback, name: str
    ) -> list[Variable]:
        """Write down an operation with several results."""
        if self.closed:
            raise DifferentiationError(
                f"{name} was called on a Variable that has outlived its call of grad. Do not keep Variables from "
                "inside the differentiated function; return what you need, or keep x.value."
            )
        variables = [self.variable(value) for value in values]
        self.lines.append(Line(tuple(v.slot for v in variables), inputs, pullback, name))  # type: ignore[misc]
        return variables

    def apply(self, layer: Any, inputs: tuple[Any, ...]) -> Any:
        """Apply a layer; only the tape of a Composite, which has a context, can."""
        raise DifferentiationError(
            f"{type(layer).__name__} was called on a Variable of pellucid.grad. Layers have hand-written first "
            "derivatives and run inside Composite.call, or on arrays: layer.forward(ctx, x), model.predict(x). Slopes "
            "that are differentiated again, inside of call: pellucid.slopes(layer, x)."
        )

    def gradients(self, outputs: Any, inputs: Sequence[Variable], dy: Any = None) -> list[Any]:
        """The gradient of ``Σ outputs·dy`` at each of ``inputs``; zeros where it does not depend on one.

        Args:
            outputs: a Variable of this tape, or a list of them.
            inputs: Variables of this tape.
            dy: the gradient at each output, of the output's shape, or None for zeros; by default ones.
        """
        if isinstance(outputs, Recorded):
            outputs, dy = [outputs], None if dy is None else [dy]
        if any(x.tape is not self for x in (*outputs, *inputs)):
            raise DifferentiationError(
                "A Variable of another tape was given to Tape.gradients. Make all with variable() of the same tape."
            )
        seeds = [namespace(y).ones(y.shape, dtype=y.dtype) for y in outputs] if dy is None else dy
        adjoints: list[Any] = [None] * len(self.values)
        for i, (output, seed) in enumerate(zip(outputs, seeds, strict=True)):
            if seed is None or output.slot is None:
                continue
            seed = seed if isinstance(seed, Recorded) else namespace(output.value).asarray(seed)
            if shape_of(seed) != output.shape:
                raise ShapeError(
                    f"The gradient at output {i} must have the shape of that output, {output.shape}. Received: "
                    f"{shape_of(seed)}."
                )
            self._add(adjoints, output.slot, seed)
        for line in reversed(self.lines):
            dys = [adjoints[slot] for slot in line.outputs]
            if any(dy is not None for dy in dys):
                for slot, gradient in zip(line.inputs, line.pullback(*dys), strict=True):
                    self._add(adjoints, slot, gradient)
        found = [None if x.slot is None else adjoints[x.slot] for x in inputs]
        return [_zeros_like(x.value) if dx is None else dx for x, dx in zip(inputs, found, strict=True)]

    def _add(self, adjoints: list[Any], slot: int, gradient: Any) -> None:
        if gradient is not None:
            wanted = getattr(self.values[slot], "dtype", None)
            # A float64 constant among float32 arrays widens nothing below it.
            if wanted is not None and getattr(gradient, "dtype", wanted) != wanted:
                gradient = gradient.astype(wanted)
            adjoints[slot] = gradient if adjoints[slot] is None else adjoints[slot] + gradient


def _zeros_like(value: Any) -> Any:
    return namespace(value).zeros(shape_of(value), dtype=getattr(value, "dtype", float))


def value_and_grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., tuple[Any, Any]]:
    """The function ``(value of f, gradient of f)`` of the same arguments; see :func:`grad`."""
    numbers = as_tuple(argnums)
    if not numbers or not all(is_int(i) and i >= 0 for i in numbers):
        raise ConfigError(f"argnums must be a position, or a tuple of positions, from 0. Received: {argnums!r}.")

    def differentiated(*args: Any, **options: Any) -> tuple[Any, Any]:
        if len(args) <= max(numbers):
            raise ConfigError(
                f"grad with argnums={argnums} needs at least {max(numbers) + 1} positional argument(s). "
                f"Received: {len(args)}."
            )
        tape = Tape()
        mixed = list(args)
        variables = [_as_variable(tape, i, args[i]) for i in numbers]
        for i, variable in zip(numbers, variables, strict=True):
            mixed[i] = args[i] if variable is None else variable
        y = f(*mixed, **options)
        _check_scalar(y)
        tape.closed = True
        wanted = [x for x in variables if x is not None]
        on_tape = isinstance(y, Recorded) and y.tape is tape
        found = iter(tape.gradients(y, wanted) if on_tape else [_zeros_like(x.value) for x in wanted])
        gradients = tuple(None if x is None else _own(next(found), x.value) for x in variables)
        return (y.value if on_tape else y), (gradients if isinstance(argnums, tuple) else gradients[0])

    return differentiated


def grad(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The gradient of a function of arrays: ``grad(f)(x)`` is ``∂f/∂x``, of the shape and dtype of ``x``.

    ``f`` is ordinary code: arithmetic, indexing and NumPy's functions on NumPy or CuPy arrays. It may branch and loop;
    what was computed is differentiated. ``grad`` may be nested for higher derivatives. At a kink the slopes of both
    sides are averaged: ``abs`` has slope 0 at 0, and equal operands of ``maximum`` get half each. Beside a value that
    is NaN the gradient is NaN.

    Args:
        f: returns a scalar: a number, or an array of shape ().
        argnums: the positional argument to differentiate by; a tuple gives a tuple of gradients. Python numbers count
            as floats; integer and boolean arrays get None.

    Raises:
        ShapeError: f does not return a scalar.
        DifferentiationError: f uses a function without a derivative rule, writes into a Variable, or turns one into a
            plain number or array.

    Source: Griewank & Walther, Evaluating Derivatives, 2008, ch. 3.
    """
    both = value_and_grad(f, argnums)

    def gradient(*args: Any, **options: Any) -> Any:
        return both(*args, **options)[1]

    return gradient


def _as_variable(tape: Tape, i: int, value: Any) -> Variable | None:
    """The argument as a Variable; None if it is of integers or booleans."""
    plain = strip(value)
    if hasattr(plain, "mask"):
        value = plain = as_array(plain, f"Argument {i} of the differentiated function")
    if type(plain) in (float, int):
        return tape.variable(value if isinstance(value, Recorded) else float(value))
    kind = getattr(getattr(plain, "dtype", None), "kind", "b" if isinstance(plain, bool) else None)
    if kind == "f":
        return tape.variable(value)
    if kind is not None and kind in "iub":
        return None
    received = f"an array of dtype {value.dtype}" if hasattr(value, "dtype") else f"a {type(value).__name__}"
    raise DataError(
        f"Argument {i} of the differentiated function must be an array of real numbers or a number. "
        f"Received: {received}. Convert it: numpy.asarray(…, dtype=float)."
    )


def _check_scalar(y: Any) -> None:
    plain = strip(y)
    if isinstance(plain, int | float) or (hasattr(plain, "shape") and plain.shape == ()):
        return
    received = f"an array of shape {plain.shape}" if hasattr(plain, "shape") else f"a {type(y).__name__}"
    raise ShapeError(
        f"A function must return a scalar to have a gradient. Received: {received}. Sum or average it (np.sum, "
        "np.mean), or pick one element."
    )


def _own(gradient: Any, value: Any) -> Any:
    """A gradient as the caller's own: a plain array that shares memory with nothing, or a Python number."""
    if isinstance(gradient, Recorded):
        return gradient
    if type(value) is float:
        return float(gradient)
    return namespace(gradient).array(gradient)
