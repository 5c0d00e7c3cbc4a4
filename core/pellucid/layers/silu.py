"""SiLU: each number weighted by its own sigmoid."""

from __future__ import annotations

from pellucid.component import Equation
from pellucid.layers.elementwise import Elementwise


class SiLU(Elementwise):
    """``y = x σ(x)``, also called swish (Elfwing, Uchibe & Doya, 2018).

    Shapes: any; y has the shape of x.
    """

    op = "silu"
    equations = (
        Equation("s", r"s = \sigma(x)", "1 / (1 + np.exp(-x))"),
        Equation("y", r"y = x \odot s", "x * s"),
        Equation("dx", r"dx = dy \odot s \odot (1 + x \odot (1 - s))", "dy * s * (1 + x * (1 - s))"),
    )
