"""KLDivergence: how far the predicted probabilities are from those that are given."""

from __future__ import annotations

from pellucid.basics.arrays import Array, HostArray, Shape
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.context import Context
from pellucid.standard.losses.classes import OfClassLogits, check_shares, require_classes
from pellucid.standard.losses.rowwise import Rowwise
from pellucid.standard.ops.objectives import log_softmax
from pellucid.standard.rows import require_rows


class KLDivergence(OfClassLogits, Rowwise):
    """``L = Σᵢ wᵢ KL(tᵢ ‖ pᵢ) / Σᵢ wᵢ`` with ``KL(t ‖ p) = Σₖ tₖ (log tₖ − log pₖ)`` and p = softmax(z), on logits z.

    The target t is the reference: the mean is taken under it, so p must be large wherever t is. It is the cross-entropy
    less the entropy of t, which no model can change: the gradient is that of ``softmax_cross_entropy`` with
    probabilities as targets, and the value is 0 where p = t (Kullback & Leibler, 1951). Where tₖ = 0 the term is 0. To
    learn from a teacher's logits make probabilities of them first.

    Shapes: prediction (N, …, K) logits, K ≥ 2; target: the same, probabilities that add up to 1; weight (N,) or (N, …).
    """

    equations = (
        Equation("p", r"p_{ik} = \frac{e^{z_{ik}}}{\sum_j e^{z_{ij}}}", "np.exp(z) / np.exp(z).sum(-1, keepdims=True)"),
        Equation(
            "l", r"l_i = \sum_k t_{ik} (\log t_{ik} - \log p_{ik}), \quad 0 \log 0 = 0",
            "np.sum(np.where(t > 0, t * (np.log(np.where(t > 0, t, 1)) - np.log(p)), 0), axis=-1)",
        ),
        Equation(
            "v", r"v_i = \frac{w_i}{\sum_j w_j}",
            "w.reshape(*w.shape, *(1,) * (l.ndim - w.ndim)) / (np.sum(w) * l.size / w.size)",
        ),
        Equation("loss", r"L = \sum_i v_i l_i", "np.sum(v * l)"),
        Equation(
            "dprediction", r"dz_{ik} = v_i \left(p_{ik} \sum_j t_{ij} - t_{ik}\right)",
            "v[..., None] * (p * t.sum(-1, keepdims=True) - t)",
        ),
    )  # fmt: skip
    examples = (Example({}, ((4,), ("shares", 4))),)

    def compute(self, ctx: Context, prediction: Array, target: Array, gradient: Array) -> Array:
        xp = ctx.xp
        log_softmax(xp, prediction, gradient)
        own = xp.log(xp.where(target > 0, target, 1))
        each = (target * (own - gradient)).sum(axis=1)
        total = target.sum(axis=1, keepdims=True)
        near = (total - target) + total * xp.expm1(gradient)  # no difference to 1 where a class is nearly certain
        gradient[...] = xp.where(gradient > -0.5, near, total * xp.exp(gradient) - target)
        return each

    def check(self, target: HostArray, output_shape: Shape) -> None:
        """Targets must be probabilities: ≥ 0, of K ≥ 2 classes, with the sum 1. Of labels take softmax_cross_entropy.

        Raises:
            DataError: with the row and the value; a model with one output.
        """
        require_rows(self, target, (output_shape,))
        require_classes(self, output_shape[-1])
        check_shares(self, target)
