"""Softplus: a smooth rectifier, always positive."""

from __future__ import annotations

from pellucid.component import Equation
from pellucid.layers.elementwise import Elementwise


class Softplus(Elementwise):
    """``y = log(1 + eˣ)``, computed without overflow; its derivative is the sigmoid (Dugas et al., 2001).

    Shapes: any; y has the shape of x.
    """

    op = "softplus"
    equations = (
        Equation("y", r"y = \log(1 + e^x)", "np.logaddexp(0, x)"),
        Equation("dx", r"dx = dy \odot \sigma(x)", "dy / (1 + np.exp(-x))"),
    )
