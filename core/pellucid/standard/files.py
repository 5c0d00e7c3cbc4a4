"""files: samples in files of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.basics.errors import DataError
from pellucid.basics.suggest import listed
from pellucid.interfaces.dataset import Dataset, Part, check_part
from pellucid.interfaces.samples import Classes, Split
from pellucid.interfaces.transform import Transform
from pellucid.standard.tables import Table, in_order, read_table


class Files(Dataset):
    """Samples from ``.csv`` or ``.npz`` files; :func:`pellucid.standard.tables.read_table` says what they
    look like.

    Targets that are texts become class labels, in alphabetical order of the names in the training file. Whole numbers
    are class labels, numbers with a decimal point are values to be predicted; ``classify`` says otherwise. Columns of a
    .csv are matched by their names, in whatever order they stand.

    Args:
        train: the file with the samples to learn from, relative to the working directory.
        validation, test: a file, or the part of ``train`` that is kept: a fraction or a number of samples.
        target: column of the targets in a .csv, by name or by number from 0.
        classify: whether targets are class labels; None finds out from the targets of ``train``.
        transforms: proposed to whoever trains.
        target_transforms: proposed for targets that are values; the loss is then in their scaled unit, predictions and
            metrics are in that of the file. Class labels are left as they are.
    """

    examples = ()
    validation: Any
    test: Any

    def __init__(
        self, train: str, *, validation: str | Part = 0.1, test: str | Part = 0.2, target: str | int | None = None,
        classify: bool | None = None, transforms: Sequence[Transform | str] = ("core/standardize",),
        target_transforms: Sequence[Transform | str] = ("core/standardize",),
    ) -> None:  # fmt: skip
        for name, part in (("validation", validation), ("test", test)):
            if not isinstance(part, str):
                check_part(self, name, part)
        self.train = train
        self.validation = validation
        self.test = test
        self.target = target
        self.classify = classify
        self.transforms = transforms
        self.target_transforms = target_transforms

    def load(self, rng: np.random.Generator) -> Split:
        return self.split_of(self.train)

    def load_validation(self) -> Split | None:
        return self.split_of(self.validation) if isinstance(self.validation, str) else None

    def load_test(self) -> Split | None:
        return self.split_of(self.test) if isinstance(self.test, str) else None

    def split_of(self, path: str) -> Split:
        """The samples of one file, with labels numbered as in the training file."""
        table = self._table(path)
        known = table if path == self.train else self._table(self.train)
        table = in_order(table, known.features, path)
        if table.y is None:
            return Split(table.x, features=table.features)
        return labelled(table, *_classes(known, self.classify), where=path)

    def _table(self, path: str) -> Table:
        return read_table(path, None if self.target is None else str(self.target))


def labelled(table: Table, classes: Classes | None, are_labels: bool, where: str) -> Split:
    """The samples of a table that has targets, with class labels as whole numbers.

    Raises:
        DataError: a class that is not known, naming the row.
    """
    y = table.y
    assert y is not None
    if y.dtype.kind in "US":
        if classes is None or not are_labels:
            raise DataError(f"{where}: the targets must be numbers. Received: texts such as {str(y[0])!r}.")
        number = {name: i for i, name in enumerate(classes)}
        unknown = [(row, name) for row, name in enumerate(y.tolist()) if name not in number]
        if unknown:
            raise DataError(
                f"{where}, row {unknown[0][0]} (counted from 0): unknown class {unknown[0][1]!r}. The classes of the "
                f"training data are: {listed(classes)}."
            )
        y = np.array([number[name] for name in y.tolist()], np.int64)
    elif not are_labels:
        y = y.astype(np.float32)
    elif y.dtype.kind == "f":
        if (y != np.floor(y)).any():
            raise DataError(f"{where}: class labels must be whole numbers. Received: {y[y != np.floor(y)][0]}.")
        y = y.astype(np.int64)
    return Split(table.x, y, classes, table.features)


def _classes(table: Table, classify: bool | None) -> tuple[Classes | None, bool]:
    """(names of the classes, whether targets are labels), from the training file."""
    assert table.y is not None
    are_texts = table.y.dtype.kind in "US"
    are_labels = (are_texts or table.y.dtype.kind in "iub") if classify is None else classify
    if not are_labels:
        return None, False
    return table.classes or (tuple(str(c) for c in np.unique(table.y)) if are_texts else None), True
