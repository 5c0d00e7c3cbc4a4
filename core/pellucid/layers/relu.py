"""ReLU: let positive numbers pass, silence the others."""

from __future__ import annotations

from pellucid.component import Equation
from pellucid.layers.elementwise import Elementwise


class ReLU(Elementwise):
    """``y = max(0, x)``, with the derivative 0 at x = 0 (Glorot, Bordes & Bengio, 2011).

    Shapes: any; y has the shape of x.
    """

    op = "relu"
    equations = (
        Equation("y", r"y = \max(0, x)", "np.maximum(x, 0)"),
        Equation("dx", r"dx = dy \odot [x > 0]", "dy * (x > 0)"),
    )
