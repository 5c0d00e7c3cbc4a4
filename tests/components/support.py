"""What the tests of components share: building in float64, central differences, complex-step derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from pellucid.basics.component import Example
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.model.build import initialize
from pellucid.standard.ops.base import Ops, ReferenceOps

from tests.strict_xp import strict_xp

REFERENCE = ReferenceOps()


class StrictOps(ReferenceOps):
    """The reference on the strict stand-in for CuPy."""

    name = "strict"

    def __init__(self) -> None:
        super().__init__(strict_xp)

    def address(self, a: Any) -> int:
        return int(a._array.ctypes.data)


def built(layer: Layer, *input_shapes: Any, ops: Ops = REFERENCE, dtype: str = "float64", seed: int = 0) -> Layer:
    """The layer, built; parameters moved off their neat starting values so that no term of a gradient vanishes."""
    initialize(layer, *input_shapes, seed=seed, dtype=dtype, ops=ops)
    rng = np.random.default_rng(seed + 1)
    for array in [p.data for p in layer.parameters()]:
        array += ops.asarray(rng.normal(0, 0.3, array.shape), dtype)
    for state in layer.states():
        state.data += ops.asarray(rng.uniform(0.1, 0.5, state.shape), dtype)
    return layer


def random_input(example: Example, rows: int, seed: int = 2, dtype: str = "float64") -> tuple[np.ndarray, ...]:
    """Inputs for an example's shapes, away from the kink at 0."""
    rng = np.random.default_rng(seed)
    inputs = []
    for shape in example.input_shapes:
        if shape and shape[0] == "int":
            inputs.append(rng.integers(0, shape[1], (rows, *shape[2:])))
        elif shape and shape[0] == "bool":
            inputs.append(rng.integers(0, 2, (rows, *shape[1:])).astype(bool))
        else:
            x = rng.normal(0, 1.5, (rows, *shape))
            inputs.append((x + 0.05 * np.sign(x)).astype(dtype))
    return tuple(inputs)


def context(ops: Ops = REFERENCE, *, training: bool = True, dtype: str = "float64", seed: int = 3) -> Context:
    return Context(ops, training=training, seed=seed, dtype=dtype)


def central_difference(f: Callable[[], float], array: np.ndarray, step: float = 6e-6) -> np.ndarray:
    """∂f/∂array element by element, (f(a + h) − f(a − h))/2h; ``array`` is changed in place and restored."""
    gradient = np.empty(array.shape)
    for i in np.ndindex(array.shape):
        value = array[i]
        array[i] = value + step
        above = f()
        array[i] = value - step
        below = f()
        array[i] = value
        gradient[i] = (above - below) / (2 * step)
    return gradient


def complex_step(f: Callable[[np.ndarray], complex], array: np.ndarray, step: float = 1e-30) -> np.ndarray:
    """∂f/∂array to machine precision, Im f(a + ih)/h: an oracle that shares nothing with the backward under test."""
    gradient = np.empty(array.shape)
    for i in np.ndindex(array.shape):
        moved = array.astype(complex)
        moved[i] += 1j * step
        gradient[i] = f(moved).imag / step
    return gradient


def relative_error(a: np.ndarray, n: np.ndarray) -> float:
    """max |a − n| / max(1, |a|, |n|); 0 for empty arrays."""
    assert a.shape == n.shape, (a.shape, n.shape)
    scale = np.maximum(1, np.maximum(np.abs(a), np.abs(n)))
    return float(np.max(np.abs(a - n) / scale, initial=0.0))
