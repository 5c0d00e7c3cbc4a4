"""What y is: classes, several choices, many labels, values; as the trainer takes it, and back from outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from pellucid import HostArray, Loss
from scipy.sparse import issparse
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target


class Target(ABC):
    """How targets and outputs are to be read. ``coded`` makes numbers of y, (N,) or (N, J), that can be told apart."""

    task: ClassVar[str]
    loss: ClassVar[Any]
    scaled: ClassVar[bool] = False
    """Whether the network learns them in another unit, with mean 0 and deviation 1."""
    heads: tuple[int, ...] | None = None
    """Of several outputs their sizes; None: there is one."""

    names: tuple[str, ...] | None = None
    """Of the classes, for the model."""

    @abstractmethod
    def coded(self, y: Any) -> HostArray:
        """y of the training table as numbers; a ValueError says what does not fit."""

    @abstractmethod
    def outputs(self, loss: Loss | None) -> int | None:
        """How many numbers a sample the model gives; None: as many as it takes."""

    def given(self, x: HostArray, codes: HostArray) -> Any:
        """Targets as the trainer takes them, of rows as the network takes them and coded targets."""
        return codes


class Labels(Target):
    """One class a row: ``classes`` in their order."""

    task = "classification"
    loss = "core/softmax_cross_entropy"

    def __init__(self, classes: HostArray) -> None:
        self.classes = classes
        self.names = tuple(map(str, classes.tolist())) if len(classes) > 1 else None

    def coded(self, y: Any) -> HostArray:
        return codes_of(y, self.classes)

    def outputs(self, loss: Loss | None) -> int:
        wanted = None if loss is None else loss.outputs_for(np.arange(min(len(self.classes), 2)))
        if wanted is not None and wanted < len(self.classes) - 1:
            raise ValueError(
                f"The loss {type(loss).__name__} tells {wanted + 1} classes apart, and y has {len(self.classes)}. Take "
                "softmax_cross_entropy."
            )
        return max(2, len(self.classes)) if wanted is None else wanted

    def decision(self, z: HostArray) -> HostArray:
        """(N,) for two classes, above 0 for the second; else (N, K)."""
        if z.shape[1] == 1:
            return z[:, 0]
        if len(self.classes) == 2:
            return np.subtract(z[:, 1], z[:, 0], dtype=np.float64)
        return z[:, : len(self.classes)]

    def predicted(self, z: HostArray) -> HostArray:
        codes = (z[:, 0] > 0).astype(np.int64) if z.shape[1] == 1 else z[:, : len(self.classes)].argmax(axis=1)
        return self.classes[codes]

    def probabilities(self, z: HostArray, loss: Loss | None) -> HostArray:
        if len(self.classes) == 1:
            return np.ones((len(z), 1))
        if loss is None:
            return softmax(z)
        p = loss.probabilities(z)
        if p is None:
            raise AttributeError(
                f"Probabilities are not available for the loss {type(loss).__name__}, whose outputs are scores. Take "
                "decision_function, sklearn.calibration.CalibratedClassifierCV, or the loss softmax_cross_entropy."
            )
        return p


class Indicators(Target):
    """Many labels, each there or not: y (N, L) of 0 and 1."""

    task = "classification"
    loss = "core/binary_cross_entropy"

    def __init__(self, labels: int) -> None:
        self.classes = np.arange(labels)

    def coded(self, y: Any) -> HostArray:
        dense = y.toarray() if issparse(y) else np.asarray(y)
        if dense.ndim != 2 or dense.shape[1] != len(self.classes):
            raise ValueError(f"y must say 0 or 1 of each of {len(self.classes)} labels. Received: {dense.shape}.")
        return dense.astype(np.int64)

    def outputs(self, loss: Loss | None) -> int:
        return len(self.classes)

    def decision(self, z: HostArray) -> HostArray:
        return z

    def predicted(self, z: HostArray) -> HostArray:
        return (z > 0).astype(np.int64)

    def probabilities(self, z: HostArray, loss: Loss | None) -> HostArray:
        z = z.astype(np.float64)
        with np.errstate(under="ignore"):
            return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


class Choices(Target):
    """Several classes a row, one of each column of y (N, J)."""

    task = "classification"

    def __init__(self, each: list[Labels]) -> None:
        self.each = each
        self.classes = [labels.classes for labels in each]
        self.heads = tuple(labels.outputs(None) for labels in each)
        self.loss = [Labels.loss] * len(each)  # type: ignore[misc]

    def coded(self, y: Any) -> HostArray:
        y = np.asarray(y)
        if y.ndim != 2 or y.shape[1] != len(self.each):
            raise ValueError(f"y must have {len(self.each)} columns, each a choice. Received: {y.shape}.")
        return np.stack([labels.coded(y[:, j]) for j, labels in enumerate(self.each)], axis=1)

    def outputs(self, loss: Loss | None) -> int:
        return sum(self.heads or ())

    def given(self, x: HostArray, codes: HostArray) -> Any:
        return tuple(np.ascontiguousarray(column) for column in codes.T)

    def decision(self, z: tuple[HostArray, ...]) -> list[HostArray]:
        return [labels.decision(of) for labels, of in zip(self.each, z, strict=True)]

    def predicted(self, z: tuple[HostArray, ...]) -> HostArray:
        return np.stack([labels.predicted(of) for labels, of in zip(self.each, z, strict=True)], axis=1)

    def probabilities(self, z: tuple[HostArray, ...], loss: Loss | None) -> list[HostArray]:
        return [labels.probabilities(of, None) for labels, of in zip(self.each, z, strict=True)]


class Values(Target):
    """Numbers: y (N,) or (N, J)."""

    task = "regression"
    loss = "core/mse"
    scaled = True

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def coded(self, y: Any) -> HostArray:
        values = numeric(y)
        if values.shape[1:] != self.shape:
            raise ValueError(f"y must have the shape (N, {', '.join(map(str, self.shape))}). Received: {values.shape}.")
        return values

    def outputs(self, loss: Loss | None) -> int:
        return self.shape[0] if self.shape else 1


class Itself(Target):
    """No y: what the network takes is to be given back."""

    task = "regression"
    loss = "core/mse"

    def coded(self, y: Any) -> HostArray:
        raise ValueError("This estimator was trained without y, and goes on without. Received: y.")

    def outputs(self, loss: Loss | None) -> int | None:
        return None

    def given(self, x: HostArray, codes: HostArray) -> Any:
        return x


def classification_target(y: Any, classes: Any = None) -> Target:
    """What y of a classifier is.

    Args:
        classes: all that may come, where y is only the first part of the data; of several columns a list of them.

    Raises:
        ValueError: y is missing, holds NaN, is no table of classes; classes that ``classes`` lacks.
    """
    _check_none_missing(y)
    check_classification_targets(y)
    kind = type_of_target(y, input_name="y")
    if kind == "multilabel-indicator":
        return Indicators(y.shape[1] if hasattr(y, "shape") else len(y[0]))
    if kind.endswith("multioutput"):
        table = np.asarray(y)
        known = [None] * table.shape[1] if classes is None else classes
        return Choices([Labels(_classes(column, of)) for column, of in zip(table.T, known, strict=True)])
    return Labels(_classes(flat(y), classes))


def flat(y: Any) -> HostArray:
    """One target a row, (N,); a column is one, with scikit-learn's warning."""
    column: HostArray = column_or_1d(y, warn=True)
    if column.dtype.kind == "f" or column.dtype.kind == "O":
        check_array(column, ensure_2d=False, dtype=None, input_name="y")
    return column


def numeric(y: Any) -> HostArray:
    """Values (N,) or (N, J), float64 and finite."""
    try:
        values: HostArray = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
    except ValueError as error:
        if "could not convert string" not in str(error):
            raise
        raise ValueError(
            f"y: expected numbers, {error}. Texts are classes: take PellucidClassifier; numbers with a comma before "
            "decimals are read by pandas.read_csv(…, decimal=','), or by the data set 'table'."
        ) from error
    if values.ndim == 2 and values.shape[1] == 1:
        values = column_or_1d(values, warn=True)
    return values


def codes_of(y: Any, classes: HostArray) -> HostArray:
    """The place of each label among the classes, (N,) int64."""
    labels = flat(y)
    codes = np.searchsorted(classes, labels) if len(classes) else np.zeros(len(labels), np.int64)
    wrong = classes[np.minimum(codes, len(classes) - 1)] != labels
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"y holds a class that is not known, {labels[row]!r} in row {row} (counted from 0). The classes are "
            f"{classes.tolist()!r:.200}: give all of them to the first call, partial_fit(X, y, classes=…)."
        )
    return codes.astype(np.int64)


def _check_none_missing(y: Any) -> None:
    """ValueError if a label of texts or objects is missing."""
    labels = np.asarray(y) if not issparse(y) and hasattr(y, "__len__") else np.zeros(0)
    if labels.dtype.kind != "O":
        return
    missing = [row for row, cell in enumerate(labels.ravel().tolist()) if cell is None or _is_nan(cell)]
    if missing:
        row = missing[0] // max(1, labels.shape[-1] if labels.ndim > 1 else 1)
        raise ValueError(
            f"Input y contains NaN: {len(missing)} labels are missing, the first in row {row} (counted from 0). Leave "
            "these rows out, or make a class of them."
        )


def _is_nan(cell: Any) -> bool:
    return isinstance(cell, float) and cell != cell


def softmax(z: HostArray) -> HostArray:
    """``e^{zₖ} / Σⱼ e^{zⱼ}`` in float64, (N, K)."""
    with np.errstate(under="ignore"):
        p: HostArray = np.exp(z.astype(np.float64) - z.max(axis=1, keepdims=True))
        return p / p.sum(axis=1, keepdims=True)


def _classes(y: Any, known: Any) -> HostArray:
    if known is None:
        return np.unique(flat(y))
    return np.unique(np.asarray(known))
