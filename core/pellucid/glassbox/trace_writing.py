"""A trace put down as one safetensors file: arrays under their names, and a JSON document of what they are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import Component
from pellucid.basics.errors import CheckpointError, PellucidError
from pellucid.basics.version import __version__
from pellucid.glassbox.equations import Activation
from pellucid.glassbox.record.quantity import Call, Quantity
from pellucid.registry.config import config_or_none
from pellucid.saving.container import write
from pellucid.saving.documents import as_json
from pellucid.saving.model import config_as_it_is, plugins_of

VALUES = "values/"
"""What the tensors are called by that are no quantities."""
DRAWS = ("uniform_of", "normal_of")
"""Values that are functions: they give the random numbers of the call's place."""
SETTING = ("step", "epoch", "total_steps", "seed", "full")


class Written(Protocol):
    """What of a trace is put down."""

    calls: list[Call]
    setting: Any

    def names(self) -> list[str]: ...
    def quantity(self, name: str) -> Quantity: ...
    def __getitem__(self, name: str) -> HostArray: ...


def write_trace(trace: Written, path: str | os.PathLike[str]) -> None:
    """Write a file; see :meth:`pellucid.Trace.save`."""
    _Writing(trace).write(path)


class _Writing:
    def __init__(self, trace: Written) -> None:
        self.trace = trace
        self.tensors: dict[str, HostArray] = {}
        self.components: list[dict[str, Any]] = []
        self._places: dict[int, int] = {}  # of components, by their identity
        self.calls: list[Call] = []
        self._numbers: dict[int, int] = {}  # of calls
        self._parents: list[int | None] = []
        self._outermost = 0

    def write(self, path: str | os.PathLike[str]) -> None:
        trace, setting = self.trace, self.trace.setting
        setting.require_as_taken(setting.model)
        self._number(trace.calls, None)
        self._outermost = len(self.calls)
        quantities = [trace.quantity(name) for name in trace.names()]
        self._number([q.call for q in quantities if q.call is not None], None)
        rows = [self._quantity(quantity) for quantity in quantities]
        calls = [self._call(number, call) for number, call in enumerate(self.calls)]
        told = {**setting.told, "model": _model(setting), "sizes": list(setting.sizes)}
        told |= {name: getattr(setting, name) for name in SETTING}
        document = {
            "pellucid": __version__, "plugins": dict(plugins_of([self.components, told])), "setting": told,
            "components": self.components, "calls": calls, "quantities": rows,
        }  # fmt: skip
        write(path, "trace", document, self.tensors)

    def _number(self, calls: Sequence[Call], parent: int | None) -> None:
        for call in calls:
            if id(call) not in self._numbers:
                number = self._numbers[id(call)] = len(self.calls)
                self.calls.append(call)
                self._parents.append(parent)
                self._number(call.inner, number)

    def _quantity(self, quantity: Quantity) -> list[Any]:
        """``[name, of, origin, call, same, whether its array is in the file]``."""
        same = quantity.same
        held = False
        if same is None or not self._equals(quantity, same):
            same, array = None, self._array(quantity)
            if array is not None:
                self._keep(quantity.name, array)
                held = True
        call = None if quantity.call is None else self._numbers[id(quantity.call)]
        return [quantity.name, quantity.of, quantity.origin, call, same, held]

    def _equals(self, quantity: Quantity, same: str) -> bool:
        return same in self.tensors and quantity.array is not None and _same_bits(quantity.array, self.tensors[same])

    def _array(self, quantity: Quantity) -> HostArray | None:
        """None where the equation of a registered component gives it again."""
        if quantity.origin != "equation":
            return quantity.array
        call = quantity.call
        if call is None or call.component is None:
            return quantity.array
        if self.components[self._component(call.component)]["config"] is not None:
            return None
        try:
            return np.array(self.trace[quantity.name])
        except PellucidError:  # nobody can compute it: whoever asks is told why
            return None

    def _keep(self, name: str, array: Any) -> None:
        if name in self.tensors:
            raise CheckpointError(f"This trace cannot be saved: two of its arrays are named {name!r:.80}.")
        self.tensors[name] = np.asarray(array)

    def _component(self, component: Component) -> int:
        if id(component) not in self._places:
            self._places[id(component)] = len(self.components)
            kind, name = component.kind, type(component).__name__
            self.components.append({"kind": kind, "class": name, "config": self._config(component)})
        return self._places[id(component)]

    def _config(self, component: Component) -> dict[str, Any] | None:
        """Its configuration when the trace was taken."""
        setting = self.trace.setting
        roots = {} if setting.as_taken is None else setting.as_taken.roots
        for name, root in roots.items():
            if root is component and name != "model":  # who may be another since, such as an optimizer whose rate falls
                config: dict[str, Any] | None = setting.told[name]
                return config
        setting.require_as_taken(component)
        return config_or_none(component)

    def _call(self, number: int, call: Call) -> dict[str, Any]:
        component = None if call.component is None else self._component(call.component)
        values = {key: self._value(number, call, key, value) for key, value in call.values.items()}
        return {
            "path": call.path, "kind": call.kind, "pattern": call.pattern, "number": call.number, "micro": call.micro,
            "training": call.training, "place": call.place, "given": call.given, "made": call.made,
            "component": component, "values": values, "groups": call.groups, "parent": self._parents[number],
            "outermost": number < self._outermost and self._parents[number] is None, "without": call.without,
        }  # fmt: skip

    def _value(self, number: int, call: Call, key: str, value: Any) -> dict[str, Any]:
        """One of what equations may name besides: as JSON, as an array, as what gives it again, or left out."""
        if isinstance(value, Activation):
            return {"activation": value.name}
        if callable(value):
            return {"draws": key} if key in DRAWS else {"absent": f"a {type(value).__name__}"}
        if isinstance(value, np.ndarray | np.generic):
            array = np.asarray(value)
            if not array.tobytes().strip(b"\0"):  # of memory that an optimizer does without
                return {"zeros": list(array.shape), "dtype": array.dtype.name}
            self._keep(f"{VALUES}{number}/{key}", array)
            return {"array": f"{VALUES}{number}/{key}"}
        try:
            plain = as_json(value)
        except CheckpointError:
            if call.component is not None and key in call.component.symbols:
                return {"symbol": key}
            return {"absent": f"a {type(value).__name__}"}
        return {"tuple" if isinstance(value, tuple) else "json": plain}


def _model(setting: Any) -> dict[str, Any] | None:
    """The configuration of the model; of one whose layers are no longer as a factory function made them, theirs."""
    config: dict[str, Any] | None = setting.told["model"]
    if setting.model is None or config is None:
        return config
    return config_as_it_is(setting.model, config)


def _same_bits(one: HostArray, other: HostArray) -> bool:
    return one is other or (one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())
