"""Tanh: squash each number into (−1, 1)."""

from __future__ import annotations

from pellucid.component import Equation
from pellucid.layers.elementwise import Elementwise


class Tanh(Elementwise):
    """``y = tanh x``.

    Shapes: any; y has the shape of x.
    """

    op = "tanh"
    equations = (
        Equation("y", r"y = \tanh x", "np.tanh(x)"),
        Equation("dx", r"dx = dy \odot (1 - y^2)", "dy * (1 - y**2)"),
    )
