"""Composite: a layer written as plain code over other layers and NumPy's functions; its backward comes from a tape."""

from __future__ import annotations

from abc import abstractmethod
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from pellucid.autodiff.primitive import Recorded, newest_tape
from pellucid.autodiff.variable import Variable
from pellucid.errors import DataError, DifferentiationError
from pellucid.layer import Layer, Param, State
from pellucid.tape import Tape

if TYPE_CHECKING:
    from pellucid.context import Context
    from pellucid.layer import Array, Shape


def apply_layer(layer: Layer, inputs: tuple[Any, ...]) -> Any:
    """``layer(x, …)`` inside ``Composite.call``: the tape of the Variables applies it, in a context of its own."""
    tape = newest_tape(inputs)
    if tape is None:
        raise DifferentiationError(
            f"{type(layer).__name__} was called on plain arrays. Inside Composite.call wrap one of them, "
            "ctx.variable(x), so that the call has a context; elsewhere use model.predict(x), or layer.forward(ctx, x)."
        )
    return tape.apply(layer, inputs)


class CallTape(Tape):
    """The tape of one forward of a Composite: layers run in children of its context, own parameters join in."""

    def __init__(self, ctx: Context) -> None:
        super().__init__()
        self.ctx = ctx
        self.calls = 0
        self.owned: dict[int, tuple[Any, int | None]] = {}  # Param or State by id, with its slot

    def own(self, owned: Any) -> Variable:
        """A parameter, a state or an array as a Variable; trainable parameters collect a gradient."""
        if isinstance(owned, Recorded):
            return owned  # type: ignore[return-value]
        if not isinstance(owned, Param | State):
            return self.constant(owned)
        if id(owned) not in self.owned:
            place = self.variable if isinstance(owned, Param) and owned.trainable else self.constant
            self.owned[id(owned)] = owned, place(owned.data).slot
        return Variable(owned.data, self, self.owned[id(owned)][1])

    def lift(self, value: Any) -> Any:
        return self.own(value) if isinstance(value, Param | State) else value

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
        values = result if isinstance(result, tuple) else (result,)
        if not any(wanted) and not any(param.trainable for param in layer.parameters()):
            outputs = [self.constant(value) for value in values]
        else:

            def pullback(*dys: Any) -> list[Any]:
                complete = (xp.zeros_like(y) if dy is None else dy for dy, y in zip(dys, values, strict=True))
                gradients = layer.backward(child, *complete)
                if not any(wanted):
                    return []
                several = gradients if isinstance(gradients, tuple) else (gradients,)
                return [dx for dx, want in zip(several, wanted, strict=True) if want]

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
        from pellucid.autodiff.shape_trace import trace

        trace(self, input_shapes, build=True)
        self._built = True

    def output_shape(self, *input_shapes: Shape) -> Any:
        from pellucid.autodiff.shape_trace import trace

        # A copy is traced where building would change this object: asking for a shape declares nothing.
        return trace(self if self._built else deepcopy(self), input_shapes, build=not self._built)

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
        assert tape is not None
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
    outputs = result if isinstance(result, tuple) else (result,)
    for y in outputs:
        if not isinstance(y, Recorded) or y.tape is not tape:
            raise DifferentiationError(
                f"{type(composite).__name__}.call must return a Variable or a tuple of them. Received: "
                f"{type(y).__name__}. If it is meant to carry no gradient, return ctx.variable(y)."
            )
    return outputs
