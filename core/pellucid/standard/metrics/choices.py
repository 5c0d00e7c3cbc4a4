"""What figures of classes have in common: the class that a prediction chooses, the answers it gives, its weight."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar, Literal, get_args

import numpy as np

from pellucid.basics.arrays import HostArray, Shape
from pellucid.basics.checks import check_type
from pellucid.basics.component import Example
from pellucid.basics.errors import ConfigError, DataError, ShapeError
from pellucid.interfaces.metric import Kind, Metric
from pellucid.standard.arguments import check_choice

Average = Literal["macro", "micro", "weighted", "binary"]
"""How the figures of classes become one. ``macro``: their mean. ``weighted``: their mean by how many there are of each.
``micro``: that of all decisions together. ``binary``: that of class 1 of two."""
EXAMPLES: tuple[Example, ...] = (Example({}, ((4,), ("int", 4))), Example({"each": True}, ((3,), ("int", 2, 3))))


class OfClasses(Metric, ABC):
    """A figure of classes, or of answers that are yes or no each by itself.

    Args:
        each: whether every number of a prediction is an answer by itself; None asks the loss when a Trainer is made,
            and without one takes each output for the score of a class.
    """

    examples: ClassVar[tuple[Example, ...]] = EXAMPLES

    def __init__(self, each: bool | None = None) -> None:
        check_type(self, "each", each, (bool, type(None)), "True, False or None")
        self.each = each
        self.reset()

    def beside(self, predicts: Kind | None, output_shape: Shape) -> Metric:
        name, several = type(self).__name__, tuple(output_shape[-1:]) != (1,)
        if predicts == "values":
            raise ConfigError(
                f"metrics: {name} counts classes that are predicted right, and this loss predicts values, of which "
                "hardly one is hit. Take r2, rmse or mae; within_tolerance counts values that come close."
            )
        if self.each and predicts == "classes":
            raise ConfigError(
                f"metrics: {name}(each=True) counts answers that are yes or no each by itself, and this loss predicts "
                f"one class a sample. Take {name} without 'each', or the loss binary_cross_entropy."
            )
        if self.each is None and predicts == "answers" and several:
            return type(self)(**self.arguments() | {"each": True})
        return self


class Averaged(OfClasses, ABC):
    """A figure of each class, averaged.

    Args:
        average: see :data:`Average`.
        each: see :class:`OfClasses`; then the average is over the answers.
    """

    examples = (*EXAMPLES, Example({"average": "weighted"}, ((4,), ("int", 4))),
                Example({"average": "binary"}, ((2,), ("int", 2))))  # fmt: skip

    def __init__(self, average: Average = "macro", each: bool | None = None) -> None:
        check_choice(self, "average", average, get_args(Average))
        self.average = average
        super().__init__(each)

    def beside(self, predicts: Kind | None, output_shape: Shape) -> Metric:
        found = super().beside(predicts, output_shape)
        classes = output_shape[-1] if output_shape else None
        if self.average == "binary" and predicts is not None and not _two(predicts, classes):
            raise ConfigError(
                f"metrics: {type(self).__name__}(average='binary') is the figure of class 1 of two, and this model "
                f"gives {classes} {predicts}. Take 'macro', 'micro' or 'weighted'."
            )
        return found

    def require_two(self, prediction: HostArray) -> None:
        """ShapeError if the figure is that of class 1 of two, and there are more of them."""
        if self.average == "binary" and (prediction.ndim < 2 or prediction.shape[-1] > 2 - bool(self.each)):
            raise ShapeError(
                f"{type(self).__name__}(average='binary') needs predictions of two classes, (N, 2), or of one logit, "
                f"(N, 1). Received: shape {prediction.shape}. Take 'macro', 'micro' or 'weighted'."
            )


def _two(predicts: Kind, outputs: int | None) -> bool:
    return outputs == (2 if predicts == "classes" else 1)


def chosen(name: str, prediction: HostArray, target: HostArray) -> tuple[HostArray, HostArray]:
    """The class that each row of scores chooses, of equal ones the first, and the right one; both (N, …).

    Args:
        name: of the metric, for messages.
        prediction: (N, …, K) scores; (N, …, 1) is a logit, class 1 if above 0.
        target: (N, …) class numbers; (N, …, K) one-hot or probabilities; (N, …, 1) of a logit.

    Raises:
        ShapeError: other shapes. DataError: several classes in one row.
    """
    if prediction.ndim < 2:
        raise ShapeError(
            f"{name} needs predictions with the scores of classes along their last axis, (N, K). Received: shape "
            f"{prediction.shape}. If each number is a yes or no by itself: {name}(each=True)."
        )
    binary = prediction.shape[-1] == 1
    predicted = prediction[..., 0] > 0 if binary else prediction.argmax(axis=-1)
    if target.shape == prediction.shape:
        if not binary:
            _require_one_class(name, target)
        target = target[..., 0] if binary else target.argmax(axis=-1)
    if target.shape != predicted.shape:
        raise ShapeError(
            f"{name} of a prediction of shape {prediction.shape} needs a target of shape {predicted.shape} "
            f"(class indices) or {prediction.shape} (one-hot). Received: {target.shape}."
        )
    return predicted, target > 0.5 if binary else target


def answers(name: str, prediction: HostArray, target: HostArray) -> tuple[HostArray, HostArray]:
    """Whether each logit says yes, z > 0, and whether yes is right; both in the shape of the prediction.

    Raises:
        ShapeError: a target of another shape.
    """
    if target.shape != prediction.shape and (*target.shape, 1) != prediction.shape:
        raise ShapeError(
            f"{name} of answers of shape {prediction.shape} needs a target of this shape. Received: {target.shape}."
        )
    return prediction > 0, target.reshape(prediction.shape) > 0.5


def says_nothing(prediction: HostArray, *, each: bool = False) -> HostArray:
    """Which rows of scores, (N, …), or with ``each`` which answers, are no numbers: no class is chosen by these, and
    they are never right."""
    return np.isnan(prediction if each else prediction.max(axis=-1))


def weight_of(rows: HostArray, weight: HostArray | None) -> HostArray:
    """The weight of each element of ``rows``, (N, …): that of its sample (N,) or step, or 1."""
    each = np.ones(rows.shape) if weight is None else weight.astype(np.float64)
    return np.broadcast_to(each.reshape(*each.shape, *(1,) * (rows.ndim - each.ndim)), rows.shape)


def _require_one_class(name: str, target: HostArray) -> None:
    """DataError unless each row is one-hot, or probabilities that add up to 1."""
    wrong = (abs(target.sum(axis=-1, dtype=np.float64) - 1.0) > 1e-3) | (target < 0).any(axis=-1)
    if wrong.any():
        row = np.argwhere(wrong)[0]
        raise DataError(
            f"{name} needs one class a sample: an index, or a row that is one-hot or adds up to 1. Received: "
            f"{target[tuple(row)].tolist()!s:.80} in row {int(row[0])}. If several labels may hold at once, each is an "
            f"answer by itself: {name}(each=True), with the loss binary_cross_entropy."
        )
