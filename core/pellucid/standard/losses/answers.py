"""OfAnswers: what losses on logits of a yes or no share: which outputs and targets they take, what the sigmoid says."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from math import tanh

import numpy as np

from pellucid.basics.arrays import HostArray, Interval, Shape
from pellucid.interfaces.objective import Loss
from pellucid.interfaces.samples import class_labels
from pellucid.standard.last_layer import require_reach
from pellucid.standard.losses.outputwise import Outputwise
from pellucid.standard.rows import reject


class OfAnswers(Outputwise, ABC):
    """A loss of logits, each of which is a yes or no by itself.

    Attributes:
        ignore: a target that is no answer and does not count, or None.
    """

    predicts = "answers"
    ignore: int | None = None

    def check_interval(self, interval: Interval, output_shape: Shape) -> None:
        require_logits_of_answers(self, interval)

    def probabilities(self, outputs: HostArray) -> HostArray | None:
        """``(1 − p, p)`` with ``p = σ(z)``, of one logit a sample: (N,) or (N, 1)."""
        return sigmoid_of(outputs)

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
        check_answers(self, target, self.ignore)


def require_logits_of_answers(loss: Loss, interval: Interval) -> None:
    """Logits of both signs, and large ones: ``σ(z)`` must come near 0 and near 1.

    Raises:
        ConfigError: outputs of a sigmoid, a tanh, a relu.
    """
    no, yes = (0.5 + 0.5 * tanh(0.5 * z) for z in (-interval[0], interval[1]))
    require_reach(loss, interval, (no, yes))


@np.errstate(under="ignore")
def sigmoid_of(outputs: HostArray) -> HostArray | None:
    """``(1 − p, p)`` with ``p = σ(z)``, of one logit a sample, (N,) or (N, 1), in float64; None for other shapes."""
    if outputs.shape[1:] not in ((), (1,)):
        return None
    z = outputs.astype(np.float64).reshape(-1, 1)
    signed = np.concatenate([-z, z], axis=1)
    p: HostArray = np.exp(np.minimum(signed, 0)) / (1 + np.exp(-np.abs(z)))  # σ(±z): neither is 1 − the other
    return p


def check_answers(loss: Loss, target: HostArray, ignore: int | None = None) -> None:
    """Raise DataError unless all of them lie in [0, 1], or are the number that is ignored."""
    with np.errstate(invalid="ignore"):
        wrong = ~((target >= 0) & (target <= 1)) & (target != ignore)
    remedy = "For more than two classes take softmax_cross_entropy, for numbers to be predicted mse."
    wanted = "targets in [0, 1]" + (f", or {ignore}, which is ignored" if ignore is not None else "")
    reject(loss, target, wrong, wanted, remedy)
