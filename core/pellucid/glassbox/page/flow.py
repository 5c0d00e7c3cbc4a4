"""What flows where within a container: the calls that it makes, side by side where none waits for another."""

from __future__ import annotations

from contextlib import suppress

from pellucid.basics.errors import PellucidError
from pellucid.glassbox.failure import ConformanceError
from pellucid.glassbox.page.opened import Opened
from pellucid.glassbox.record.quantity import Call, Quantity
from pellucid.glassbox.why.asking import explained_by
from pellucid.glassbox.why.traced import Traced
from pellucid.standard.layers.containers import Parallel


def columns_of(outer: Call, trace: Opened) -> list[list[Call]]:
    """The calls that one makes, in columns: each stands right of all whose outputs it is given, itself or in what the
    code around it has made of them. Where that code cannot be taken apart, it waits for all calls before it."""
    inner = [call for call in outer.inner if call.kind in ("layer", "loss")]
    owner = {id(call): i for i, top in enumerate(inner) for call in top.within()}
    if isinstance(outer.component, Parallel):
        return [inner] if inner else []
    ranks: list[int] = []
    last: dict[str, int] = {}  # which call was the last to give an array
    for i, call in enumerate(inner):
        waits = _waits_for(call, outer, trace, owner, last)
        before = range(i) if waits is None else [k for k in waits if k < i]
        ranks.append(1 + max((ranks[k] for k in before), default=-1))
        for of, name in call.made.items():
            if of.startswith("y") and name in trace:
                last[trace.quantity(name).same or name] = i
    return [
        [call for call, rank in zip(inner, ranks, strict=True) if rank == r] for r in range(max(ranks, default=-1) + 1)
    ]


def _waits_for(call: Call, outer: Call, trace: Opened, owner: dict[int, int], last: dict[str, int]) -> set[int] | None:
    """The numbers of the calls whose outputs it is given; None where nobody knows."""
    found: set[int] = set()
    pending = [name for of, name in call.given.items() if not of.startswith("dy")]
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen or name not in trace:
            continue
        seen.add(name)
        quantity = trace.quantity(name)
        passed = last.get(quantity.same or name)
        if passed is not None:  # by one that gave on what it was given, such as a change of shape that is none
            found.add(passed)
        elif quantity.same is not None:
            pending.append(quantity.same)
        elif quantity.call is call or (quantity.call is outer and quantity.of not in outer.given):
            made = _made(quantity, trace)  # by the code around the call
            if made is None:
                return None
            pending += made
        elif quantity.call is not None and id(quantity.call) in owner:
            found.add(owner[id(quantity.call)])
    return found


def _made(quantity: Quantity, trace: Opened) -> set[str] | None:
    """What the equations or the code of a container make a quantity of; None where neither tells."""
    if quantity.origin == "drawn":
        return set()
    with suppress(ConformanceError, PellucidError):
        told = explained_by(trace, quantity)
        found: Traced | None = trace.inside.of(quantity) if told is None else told[1]
        return None if found is None else leaves(found)
    return None


def leaves(made: Traced) -> set[str]:
    """The quantities that it is made of."""
    pending, seen, names = [made], set(), set[str]()
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.quantity is not None:
            names.add(one.quantity)
        else:
            pending += one.operands
    return names
