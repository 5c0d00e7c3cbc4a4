"""orthogonal: weights that keep lengths from step to step; forget_bias: a memory that at first forgets little."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from pellucid import Equation, Example, Initializer, check_float


class Orthogonal(Initializer):
    """Squares side by side with ``QᵀQ = 1``: a vector that is multiplied by one again and again keeps its length.

    The matrix (n, m) is cut into blocks of n columns, the last of which may have fewer; the columns of each block are
    orthonormal. A recurrent weight (H, G·H) is one square for each gate (Saxe, McClelland & Ganguli, 2014).
    """

    equations = (
        Equation(
            "theta",
            r"\theta = [Q_1, Q_2, \dots], \quad Q_i^\top Q_i = 1",
            why="it is drawn; the variance says how wide",
        ),
        Equation("variance", r"\operatorname{Var} \theta = 1/n", "1 / np.prod(shape[:-1])"),
    )
    examples = (Example({}),)

    def __call__(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> np.ndarray[Any, Any]:
        rows, columns = prod(shape[:-1]), shape[-1] if shape else 1
        blocks = [_orthonormal(rng, rows, min(rows, columns - at)) for at in range(0, columns, max(rows, 1))]
        return np.concatenate(blocks, axis=1).reshape(shape) if blocks and rows else np.zeros(shape)


def _orthonormal(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray[Any, Any]:
    """Uniform among all matrices of orthonormal columns: signs are as the triangle's diagonal has them."""
    q, r = np.linalg.qr(rng.normal(size=(rows, columns)))
    return np.asarray(q * np.where(np.diagonal(r) < 0, -1.0, 1.0))


class ForgetBias(Initializer):
    """The bias of an lstm: ``value`` for the forget gate, the second of four quarters, and 0 for the others.

    Args:
        value: 1 lets σ(1) = 0.73 of the cell pass at first (Jozefowicz, Zaremba & Sutskever, 2015).
    """

    equations = (
        Equation(
            "theta", r"\theta = [0, \mathrm{value}, 0, 0]",
            "np.where(np.arange(shape[-1]) * 4 // max(shape[-1], 1) == 1, value, 0.0) * np.ones(shape)",
        ),
    )  # fmt: skip
    examples = (Example({}), Example({"value": 2.0}))

    def __init__(self, value: float = 1.0) -> None:
        check_float(self, "value", value, "(-inf, inf)")
        self.value = value

    def __call__(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> np.ndarray[Any, Any]:
        n = shape[-1] if shape else 1
        row = np.where(np.arange(n) * 4 // max(n, 1) == 1, float(self.value), 0.0)
        return np.ones(shape) * (row if shape else row[0])
