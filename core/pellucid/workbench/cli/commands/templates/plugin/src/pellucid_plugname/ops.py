"""The ops of this plugin, in array code: what they compute, on every backend that has no faster way."""

from __future__ import annotations

from pellucid import Array, Ops


def cube_forward(ops: Ops, x: Array, y: Array) -> None:
    """y = x³, overwritten."""
    y[...] = x * x * x


def cube_backward(ops: Ops, dy: Array, x: Array, dx: Array) -> None:
    """dx = 3x² ⊙ dy, overwritten."""
    dx[...] = 3 * x * x * dy
