"""load_trace: a trace from its file. What it says is data; equations come from the registered components alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from itertools import chain
from math import prod
from operator import attrgetter
from typing import Any, TypeGuard

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.checks import is_number, is_size
from pellucid.basics.component import Component
from pellucid.basics.errors import CheckpointError
from pellucid.glassbox.equations import Activation
from pellucid.glassbox.record.quantity import ORIGINS, Call, Quantity
from pellucid.glassbox.trace import Setting, Trace
from pellucid.glassbox.trace_writing import DRAWS, SETTING
from pellucid.interfaces.context import Context
from pellucid.model.build import DTYPES
from pellucid.ops.backends import get_ops
from pellucid.registry.config import read
from pellucid.saving.container import Header, damaged
from pellucid.saving.model import reason
from pellucid.saving.reading import opened

MAX_CALLS = 100_000
MAX_DEPTH = 200
"""Of calls in calls; layers are nested less deeply."""
_KINDS = ("layer", "loss", "objective", "optimizer", "regularizer", "schedule", "transform")
_CALL = {
    "path": str, "kind": str, "pattern": str, "number": int, "micro": int, "training": bool, "place": str,
    "given": dict, "made": dict, "component": int | None, "values": dict, "groups": dict,
    "parent": int | None, "outermost": bool, "without": str,
}  # fmt: skip
_ROW = (str, str, str, int | None, str | None, bool)
_HIDDEN = frozenset(("np", "erf"))
"""Names that an equation must find as they are."""


def load_trace(path: str | os.PathLike[str]) -> Trace:
    """The trace that ``trace.save(path)`` has written, equal to the bit; nothing in a file is executed.

    Equations are those of the registered components. Where one is not registered here, its numbers are there and its
    equations are not: ``trace.why`` and ``trace[name]`` say so. Where something in a file does not fit together, and
    only a question shows it, that question raises CheckpointError.

    Raises:
        CheckpointError: missing, foreign, truncated, damaged, or of a newer pellucid.

    Example::

        trainer.trace_step(x, y).save("step.safetensors")
        trace = pellucid.load_trace("step.safetensors")
    """
    with opened(path, "trace") as file:
        return _Reading(file.header, file.tensors()).trace()


class _Reading:
    def __init__(self, header: Header, tensors: dict[str, HostArray]) -> None:
        self.header, self.tensors = header, tensors
        self.document = header.document
        self._largest = max((array.size for array in tensors.values()), default=0)

    def trace(self) -> Trace:
        setting = self._setting()
        components = [self._component(i, row) for i, row in enumerate(self.document["components"])]
        calls, outermost = self._calls(components, setting)
        quantities = self._quantities(calls)
        self._check_ends(quantities)
        return Trace(quantities, outermost, setting)

    def _require(self, holds: bool, what: str) -> None:
        if not holds:
            raise damaged(self.header.path, what, "trace")

    # -- setting and components --------------------------------------------------------------------------------------

    def _setting(self) -> Setting:
        told = dict(self.document["setting"])
        own: dict[str, Any] = {name: told.pop(name, None) for name in SETTING}
        sizes = told.pop("sizes", None)
        counts = [value for name, value in own.items() if not (name == "epoch" and value is None)]
        good = all(
            type(n) is int and 0 <= n < 1 << 63 for n in (*counts, *(sizes if isinstance(sizes, list) else [None]))
        )
        self._require(good, f"its 'setting' must hold {', '.join(SETTING)} and sizes as counts")
        self._check_told(told)
        return Setting(None, None, **own, sizes=tuple(sizes), told=told, file=self.header.path)

    def _check_told(self, told: dict[str, Any]) -> None:
        shapes, clip = told.get("input_shapes"), told.get("clip_norm")
        checks = {
            "dtype": told.get("dtype") in DTYPES,
            "backend": isinstance(told.get("backend"), str),
            "clip_norm": clip is None or (is_number(clip) and clip > 0),
            "scheduled": isinstance(told.get("scheduled"), bool | None),
            "input_shapes": isinstance(shapes, list) and all(
                isinstance(shape, list) and all(n is None or is_size(n) for n in shape) for shape in shapes
            ),
            **{p: isinstance(told.get(p), dict | None) for p in ("model", "objective", "optimizer", "schedule")},
        }  # fmt: skip
        for name, good in checks.items():
            self._require(good, f"the {name!r} of its 'setting' is {told.get(name)!r:.80}")

    def _component(self, i: int, row: Any) -> tuple[Component | None, str]:
        """The component, or None and why."""
        good = isinstance(row, dict) and row.get("kind") in _KINDS and isinstance(row.get("class"), str)
        config = row.get("config") if good else None
        self._require(good and isinstance(config, dict | None), f"its 'components.{i}' is {row!r:.80}")
        name = row["class"][:80]
        if config is None:
            return None, f"{name} is not registered, so a file cannot name it: register the class in a plugin"
        try:
            kinds = ("model", "layer") if row["kind"] == "layer" else row["kind"]
            component: Component = read(kinds, config, path=f"components.{i}", saved=True)
        except Exception as error:  # a file may bring a stranger's component into any state
            return None, f"{name} cannot be made here: {reason(error)}"
        return component, ""

    # -- calls -------------------------------------------------------------------------------------------------------

    def _calls(self, components: list[tuple[Component | None, str]], setting: Setting) -> tuple[list[Call], list[Call]]:
        rows = self.document["calls"]
        self._require(len(rows) <= MAX_CALLS, f"it has {len(rows)} calls, and a step makes at most {MAX_CALLS}")
        calls: list[Call] = []
        depths: list[int] = []
        outermost: list[Call] = []
        for i, row in enumerate(rows):
            self._check_call(i, row, len(components))
            component, without = (None, row["without"]) if row["component"] is None else components[row["component"]]
            call = Call(
                row["path"], component, row["kind"], row["pattern"], row["number"], row["micro"], row["training"],
                row["place"], row["given"], row["made"], groups=row["groups"], without=without,
            )  # fmt: skip
            for key, value in row["values"].items():
                self._put(call, key, value, setting)
            calls.append(call)
            parent = row["parent"]
            depths.append(0 if parent is None else depths[parent] + 1)
            self._require(depths[-1] < MAX_DEPTH, f"its calls are nested {MAX_DEPTH} deep")
            if parent is not None:
                calls[parent].inner.append(call)
            elif row["outermost"]:
                outermost.append(call)
        return calls, outermost

    def _check_call(self, i: int, row: Any, components: int) -> None:
        self._require(isinstance(row, dict), f"its 'calls.{i}' is {row!r:.80}")
        for name, kind in _CALL.items():
            value = row.get(name)
            good = name in row and isinstance(value, kind) and not (kind is not bool and isinstance(value, bool))
            self._require(good, f"'{name}' of its 'calls.{i}' is {value!r:.80}")
        parent, component = row["parent"], row["component"]
        self._require(
            parent is None or 0 <= parent < i, f"its call {i} is part of call {parent!r:.20}, which comes later"
        )
        self._require(component is None or 0 <= component < components, f"its call {i} is of a component it lacks")
        pattern = row["pattern"]
        braces = pattern.count("{"), pattern.count("}"), pattern.count("{}")
        self._require(braces == (1, 1, 1), f"the names of its call {i} are {pattern!r:.80}, without one place {{}}")
        groups = [dict(enumerate(g)) if isinstance(g, list) else g for g in row["groups"].values()]
        self._require(all(isinstance(group, dict) for group in groups), f"its call {i} groups what is no name")
        for names in (row["given"], row["made"], *groups):
            self._require(all(isinstance(n, str) for n in names.values()), f"its call {i} names what is no text")
        for key in (*row["given"], *row["made"], *row["values"], *row["groups"]):
            self._require(not key.startswith("__") and key not in _HIDDEN, f"its call {i} gives {key!r:.80} a meaning")

    def _put(self, call: Call, key: str, value: Any, setting: Setting) -> None:
        kind, held = next(iter(value.items()), ("", None)) if isinstance(value, dict) else ("", None)
        if kind == "json":
            call.values[key] = held
        elif kind == "tuple" and isinstance(held, list):
            call.values[key] = tuple(held)
        elif kind == "array" and isinstance(held, str) and held in self.tensors:
            call.values[key] = self.tensors[held]
        elif kind == "zeros" and self._are_sizes(held):
            call.values[key] = self._zeros(held, value.get("dtype"))
        elif kind == "activation" and isinstance(held, str | None):
            call.values[key] = self._activation(held)
        elif kind == "draws" and held in DRAWS:
            call.values[key] = partial(_draw, held.removesuffix("_of"), call, setting)
        elif kind == "symbol" and isinstance(held, str):
            with suppress(Exception):  # what a component gives for it may need more than its arguments
                call.values[key] = attrgetter(call.component.symbols[held])(call.component)  # type: ignore[union-attr]
        elif kind != "absent":
            self._require(False, f"the value {key!r:.40} of its call at {call.path!r:.40} is {value!r:.80}")

    def _are_sizes(self, shape: Any) -> TypeGuard[list[int]]:
        sizes = isinstance(shape, list) and len(shape) <= 32 and all(type(n) is int and n >= 0 for n in shape)
        return sizes and prod(shape) <= max(1, self._largest)

    def _zeros(self, shape: list[int], dtype: Any) -> HostArray:
        try:
            array = np.zeros(shape, np.dtype(dtype if isinstance(dtype, str) else ""))
        except (TypeError, ValueError) as error:
            raise damaged(self.header.path, f"an array has the type {dtype!r:.40}", "trace") from error
        self._require(array.dtype.kind in "biuf", f"an array has the type {dtype!r:.40}")
        return array

    def _activation(self, name: str | None) -> Activation:
        try:
            return Activation(name)
        except Exception as error:
            raise CheckpointError(
                f"{self.header.path} names an activation that is not here. {reason(error)}"
            ) from error

    # -- quantities --------------------------------------------------------------------------------------------------

    def _quantities(self, calls: list[Call]) -> dict[str, Quantity]:
        found: dict[str, Quantity] = {}
        for i, row in enumerate(self.document["quantities"]):
            good = isinstance(row, list) and len(row) == len(_ROW)
            good = good and all(isinstance(v, k) for v, k in zip(row, _ROW, strict=True)) and type(row[3]) is not bool
            self._require(good, f"its 'quantities.{i}' is {row!r:.80}")
            name, of, origin, call, same, held = row
            self._require(
                name not in found and origin in ORIGINS,
                f"its quantity {name!r:.80} is there twice or of {origin!r:.20}",
            )
            self._require(
                call is None or 0 <= call < len(calls), f"its quantity {name!r:.80} is of a call that it lacks"
            )
            array = self.tensors.get(name) if held else None
            if same is not None:
                before = found.get(same)
                self._require(
                    before is not None, f"its quantity {name!r:.80} is the same as {same!r:.80}, which comes later"
                )
                array = before.array  # type: ignore[union-attr]
            self._require(
                array is not None or (origin == "equation" and call is not None and not held),
                f"the array of its quantity {name!r:.80} is missing",
            )
            found[name] = Quantity(name, array, None if call is None else calls[call], of, origin, same)
        return found

    def _check_ends(self, quantities: Mapping[str, Quantity]) -> None:
        """Raise CheckpointError where quantities that equations give need each other."""
        state: dict[str, bool] = {}  # False: being looked at
        for first in quantities:
            stack = [first]
            while stack:
                name = stack[-1]
                open_ = [n for n in _needed(quantities[name], quantities) if state.get(n) is not True]
                if state.get(name) is True or not open_:
                    state[name] = True
                    stack.pop()
                    continue
                state[name] = False
                self._require(
                    state.get(open_[0]) is None, f"its quantities {name!r:.60} and {open_[0]!r:.60} need each other"
                )
                stack.append(open_[0])


def _needed(quantity: Quantity, quantities: Mapping[str, Quantity]) -> list[str]:
    """The quantities that must be computed before this one."""
    if quantity.array is not None or quantity.call is None:
        return []
    call = quantity.call
    groups = (g.values() if isinstance(g, dict) else g for g in call.groups.values())
    names = [*call.given.values(), *call.made.values(), *chain.from_iterable(groups)]
    given = [quantities.get(name) for name in names if name != quantity.name]
    return [q.name for q in given if q is not None and q.array is None]


def _draw(what: str, call: Call, setting: Setting, shape: tuple[int, ...]) -> HostArray:
    """The random numbers of a call's place once more."""
    ops = get_ops(setting.told.get("backend"))
    index = None if call.training else np.arange(shape[0], dtype=np.int64)
    ctx = Context(ops, training=call.training, seed=setting.seed, dtype=setting.told.get("dtype", "float32"))
    ctx.begin(
        setting.step, setting.epoch, micro=call.micro - 1, row_offset=int(call.values.get("row_offset", 0)), index=index
    )
    ctx.path = call.place
    draw: Callable[[tuple[int, ...]], Any] = getattr(ctx, what)
    return np.array(ops.to_host(draw(tuple(shape))))
