"""files: samples in files of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import DataError
from pellucid.basics.suggest import listed
from pellucid.interfaces.dataset import Dataset, Part, check_part
from pellucid.interfaces.samples import Classes, Split, check_data
from pellucid.interfaces.transform import Transform
from pellucid.standard.labels import decide, whole
from pellucid.standard.tables import Table, in_order, read_table


@dataclass(frozen=True)
class _Known:
    """What the training file has told, and what all others are read by.

    Attributes:
        features: names of the columns, if they have any.
        target: name of the column of targets, likewise: it has the same in every file. Else its number, from 0: files
            without targets have fewer columns, so none must be counted from the end.
        has_targets, are_labels, classes: what the targets are.
        by_value: whether the classes are called as the targets in the file, and not counted by them.
    """

    features: tuple[str, ...] | None
    target: str | int | None
    has_targets: bool
    are_labels: bool
    classes: Classes | None
    by_value: bool


class Files(Dataset):
    """Samples from ``.csv`` or ``.npz`` files; :func:`pellucid.standard.tables.read_table` says what they
    look like.

    Targets that are texts become class labels, in alphabetical order of the names in the training file; whole numbers
    become labels where they look like such, in the order of their size, and else stay numbers to be predicted, as those
    with a decimal point do (:func:`pellucid.standard.labels.decide`). ``classify`` says which, and :meth:`decided`
    tells what was found out. Columns of a .csv are matched by their names, in whatever order they stand.

    Args:
        train: the file with the samples to learn from, relative to the working directory.
        validation, test: a file, or the part of ``train`` that is kept: a fraction or a number of samples.
        target: column of the targets in a .csv, by name or by number from 0; -1 is the last.
        classify: whether targets are class labels; None finds out from the targets of ``train``.
        transforms: proposed to whoever trains.
        header: whether the first line of a .csv holds names; None finds out by what stands below it.
        target_transforms: proposed for targets that are values; the loss is then in their scaled unit, predictions and
            metrics are in that of the file. Class labels are left as they are.
    """

    examples = ()
    paths = ("train", "validation", "test")
    validation: Any
    test: Any

    def __init__(
        self, train: str, *, validation: str | Part = 0.1, test: str | Part = 0.2, target: str | int | None = None,
        classify: bool | None = None, transforms: Sequence[Transform | str] = ("core/standardize",),
        header: bool | None = None, target_transforms: Sequence[Transform | str] = ("core/standardize",),
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
        self.header = header
        self.target_transforms = target_transforms
        self._known: _Known | None = None

    def load(self, rng: np.random.Generator) -> Split:
        table = read_table(self.train, self.target, header=self.header)
        are_labels, classes, by_value, named = False, None, False, table.target
        if table.y is not None:
            check_data(table.x, where=self.train)
            target = self.target if table.target is None else table.target
            where = f"{self.train}, " + ("y" if target is None else f"target '{target}'")
            are_labels, classes = decide(table.y, table.classes, self.classify, where)
            by_value = classes is not None and table.classes is None and table.y.dtype.kind not in "US"
            if named is None and target is not None and Path(self.train).suffix.lower() == ".csv":
                named = int(target) % (table.x.shape[1] + 1)
        self._known = _Known(table.features, named, table.y is not None, are_labels, classes, by_value)
        return self._split(table, self._known, self.train)

    def load_validation(self) -> Split | None:
        return self.split_of(self.validation) if isinstance(self.validation, str) else None

    def load_test(self) -> Split | None:
        return self.split_of(self.test) if isinstance(self.test, str) else None

    def split_of(self, path: str) -> Split:
        """The samples of one file, with columns and labels as in the training file."""
        if self._known is None:
            self.load(np.random.default_rng(0))
            assert self._known is not None
        known = self._known
        target = self.target if known.target is None else known.target
        table = read_table(path, target, header=self.header, features=known.features, classes=known.classes)
        return self._split(table, known, path)

    def decided(self) -> dict[str, Any]:
        known, decided = self._known, dict[str, Any]()
        if known is not None and Path(self.train).suffix.lower() == ".csv":
            decided["header"] = known.features is not None
        if known is not None and known.target is not None:
            decided["target"] = known.target
        if known is not None and known.has_targets:
            decided["classify"] = known.are_labels
        return decided

    def _split(self, table: Table, known: _Known, path: str) -> Split:
        table = in_order(table, known.features, path)
        if table.y is None or not known.has_targets:
            return Split(table.x, features=table.features)
        if known.by_value and table.classes is None and table.y.ndim == 1:
            table = replace(table, y=whole(table.y, path).astype(str))
        return labelled(table, known.classes, known.are_labels, path)


def labelled(table: Table, classes: Classes | None, are_labels: bool, where: str) -> Split:
    """The samples of a table that has targets, with class labels as whole numbers, those of ``classes``.

    Raises:
        DataError: a class that is not known, naming the row.
    """
    y, names = table.y, table.classes or classes
    assert y is not None
    if not are_labels:
        if y.dtype.kind in "US":
            raise DataError(f"{where}: the targets must be numbers. Received: texts such as {str(y.flat[0])!r}.")
        return Split(table.x, y.astype(np.float64), features=table.features)
    y = whole(y, where)
    if _are_names(y, None if table.classes else classes, where):
        found, y = np.unique(y, return_inverse=True)
        names = tuple(map(str, found))
    return Split(table.x, y, names, table.features).named(classes, None, where)


def _are_names(y: HostArray, classes: Classes | None, where: str) -> bool:
    """Whether targets are the names of their classes, and not their numbers. Texts are: a .csv is read as such if the
    name of any class is a number. Numbers in an array are if they can be nothing else.

    Raises:
        DataError: numbers in an array that may be either.
    """
    if y.ndim != 1 or classes is None or y.dtype.kind not in "iu" or not len(y):
        return y.ndim == 1 and y.dtype.kind in "US"
    if Path(where).suffix.lower() == ".csv":
        return False
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
