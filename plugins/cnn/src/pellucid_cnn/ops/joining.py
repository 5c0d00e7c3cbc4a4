"""References of the ops that join channels and take them apart again: array code that says what the kernels compute."""

from __future__ import annotations

from pellucid import Array, Ops


def concatenate(ops: Ops, a: Array, b: Array, y: Array) -> None:
    """y = [a, b] along the last axis. a: (…, A), b: (…, B), y: (…, A + B), overwritten."""
    del ops
    y[..., : a.shape[-1]] = a
    y[..., a.shape[-1] :] = b


def split(ops: Ops, y: Array, a: Array, b: Array) -> None:
    """[a, b] = y, the inverse and the adjoint of ``concatenate``. a and b are overwritten."""
    del ops
    a[...] = y[..., : a.shape[-1]]
    b[...] = y[..., a.shape[-1] :]
