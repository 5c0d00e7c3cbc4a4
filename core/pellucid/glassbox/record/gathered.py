"""What the equations of a call may name, from a trace: numbers for those who compute, places for who asks why."""

from __future__ import annotations

from typing import Any, NamedTuple

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.record.names import Attributes, symbols
from pellucid.glassbox.record.quantity import Call
from pellucid.interfaces.parameters import Param, State


class Held(NamedTuple):
    """A recorded array: what equations call it, which quantity it is, and its numbers."""

    of: str
    name: str
    array: HostArray


def gathered(trace: Any, call: Call) -> dict[str, Any]:
    """Arguments, symbols and functions as they are; each quantity as :class:`Held`, several under one name (``inputs``,
    ``seen``, ``drawn``) as a tuple or a table of these.

    Raises:
        ConfigError: the component has changed since the trace was taken.
    """
    trace.setting.require_as_taken(call.component, (*call.given, *call.values))
    found: dict[str, Any] = {"training": call.training}
    if call.model is not None:
        found["model"] = Attributes(call.model)
    if call.component is not None:
        told = symbols(call.component).items()
        found |= call.component.arguments() | {k: v for k, v in told if not isinstance(v, Param | State)}
    found |= call.values
    for of, name in call.made.items():  # some ask what is made below them for its shape
        if name in trace and trace.quantity(name).array is not None:
            found[of] = Held(of, name, trace[name])
    for of, name in call.given.items():  # equations begin with what is given where the same is made, such as theta
        found.pop(of, None)  # where it was not kept, neither an argument nor a zero stands for it
        if name in trace:
            found[of] = Held(of, name, trace[name])
    for of, group in call.groups.items():
        pairs = group.items() if isinstance(group, dict) else enumerate(group)
        held = {key: Held(f"{of}[{key}]", name, trace[name]) for key, name in pairs if name in trace}
        found[of] = held if isinstance(group, dict) else tuple(held.values())
    if "inputs" in call.values:
        found["inputs"] = tuple(found[of] for of in call.values["inputs"] if of in found)
    return found


def each(value: Any, become: Any) -> Any:
    """What stands for a gathered value when ``become`` is done with each Held in it."""
    if isinstance(value, Held):
        return become(value)
    if isinstance(value, tuple) and any(isinstance(item, Held) for item in value):
        return tuple(each(item, become) for item in value)
    if isinstance(value, dict) and any(isinstance(item, Held) for item in value.values()):
        return {key: each(item, become) for key, item in value.items()}
    return value
