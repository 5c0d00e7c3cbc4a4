"""An expression computed once more from its leaves, by NumPy: not by the values that the rules wrote into it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from pellucid.glassbox.why.expr import Expr

OWN: dict[str, Any] = {
    "sum": lambda *a: math.fsum(a) if all(map(math.isfinite, a)) else sum(a), "product": lambda *a: np.prod(a),
    "choose": lambda first, *reasons: first, "erf": math.erf, "if": lambda first, *reasons: first,
}  # fmt: skip
OF_LISTS = ("max", "min", "argmax", "argmin", "any", "all", "count_nonzero")


def recomputed(expr: Expr) -> float:
    """Its value, from the values of the cells and numbers at its ends."""
    known: dict[int, Any] = {}
    pending = [expr]
    with np.errstate(all="ignore"):
        while pending:
            part = pending[-1]
            todo = [arg for arg in part.args if id(arg) not in known]
            if todo and not part.opaque:
                pending += todo
                continue
            known[id(pending.pop())] = _value(part, [known.get(id(arg)) for arg in part.args])
    return float(known[id(expr)])


def _value(part: Expr, args: list[Any]) -> Any:
    if part.op in ("cell", "number") or part.opaque or part.op.endswith(")"):
        return np.float64(part.value)
    if part.op in OWN:
        return OWN[part.op](*args)
    if part.op in OF_LISTS:
        return getattr(np, part.op)(args)
    if part.op.startswith("astype_"):
        return np.float64(np.array(args[0]).astype(part.op.removeprefix("astype_")))
    name, _, which = part.op.partition(".")
    if name in ("logical_not", "invert"):
        return float(not args[0])
    if name.startswith(("bitwise", "logical")):
        args = [bool(a) for a in args]
    found = getattr(np, name)(*args)
    return found[int(which)] if which else found
