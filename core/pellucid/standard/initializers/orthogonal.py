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
        if not rows or not columns:
            return np.zeros(shape)
        squares, rest = divmod(columns, rows)
        blocks = [*_orthonormal(rng, squares, rows, rows), _orthonormal(rng, rows, rest)]
        return self.gain * np.concatenate(blocks, axis=1).reshape(shape)


def _orthonormal(rng: np.random.Generator, *shape: int) -> HostArray:
    """Uniform among all matrices of orthonormal columns: signs are as the triangle's diagonal has them."""
    q, r = np.linalg.qr(rng.normal(size=shape))
    return np.asarray(q * np.where(np.diagonal(r, axis1=-2, axis2=-1) < 0, -1.0, 1.0)[..., None, :])
