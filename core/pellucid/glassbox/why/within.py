"""Within: what a container, or a Composite, has computed around the layers inside of it, found from a trace."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from pellucid.basics.component import Component, parts_in
from pellucid.basics.errors import DataError
from pellucid.glassbox.record.quantity import Call, Quantity
from pellucid.glassbox.why.aside import asked_by
from pellucid.glassbox.why.inside import InnerCall, Inside, Named, Recorded, is_code, look_inside
from pellucid.glassbox.why.traced import Traced
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param, State


class Within:
    """Runs the code of containers once more, each when it is first asked for.

    Args:
        trace: of a step, or of a prediction.
    """

    def __init__(self, trace: Any) -> None:
        self.trace = trace
        self._found: dict[int, Inside | None] = {}
        self._parents: dict[int, Call] | None = None

    def of(self, quantity: Quantity) -> Traced | None:
        """What the code of a container has made a quantity of; None where no container has."""
        call, of = quantity.call, quantity.of
        if call is None and quantity.name.rpartition(".asked")[1]:
            return self._asked(quantity)
        if call is None or not of:
            return None
        if call.kind == "trainer" and of == "grad":
            return self._owned(call)
        if call.kind != "layer":
            return None
        outer = self.parent(call)
        if of.startswith(("x", "dy")):
            inside = None if outer is None else self.inside(outer)
            if inside is None or outer is None:
                return None
            table: dict[Any, Any] = inside.told if of.startswith("dy") else inside.given
            return _nth(table.get(self._key(outer, call)), of.lstrip("dxy"))
        inside = self.inside(call)
        if inside is None:
            return None
        return _nth(inside.gradients if of.startswith("dx") else inside.outputs, of.lstrip("dxy"))

    def parent(self, call: Call) -> Call | None:
        """The layer that has made a call."""
        if self._parents is None:
            self._parents = {}
            pending = list(self.trace.calls)
            while pending:
                outer = pending.pop()
                pending += outer.inner
                if outer.kind == "layer":
                    self._parents.update((id(inner), outer) for inner in outer.inner)
        return self._parents.get(id(call))

    def inside(self, call: Call) -> Inside | None:
        """What the code of a layer gives; None where it is not made of layers, or its code cannot be taken apart."""
        if id(call) not in self._found:
            layer = call.component
            self.trace.setting.require_as_taken(layer)
            self._found[id(call)] = None
            if isinstance(layer, Layer) and is_code(layer):
                with suppress(DataError, KeyError):  # it does what no rule speaks of, or not all of it was kept
                    self._found[id(call)] = look_inside(layer, self.recorded(call), training=call.training)
        return self._found[id(call)]

    def _key(self, outer: Call, inner: Call) -> tuple[int, int]:
        same = [call for call in outer.inner if call.component is inner.component]
        return id(inner.component), next(k for k, call in enumerate(same) if call is inner)

    def _named(self, name: str) -> Named:
        return Named(self.trace.quantity(name).same or name, np.asarray(self.trace[name]))

    def recorded(self, call: Call) -> Recorded:
        """What was recorded of a call, as its code is run on."""
        made = [of for of in call.made if of.startswith("y")]
        dy = [name for of, name in call.given.items() if of.startswith("dy")]
        return Recorded(
            [self._named(call.given[of]) for of in call.values["inputs"]],
            [self._named(name) for name in dy] if len(dy) == len(made) else [],
            lambda layer, k: self._inner(call, layer, k),
            lambda owned: self._own(call, owned),
            lambda kind, name, shape: self._named(call.pattern.format(f"drawn.{name or kind}")),
            [self._named(call.made[of]) for of in made],
        )

    def _own(self, call: Call, owned: Param | State) -> Named:
        return self._named(owned.path)

    def _inner(self, outer: Call, layer: Layer, k: int) -> InnerCall:
        call = [inner for inner in outer.inner if inner.component is layer][k]
        outputs = tuple(self._named(name) for of, name in call.made.items() if of.startswith("y"))
        gradients = []
        for of in call.values["inputs"]:
            name = call.pattern.format(f"d{of}")
            gradients.append(self._named(name) if name in self.trace else None)
        return InnerCall(outputs, tuple(gradients))

    def _asked(self, quantity: Quantity) -> Traced | None:
        """What a layer of layers has asked a state of its own to become."""
        call, path = asked_by(self.trace, quantity)[0], quantity.name.rpartition(".asked")[0]
        inside = None if call is None else self.inside(call)
        return None if inside is None or path not in inside.asked else inside.asked[path][0]

    def _owned(self, trainer: Call) -> Traced | None:
        """What containers add to the gradient of a parameter of their own: the sum over their calls, each by the part
        of its micro-batch in the mean; None if the code of one of them cannot tell."""
        path, found = trainer.path, None
        owners = [c for top in self.trace.calls for c in top.within() if c.kind == "layer" and _owns(c.component, path)]
        for call in owners:
            inside = self.inside(call)
            if inside is None:
                return None
            share = trainer.values.get(f"s{call.micro - 1}", 1.0)
            if path in inside.owned:
                part = inside.owned[path] if share == 1.0 else share * inside.owned[path]
                found = part if found is None else found + part
        return found


def _owns(component: Component | None, path: str) -> bool:
    """Whether the parameter is one of the layer itself, and of none inside of it."""
    return component is not None and any(param.path == path for _, param in parts_in(component, Param))


def _nth(several: Any, number: str) -> Traced | None:
    index = int(number or 0)
    return several[index] if several is not None and index < len(several) else None
