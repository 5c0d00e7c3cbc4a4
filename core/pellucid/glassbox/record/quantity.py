"""Quantity and Call: what is kept of a step: arrays by name, and which component made them of what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import Component, Equation
from pellucid.glassbox.record.names import Phases
from pellucid.glassbox.record.own import own_equations


def exactly(array: HostArray) -> HostArray:
    """An array as equations compute with it: floating-point numbers in float64, so that rounding and overflow of the
    type that the code computes in are the code's alone."""
    return array.astype(np.float64) if array.dtype.kind == "f" and array.dtype != np.float64 else array


ORIGINS = ("given", "drawn", "set", "recorded", "equation")
"""Where a quantity came from, see :class:`Quantity`."""


@dataclass(eq=False)
class Call:
    """One component called once: its forward, and its backward if there was one.

    Attributes:
        path: where the component stands: ``"layers.0"``, ``"model"`` for the root, ``"loss"``, ``"optimizer"``.
        component: what was called; None of what the trainer itself computes, such as the norm of the gradient.
        kind: ``"layer"``, ``"loss"``, ``"objective"``, ``"optimizer"``, ``"regularizer"``, ``"transform"``,
            ``"schedule"`` or ``"trainer"``.
        pattern: how its quantities are named: ``"layers.0.{}"``, ``"optimizer.{}.layers.0.weight"``.
        number, micro: its how-many-th call in the micro-batch, and of which micro-batch, from 1.
        training: the mode.
        place: the path of its context, which its random numbers are keyed by.
        given: what its equations may name -> the quantity: ``{"x": "x", "W": "layers.0.weight"}``.
        made: what the code gave, by the equations' names -> the quantity: ``{"y": "layers.0.y"}``.
        values: what the equations may name besides: numbers, functions, arrays of no name.
        groups: several quantities under one name, in order or by names: ``{"seen": ["model.x0", "model.x1"]}``.
        inner: the calls that it made.
        without: why nothing is known of the component, where a trace was read from a file; empty otherwise.
    """

    path: str
    component: Component | None
    kind: str
    pattern: str
    number: int = 1
    micro: int = 1
    training: bool = True
    place: str = ""
    given: dict[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, list[str] | dict[str, str]] = field(default_factory=dict)
    inner: list[Call] = field(default_factory=list)
    without: str = ""

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Those of the component, or of what the trainer computes."""
        if self.component is not None:
            return self.component.equations
        return own_equations(self.given, self.made, self.values) if self.kind == "trainer" else ()

    @property
    def phases(self) -> Phases:
        """Its equations by when they hold."""
        states = {of for of, name in self.made.items() if name.endswith(".new")} if self.kind == "layer" else set()
        return Phases.of(self.equations, training=self.training, states=states, ordered=self.kind == "layer")

    @property
    def model(self) -> Component | None:
        """Of an objective: the model that it has called."""
        roots = [call for call in self.within() if call.kind == "layer" and call.path == ""]
        return roots[0].component if self.kind == "objective" and roots else None

    def name_of(self, of: str) -> str:
        """The quantity that an equation of ``of`` defines here."""
        return self.made.get(of) or self.pattern.format(of)

    def within(self) -> Iterator[Call]:
        """This call and all that it has led to, in the order in which they began."""
        yield self
        for call in self.inner:
            yield from call.within()

    def __repr__(self) -> str:
        return f"Call({self.path!r}, {type(self.component).__name__}, made={self.made})"


@dataclass(eq=False)
class Quantity:
    """An array of a step, with a name.

    Attributes:
        name: ``"layers.0.z"``.
        array: a copy, on the host; None where only an equation knows it, see ``origin``.
        call: which call made it; None of data and of what was there before.
        of: what the equations of the component call it: ``"z"``.
        origin: ``"given"`` (data, and what was there before the step), ``"drawn"`` (random numbers), ``"set"`` (what
            the trainer was told), ``"recorded"`` (what the code computed), or ``"equation"``: no code keeps such an
            array, and the component's equation gives it from recorded ones.
        same: the name under which the same array was recorded before.
    """

    name: str
    array: HostArray | None
    call: Call | None = None
    of: str = ""
    origin: str = "recorded"
    same: str | None = None

    @property
    def kept(self) -> str:
        """What code calls it on its context, if it has put it aside for its backward; empty otherwise."""
        prefix = "" if self.call is None else self.call.pattern.format("kept.")
        return self.name.removeprefix(prefix) if prefix and self.name.startswith(prefix) else ""
