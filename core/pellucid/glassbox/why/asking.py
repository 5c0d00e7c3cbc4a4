"""Asking why: from a quantity of a trace and a cell to the equation that made the number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from pellucid.basics.component import Equation
from pellucid.basics.errors import DataError
from pellucid.basics.suggest import listed
from pellucid.glassbox.asked import asked
from pellucid.glassbox.failure import ConformanceError
from pellucid.glassbox.record.cell import Cell, check_cell
from pellucid.glassbox.record.gathered import Held, each, gathered
from pellucid.glassbox.record.names import is_helper
from pellucid.glassbox.record.quantity import Call, Quantity
from pellucid.glassbox.why.aside import by_code, held_as
from pellucid.glassbox.why.reason import Why, explain
from pellucid.glassbox.why.traced import Traced, leaf
from pellucid.glassbox.why.traced_equations import TracedEquations
from pellucid.saving.files import shown

NOTES = {
    "given": "given: data, or what was there before the step",
    "drawn": "drawn: a function of the seed, the step, the place in the model and the row",
    "set": "as the trainer was told",
}
CODE = "by the code of the layer around it, run again on what was recorded"
CONSTANT = "which is the same whatever was recorded: a constant of that code"
KEPT = "nothing is known of how it was made"
BEYOND = "far out the formula of the equation overflows; the code, written otherwise, gives the number"


def traced_equations(trace: Any, call: Call) -> TracedEquations:
    """The equations of a call, to be taken apart: what they name are quantities of the trace."""
    given: dict[str, tuple[str | None, Any]] = {}
    for of, value in gathered(trace, call).items():
        if of.endswith("_of") and callable(value):
            value = _drawn(trace, call, of, value)
        if isinstance(value, Held):
            given[of] = first_name(trace, value.name), value.array
        else:
            given[of] = None, each(value, lambda held: leaf(held.array, held.of, first_name(trace, held.name)))
    equations = trace.equations(call)
    results: dict[str, tuple[str | None, Any]] = {}
    for equation in equations:
        name = call.name_of(equation.of)
        recorded = trace.quantity(name).array if call.made.get(equation.of) in trace else None
        results[equation.of] = name, recorded
    return TracedEquations(equations, given, results)


def _drawn(trace: Any, call: Call, name: str, draw: Callable[..., Any]) -> Callable[..., Any]:
    """A function that draws: what it gives is known to be what the code has drawn, if it has drawn that."""
    kind = name.removesuffix("_of")
    drawn = call.pattern.format(f"drawn.{kind}")

    def again(*args: Any) -> Any:
        numbers = draw(*args)
        known = drawn in trace and np.array_equal(numbers, trace[drawn])
        return leaf(numbers, kind, drawn) if known else numbers

    return again if drawn in trace else draw


def first_name(trace: Any, name: str) -> str:
    """The name that the same array was recorded under first."""
    return trace.quantity(name).same or name


def not_kept(trace: Any, quantity: Quantity, what: str, error: ConformanceError) -> DataError:
    """The error for a quantity that cannot be explained, or computed, because what its equation names is not there."""
    call = quantity.call
    missing = [] if call is None else list(dict.fromkeys(n for n in call.given.values() if n not in trace))
    if not missing:
        file = trace.setting.file
        held = "this trace" if file is None else str(shown(file))
        return DataError(f"'{quantity.name}' cannot be {what} from what {held} holds. {error}")
    return DataError(
        f"'{quantity.name}' cannot be {what}: this trace has not kept {listed(map(repr, missing))}. Trace with "
        "keep='*', or with these among what is kept."
    )


def explained_by(trace: Any, quantity: Quantity) -> tuple[Equation | None, Traced] | None:
    """The equation that made a quantity, and its right-hand side; None where there is no expression.

    What code has put aside in another shape under the name of an input or an output is explained by no equation, but
    made of its cells.
    """
    call = quantity.call
    if call is None or not quantity.of:
        return held_as(trace, quantity) if quantity.same is None and quantity.origin == "recorded" else None
    if not any(e.of == quantity.of and not is_helper(e) for e in trace.equations(call)):
        return None
    found: TracedEquations = trace.traced(call)
    return found.equation(quantity.of), found[quantity.of]


def why(trace: Any, name: str, cell: Any) -> Why:
    """Why a cell of a quantity is what it is; see :meth:`pellucid.Trace.why`."""
    quantity: Quantity = trace.quantity(name)
    cell = check_cell(name, trace[name].shape, cell)
    value = float(trace[name][cell])
    try:
        made = explained_by(trace, quantity)
    except ConformanceError as error:
        raise not_kept(trace, quantity, "explained", error) from error
    if made is not None:
        found = explain(name, cell, value, made[0], made[1], symbol=quantity.of or quantity.kept or None)
        return replace(found, note=BEYOND) if np.isfinite(value) and not np.isfinite(found.total) else found
    if quantity.same is not None:
        first = why(trace, quantity.same, cell)
        return replace(first, note="; ".join(filter(None, (f"{name} is {quantity.same}", first.note))))
    code = None if quantity.origin in NOTES else trace.inside.of(quantity)
    if code is not None and code.shape == trace[name].shape:
        found = explain(name, cell, value, None, code, symbol=quantity.of, note=CODE)
        return found if found.parents else replace(found, note=f"{CODE}, {CONSTANT}")
    measured = None if quantity.origin in NOTES else trace.sensitivity.why(quantity, cell)
    if measured is not None and measured.parents:
        return measured
    coded = None if quantity.origin in NOTES else by_code(trace, quantity, cell)
    if measured is not None and (coded is None or not coded.parents):
        return measured
    if coded is not None:  # of what no slope leads anywhere, too: made of arguments, or of whole numbers
        return coded
    itself = leaf(trace[name], name, name)
    note = NOTES.get(quantity.origin, KEPT)
    return replace(explain(name, cell, value, None, itself, symbol=name, note=note), parents=[])


@asked
def chain(trace: Any, name: str, cell: Any, depth: int = 100) -> list[Why]:
    """A way back from a number to the data: each time to the parent that the largest term came from."""
    found = [why(trace, name, cell)]
    while len(found) < depth and found[-1].parents:
        found.append(why(trace, *onward(trace, found[-1])))
    return found


def onward(trace: Any, reason: Why) -> tuple[str, Cell]:
    """The parent in the largest term that something can be asked of; where all were there before, the first: data."""
    of_terms: list[tuple[str, Cell]] = []
    for term in reason.sorted()[:1]:
        for factor in (*term.factors, *term.over):
            of_terms += factor.places
    places = of_terms or reason.parents
    made = [place for place in places if trace.quantity(place[0]).origin not in NOTES]
    if not made:
        return places[0]
    return made[-1] if of_terms else made[0]  # slopes that were measured stand by their size
