"""BinaryFocal: the focal loss of a yes or no, for each number by itself."""

from __future__ import annotations

from pellucid.basics.arrays import Array
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.context import Context
from pellucid.standard.losses.answers import OfAnswers
from pellucid.standard.ops.objectives import weighted_mean


class BinaryFocal(OfAnswers):
    """``L = Σᵢ wᵢ lᵢ / Σᵢ wᵢ`` with ``−lᵢ = (1/J) Σⱼ [t α (1−p)^γ log p + (1−t)(1−α) p^γ log(1−p)]``, p = σ(z).

    On logits z; γ = 0 and no α give the binary cross-entropy (Lin et al., Focal Loss for Dense Object Detection, 2017).

    Args:
        gamma: γ, at least 0: how little counts what is sure already.
        alpha: α, a factor in [0, 1] for a yes, and 1 − α for a no; None: 1 for both. It is no weight: the mean is
            divided by Σ w alone.

    Shapes: prediction (N, …) logits, J outputs a sample; target: the same, in [0, 1]; weight (N,), or (N, T) for
    (N, T, …).
    """

    equations = (
        Equation("p", r"p = \sigma(z) = \frac{1}{1 + e^{-z}}", "1 / (1 + np.exp(-z))"),
        Equation("n", r"n = 1 - p", "1 / (1 + np.exp(z))"),
        Equation("y", r"y = \alpha\, t", "(1 if alpha is None else alpha) * t.reshape(z.shape)"),
        Equation("x", r"x = (1 - \alpha) (1 - t)", "(1 if alpha is None else 1 - alpha) * (1 - t.reshape(z.shape))"),
        Equation(
            "l", r"l_i = -\frac1J \sum_j y\, n^\gamma \log p + x\, p^\gamma \log n",
            "np.mean((y * n**gamma * np.logaddexp(0, -z) + x * p**gamma * np.logaddexp(0, z)).reshape(*w.shape, -1),"
            " axis=-1)",
        ),
        Equation("loss", r"L = \frac{\sum_i w_i l_i}{\sum_i w_i}", "np.sum(w * l) / np.sum(w)"),
        Equation(
            "dprediction",
            r"dz_{ij} = \frac{w_i}{J \sum_k w_k} \left[y\, n^\gamma (\gamma\, p \log p - n)"
            r" - x\, p^\gamma (\gamma\, n \log n - p)\right]",
            "w.reshape(*w.shape, *(1,) * (z.ndim - w.ndim)) / (z.size / w.size) / np.sum(w)"
            " * (y * n**gamma * (-gamma * p * np.logaddexp(0, -z) - n)"
            " - x * p**gamma * (-gamma * n * np.logaddexp(0, z) - p))",
        ),
    )  # fmt: skip
    examples = (
        Example({}, ((3,), ("int", 2, 3))),
        Example({"gamma": 0.5, "alpha": 0.25}, ((1,), ("int", 2, 1))),
    )

    def __init__(self, gamma: float = 2.0, alpha: float | None = None) -> None:
        check_float(self, "gamma", gamma, "[0, inf)")
        if alpha is not None:
            check_float(self, "alpha", alpha, "[0, 1]")
        self.gamma = gamma
        self.alpha = alpha

    def compute(
        self, ctx: Context, prediction: Array, target: Array, weight: Array | None, loss: Array, gradient: Array
    ) -> None:
        ctx.ops.spoil()
        xp, z, outputs = ctx.xp, prediction, max(prediction.shape[1], 1)
        yes, no = (1.0, 1.0) if self.alpha is None else (self.alpha, 1 - self.alpha)
        beyond = xp.log1p(xp.exp(-xp.abs(z)))
        minus_log_p, minus_log_n = beyond + xp.maximum(-z, 0), beyond + xp.maximum(z, 0)
        p, n = xp.exp(-minus_log_p), xp.exp(-minus_log_n)
        of_yes = yes * target * xp.exp(-self.gamma * minus_log_n)
        of_no = no * (1 - target) * xp.exp(-self.gamma * minus_log_p)
        each = (of_yes * minus_log_p + of_no * minus_log_n).sum(axis=1) / outputs
        slope = of_no * (self.gamma * n * minus_log_n + p) - of_yes * (self.gamma * p * minus_log_p + n)
        gradient[...] = slope / outputs
        weighted_mean(xp, each, weight, loss, gradient)
