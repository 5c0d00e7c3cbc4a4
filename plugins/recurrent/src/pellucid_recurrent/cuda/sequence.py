"""What all cells have in common: time first, and the sums over all steps."""

from __future__ import annotations

from typing import Any

from pellucid import Array

HEAD = """
#define L long long
#define SIGMOID(z) ((T)0.5 + (T)0.5 * tanh((T)0.5 * (z)))
/* Element i of a step is unit c of row r; a row whose step is left out keeps what it had. */
#define EACH \\
    for (L i = PLACE; i < count; i += STRIDE) { \\
        L r = i / units, c = i % units; \\
        bool goes = !mask || mask[r * steps + t];
#define GRADIENT (dstate[i] + (dy ? dy[(r * steps + t) * units + c] : (T)0))
"""


def place(t: int, steps: int, backwards: bool) -> int:
    """Where in the sequence step t is."""
    return steps - 1 - t if backwards else t


def not_here(*masks: Array | None) -> bool:
    """Whether a mask holds other numbers than truth values: the reference knows."""
    return any(mask is not None and mask.dtype != "bool" for mask in masks)


def project(ops: Any, x: Array, weight: Array, bias: Array, backwards: bool, xs: Array, gates: Array) -> None:
    """xs = x with time first, in the order of the steps; gates = xs W + b, for all steps at once."""
    ops.copy((x[:, ::-1] if backwards else x).transpose(1, 0, 2), xs)
    flat = gates.reshape(-1, gates.shape[2])
    ops.product(xs.reshape(-1, xs.shape[2]), weight, flat)
    ops.finish(bias, "identity", flat, flat)


def put_out(ops: Any, states: Array, backwards: bool, y: Array | None) -> None:
    """y[:, place of t] = the state after step t."""
    if y is not None:
        ops.copy(states[1:].transpose(1, 0, 2), y[:, ::-1] if backwards else y)


def start_back(ops: Any, dlast: Array | None, dstate: Array) -> None:
    """The gradient at the last state, before that of the outputs."""
    if dlast is None:
        ops.fill(dstate, 0.0)
    else:
        ops.copy(dlast, dstate)


def add_sums(
    ops: Any, xs: Array, states: Array, dgates: Array, own: Array, weight: Array, backwards: bool,
    dweight: Array | None, drecurrent: Array | None, dbias: Array | None, dx: Array | None,
) -> None:  # fmt: skip
    """dW += xsᵀ dgates, db += Σ dgates, dU += h'ᵀ own; dx[:, place of t] = dgates[t] Wᵀ; each unless it is None."""
    flat = dgates.reshape(-1, dgates.shape[2])
    if dweight is not None:
        ops.product(xs.reshape(-1, xs.shape[2]), flat, dweight, add=True, ta=True)
    if drecurrent is not None:
        before = states[:-1].reshape(-1, states.shape[2])
        ops.product(before, own.reshape(-1, own.shape[2]), drecurrent, add=True, ta=True)
    if dbias is not None:
        ops.column_sums("dy[i]", flat, out=dbias)
    if dx is not None:
        dxs = ops.empty(xs.shape, xs.dtype)
        ops.product(flat, weight, dxs.reshape(-1, xs.shape[2]), tb=True)
        ops.copy(dxs.transpose(1, 0, 2), dx[:, ::-1] if backwards else dx)
