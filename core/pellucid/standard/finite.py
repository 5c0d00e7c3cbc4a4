"""Finite: says what is infinite or not a number in a training, and where."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from pellucid.basics.arrays import Array, HostArray
from pellucid.basics.errors import NumericalError
from pellucid.interfaces.parameters import Arena, State
from pellucid.ops.base import Backend
from pellucid.registry.config import read
from pellucid.saving.checkpoint import not_finite
from pellucid.training.run import Callback, Training
from pellucid.training.stepper import Step

REMEDY = "Lower the learning rate, clip the gradient (clip_norm=1.0), or check the scale of the data."


class Finite(Callback):
    """Every trainer has one: it words the error for a step that was rejected, and looks once an epoch at what no step
    looks at: weights, what the optimizer remembers of gradients, and states of layers, such as running statistics."""

    def __init__(self) -> None:
        self._states: list[State] | None = None  # found once: looking for them takes longer than looking at them
        self._squares: Array = None

    def __reduce__(self) -> Any:
        """A copy of a trainer begins with one of its own."""
        return Finite, ()

    def rejected(self, training: Training, step: Step) -> NumericalError:
        """The error for a step whose loss, gradient, or update of a state is not finite.

        What the steps before have left is said as it is: a learning rate of 1e38 makes infinite weights of a gradient
        that is finite, which the next step finds. The step is made once more with a recorder looking on, so that the
        error can name the first number that is not finite, and what made it.
        """
        update, loss = step.update, float(step.figures["loss"])
        arena, before = update.arena, self._found(training)
        if place := _place(arena, arena.grad):
            what = f"the gradient of {place}"
        elif not np.isfinite(float(update.sum_squares)):
            what = f"the squares of the gradient add up to more than {arena.dtype} holds, {_largest(arena)}"
        elif np.isfinite(loss):
            what = "a state that a layer asked to update, such as a running variance, is not finite"
        else:
            what = f"the loss is {loss}"
        left = f"and already before it the {before}" if before else "the weights are those of the step before"
        back = " Go back to an earlier checkpoint, or begin anew." if before else ""
        first = read("callback", "first_not_finite").told(training, step)
        return NumericalError(
            f"Step {training.steps + 1} was not applied, {left}: {what}, data loss {loss:.6g}. {first}{REMEDY}{back}"
        )

    def check(self, training: Training) -> None:
        """Raise NumericalError if a weight, a state, or what the optimizer remembers, has become infinite or NaN."""
        if found := self._found(training):
            raise NumericalError(
                f"After step {training.steps} the {found}, although all gradients were finite. {REMEDY} Go back to an "
                "earlier checkpoint, or begin anew."
            )

    def _found(self, training: Training) -> str:
        """What of weights, optimizer's memory and states is not finite, in words; empty if all is."""
        arena, ops = training.slots.arena, training.slots.arena.ops
        if self._states is None:
            self._states, self._squares = training.model.states(), ops.zeros((), np.float64)
        how = partial(self._adds_up, ops), partial(_values, ops)
        owned = {"weight": arena.data}
        owned |= {f"optimizer's '{name}' of": buffer for name, buffer in training.slots.buffers.items()}
        if what := not_finite(owned, *how):
            return f"{what} {_place(arena, owned[what])}"
        states = {state.path: state.data for state in self._states}
        path = not_finite(states, *how)
        return f"state {_element(path, _values(ops, states[path]))}" if path else ""

    def _adds_up(self, ops: Backend, values: Array) -> bool:
        """Whether the squares have a finite sum: then all values are finite."""
        ops.sum_squares(values, self._squares)
        return ops.guard_finite(self._squares)


def _largest(arena: Arena) -> str:
    """The largest number of the gradient, in words."""
    values = _values(arena.ops, arena.grad)
    index = int(np.abs(values).argmax())
    path, element = arena.where(index)
    return f"the largest is that of '{path}' at {element}, {values[index]:.6g}"


def _place(arena: Arena, buffer: Array) -> str:
    """The first element of the arena's values or gradients that is not finite, in words; empty if all are."""
    values = _values(arena.ops, buffer)
    bad = np.flatnonzero(~np.isfinite(values))
    return _told(*arena.where(int(bad[0])), values[bad[0]], len(bad)) if len(bad) else ""


def _element(path: str, values: HostArray) -> str:
    """The same of an array that lies by itself."""
    bad = np.argwhere(~np.isfinite(values)).tolist()
    return _told(path, tuple(bad[0]), values[tuple(bad[0])], len(bad)) if bad else ""


def _told(path: str, element: tuple[int, ...], value: Any, number: int) -> str:
    return f"'{path}' at {element} is {value} ({number} such elements in all)"


def _values(ops: Backend, array: Array) -> HostArray:
    return np.asarray(ops.to_host(array))
