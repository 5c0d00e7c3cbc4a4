"""Focal: a cross-entropy that looks away from what is sure already, for classes of which one is rare."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.basics.arrays import Array, HostArray, Interval, Shape
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.context import Context
from pellucid.standard.losses.class_weight import checked_class_weight, require_one_each, table_of
from pellucid.standard.losses.classes import OfClassLogits, check_labels, require_classes
from pellucid.standard.losses.rowwise import OfLabels, in_range
from pellucid.standard.ops.objectives import log_softmax
from pellucid.standard.rows import require_rows


class Focal(OfClassLogits, OfLabels):
    """``L = Σᵢ wᵢ lᵢ / Σᵢ wᵢ`` with ``lᵢ = −α_t (1 − p_t)^γ log p_t``, p = softmax(z), t the true class.

    On logits z. Where the right class is sure, ``(1 − p_t)^γ`` is nearly 0: many easy samples do not outweigh few hard
    ones. γ = 0 is the cross-entropy (Lin et al., Focal Loss for Dense Object Detection, 2017; there for a yes or no,
    which is ``binary_focal``). The optimum lies at probabilities nearer to even than the true ones.

    Args:
        gamma: γ, at least 0.
        alpha: a factor α for each class, a list; None: 1 for all. It is no weight: the mean is divided by Σ w alone.

    Shapes: prediction (N, …, K) logits, K ≥ 2; target (N, …) class indices 0 … K−1; weight (N,) or (N, …).
    """

    equations = (
        Equation("p", r"p_{ik} = \frac{e^{z_{ik}}}{\sum_j e^{z_{ij}}}", "np.exp(z) / np.exp(z).sum(-1, keepdims=True)"),
        Equation("h", r"h_{ik} = [k = t_i]", "np.eye(z.shape[-1])[t]"),
        Equation("q", r"q_i = p_{i t_i}", "np.sum(h * p, axis=-1)"),
        Equation("s", r"s_i = 1 - q_i = \sum_{k \ne t_i} p_{ik}", "np.sum((1 - h) * p, axis=-1)"),
        Equation("a", r"a_i = \alpha_{t_i}", "np.ones(t.shape) if alpha is None else np.array(alpha)[t]"),
        Equation("l", r"l_i = -a_i s_i^\gamma \log q_i", "-a * s**gamma * np.log(q)"),
        Equation(
            "v", r"v_i = \frac{w_i}{\sum_j w_j}",
            "w.reshape(*w.shape, *(1,) * (t.ndim - w.ndim)) / (np.sum(w) * t.size / w.size)",
        ),
        Equation("loss", r"L = \sum_i v_i l_i", "np.sum(v * l)"),
        Equation(
            "g", r"g_i = \frac{\partial l_i}{\partial \log q_i} = a_i s_i^\gamma"
            r" \left(\gamma \frac{q_i \log q_i}{s_i} - 1\right)",
            "a * s**gamma * (gamma * q * np.log(q) / s - 1)",
        ),
        Equation("dprediction", r"dz_{ik} = v_i\, g_i (h_{ik} - p_{ik})", "(v * g)[..., None] * (h - p)"),
    )  # fmt: skip
    examples = (
        Example({}, ((4,), ("int", 4))), Example({"gamma": 0.5, "alpha": [0.25, 1.0, 2.0, 0.0]}, ((4,), ("int", 4))),
    )  # fmt: skip

    def __init__(self, gamma: float = 2.0, alpha: Sequence[float] | None = None) -> None:
        check_float(self, "gamma", gamma, "[0, inf)")
        self.gamma = gamma
        self.alpha = checked_class_weight(self, alpha, name="alpha")

    def compute(self, ctx: Context, prediction: Array, target: Array, gradient: Array) -> Array:
        xp, each = ctx.xp, ctx.xp.arange(prediction.shape[0])
        labels, factor = in_range(ctx, target, prediction.shape[1])
        if self.alpha is not None:
            factor = factor * table_of(ctx, self, self.alpha, prediction.shape[1])[labels]
        log_softmax(xp, prediction, gradient)
        log_q = gradient[each, labels]
        s = -xp.expm1(log_q)  # what the others have; 1 − e^{log q} would lose a small one
        ratio = xp.where(s > 0, log_q / xp.where(s > 0, s, 1), -1)  # log q / (1 − q), which goes to −1
        power = factor * s**self.gamma
        slope = power * (self.gamma * xp.exp(log_q) * ratio - 1)
        gradient[...] = -slope[:, None] * xp.exp(gradient)
        gradient[each, labels] = slope * s
        return -power * log_q

    def check_interval(self, interval: Interval, output_shape: Shape) -> None:
        super().check_interval(interval, output_shape)
        require_one_each(self, self.alpha, output_shape[-1], name="alpha")

    def check(self, target: HostArray, output_shape: Shape) -> None:
        """Class indices must be integers in 0 … K−1, with K ≥ 2.

        Raises:
            DataError: with the row and the value; a model with one output.
        """
        require_rows(self, target, (output_shape[:-1],))
        require_classes(self, output_shape[-1])
        check_labels(self, target, output_shape[-1] or int(target.max(initial=0)) + 1)
