"""LeakyReLU: a rectifier with a small slope on the left."""

from __future__ import annotations

from pellucid.checks import check_float
from pellucid.component import Equation, Example
from pellucid.layers.elementwise import Elementwise


class LeakyReLU(Elementwise):
    """``y = x`` where x > 0, else ``y = αx`` (Maas, Hannun & Ng, 2013); the derivative at 0 is α.

    Args:
        alpha: the slope α on the left, at least 0.

    Shapes: any; y has the shape of x.
    """

    op = "leaky_relu"
    equations = (
        Equation("y", r"y = x \text{ if } x > 0 \text{ else } \alpha x", "np.where(x > 0, x, alpha * x)"),
        Equation("dx", r"dx = dy \odot (1 \text{ if } x > 0 \text{ else } \alpha)", "dy * np.where(x > 0, 1, alpha)"),
    )
    examples = (Example(), Example({"alpha": 0.3}, ((3, 4),)))

    def __init__(self, alpha: float = 0.01) -> None:
        check_float(self, "alpha", alpha, "[0, inf)")
        self.alpha = alpha

    def parameter(self) -> float | None:
        return self.alpha
