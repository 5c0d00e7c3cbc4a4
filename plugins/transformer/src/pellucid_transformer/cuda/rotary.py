"""Rotary positions on a CUDA device."""

from __future__ import annotations

from typing import Any

from pellucid import Array

ROTATE = """
/* Each pair (x[i], x[i + half]) of a head by the angle of its position, or back; see ops/rotary.py. */
KERNEL void rotate(const T *turn, T *x, long long count, long long steps, long long heads, long long half,
                   long long width, long long back) {
    for (long long i = PLACE; i < count; i += STRIDE) {
        long long k = i % half, head = i / half % heads, row = i / half / heads, t = row % steps;
        T c = turn[t * half + k], s = turn[(steps + t) * half + k];
        T *low = x + row * width + 2 * head * half + k, *high = low + half, a = *low, b = *high;
        if (back) s = -s;
        *low = a * c - b * s;
        *high = a * s + b * c;
    }
}
"""


def rotate(ops: Any, turn: Array, heads: int, back: bool, x: Array) -> Any:
    if not x.flags.c_contiguous:
        return NotImplemented
    (n, steps, width), half = x.shape, turn.shape[2]
    count = n * steps * heads * half
    ops.each(ROTATE, "rotate", count, ops.contiguous(turn), x, count, steps, heads, half, width, int(back),
             dtype=x.dtype)  # fmt: skip
    return None
