"""Export: a trace as the data of a page: what it is made of, its arrays packed, its equations as a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import PellucidError
from pellucid.glassbox.failure import ConformanceError
from pellucid.glassbox.page.built_in import parts_of
from pellucid.glassbox.page.code import code_of
from pellucid.glassbox.page.flow import columns_of
from pellucid.glassbox.page.graph import Graph, cost, number
from pellucid.glassbox.page.opened import Opened
from pellucid.glassbox.page.packing import Packed, type_of
from pellucid.glassbox.page.parts import PageNote, PagePicture, PageTable, PageWindow
from pellucid.glassbox.page.steps import all_calls, steps_of, title_of
from pellucid.glassbox.record.quantity import Call
from pellucid.glassbox.why.asking import NOTES, explained_by
from pellucid.glassbox.why.traced import Traced

WORTH_FORETELLING = 256
"""Cells from which on an array is kept as what it differs by from its equation, if the page computes that exactly."""

COSTLY = 2_000_000
"""Products from which on the page is given the array of an equation, too, to show it at once: a moment's work."""


class Export:
    """The data of a page.

    Attributes:
        data: for JSON.
        packed: the arrays.
    """

    def __init__(self, trace: Opened) -> None:
        self.trace = trace
        self.packed = Packed()
        self.calls = all_calls(trace)
        self._names = [name for name in trace.names() if np.asarray(trace[name]).dtype.kind in "biuf"]
        self._numbers = {name: i for i, name in enumerate(self._names)}
        self._graph = Graph(self.packed, self._numbers)
        self._call_numbers = {id(call): i for i, call in enumerate(self.calls)}
        self._exact: dict[str, bool] = {}
        self._extra: list[dict[str, Any]] = []  # arrays of parts, which are no quantities
        self._codes: list[dict[str, Any]] = []
        self._code_of: dict[type, list[int]] = {}
        quantities = [self._quantity(name) for name in self._names]
        self.data: dict[str, Any] = {
            "title": self._title(), "facts": self._facts(), "quantities": quantities,
            "calls": [self._call(call) for call in self.calls],
            "tops": [self._call_numbers[id(call)] for call in trace.calls],
            "steps": self._steps(),
        }  # fmt: skip
        self.data |= {
            "codes": self._codes, "extra": self._extra, "nodes": self._graph.nodes, "stands": self._graph.stands(),
            "bytes": self.packed.size,
        }  # fmt: skip

    # -- what it is about ------------------------------------------------------------------------------------------

    def _title(self) -> str:
        setting = self.trace.setting
        return f"Step {setting.step + 1}, opened" if setting.sizes else "A prediction, opened"

    def _facts(self) -> list[list[str]]:
        setting, told = self.trace.setting, self.trace.setting.told
        model = told.get("model")
        facts = [["model", str(model.get("type", ""))]] if isinstance(model, dict) else []
        if setting.sizes:
            facts.append(["rows", " + ".join(map(str, setting.sizes))])
        if "loss" in self.trace:
            facts.append(["loss", f"{float(self.trace['loss']):.6g}"])
        optimizer = told.get("optimizer")
        if isinstance(optimizer, dict):
            facts.append(["optimizer", str(optimizer.get("type", ""))])
        facts += [[key, str(told[key])] for key in ("dtype", "backend") if key in told]
        return facts

    # -- quantities ------------------------------------------------------------------------------------------------

    def _root(self, name: str) -> Traced | None:
        """What the equation of a quantity makes of others; None where no equation with an expression tells."""
        made = explained_by(self.trace, self.trace.quantity(name))
        return None if made is None else made[1]

    def _by_code(self, name: str) -> Traced | None:
        """What the code of a layer that has no equation for it makes of others; None where that is not known."""
        quantity = self.trace.quantity(name)
        if quantity.origin in NOTES or quantity.same is not None or quantity.call is None:
            return None
        found: Traced | None = self.trace.inside.of(quantity)
        return found if found is not None and found.shape == np.shape(self.trace[name]) else None

    def _quantity(self, name: str) -> dict[str, Any]:
        quantity = self.trace.quantity(name)
        told: dict[str, Any] = {"name": name, "of": quantity.of, "origin": quantity.origin}
        if quantity.call is not None:
            told["call"] = self._call_numbers[id(quantity.call)]
        if quantity.same is not None and quantity.same in self._numbers:
            told["same"] = self._numbers[quantity.same]
        try:
            root = self._root(name)
            if root is None:
                root = self._by_code(name)
                told |= {"code": True} if root is not None else {}
        except (ConformanceError, PellucidError) as error:  # a stranger's equation that cannot be evaluated
            root, told["unable"] = None, str(error).splitlines()[0]
        array = np.asarray(root.value if root is not None and quantity.origin == "equation" else self.trace[name])
        told["shape"] = list(array.shape)
        if root is not None:
            told["node"] = self._graph.add(root)
        if "same" in told:
            return told
        if quantity.origin == "equation" and root is not None:
            told["type"] = "f8"
            if cost(root) > COSTLY:
                told["data"] = self.packed.add(array.astype(np.float64))
            return told
        told["type"] = type_of(array)
        if root is not None and _large(array, root) and self._is_exact(root):
            told["data"], told["foretold"] = self.packed.add(_differences(array, root.value), "i4"), True
        else:
            told["data"] = self.packed.add(array)
        return told

    def _is_exact(self, root: Traced) -> bool:
        """Whether the page computes this to the bit, of what it is made of."""
        if not self._graph.is_exact(root):
            return False
        pending, seen = [root], set()
        while pending:
            made = pending.pop()
            if id(made) in seen:
                continue
            seen.add(id(made))
            if made.quantity is not None and not self._is_exactly_known(made.quantity):
                return False
            pending += made.operands
        return True

    def _is_exactly_known(self, name: str) -> bool:
        if name not in self._exact:
            quantity = self.trace.quantity(name) if name in self.trace else None
            root = None if quantity is None or quantity.origin != "equation" else self._root(name)
            self._exact[name] = quantity is not None and (root is None or self._is_exact(root))
        return self._exact[name]

    # -- calls -----------------------------------------------------------------------------------------------------

    def _call(self, call: Call) -> dict[str, Any]:
        component = call.component
        told: dict[str, Any] = {
            "path": call.path or "model", "title": title_of(call), "kind": call.kind,
            "type": "" if component is None else type(component).__name__,
            "columns": [[self._call_numbers[id(inner)] for inner in column] for column in columns_of(call, self.trace)],
            "equations": self._told_equations(call),
            "names": {of: self._numbers[name] for of, name in (*call.given.items(), *call.made.items())
                      if name in self._numbers},
            "code": [] if component is None else self._code(component),
        }  # fmt: skip
        doc = "" if component is None else (type(component).__doc__ or "").strip()
        told["doc"] = doc.split("\n\n")[0].replace("\n", " ").replace("``", "")
        told["parts"] = [self._part(part, call) for part in parts_of(call, self.trace)]
        return told

    def _told_equations(self, call: Call) -> list[dict[str, Any]]:
        holds = list(self.trace.equations(call))
        told = {e.of for e in holds}
        rest = [e for e in call.equations if e.python is None and e.of not in told and "_evaluation" not in e.of]
        shown = [*holds, *rest]
        return [{"of": e.of, "latex": e.latex, "python": e.python, "why": e.why} for e in shown]

    def _code(self, component: Any) -> list[int]:
        cls = type(component)
        if cls not in self._code_of:
            found = code_of(component)
            self._code_of[cls] = list(range(len(self._codes), len(self._codes) + len(found)))
            self._codes += found
        return self._code_of[cls]

    def _part(self, part: Any, call: Call) -> dict[str, Any]:
        if isinstance(part, PageNote):
            return {"is": "note", "text": str(part.text), "latex": str(part.latex)}
        if isinstance(part, PageTable):
            rows = [[number(cell) if not isinstance(cell, str) else cell for cell in row] for row in part.rows]
            return {"is": "table", "title": str(part.title), "columns": [str(c) for c in part.columns], "rows": rows}
        if isinstance(part, PageWindow):
            return {"is": "window", "title": str(part.title), "of": part.of, "shows": list(part.shows)}
        if isinstance(part, PagePicture):
            told: dict[str, Any] = {"is": "picture", "title": str(part.title), "note": str(part.note)}
            if isinstance(part.array, str):
                return told | {"quantity": self._number(part.array, call)}
            array = np.asarray(part.array)
            self._extra.append({"shape": list(array.shape), "type": type_of(array), "data": self.packed.add(array)})
            return told | {"extra": len(self._extra) - 1}
        raise TypeError(
            f"page_parts of {type(call.component).__name__} ({call.path}) gave a {type(part).__name__}. Expected: "
            "pl.PageNote, pl.PagePicture, pl.PageTable or pl.PageWindow."
        )

    def _number(self, name: str, call: Call) -> int:
        """Of a quantity by its name, or by what the equations of the call name it."""
        full = call.given.get(name) or call.made.get(name) or name
        if full not in self._numbers:
            full = self.trace.quantity(call.pattern.format(name)).name
        return self._numbers[full]

    def _steps(self) -> list[dict[str, Any]]:
        steps = steps_of(self.trace, self.calls)
        named = [{**step, "names": [self._numbers[n] for n in step["names"] if n in self._numbers]} for step in steps]
        return [step for step in named if step["names"]]


def _large(array: HostArray, root: Traced) -> bool:
    large = array.dtype == np.float32 and array.size >= WORTH_FORETELLING and array.shape == root.shape
    return large and bool(np.isfinite(array).all()) and bool(np.isfinite(root.value).all())


def _differences(array: HostArray, foretold: Any) -> HostArray:
    """By how many float32 numbers each cell lies beside what its equation gives."""
    with np.errstate(all="ignore"):
        near = np.asarray(foretold, np.float64).astype(np.float32)
    return array.view(np.int32).astype(np.int64).astype(np.int32) - np.ascontiguousarray(near).view(np.int32)


def sizes(trace: Opened, count: int = 3) -> Sequence[str]:
    """The largest quantities, in words."""
    found = sorted(((trace[name].nbytes, name) for name in trace if trace.quantity(name).same is None), reverse=True)
    return [f"{name} ({size:,} bytes)" for size, name in found[:count]]
