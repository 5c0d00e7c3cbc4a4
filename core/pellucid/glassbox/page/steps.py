"""A step in the order in which a page goes through it: data, forward, loss, backward, update."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pellucid.glassbox.page.flow import leaves
from pellucid.glassbox.page.opened import Opened
from pellucid.glassbox.record.quantity import Call, Quantity
from pellucid.glassbox.why.asking import explained_by

PHASES = ("data", "forward", "loss", "backward", "update")


def all_calls(trace: Opened) -> list[Call]:
    """Those of components, outermost first, and those of which only their quantities tell, such as the update's."""
    found = {id(call): call for top in trace.calls for call in top.within()}
    for name in trace:
        call = trace.quantity(name).call
        if call is not None:
            found.setdefault(id(call), call)
    return list(found.values())


_LATE = re.compile(r"\.(new|asked|rate|observed)(#\d+)?$")
"""What is asked of states, and what becomes of them, when the step is over."""


def _phase(name: str, quantity: Quantity, trace: Opened) -> str:
    call = quantity.call
    if call is None:
        of = _LATE.sub("", name)
        late = of != name and of in trace  # a target may be called so, too
        return "update" if name.startswith("optimizer.") or late else "data"
    if call.kind in ("optimizer", "schedule"):
        return "update"
    if call.kind in ("loss", "objective") or (call.kind == "trainer" and call.path == "loss"):
        return "loss"
    if call.kind != "layer":
        return "backward" if name.endswith(".grad") else "update"
    if quantity.of in {e.of for e in call.phases.states} or name.endswith(".new"):
        return "update"
    backward = {e.of for e in call.phases.backward} | {of for of in call.given if of.startswith("dy")}
    return "backward" if quantity.of in backward or quantity.of.startswith(("dy", "dx")) else "forward"


def steps_of(trace: Opened, calls: Sequence[Call]) -> list[dict[str, Any]]:
    """``{"phase", "call", "title", "names"}``, in the order of the step; each name stands in one of them.

    What a parameter was before stands where it is first used; its gradient with the backward of the layer that has it.
    What an objective draws and makes before it calls the model stands with the data.
    """
    parameters: dict[str, Call] = {}
    for call in calls:
        if call.kind == "layer":
            for of, name in call.given.items():
                quantity = trace.quantity(name) if name in trace else None
                if quantity is not None and quantity.call is None and not of.startswith(("x", "dy")):
                    held = parameters.setdefault(name, call)
                    if name.startswith(f"{call.path}.") and len(call.path) > len(held.path):  # whose own it is
                        parameters[name] = call
    numbers = {id(call): i for i, call in enumerate(calls)}
    prepared = _prepared(trace)
    found: dict[tuple[str, Any], dict[str, Any]] = {}

    def place(phase: str, call: Call | None, title: str, name: str, key: Any = None) -> None:
        step = found.setdefault(
            (phase, key if key is not None else id(call)), {"phase": phase, "call": None, "title": title, "names": []}
        )
        if step["call"] is None and call is not None:
            step["call"] = numbers[id(call)]
        step["names"].append(name)

    for name in trace:
        quantity = trace.quantity(name)
        maker = quantity.call
        owner = parameters.get(name.removesuffix(".grad")) if maker is None or name.endswith(".grad") else None
        if owner is not None:
            place("backward" if name.endswith(".grad") else "forward", owner, title_of(owner), name)
            continue
        phase = "data" if name in prepared else _phase(name, quantity, trace)
        if phase == "data" and maker is None:
            place(phase, None, "The data", name, "data")
        elif phase == "update":
            about = _parameter_of(name, trace)
            place(phase, maker, about or (title_of(maker) if maker is not None else name), name, about or name)
        else:
            place(phase, maker, title_of(maker) if maker is not None else name, name)
    steps = [step for step in found.values() if any(_tells(trace, name) for name in step["names"])]
    order = {phase: i for i, phase in enumerate(PHASES)}
    came = {name: i for i, name in enumerate(trace)}

    def done(step: dict[str, Any]) -> tuple[int, int]:
        """When the last of it was there. Weights were there before, and gradients are recorded at the end."""
        own = [n for n in step["names"] if trace.quantity(n).call is not None and not n.endswith(".grad")]
        return order[step["phase"]], max(came[name] for name in own or step["names"])

    return sorted(steps, key=done)


def _prepared(trace: Opened) -> set[str]:
    """What objectives have made before they called the model: what they drew, what they gave it, and of what."""
    came = {name: i for i, name in enumerate(trace)}
    start: dict[int, int] = {}
    for name, i in came.items():
        call = trace.quantity(name).call
        if call is not None and call.kind == "layer":
            start.setdefault(call.micro, i)
    found: set[str] = set()
    for name, i in came.items():
        quantity = trace.quantity(name)
        call = quantity.call
        if call is not None and call.kind == "objective" and quantity.origin != "equation":
            found |= {name} if i < start.get(call.micro, 0) else set()
    pending = list(found)
    while pending:
        quantity = trace.quantity(pending.pop())
        made = explained_by(trace, quantity)
        for name in leaves(made[1]) if made is not None else ():
            call = trace.quantity(name).call if name in trace else None
            if call is not None and call.kind == "objective" and name not in found:
                found.add(name)
                pending.append(name)
    return found


def _tells(trace: Opened, name: str) -> bool:
    """Whether a quantity is not one that has been seen under another name."""
    return trace.quantity(name).same is None


def _parameter_of(name: str, trace: Opened) -> str:
    """Which parameter a quantity of the update is about: ``layers.0.weight`` of ``optimizer.m.layers.0.weight.new``."""
    for bare in (name.removesuffix(".new"), _LATE.sub("", name)):  # its own name may end so, too
        bare = bare.removesuffix(".step_grad").removesuffix(".penalty_grad").removesuffix(".penalty")
        if bare.startswith("optimizer."):
            bare = bare.split(".", 2)[-1]
        if f"{bare}.new" in trace:
            return bare
    return ""


def title_of(call: Call) -> str:
    """``layers.0 · Dense``."""
    kind = "" if call.component is None else type(call.component).__name__
    path = call.path or "model"
    number = f"#{call.number}" if call.number > 1 else ""
    micro = f"micro-batch {call.micro} · " if call.micro > 1 else ""
    return f"{micro}{path}{number} · {kind}" if kind else f"{micro}{path}{number}"
