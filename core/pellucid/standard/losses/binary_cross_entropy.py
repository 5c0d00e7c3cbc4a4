"""BinaryCrossEntropy: how surprised the probability of a yes is by the answer, for each number by itself."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.basics.arrays import Array
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.context import Context
from pellucid.standard.losses.answers import OfAnswers
from pellucid.standard.losses.class_weight import checked_class_weight
from pellucid.standard.rows import check_ignore, counted


class BinaryCrossEntropy(OfAnswers):
    """``L = Σᵢ wᵢ lᵢ / Σᵢ wᵢ`` with ``lᵢ = (1/J) Σⱼ [|z| u + log(1 + e^{−|z|})]`` on logits z.

    u is 1 − t for z ≥ 0, else t. This is −t log σ(z) − (1 − t) log(1 − σ(z)) (Bishop, PRML, §4.3.2), written so that
    logits of ±10⁴ stay finite and the loss of a sample that is nearly certain is small, not 0.

    Args:
        ignore: a target that stands where nothing is to be learned, such as −1 for what a sequence was padded with;
            then L is the weighted mean over all other numbers, and metrics see these as one answer each, those of all
            outputs together. None: every target is an answer.
        label_smoothing: ε, how far targets are drawn towards ½: ``(1 − ε) t + ε/2``, in [0, 1) (Szegedy et al., 2016).
        class_weight: ``[c₀, c₁]``, what a no and what a yes weighs: L is then the weighted mean over all numbers, each
            of the weight ``wᵢ ((1 − t) c₀ + t c₁)``, by whose sum it is divided. None: all weigh the same.

    Shapes: prediction (N, …) logits, J outputs a sample; target: the same, in [0, 1]; weight (N,), or (N, T) for
    (N, T, …).
    """

    equations = (
        Equation("p", r"p = \sigma(z) = \frac{1}{1 + e^{-z}}", "1 / (1 + np.exp(-z))"),
        Equation(
            "q", r"q_{ij} = (1 - \varepsilon) t_{ij} + \varepsilon / 2",
            "(1 - label_smoothing) * t.reshape(z.shape) + label_smoothing / 2",
        ),
        Equation(
            "l",
            r"l_{ij} = -q_{ij} \log p_{ij} - (1 - q_{ij}) \log(1 - p_{ij}) = \log(1 + e^{z_{ij}}) - q_{ij} z_{ij}",
            "np.logaddexp(0, z) - q * z",
        ),
        Equation(
            "m", r"m_{ij} = w_i\, (c_0 + (c_1 - c_0)\, t_{ij}) \quad (0 \text{ where } t_{ij} = \mathrm{ignore})",
            "w.reshape(*w.shape, *(1,) * (z.ndim - w.ndim)) * (t.reshape(z.shape) != ignore) * (1 if class_weight is "
            "None else class_weight[0] + (class_weight[1] - class_weight[0]) * t.reshape(z.shape))",
        ),
        Equation("loss", r"L = \frac{\sum_{ij} m_{ij} l_{ij}}{\sum_{ij} m_{ij}}", "np.sum(m * l) / (np.sum(m) or 1)"),
        Equation(
            "dprediction",
            r"dz_{ij} = \frac{m_{ij} (p_{ij} - q_{ij})}{\sum_{kl} m_{kl}}",
            "m * (p - q) / (np.sum(m) or 1)",
        ),
    )
    examples = (
        Example({}, ((3,), ("int", 2, 3))), Example({}, ((1,), ("int", 2, 1))),
        Example({"ignore": 0}, ((3,), ("int", 2, 3))), Example({"label_smoothing": 0.1}, ((3,), ("int", 2, 3))),
        Example({"class_weight": [0.5, 3.0]}, ((1,), ("int", 2, 1))),
    )  # fmt: skip

    def __init__(
        self, ignore: int | None = None, *, label_smoothing: float = 0.0,
        class_weight: Sequence[float] | str | None = None,
    ) -> None:  # fmt: skip
        check_ignore(self, ignore)
        check_float(self, "label_smoothing", label_smoothing, "[0, 1)")
        self.ignore = ignore
        self.label_smoothing = label_smoothing
        self.class_weight = checked_class_weight(self, class_weight, number=2)

    @property
    def capturable(self) -> bool:  # type: ignore[override]
        # Else the number that is divided by is another for every batch.
        return self.ignore is None and self.class_weight is None

    def forward(self, ctx: Context, prediction: Array, target: Array, weight: Array | None = None) -> Array:
        shape = prediction.shape
        if self.capturable or target.shape not in (shape, shape[:-1] if shape[-1:] == (1,) else shape):
            return super().forward(ctx, prediction, target, weight)
        answers, each = self._weighed(ctx, prediction, target.reshape(shape), weight)
        value = super().forward(ctx, prediction.reshape(*shape, 1), answers.reshape(*shape, 1), each)
        ctx.dprediction = ctx.dprediction.reshape(shape)
        return value

    def _weighed(self, ctx: Context, prediction: Array, target: Array, weight: Array | None) -> tuple[Array, Array]:
        """The answers, and what each of them weighs: nothing where it is ignored."""
        shape = prediction.shape
        if weight is not None:
            weight = ctx.xp.broadcast_to(weight.reshape(*weight.shape, *(1,) * (len(shape) - weight.ndim)), shape)
        if self.ignore is not None:
            target, weight = counted(ctx, target, weight, self.ignore, prediction.dtype)
        if self.class_weight is None:
            return target, weight
        no, yes = self.class_weight
        each = (no + (yes - no) * target).astype(prediction.dtype)
        return target, each if weight is None else each * weight

    def scored(self, prediction: Array, target: Array) -> tuple[Array, Array]:
        if self.ignore is None:
            return prediction, target
        used = target.reshape(prediction.shape) != self.ignore
        return prediction[used][:, None], target.reshape(prediction.shape)[used][:, None]

    def compute(
        self, ctx: Context, prediction: Array, target: Array, weight: Array | None, loss: Array, gradient: Array
    ) -> None:
        if self.label_smoothing:
            smoothed = ctx.scratch("smoothed", target.shape)
            ctx.ops.fill(smoothed, self.label_smoothing / 2)
            ctx.ops.add_scaled(smoothed, target, 1 - self.label_smoothing)
            target = smoothed
        ctx.ops.binary_cross_entropy(prediction, target, weight, loss, gradient)
