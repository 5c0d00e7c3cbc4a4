"""SoftmaxCrossEntropy: how surprised the predicted probabilities are by the true class."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.basics.arrays import Array, HostArray, Interval, Shape
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ShapeError
from pellucid.interfaces.context import Context
from pellucid.standard.losses.class_weight import (
    checked_class_weight,
    require_one_each,
    table_of,
    weighed,
    weights_of_labels,
)
from pellucid.standard.losses.classes import (
    OfClassLogits,
    check_labels,
    check_shares,
    require_classes,
)
from pellucid.standard.rows import as_rows, check_ignore, converted, counted, require_rows, weight_per_row


class SoftmaxCrossEntropy(OfClassLogits):
    """``L = Σᵢ wᵢ (log Σₖ e^{zᵢₖ} − z_{i,tᵢ}) / Σᵢ wᵢ`` on logits z (Bishop, PRML, §4.3.4).

    Softmax and cross-entropy are one function, so that logits of ±10⁴ stay finite and the gradient of a row is simply
    ``softmax(z) − onehot(t)``.

    Args:
        ignore: a label that stands where nothing is to be learned, such as −1 for what a sequence was padded with:
            these rows have weight 0, and metrics do not see them. None: every label is a class.
        label_smoothing: ε, the part of the target that is spread evenly over all K classes: ``(1 − ε) t + ε/K``,
            in [0, 1) (Szegedy et al., 2016): logits then need not grow without end.
        class_weight: c, a number for each class: the row i weighs ``wᵢ c_{tᵢ}`` (``wᵢ Σₖ tᵢₖ cₖ`` of probabilities),
            and L is divided by the sum of these, as by that of sample weights. None: all weigh the same.

    Shapes: prediction (N, …, K) logits; target (N, …) class indices 0 … K−1, or (N, …, K) probabilities (one-hot or
    soft); weight (N,) or (N, …).
    """

    equations = (
        Equation("p", r"p_{ik} = \frac{e^{z_{ik}}}{\sum_j e^{z_{ij}}}", "np.exp(z) / np.exp(z).sum(-1, keepdims=True)"),
        Equation("m", r"m_i = w_i c_{t_i} \quad (0 \text{ where } t_i = \mathrm{ignore})",
                 "w.reshape(*w.shape, *(1,) * (t.ndim - w.ndim)) * (t != ignore)"
                 " * (1 if class_weight is None else np.array(class_weight)[t * (t != ignore)])"),
        Equation(
            "q", r"q_{ik} = (1 - \varepsilon) [k = t_i] + \varepsilon / K",
            "(1 - label_smoothing) * np.eye(p.shape[-1])[t * (t != ignore)] + label_smoothing / p.shape[-1]",
        ),
        Equation("loss", r"L = -\frac{\sum_i m_i \sum_k q_{ik} \log p_{ik}}{\sum_i m_i}",
                 "-np.sum(m[..., None] * q * np.log(p)) / (np.sum(m) or 1)"),
        Equation("dprediction", r"dz_{ik} = \frac{m_i}{\sum_j m_j} \left(p_{ik} - q_{ik}\right)",
                 "m[..., None] * (p - q) / (np.sum(m) or 1)"),
    )  # fmt: skip
    examples = (
        Example({}, ((4,), ("int", 4))), Example({"ignore": 0}, ((4,), ("int", 4))),
        Example({"label_smoothing": 0.1}, ((4,), ("int", 4))),
        Example({"class_weight": [1.0, 0.0, 2.5, 0.5]}, ((4,), ("int", 4))),
    )  # fmt: skip

    def __init__(
        self, ignore: int | None = None, *, label_smoothing: float = 0.0,
        class_weight: Sequence[float] | str | None = None,
    ) -> None:  # fmt: skip
        check_ignore(self, ignore)
        check_float(self, "label_smoothing", label_smoothing, "[0, 1)")
        self.ignore = ignore
        self.label_smoothing = label_smoothing
        self.class_weight = checked_class_weight(self, class_weight)

    @property
    def capturable(self) -> bool:  # type: ignore[override]
        # Else the number that is divided by is another for every batch.
        return self.ignore is None and self.class_weight is None

    def forward(self, ctx: Context, prediction: Array, target: Array, weight: Array | None = None) -> Array:
        logits = as_rows(ctx, prediction, "prediction")  # (rows, K)
        loss = ctx.scratch("loss", (), "float64")
        ctx.dlogits = ctx.scratch("dlogits", prediction.shape)
        row_weight = weight_per_row(ctx, self, weight, prediction.shape[:-1])
        gradient = ctx.dlogits.reshape(logits.shape)
        if target.shape == prediction.shape[:-1]:
            labels = converted(ctx, target, "int64", "target").reshape(-1)
            if self.ignore is not None:
                labels, row_weight = counted(ctx, labels, row_weight, self.ignore, logits.dtype)
            if self.class_weight is not None:
                of_class = weights_of_labels(ctx, self, self.class_weight, labels, logits.shape[1])
                row_weight = weighed(ctx, of_class, row_weight)
            ctx.ops.softmax_cross_entropy(logits, labels, row_weight, loss, gradient)
        elif target.shape == prediction.shape:
            probabilities = converted(ctx, target, logits.dtype, "target").reshape(logits.shape)
            if self.class_weight is not None:
                of_class = probabilities @ table_of(ctx, self, self.class_weight, logits.shape[1])
                row_weight = weighed(ctx, of_class, row_weight)
            ctx.ops.softmax_cross_entropy_soft(logits, probabilities, row_weight, loss, gradient)
        else:
            raise ShapeError(
                f"SoftmaxCrossEntropy needs class indices of shape {prediction.shape[:-1]} or probabilities of shape "
                f"{prediction.shape}. Received: a target of shape {target.shape}. Reshape the target."
            )
        if self.label_smoothing:
            self._smooth(ctx, logits, row_weight, loss, gradient)
        return loss

    def _smooth(self, ctx: Context, logits: Array, weight: Array | None, loss: Array, gradient: Array) -> None:
        """Loss and gradient, of the target as it is, are those of the smoothed one: both are linear in it."""
        even, even_loss = ctx.scratch("even", logits.shape), ctx.scratch("even_loss", (), "float64")
        even_gradient = ctx.scratch("even_gradient", logits.shape)
        ctx.ops.fill(even, 1 / logits.shape[1])
        ctx.ops.softmax_cross_entropy_soft(logits, even, weight, even_loss, even_gradient)
        for all_of_it, part in ((loss, even_loss), (gradient, even_gradient)):
            ctx.ops.scale(all_of_it, 1 - self.label_smoothing)
            ctx.ops.add_scaled(all_of_it, part, self.label_smoothing)

    def backward(self, ctx: Context) -> Array:
        return ctx.dlogits

    def scored(self, prediction: Array, target: Array) -> tuple[Array, Array]:
        if self.ignore is None or target.shape != prediction.shape[:-1]:
            return prediction, target
        return prediction[target != self.ignore], target[target != self.ignore]

    def check_interval(self, interval: Interval, output_shape: Shape) -> None:
        super().check_interval(interval, output_shape)
        require_one_each(self, self.class_weight, output_shape[-1])

    def check(self, target: HostArray, output_shape: Shape) -> None:
        """Class indices must be integers in 0 … K−1, with K ≥ 2; probabilities must be ≥ 0 and add up to 1.

        Raises:
            DataError: with the row and the value; a model with one output.
        """
        require_rows(self, target, (output_shape[:-1], output_shape))
        classes = output_shape[-1]
        require_classes(self, classes)
        if target.ndim == len(output_shape) and classes is not None:
            check_labels(self, target, classes, self.ignore)
        else:
            check_shares(self, target)
