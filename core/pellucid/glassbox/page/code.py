"""The code that computed a call, as the page shows it beside the equations."""

from __future__ import annotations

import inspect
from textwrap import dedent
from typing import Any

METHODS = {
    "layer": ("forward", "backward"), "loss": ("forward", "backward"), "objective": ("forward",),
    "optimizer": ("step",), "regularizer": ("penalty", "add_gradient"), "schedule": ("__call__",),
    "transform": ("augment", "apply"),
}  # fmt: skip


def code_of(component: Any) -> list[dict[str, Any]]:
    """``{"method", "where", "text"}`` of each method that a component is made of, where its source is known."""
    found = []
    methods = METHODS.get(getattr(component, "kind", ""), ())
    if callable(getattr(component, "call", None)):
        methods = ("call",)  # of a Composite: its forward and backward are the same for all
    for name in methods:
        method = getattr(type(component), name, None)
        owner = next((c for c in type(component).__mro__ if name in vars(c)), None)
        if method is None or owner is None:
            continue
        try:
            text = dedent(inspect.getsource(method))
        except (OSError, TypeError):  # typed at a prompt, or made by a program
            continue
        if getattr(method, "__isabstractmethod__", False):
            continue
        found.append({"method": name, "where": f"{owner.__module__}.{owner.__qualname__}", "text": text})
    return found
