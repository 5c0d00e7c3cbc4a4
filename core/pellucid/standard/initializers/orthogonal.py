"""Orthogonal: weights that keep lengths."""

from __future__ import annotations

from math import prod

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.initializer import Initializer


class Orthogonal(Initializer):
    """Squares side by side with ``QᵀQ = gain²``: a vector that is multiplied by one again and again keeps its length.

    The matrix (n, m) is cut into blocks of n columns, the last of which may have fewer; the columns of each block are
    orthogonal, of the length ``gain``. A recurrent weight (H, G·H) is one square for each gate (Saxe, McClelland &
    Ganguli, 2014).

    Args:
        gain: the length of the columns, at least 0; √2 makes up for what a rectifier takes away.
    """

    equations = (
        Equation(
            "theta",
            r"\theta = \mathrm{gain}\, [Q_1, Q_2, \dots], \quad Q_i^\top Q_i = 1",
            why="it is drawn; the variance says how wide",
        ),
        Equation("variance", r"\operatorname{Var} \theta = \mathrm{gain}^2 / n", "gain**2 / np.prod(shape[:-1])"),
    )
    examples = (Example({}), Example({"gain": 1.4}))

    def __init__(self, gain: float = 1.0) -> None:
        check_float(self, "gain", gain, "[0, inf)")
        self.gain = gain

    def __call__(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> HostArray:
        rows, columns = prod(shape[:-1]), shape[-1] if shape else 1
        blocks = [_orthonormal(rng, rows, min(rows, columns - at)) for at in range(0, columns, max(rows, 1))]
        return self.gain * np.concatenate(blocks, axis=1).reshape(shape) if blocks and rows else np.zeros(shape)


def _orthonormal(rng: np.random.Generator, rows: int, columns: int) -> HostArray:
    """Uniform among all matrices of orthonormal columns: signs are as the triangle's diagonal has them."""
    q, r = np.linalg.qr(rng.normal(size=(rows, columns)))
    return np.asarray(q * np.where(np.diagonal(r) < 0, -1.0, 1.0))
