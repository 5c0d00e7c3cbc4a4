"""The state that is carried over, on a CUDA device: a step's first row is read there, where a replay finds its own."""

from __future__ import annotations

from typing import Any

from pellucid import Array, HostArray

ROWS = """
#define L long long

/* The states of the rows from the offset on; 0 where one begins anew, and not a number where there is no such row. */
KERNEL void begin(const T *carried, const L *offset, const bool *begins, T *out, L count, L units, L rows) {
    for (L i = PLACE; i < count; i += STRIDE) {
        L r = i / units, row = offset[0] + r;
        if (begins && begins[r]) out[i] = 0;
        else out[i] = row < 0 || row >= rows ? (T)NAN : carried[row * units + i % units];
    }
}

/* What was carried, with the states of n rows from the offset on. */
KERNEL void keep(const T *before, const L *offset, const T *states, T *out, L count, L units, L n) {
    for (L i = PLACE; i < count; i += STRIDE) {
        L k = i / units - offset[0];
        out[i] = k < 0 || k >= n ? before[i] : states[k * units + i % units];
    }
}
"""


def begin(ops: Any, carried: Array, row_offset: HostArray, begins: Array | None, out: Array) -> Any:
    if begins is not None and begins.dtype != "bool":
        return NotImplemented
    rows, units = carried.shape
    ops.each(ROWS, "begin", out.size, ops.contiguous(carried), ops.cell(row_offset), begins, out, out.size, units, rows,
             dtype=out.dtype)  # fmt: skip
    return None


def keep_rows(ops: Any, before: Array, row_offset: HostArray, states: Array, out: Array) -> None:
    ops.each(ROWS, "keep", out.size, ops.contiguous(before), ops.cell(row_offset), states, out, out.size, out.shape[1],
             len(states), dtype=out.dtype)  # fmt: skip
