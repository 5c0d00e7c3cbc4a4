"""GELU: each number weighted by the probability that a normal number is smaller."""

from __future__ import annotations

from pellucid.component import Equation
from pellucid.layers.elementwise import Elementwise


class GELU(Elementwise):
    """``y = x Φ(x)`` with the exact normal distribution function Φ, not an approximation (Hendrycks & Gimpel, 2016).

    Shapes: any; y has the shape of x.
    """

    op = "gelu"
    equations = (
        Equation(
            "Phi",
            r"\Phi = \tfrac12 \left(1 + \operatorname{erf}(x / \sqrt 2)\right)",
            "0.5 * (1 + erf(x / np.sqrt(2)))",
        ),
        Equation("y", r"y = x \odot \Phi", "x * Phi"),
        Equation(
            "dx",
            r"dx = dy \odot \left(\Phi + x \odot \tfrac{1}{\sqrt{2 \pi}} e^{-x^2 / 2}\right)",
            "dy * (Phi + x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))",
        ),
    )
