"""Rotary positions: queries and keys turned by angles that grow with their position (Su et al., RoFormer, 2021)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from pellucid import Array, HostArray, Ops


@lru_cache(maxsize=32)
def angles(base: float, size: int, first: int, steps: int) -> HostArray:
    """cos and sin of ``t · base^(−2i/size)``, (2, steps, size/2), for the positions t = first, first + 1, …"""
    rates = float(base) ** (-2 * np.arange(size // 2) / size)
    turned = np.arange(first, first + steps)[:, None] * rates
    return np.stack([np.cos(turned), np.sin(turned)])


def rotate(ops: Ops, turn: Array, heads: int, back: bool, x: Array) -> None:
    """Each pair (xᵢ, xᵢ₊ₛ) of the first ``heads`` heads, of 2s numbers each, is turned where it lies:
    ``(xᵢ cos − xᵢ₊ₛ sin, xᵢ sin + xᵢ₊ₛ cos)``, and with ``back`` by the angle's negative, which undoes it, and is the
    gradient.

    turn (2, T, s): cos and sin for each position; x (N, T, W) with W ≥ heads · 2s, of which the rest stays as it is.
    """
    del ops
    half = turn.shape[2]
    cos, sin = turn[0], -turn[1] if back else turn[1]
    for head in range(heads):
        low = x[:, :, 2 * head * half : (2 * head + 1) * half]
        high = x[:, :, (2 * head + 1) * half : (2 * head + 2) * half]
        low[...], high[...] = low * cos - high * sin, low * sin + high * cos
