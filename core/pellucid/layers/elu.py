"""ELU: a rectifier that saturates on the left instead of breaking off."""

from __future__ import annotations

from pellucid.checks import check_float
from pellucid.component import Equation, Example
from pellucid.layers.elementwise import Elementwise


class ELU(Elementwise):
    """``y = x`` where x > 0, else ``y = α(eˣ − 1)`` (Clevert, Unterthiner & Hochreiter, 2016).

    Args:
        alpha: the limit −α on the left, at least 0; with α = 1 the derivative is continuous.

    Shapes: any; y has the shape of x.
    """

    op = "elu"
    equations = (
        Equation(
            "y",
            r"y = x \text{ if } x > 0 \text{ else } \alpha (e^x - 1)",
            "np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))",
        ),
        Equation(
            "dx",
            r"dx = dy \odot (1 \text{ if } x > 0 \text{ else } \alpha e^x)",
            "dy * np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0)))",
        ),
    )
    examples = (Example(), Example({"alpha": 0.3}, ((3, 4),)))

    def __init__(self, alpha: float = 1.0) -> None:
        check_float(self, "alpha", alpha, "[0, inf)")
        self.alpha = alpha

    def parameter(self) -> float | None:
        return self.alpha
