"""files: samples in files of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
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
    """

    examples = ()
    validation: Any
    test: Any

    def __init__(
        self, train: str, *, validation: str | Part = 0.1, test: str | Part = 0.2, target: str | int | None = None,
        classify: bool | None = None, transforms: Sequence[Transform | str] = ("core/standardize",),
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
    """The samples of a table that has targets, with class labels as whole numbers, those of ``classes``.

    Raises:
        DataError: a class that is not known, naming the row.
    """
    y, names = table.y, table.classes or classes
    assert y is not None
    if are_labels and y.dtype.kind == "f":
        if (y != np.floor(y)).any():
            raise DataError(f"{where}: class labels must be whole numbers. Received: {y[y != np.floor(y)][0]}.")
        y = y.astype(np.int64)
    if not are_labels and y.dtype.kind not in "US":
        y = y.astype(np.float32)
    elif are_labels and _are_names(y, None if table.classes else classes, where):
        found, y = np.unique(y, return_inverse=True)
        names = tuple(map(str, found))
    elif y.dtype.kind in "US":
        raise DataError(f"{where}: the targets must be numbers. Received: texts such as {str(y.flat[0])!r}.")
    return Split(table.x, y, names, table.features).named(classes, None, where)


def _are_names(y: HostArray, classes: Classes | None, where: str) -> bool:
    """Whether targets are the names of their classes, and not their numbers. Texts are. So is every field of a .csv, if
    the name of any class is a number: a file of 1, 2 and x is read as texts, and one of 1 and 2 alone as numbers.

    Raises:
        DataError: numbers in an array that may be either.
    """
    if y.ndim != 1 or classes is None or y.dtype.kind not in "iu" or not len(y):
        return y.ndim == 1 and y.dtype.kind in "US"
    if Path(where).suffix.lower() == ".csv":
        return any(name.removeprefix("-").isdecimal() for name in classes)
    values = np.unique(y).tolist()
    called = all(str(value) in classes for value in values)
    counted = values[0] >= 0 and values[-1] < len(classes)
    if counted and called and any(classes[value] != str(value) for value in values):
        raise DataError(
            f"{where}: the labels {listed(map(str, values))} may be names of classes or their numbers, and mean others "
            f"then. The classes of the training data are: {listed(classes)}. Give y as texts, or an array 'classes' "
            "with the names in the order of the labels."
        )
    return called and not counted


def _classes(table: Table, classify: bool | None) -> tuple[Classes | None, bool]:
    """(names of the classes, whether targets are labels), from the training file."""
    assert table.y is not None
    are_texts = table.y.dtype.kind in "US"
    are_labels = (are_texts or table.y.dtype.kind in "iub") if classify is None else classify
    if not are_labels:
        return None, False
    return table.classes or (tuple(str(c) for c in np.unique(table.y)) if are_texts else None), True
