"""Products of array code: by the backend's own where it has one, which can be part of a step that it captures."""

from __future__ import annotations

from typing import Any

from pellucid import Array


def product(ops: Any, a: Array, b: Array, *, ta: bool = False, tb: bool = False) -> Array:
    """op(a) op(b), one for each number, (F, …, …); op transposes where ``ta`` or ``tb`` says so."""
    if not hasattr(ops, "product"):
        made: Array = ops.xp.matmul(_turned(a, ta), _turned(b, tb))
        return made
    rows, columns = a.shape[2] if ta else a.shape[1], b.shape[1] if tb else b.shape[2]
    out: Array = ops.empty((len(a), rows, columns), a.dtype)
    ops.product(a, b, out, ta=ta, tb=tb)
    return out


def add_product(ops: Any, a: Array, b: Array, out: Array, *, ta: bool = False) -> None:
    """out += op(a) b, summed in float64 where the backend has no product of its own."""
    if hasattr(ops, "product"):
        ops.product(a, b, out, add=True, ta=ta)
    else:
        out += ops.xp.matmul(_turned(a, ta).astype("float64"), b)


def _turned(a: Array, transposed: bool) -> Array:
    return a.swapaxes(-1, -2) if transposed else a
