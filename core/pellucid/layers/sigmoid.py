"""Sigmoid: squash each number into (0, 1), a probability from log-odds."""

from __future__ import annotations

from pellucid.component import Equation
from pellucid.layers.elementwise import Elementwise


class Sigmoid(Elementwise):
    """``y = σ(x) = 1/(1 + e⁻ˣ)``, computed without overflow. With binary cross-entropy use logits and no sigmoid.

    Shapes: any; y has the shape of x.
    """

    op = "sigmoid"
    equations = (
        Equation("y", r"y = \frac{1}{1 + e^{-x}}", "1 / (1 + np.exp(-x))"),
        Equation("dx", r"dx = dy \odot y \odot (1 - y)", "dy * y * (1 - y)"),
    )
