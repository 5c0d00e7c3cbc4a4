"""Composite: a layer written as plain code over others; its backward comes from a tape, its shapes from a trace."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from copy import deepcopy
from typing import Any

import numpy as np

from pellucid.autodiff.primitive import Recorded, strip
from pellucid.autodiff.tape import Tape
from pellucid.autodiff.variable import Variable
from pellucid.basics.arrays import UNBOUNDED, Array, Interval, Shape, as_tuple
from pellucid.basics.errors import DataError, DifferentiationError, ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer, require_inputs
from pellucid.interfaces.parameters import Param, State
from pellucid.ops.backends import get_ops


class CallTape(Tape):
    """The tape of one forward of a Composite: layers run in children of its context, own parameters join in."""

    def __init__(self, ctx: Context) -> None:
        super().__init__()
        self.ctx = ctx
        self.calls = 0
        self.owned: dict[int, tuple[Any, int | None]] = {}  # Param or State by id, with its slot

    def own(self, owned: Any) -> Variable:
        """A parameter, a state or an array as a Variable; trainable parameters collect a gradient."""
        if not isinstance(owned, Param | State):
            return super().own(owned)
        if id(owned) not in self.owned:
            place = self.variable if isinstance(owned, Param) and owned.trainable else self.constant
            self.owned[id(owned)] = owned, place(owned.data).slot
        return Variable(owned.data, self, self.owned[id(owned)][1])

    def lift(self, value: Any) -> Any:
        return self.own(value) if isinstance(value, Param | State) else super().lift(value)

    def floating(self, x: Any) -> Any:
        """``x`` in the model's floating-point type, unless it holds integers or booleans."""
        return x.astype(self.ctx.dtype) if x.dtype.kind == "f" and x.dtype != self.ctx.dtype else x

    def apply(self, layer: Layer, inputs: tuple[Any, ...]) -> Any:
        """Run a layer in the context of this call site and write down its backward."""
        given = [self.floating(self.own(x)) for x in inputs]
        wanted = tuple(x.slot is not None for x in given)
        child, xp = self.ctx.child(self.calls, wanted), self.ctx.xp
        self.calls += 1
        result = layer.forward(child, *(x.value for x in given))
        values = as_tuple(result)
        if not any(wanted) and not any(param.trainable for param in layer.parameters()):
            outputs = [self.constant(value) for value in values]
        else:

            def pullback(*dys: Any) -> list[Any]:
                complete = (xp.zeros_like(y) if dy is None else dy for dy, y in zip(dys, values, strict=True))
                gradients = as_tuple(layer.backward(child, *complete))
                return [dx for dx, want in zip(gradients, wanted, strict=True) if want] if any(wanted) else []

            slots = [x.slot for x in given if x.slot is not None]
            outputs = self.record_several(values, slots, pullback, type(layer).__name__)
        return tuple(outputs) if isinstance(result, tuple) else outputs[0]


class Composite(Layer):
    """A layer whose author writes the forward only, in ``call``; the tape finds the backward.

    ::

        class Gated(Composite):                                # y = tanh(x W + b) ⊙ σ(x V + c) · s
            def __init__(self, units):
                self.units = units
                self.value, self.gate = Dense(units), Dense(units, "sigmoid")

            def declare(self, *input_shapes):                  # only what the Composite itself owns
                self.scale = self.param("scale", (self.units,), init="ones")

            def call(self, ctx, x):
                return np.tanh(self.value(x)) * self.gate(x) * self.scale

    Sub-layers stand in attributes, lists or dictionaries and are called on Variables. Each call has a context of its
    own, so one that is used twice collects both gradients. Their input shapes are found by running ``call`` on arrays
    of ones. To whatever contains it, a Composite is a layer like any other.
    """

    _built = False
    _interval: Interval = UNBOUNDED

    @abstractmethod
    def call(self, ctx: Context, *inputs: Any, **never: Any) -> Any:
        """Compute the output, a Variable or a tuple of them, with sub-layers, operators and NumPy's functions.

        Authors name the inputs, ``def call(self, ctx, x, label)``: a type checker accepts any names in place of
        ``*inputs, **never``. Integers and masks are Variables too, so that layers can be called on them.
        Own parameters and states stand beside Variables as they are (``x * self.scale``); ``ctx.variable(p)`` makes
        one of them, or an array, a Variable. ``ctx`` also has ``training``, ``normal``, ``uniform``, ``update``.
        """

    def declare(self, *input_shapes: Shape) -> None:
        """Declare the parameters and states of the Composite itself, not those of its sub-layers. Idempotent."""

    def build(self, *input_shapes: Shape) -> None:
        trace(self, input_shapes, build=True)

    def output_shape(self, *input_shapes: Shape) -> Any:
        # A copy is traced where building would change this object: asking for a shape declares nothing.
        return trace(self if self._built else deepcopy(self), input_shapes, build=not self._built)

    def output_interval(self, *inputs: Interval) -> Interval:
        """That of the layer whose output ``call`` returned when it was built; unbounded where it goes on computing."""
        return self._interval

    def forward(self, ctx: Context, *inputs: Array) -> Any:
        tape = ctx.tape = CallTape(ctx)
        ctx.inputs = [self._variable(tape, i, x) for i, x in enumerate(inputs)]
        result = self.call(ctx, *ctx.inputs)
        ctx.outputs = [tape.floating(y) for y in outputs_of(self, tape, result)]
        values = tuple(y.value for y in ctx.outputs)
        return values if isinstance(result, tuple) else values[0]

    def backward(self, ctx: Context, *dy: Array) -> Any:
        given = [x for x in ctx.inputs if x.slot is not None]
        tape = ctx.tape
        assert isinstance(tape, CallTape)  # forward set it
        owned = [param for param, slot in tape.owned.values() if slot is not None]
        gradients = tape.gradients(ctx.outputs, given + [tape.own(param) for param in owned], list(dy))
        for param, gradient in zip(owned, gradients[len(given) :], strict=True):
            param.grad += gradient
        found = iter(gradients)
        dx = tuple(None if x.slot is None else next(found) for x in ctx.inputs)
        return dx if len(dx) > 1 else dx[0]

    def _variable(self, tape: CallTape, i: int, x: Array) -> Variable:
        is_integer = x.dtype.kind in "iub"
        if i in self.integer_inputs:
            if not is_integer:
                raise DataError(
                    f"Input {i} of {type(self).__name__} holds indices or masks (integer_inputs = "
                    f"{self.integer_inputs}). Received: dtype {x.dtype}. Convert it: x.astype('int64')."
                )
            return tape.constant(x)
        x = x if x.dtype == tape.ctx.dtype else x.astype(tape.ctx.dtype)
        return tape.variable(x) if tape.ctx.needs_dx[i] and not is_integer else tape.constant(x)


def outputs_of(composite: Composite, tape: Tape, result: Any) -> tuple[Any, ...]:
    """The result of ``call`` as a tuple of Variables of its tape."""
    outputs = as_tuple(result)
    for y in outputs:
        if not isinstance(y, Recorded) or y.tape is not tape:
            raise DifferentiationError(
                f"{type(composite).__name__}.call must return a Variable or a tuple of them. Received: "
                f"{type(y).__name__}. If it is meant to carry no gradient, return ctx.variable(y)."
            )
    return outputs


BATCH = 2
LENGTHS = (16, 32)
"""What stands for an axis of variable length: it is traced with both, and an output axis that differs is variable."""


class ShapeContext(Context):
    """The context of a trace: nothing is remembered."""

    def update(self, state: State, value: Array, rate: float = 1.0) -> None:
        """No step, so no update."""


class ShapeTape(CallTape):
    """Layers are built, and asked for their shape, instead of being run."""

    def __init__(self, composite: Composite, build: bool) -> None:
        super().__init__(ShapeContext(get_ops("reference"), training=True))
        self.composite = composite
        self.build = build
        self.intervals: dict[int, tuple[Any, Interval]] = {}  # by id of what a layer gave, which stays alive with it

    def own(self, owned: Any) -> Variable:
        return self.constant(np.ones(owned.shape)) if isinstance(owned, Param | State) else super().own(owned)

    def apply(self, layer: Layer, inputs: tuple[Any, ...]) -> Any:
        given = [strip(self.own(x)) for x in inputs]
        shapes = [x.shape[1:] for x in given]
        try:
            if self.build and isinstance(layer, Composite):
                layer.__dict__["_asked"] = set()
                result = trace(layer, shapes, build=True)  # once, not for its output shape again
            else:
                if self.build:
                    layer.build(*shapes)
                result = layer.output_shape(*shapes)
        except ShapeError as error:
            place = next((path for path, part in self.composite.walk() if part is layer), "a layer")
            raise ShapeError(f"{place} ({type(layer).__name__}) of {type(self.composite).__name__}: {error}") from error
        several = bool(result) and isinstance(result[0], tuple)
        rows, dtype = len(given[0]), self.ctx.dtype
        outputs = [self.constant(np.ones((rows, *shape), dtype)) for shape in (result if several else (result,))]
        inside = layer.output_interval(*(self.interval(x) for x in inputs))
        self.intervals |= {id(y): (y, inside) for y in outputs}
        return tuple(outputs) if several else outputs[0]

    def interval(self, x: Any) -> Interval:
        """What the layer that gave ``x`` says of it; unbounded of all else."""
        return self.intervals.get(id(x), (x, UNBOUNDED))[1]


def trace(composite: Composite, shapes: Any, *, build: bool) -> Any:
    """The output shape, or a tuple of them, for these input shapes; ``build`` also builds what is called on the way."""
    require_inputs(type(composite), inspect.signature(type(composite).call), shapes, before=2)  # self and ctx
    if build:
        composite.declare(*shapes)
    lengths = LENGTHS if any(None in shape for shape in shapes) else LENGTHS[:1]
    found = [_trace_with(composite, shapes, length, build) for length in lengths]
    composite._built = composite._built or build
    merged = tuple(  # an axis on whose length several traces differ is variable
        tuple(axis[0] if len(set(axis)) == 1 else None for axis in zip(*versions, strict=True))
        for versions in zip(*(outputs for _, outputs in found), strict=True)
    )
    return merged if found[0][0] else merged[0]


def _trace_with(composite: Composite, shapes: Any, length: int, build: bool) -> tuple[bool, list[tuple[int, ...]]]:
    """Whether there are several outputs, and their shapes, with variable axes of this length."""
    tape = ShapeTape(composite, build)
    tape.ctx.tape = tape
    inputs = []
    for i, shape in enumerate(shapes):
        full = (BATCH, *(length if n is None else n for n in shape))
        integer = i in composite.integer_inputs
        inputs.append(tape.constant(np.zeros(full, np.int64) if integer else np.ones(full, tape.ctx.dtype)))
    try:
        with np.errstate(all="ignore"):
            result = composite.call(tape.ctx, *inputs)
    except (ValueError, IndexError) as error:
        given = ", ".join(str(tuple(shape)) for shape in shapes)
        raise ShapeError(f"{type(composite).__name__}.call does not fit inputs of shape {given}: {error}.") from error
    outputs = outputs_of(composite, tape, result)
    if build:
        found = [tape.interval(y) for y in outputs]
        composite._interval = min(low for low, _ in found), max(high for _, high in found)
    for y in outputs:
        if y.shape[:1] != (BATCH,):
            raise ShapeError(
                f"{type(composite).__name__}.call must keep the batch as the first axis of its output. For {BATCH} "
                f"samples it returned shape {y.shape}."
            )
    return isinstance(result, tuple), [y.shape[1:] for y in outputs]
