"""OfClassLogits: what losses on logits of classes share: which outputs and targets they take, and what softmax says."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from math import exp

import numpy as np

from pellucid.basics.arrays import HostArray, Interval, Shape
from pellucid.basics.errors import ConfigError, DataError
from pellucid.interfaces.objective import Loss
from pellucid.standard.last_layer import require_reach
from pellucid.standard.rows import reject

CHECK = "Check how the target was made."


class OfClassLogits(Loss, ABC):
    """A loss of logits, one for each of several classes."""

    predicts = "classes"

    def check_interval(self, interval: Interval, output_shape: Shape) -> None:
        require_logits_of_classes(self, interval, output_shape)

    def probabilities(self, outputs: HostArray) -> HostArray | None:
        """``pₖ = e^{zₖ} / Σⱼ e^{zⱼ}`` of logits (N, K)."""
        return softmax_of(outputs)

    def default_metrics(self, *, labels: bool) -> Sequence[str]:
        return ("core/accuracy",) if labels else ()


def require_logits_of_classes(loss: Loss, interval: Interval, output_shape: Shape) -> None:
    """Logits that can be far apart: ``e^d / (e^d + K − 1)`` must come near 1, with their greatest distance d.

    Raises:
        ConfigError: outputs of a softmax, a sigmoid, a tanh; a single output.
    """
    (low, high), classes = interval, output_shape[-1] or 2
    if classes == 1:
        raise ConfigError(
            f"{type(loss).__name__} chooses between classes, and this model has one output, whose probability is 1 "
            "whatever it is. For a yes or no take binary_cross_entropy; else give the last layer more units."
        )
    require_reach(loss, interval, (1.0 / (1.0 + (classes - 1) * exp(low - high)),))


@np.errstate(under="ignore")
def softmax_of(outputs: HostArray) -> HostArray | None:
    """``pₖ = e^{zₖ} / Σⱼ e^{zⱼ}`` of logits (N, K), in float64; None for other shapes."""
    if outputs.ndim != 2:
        return None
    logits = outputs.astype(np.float64)
    p: HostArray = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def require_classes(loss: Loss, classes: int | None) -> None:
    """Raise DataError for a model with one output."""
    if classes == 1:
        raise DataError(
            f"{type(loss).__name__} needs at least two classes: the softmax of one output is 1, whatever it is, and "
            "nothing would be learned. Received: a model with one output. For yes or no take binary_cross_entropy, "
            "for numbers to be predicted mse; else give the last layer one unit for each class."
        )


def check_labels(loss: Loss, target: HostArray, classes: int, ignore: int | None = None) -> None:
    """Raise DataError unless all of them are class indices 0 … K−1, or the label that is ignored."""
    labels = f"class indices from 0 to {classes - 1}, as the model has {classes} outputs"
    remedy = (
        "Number the classes from 0, as numpy.unique(y, return_inverse=True) does, or give the last layer more "
        "units. Numbers to be predicted want another loss, such as mse."
    )
    with np.errstate(invalid="ignore"):
        right = (target >= 0) & (target < classes)
        if target.dtype.kind == "f":  # labels of an integer type, as at most steps, are whole
            right &= target == np.floor(target)
        wrong = ~right
        if ignore is not None:
            labels, wrong = f"{labels}, or {ignore}, which is ignored", wrong & (target != ignore)
    reject(loss, target, wrong, labels, remedy)


def check_shares(loss: Loss, target: HostArray) -> None:
    """Raise DataError unless each row holds the probabilities of the classes: in [0, 1], with the sum 1."""
    with np.errstate(invalid="ignore"):
        reject(loss, target, ~((target >= 0) & (target <= 1)), "probabilities in [0, 1]", CHECK)
        total = target.sum(axis=-1)
        reject(loss, total, ~(np.abs(total - 1) < 1e-3), "probabilities that add up to 1", CHECK)
