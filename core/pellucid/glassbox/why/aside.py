"""Aside: what code keeps for its backward, and what it asks states to become: by equations, or by the code alone."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import Component, Equation
from pellucid.glassbox.failure import ConformanceError
from pellucid.glassbox.record.quantity import Call, Quantity
from pellucid.glassbox.why.expr import Expr
from pellucid.glassbox.why.reason import Why
from pellucid.glassbox.why.terms import terms_of
from pellucid.glassbox.why.traced import Traced, leaf
from pellucid.model.composite import Composite

NEAR = 1e-4
"""How near to what an equation gives all numbers of an array must be to be that, relative to the largest."""
MOST = 20_000
"""Cells of one array that are all named; of more, those of the same row, or the first."""


def held_as(trace: Any, quantity: Quantity) -> tuple[Equation | None, Traced] | None:
    """What an array is that code has put aside under a name that equations have, or has asked a state to become.

    Kept under the name of an input, an output or an equation, it is that where the numbers are the same, in whatever
    shape: code may call something else so, and then nothing is said. What is asked of a state at a rate of 1 is what
    the equation of the state gives.
    """
    of, call = quantity.kept, quantity.call
    if not of:
        call, of = asked_by(trace, quantity)
    asked = not quantity.kept
    if call is None or call.without:
        return None
    array = np.asarray(trace[quantity.name])
    equation, found = _meant(trace, call, of, asked)
    if found is None or not _same(found.value, array):
        return None
    return equation, found if found.shape == array.shape else found.reshape(array.shape)


def _meant(trace: Any, call: Call, of: str, asked: bool) -> tuple[Equation | None, Traced | None]:
    """What equations of a call mean by a name: an input or an output, or what they define; a state is what it
    becomes."""
    told = [e for e in trace.equations(call) if e.of == of]
    name = call.made.get(of) or call.given.get(of) or ""
    if name in trace and not (told and (asked or name == call.given.get(of))):
        return None, leaf(trace[name], of, trace.quantity(name).same or name)
    if not told:
        return None, None
    try:
        equations = trace.traced(call)
        return (None, None) if equations.is_function(of) else (equations.equation(of), equations[of])
    except ConformanceError:  # it names what was not kept
        return None, None


def _same(a: HostArray, b: HostArray) -> bool:
    if a.size != b.size or not a.size:
        return False
    a, b = np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel()
    size = np.max(np.abs(b), initial=1e-30, where=np.isfinite(b))
    return bool(np.allclose(a, b, rtol=0, atol=NEAR * size, equal_nan=True))


def asked_by(trace: Any, quantity: Quantity) -> tuple[Call | None, str]:
    """The call that has asked a state to become this, and what its equations call the state."""
    path, asked, number = quantity.name.rpartition(".asked")
    if not asked or number not in ("", *(f"#{k}" for k in range(2, 100))):
        return None, ""
    owner, _, attribute = path.rpartition(".")
    calls = [call for top in trace.calls for call in top.within() if call.kind == "layer" and call.path == owner]
    k = int(number.removeprefix("#") or 1) - 1
    if k >= len(calls):
        return None, ""
    return calls[k], next((of for of, name in calls[k].given.items() if name == path), attribute)


# -- by the code ------------------------------------------------------------------------------------------------------


def by_code(trace: Any, quantity: Quantity, cell: tuple[int, ...]) -> Why | None:
    """What is only known to be made by the code of a component: of all that was given to it; None of what no component
    has made."""
    made = _made_by(trace, quantity)
    if made is None:
        return None
    call, back = made
    names = [name for of, name in call.given.items() if name in trace and (back or not of.startswith("dy"))]
    for group in call.groups.values():
        names += [name for name in (group.values() if isinstance(group, dict) else group) if name in trace]
    names = [trace.quantity(name).same or name for name in names if name != quantity.name]
    row, rows = cell[0] if cell else None, np.shape(trace[quantity.name])[:1]
    cells = [part for name in dict.fromkeys(names) for part in _cells(trace, name, row, rows)]
    code = call.kind if call.component is None else _method(call.component, back)[0]
    value = float(trace[quantity.name][cell])
    expr = Expr(code, value, tuple(cells), opaque=True)
    symbol = quantity.of or quantity.kept or quantity.name
    note = note_of(trace, quantity)
    return Why(quantity.name, cell, value, None, expr, symbol, terms_of(expr), expr.places, note=note)


def note_of(trace: Any, quantity: Quantity) -> str:
    """By which code a number was made, in words; empty where no component has made it."""
    made = _made_by(trace, quantity)
    if made is None:
        return ""
    if made[0].component is None:
        return f"made by the code of '{made[0].path}'; nothing more is known: {made[0].without}"
    return f"made by the code of {where(made[0].component, made[1])}; no equation is of it"


def where(component: Component, back: bool = False) -> str:
    """``LayerNorm.forward, pellucid/standard/layers/normalisation.py, line 165``; without a line where there is no
    file."""
    name, method = _method(component, back)
    try:
        line = inspect.getsourcelines(method)[1]
    except (OSError, TypeError):  # typed at a prompt, or made by a program
        return f"{name} in {method.__module__}" if inspect.isfunction(method) else name
    return f"{name}, {method.__module__.replace('.', '/')}.py, line {line}"


def _method(component: Component, back: bool) -> tuple[str, Any]:
    names = ("call",) if isinstance(component, Composite) else ("backward",) if back else ("forward", "step")
    name = next((each for each in names if hasattr(type(component), each)), "__init__")
    return f"{type(component).__name__}.{name}", getattr(type(component), name)


def _made_by(trace: Any, quantity: Quantity) -> tuple[Call, bool] | None:
    """Which call's code has made an array, and whether in its backward."""
    call, of = quantity.call, quantity.of
    if quantity.kept and call is not None:
        return call, False
    asking = asked_by(trace, quantity)[0]
    if asking is not None:
        return asking, False
    if call is not None and call.kind == "trainer" and of == "grad":
        layers = [c for top in trace.calls for c in top.within() if c.kind == "layer"]
        owners = [layer for layer in layers if not layer.path or call.path.startswith(f"{layer.path}.")]
        return (max(owners, key=lambda owner: len(owner.path)), True) if owners else None
    if call is None or call.kind not in ("layer", "loss", "objective"):
        return None
    if quantity.name not in call.given.values():
        return call, of.startswith("d")
    outer = next((o for top in trace.calls for o in top.within() if call in o.inner), None)
    return None if outer is None else (outer, of.startswith("dy"))


def _cells(trace: Any, name: str, row: int | None, rows: tuple[int, ...]) -> Iterator[Expr]:
    """All cells of an array; of a large one, those of the row, if it has as many, or the first."""
    array = np.asarray(trace[name])
    of_row = array.size > MOST and array.ndim > 0 and row is not None and array.shape[:1] == rows
    first = int(row or 0) * (array.size // rows[0]) if of_row else 0
    length = min(MOST, array.size // rows[0] if of_row else array.size)
    for place in range(first, first + length):
        index = tuple(int(i) for i in np.unravel_index(place, array.shape)) if array.ndim else ()
        yield Expr("cell", float(array[index]), (), name, index, name)
