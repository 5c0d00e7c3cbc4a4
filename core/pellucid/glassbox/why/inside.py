"""Inside: a layer that is code over other layers, taken apart: that code run once more, on Traced arrays.

A Composite, or a container, has no equations with expressions: what it computes is its ``call``, or ``as_calls``. On a
tape whose Variables hold Traced arrays that code says by itself what was made of what. Sub-layers are not run again:
their outputs, and the gradients at their inputs, are leaves, which were recorded, and are explained where they belong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from pellucid.autodiff.primitive import strip
from pellucid.autodiff.variable import Variable
from pellucid.basics.arrays import HostArray, as_tuple
from pellucid.basics.errors import DataError
from pellucid.glassbox.why.scope import NP
from pellucid.glassbox.why.traced import Traced, leaf, lift
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param, State
from pellucid.model.composite import CallTape, Composite
from pellucid.ops.backends import get_ops

ROUNDING = 1e-4
"""What outputs in float32 may differ by from the same code in float64, relative to the largest."""


class Named(NamedTuple):
    """An array that was recorded, and its name: ``("layers.0.y", …)``."""

    name: str
    array: HostArray


class InnerCall(NamedTuple):
    """What was recorded of a call of a sub-layer.

    Attributes:
        outputs: y, one or several.
        gradients: at each of its inputs; None where there is none: of integers, of what nobody wanted.
    """

    outputs: tuple[Named, ...]
    gradients: tuple[Named | None, ...] = ()


class Recorded(NamedTuple):
    """What was recorded of one call of a layer: what its code is run on.

    Attributes:
        inputs: its inputs; dy: the gradients at its outputs, empty if there was no backward.
        inner: (sub-layer, k) -> its k-th call from here, from 0.
        owned: a parameter or state of the layer itself -> what it was before the step.
        drawn: (``"uniform"`` or ``"normal"``, name, shape) -> the numbers that its context gave.
        outputs: its outputs, if they are to be held against what its code gives now.
    """

    inputs: Sequence[Named]
    dy: Sequence[Named]
    inner: Callable[[Layer, int], InnerCall]
    owned: Callable[[Param | State], Named]
    drawn: Callable[[str, str, tuple[int, ...]], Named]
    outputs: Sequence[Named] = ()


@dataclass
class Inside:
    """What a layer has computed, as Traced arrays whose leaves are the quantities that were recorded around it.

    Attributes:
        outputs: y.
        gradients: at each input, None of integers; empty without a backward.
        owned: by path, what it adds to the gradient of each parameter of its own.
        asked: by path, what it wanted each state of its own to become, and at which rate.
        given: (sub-layer, k) -> the inputs of its k-th call from here.
        told: the same -> the gradients at the outputs of that call; None where nothing came back.
    """

    outputs: list[Traced] = field(default_factory=list)
    gradients: list[Traced | None] = field(default_factory=list)
    owned: dict[str, Traced] = field(default_factory=dict)
    asked: dict[str, tuple[Traced, float]] = field(default_factory=dict)
    given: dict[tuple[int, int], list[Traced]] = field(default_factory=dict)
    told: dict[tuple[int, int], list[Traced | None]] = field(default_factory=dict)


def is_code(layer: Layer) -> bool:
    """Whether a layer is code over other layers that can be run on Variables."""
    return isinstance(layer, Composite) or hasattr(layer, "as_calls")


def look_inside(layer: Layer, recorded: Recorded, *, training: bool) -> Inside:
    """Run the code of a Composite, or of a layer with ``as_calls``, on what was recorded of one call of it.

    Raises:
        DataError: its code does something that no rule speaks of, such as reading numbers out of Variables; or gives
            other outputs than it did, for it depends on something else than what it was given.
    """
    tape = _Tape(recorded, training)
    given = [tape.given(i, named) for i, named in enumerate(recorded.inputs)]
    code: Any = layer.call if isinstance(layer, Composite) else getattr(layer, "as_calls", None)
    if code is None:
        raise DataError(f"{type(layer).__name__} is no Composite and has no method as_calls: there is nothing to run.")
    try:
        with np.errstate(all="ignore"):
            outputs = [tape.own(y) for y in as_tuple(code(tape.ctx, *given))]
            made = [_traced(y) for y in outputs]
            found = Inside(made, asked=tape.ctx.wanted, given=tape.inner_given, told=tape.inner_told)
            _require_same(layer, found.outputs, recorded.outputs)
            if recorded.dy:
                _backward(tape, given, outputs, found)
    except (TypeError, AttributeError, ValueError, LookupError, ArithmeticError) as error:
        raise DataError(
            f"The code of {type(layer).__name__} cannot be taken apart: {type(error).__name__}: {error}. Write it with "
            "operators, sub-layers and NumPy's functions."
        ) from error
    return found


def _require_same(layer: Layer, outputs: list[Traced], recorded: Sequence[Named]) -> None:
    """Whether the code is a function of what was recorded; what differs by more than rounding is not."""
    for made, named in zip(outputs, recorded, strict=False):
        size = np.max(np.abs(named.array), initial=1.0, where=np.isfinite(named.array))
        if made.shape != named.array.shape or not np.allclose(
            made.value, named.array, rtol=0, atol=ROUNDING * size, equal_nan=True
        ):
            raise DataError(
                f"The code of {type(layer).__name__} gives other numbers now than those recorded as '{named.name}'. It "
                "must depend on its inputs, parameters, states and ctx only: use ctx.variable(p), not p.data."
            )


def _backward(tape: _Tape, given: list[Variable], outputs: list[Variable], found: Inside) -> None:
    owned = [(owner, tape.own(owner)) for owner, slot in tape.owned.values() if slot is not None]
    active = [x for x in given if x.slot is not None]
    told = tape.recorded.dy
    dy = [leaf(named.array, _numbered("dy", i, told), named.name) for i, named in enumerate(told)]
    gradients = tape.gradients(outputs, [*active, *(variable for _, variable in owned)], dy)
    rest = iter(gradients)
    found.gradients = [None if x.slot is None else lift(next(rest)) for x in given]
    found.owned = {owner.path: lift(next(rest)) for owner, _ in owned}


def _traced(y: Variable) -> Traced:
    return lift(strip(y))


def _numbered(symbol: str, i: int, several: Sequence[Any]) -> str:
    return symbol if len(several) == 1 else f"{symbol}{i}"


class _Tape(CallTape):
    """The tape of a call whose sub-layers were run before: their results are leaves."""

    ctx: _Context

    def __init__(self, recorded: Recorded, training: bool) -> None:
        super().__init__(_Context(recorded, training))
        self.ctx.tape = self
        self.recorded = recorded
        self._counts: dict[int, int] = {}
        self.inner_given: dict[tuple[int, int], list[Traced]] = {}
        self.inner_told: dict[tuple[int, int], list[Traced | None]] = {}

    def given(self, i: int, named: Named) -> Variable:
        """An input as a Variable."""
        value = leaf(named.array, _numbered("x", i, self.recorded.inputs), named.name)
        return self.variable(value) if value.dtype.kind == "f" else self.constant(value)

    def own(self, owned: Any) -> Variable:
        if not isinstance(owned, Param | State):
            return super().own(owned)
        if id(owned) not in self.owned:
            named = self.recorded.owned(owned)
            place = self.variable if isinstance(owned, Param) and owned.trainable else self.constant
            variable = place(leaf(named.array, named.name.rpartition(".")[2], named.name))
            self.owned[id(owned)] = owned, variable.slot
            self._leaves[id(owned)] = variable
        return self._leaves[id(owned)]

    @property
    def _leaves(self) -> dict[int, Variable]:
        return self.ctx.leaves

    def floating(self, x: Any) -> Any:
        return x  # all of it is in float64

    def apply(self, layer: Layer, inputs: tuple[Any, ...]) -> Any:
        """The recorded outputs of this call; backwards the recorded gradients at its inputs."""
        given = [self.own(x) for x in inputs]
        count = self._counts[id(layer)] = self._counts.get(id(layer), -1) + 1
        call = self.recorded.inner(layer, count)
        self.inner_given[id(layer), count] = [lift(strip(x)) for x in given]
        values = [leaf(named.array, named.name, named.name) for named in call.outputs]
        slots = [x.slot for x in given if x.slot is not None]
        if not slots and not any(param.trainable for param in layer.parameters()):
            outputs = [self.constant(value) for value in values]
        else:

            def pullback(*dys: Any) -> list[Any]:
                self.inner_told[id(layer), count] = [None if dy is None else lift(strip(dy)) for dy in dys]
                wanted = [dx for x, dx in zip(given, call.gradients, strict=True) if x.slot is not None]
                return [None if dx is None else leaf(dx.array, dx.name, dx.name) for dx in wanted]

            outputs = self.record_several(values, slots, pullback, type(layer).__name__)
        return tuple(outputs) if len(outputs) > 1 else outputs[0]


class _Context(Context):
    """The context of such a call: draws what was drawn, and writes down what is asked of states."""

    def __init__(self, recorded: Recorded, training: bool) -> None:
        super().__init__(get_ops("reference"), training=training, dtype="float64")
        self.xp = NP
        self.recorded = recorded
        self.leaves: dict[int, Variable] = {}
        self.wanted: dict[str, tuple[Traced, float]] = {}

    def uniform(self, shape: tuple[int, ...], name: str = "") -> Any:
        return self._drawn("uniform", name, shape)

    def normal(self, shape: tuple[int, ...], name: str = "") -> Any:
        return self._drawn("normal", name, shape)

    def _drawn(self, kind: str, name: str, shape: tuple[int, ...]) -> Traced:
        named = self.recorded.drawn(kind, name, tuple(shape))
        return leaf(named.array, kind, named.name)

    def update(self, state: State, value: Any, rate: float = 1.0) -> None:
        self.wanted[state.path] = lift(strip(value)), rate
