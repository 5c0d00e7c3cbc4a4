"""MSE and BinaryCrossEntropy, which compare prediction and target number by number, and what they have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import prod, tanh

import numpy as np

from pellucid.basics.arrays import Array, HostArray, Interval, Shape
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.objective import Loss
from pellucid.interfaces.samples import class_labels
from pellucid.standard.last_layer import require_reach
from pellucid.standard.rows import check_ignore, contiguous, converted, counted, reject, require_rows, weight_per_row


class Outputwise(Loss, ABC):
    """The mean over outputs, then the weighted mean over samples.

    With a weight for each step of a sequence, (N, T) for (N, T, J), it is the mean over the outputs of a step, then the
    weighted mean over steps. A target of shape (N,) also serves a prediction of shape (N, 1), as a column; nothing else
    is broadcast.
    """

    capturable = True

    @abstractmethod
    def compute(
        self, ctx: Context, prediction: Array, target: Array, weight: Array | None, loss: Array, gradient: Array
    ) -> None:
        """Fill loss and gradient from prediction and target (rows, outputs)."""

    def forward(self, ctx: Context, prediction: Array, target: Array, weight: Array | None = None) -> Array:
        shape = prediction.shape
        if target.shape != shape and (*target.shape, 1) != shape:
            raise ShapeError(
                f"{type(self).__name__} needs a target of the prediction's shape {shape}. Received: {target.shape}. "
                "Reshape the target, or give the last layer as many units as there are targets."
            )
        weighed = shape[:1] if weight is None else shape[: max(1, min(weight.ndim, len(shape) - 1))]
        rows = (prod(weighed), prod(shape[len(weighed) :]))
        loss = ctx.scratch("loss", (), "float64")
        ctx.dprediction = ctx.scratch("dprediction", shape)
        self.compute(
            ctx,
            contiguous(ctx, prediction, "prediction").reshape(rows),
            converted(ctx, target, prediction.dtype, "target").reshape(rows),
            weight_per_row(ctx, self, weight, weighed),
            loss,
            ctx.dprediction.reshape(rows),
        )
        return loss

    def backward(self, ctx: Context) -> Array:
        return ctx.dprediction

    def check(self, target: HostArray, output_shape: Shape) -> None:
        """Targets must be finite numbers, as many as the model has outputs.

        Raises:
            DataError: with the row and the value.
        """
        column = ((),) if output_shape == (1,) else ()
        require_rows(self, target, (output_shape, *column))
        reject(self, target, ~np.isfinite(target), "finite targets", "Clean the data first.")


class MSE(Outputwise):
    """``L = Σᵢ wᵢ lᵢ / Σᵢ wᵢ`` with ``lᵢ = (1/J) Σⱼ (ŷᵢⱼ − tᵢⱼ)²``: the mean over samples and outputs.

    Shapes: prediction (N, …), J outputs a sample; target: the same; weight (N,), or (N, T) for (N, T, …).
    """

    equations = (
        Equation("l", r"l_i = \frac1J \sum_j (\hat y_{ij} - t_{ij})^2",
                 "np.mean((prediction - t.reshape(prediction.shape)).reshape(*w.shape, -1) ** 2, axis=-1)"),
        Equation("loss", r"L = \frac{\sum_i w_i l_i}{\sum_i w_i}", "np.sum(w * l) / np.sum(w)"),
        Equation(
            "dprediction",
            r"d\hat y_{ij} = \frac{w_i}{\sum_k w_k} \frac{2 (\hat y_{ij} - t_{ij})}{J}",
            "w.reshape(*w.shape, *(1,) * (prediction.ndim - w.ndim)) * 2 * (prediction - t.reshape(prediction.shape))"
            " / (prediction.size / w.size) / np.sum(w)",
        ),
    )  # fmt: skip
    examples = (Example({}, ((3,), (3,))),)
    predicts = "values"

    def compute(
        self, ctx: Context, prediction: Array, target: Array, weight: Array | None, loss: Array, gradient: Array
    ) -> None:
        ctx.ops.mse(prediction, target, weight, loss, gradient)

    def default_metrics(self, *, labels: bool) -> Sequence[str]:
        return () if labels else ("core/rmse", "core/r2")


class BinaryCrossEntropy(Outputwise):
    """``L = Σᵢ wᵢ lᵢ / Σᵢ wᵢ`` with ``lᵢ = (1/J) Σⱼ [|z| u + log(1 + e^{−|z|})]`` on logits z.

    u is 1 − t for z ≥ 0, else t. This is −t log σ(z) − (1 − t) log(1 − σ(z)) (Bishop, PRML, §4.3.2), written so that
    logits of ±10⁴ stay finite and the loss of a sample that is nearly certain is small, not 0.

    Args:
        ignore: a target that stands where nothing is to be learned, such as −1 for what a sequence was padded with;
            then L is the weighted mean over all other numbers. None: every target is an answer.
        label_smoothing: ε, how far targets are drawn towards ½: ``(1 − ε) t + ε/2``, in [0, 1) (Szegedy et al., 2016).

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
            "m", r"m_{ij} = w_i \quad (0 \text{ where } t_{ij} = \mathrm{ignore})",
            "w.reshape(*w.shape, *(1,) * (z.ndim - w.ndim)) * (t.reshape(z.shape) != ignore)",
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
    )  # fmt: skip
    predicts = "answers"

    def __init__(self, ignore: int | None = None, *, label_smoothing: float = 0.0) -> None:
        check_ignore(self, ignore)
        check_float(self, "label_smoothing", label_smoothing, "[0, 1)")
        self.ignore = ignore
        self.label_smoothing = label_smoothing

    @property
    def capturable(self) -> bool:  # type: ignore[override]
        return self.ignore is None  # else the number that is divided by is another for every batch

    def forward(self, ctx: Context, prediction: Array, target: Array, weight: Array | None = None) -> Array:
        shape = prediction.shape
        if self.ignore is None or target.shape not in (shape, shape[:-1] if shape[-1:] == (1,) else shape):
            return super().forward(ctx, prediction, target, weight)
        if weight is not None:
            weight = ctx.xp.broadcast_to(weight.reshape(*weight.shape, *(1,) * (len(shape) - weight.ndim)), shape)
        answers, each = counted(ctx, target.reshape(shape), weight, self.ignore, prediction.dtype)
        value = super().forward(ctx, prediction.reshape(*shape, 1), answers.reshape(*shape, 1), each)
        ctx.dprediction = ctx.dprediction.reshape(shape)
        return value

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

    def check_interval(self, interval: Interval, output_shape: Shape) -> None:
        """Logits of both signs, and large ones: ``σ(z)`` must come near 0 and near 1.

        Raises:
            ConfigError: outputs of a sigmoid, a tanh, a relu.
        """
        no, yes = (0.5 + 0.5 * tanh(0.5 * z) for z in (-interval[0], interval[1]))
        require_reach(self, interval, (no, yes))

    @np.errstate(under="ignore")
    def probabilities(self, outputs: HostArray) -> HostArray | None:
        """``(1 − p, p)`` with ``p = σ(z)``, of one logit a sample: (N,) or (N, 1)."""
        if outputs.shape[1:] not in ((), (1,)):
            return None
        z = outputs.astype(np.float64).reshape(-1, 1)
        signed = np.concatenate([-z, z], axis=1)
        p: HostArray = np.exp(np.minimum(signed, 0)) / (1 + np.exp(-np.abs(z)))  # σ(±z): neither is 1 − the other
        return p

    def outputs_for(self, targets: HostArray) -> int | None:
        """One logit for class labels, 0 or 1."""
        return None if class_labels(targets) is None else 1

    def default_metrics(self, *, labels: bool) -> Sequence[str]:
        return ("core/accuracy",) if labels else ()

    def check(self, target: HostArray, output_shape: Shape) -> None:
        """Targets must lie in [0, 1].

        Raises:
            DataError: with the row and the value.
        """
        super().check(target, output_shape)
        with np.errstate(invalid="ignore"):
            wrong = ~((target >= 0) & (target <= 1)) & (target != self.ignore)
        remedy = "For more than two classes take softmax_cross_entropy, for numbers to be predicted mse."
        wanted = "targets in [0, 1]" + (f", or {self.ignore}, which is ignored" if self.ignore is not None else "")
        reject(self, target, wrong, wanted, remedy)
