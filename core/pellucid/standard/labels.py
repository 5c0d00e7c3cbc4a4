"""What the targets of a file are: labels of classes, or numbers to be predicted."""

from __future__ import annotations

import warnings

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import DataError, PellucidWarning
from pellucid.basics.suggest import listed
from pellucid.interfaces.samples import Classes

FEW = 20
"""As many different whole numbers are taken as classes without further signs of being such."""


def decide(y: HostArray, classes: Classes | None, classify: bool | None, where: str) -> tuple[bool, Classes | None]:
    """Whether targets are labels, and the names of their classes.

    Texts and truth values are labels, numbers with a decimal point are none. Whole numbers are labels if there are at
    least two of each, on average, and they are few (at most 20 different ones) or count from 0 or 1 without a gap;
    where nearly every one is different they are numbers to be predicted. Either is said in a PellucidWarning, unless
    the labels are the numbers that they were.

    Args:
        y: numbers, (N, …), or texts (N,).
        classes: the names, if the file gives them: then y counts them.
        classify: what the user says; None: nothing.
        where: what messages call the targets.

    Raises:
        DataError: whole numbers that may be either; texts of which nearly every one is different; labels that are no
            whole numbers; a single class.
    """
    are_whole = y.dtype.kind in "iu"
    if classify is False or (classify is None and y.dtype.kind == "f"):
        return False, None
    if classes is not None or y.ndim != 1:
        return True, classes
    told = f"{where}: {len(np.unique(y))} different values in {len(y)} rows"
    say = "Say which: classify = true or classify = false."
    if classify is None and not _like_labels(y, told):
        warnings.warn(
            f"{told}: these whole numbers are taken as numbers to be predicted, not as labels of classes. {say}",
            PellucidWarning, stacklevel=4,
        )  # fmt: skip
        return False, None
    found = _classes(y, where)
    if classify is None and are_whole and found != tuple(map(str, range(len(found)))):
        warnings.warn(
            f"{told}: these whole numbers are taken as labels of the classes {listed(found)}, not as numbers to be "
            f"predicted. {say}",
            PellucidWarning, stacklevel=4,
        )  # fmt: skip
    return True, found


def _like_labels(y: HostArray, told: str) -> bool:
    values, are_whole = np.unique(y), y.dtype.kind in "iu"
    examples = listed(str(value) for value in values[:3])
    if len(values) > 2 and 2 * len(values) > len(y):
        if are_whole:
            return False
        raise DataError(
            f"{told}, such as {examples}: these look like names of the samples, not of classes. Choose another column "
            "as the target, or say classify = true."
        )
    if are_whole and len(values) > FEW and (values[0] not in (0, 1) or values[-1] - values[0] != len(values) - 1):
        raise DataError(
            f"{told}, such as {examples}: whole numbers that may be labels of classes, or numbers to be predicted. Say "
            "which: classify = true or classify = false (of the data set 'files')."
        )
    return True


def _classes(y: HostArray, where: str) -> Classes:
    """The different values: texts in alphabetical order, numbers by their size."""
    names = tuple(str(value) for value in np.unique(whole(y, where)).tolist())
    if len(names) == 1:
        raise DataError(
            f"{where}: all {len(y)} samples are of the class {names[0]!r}, so there is nothing to tell apart. Add "
            "samples of other classes; if nothing is to be predicted, as by an autoencoder, leave the targets out."
        )
    return names


def whole(y: HostArray, where: str) -> HostArray:
    """Labels with a decimal point as whole numbers, all others as they are."""
    if y.dtype.kind != "f":
        return y
    wrong = y[~((y == np.floor(y)) & (np.abs(y) < 2**53))]
    if len(wrong):
        raise DataError(
            f"{where}: class labels must be whole numbers. Received: {wrong[0]}. For numbers to be predicted say "
            "classify = false."
        )
    return y.astype(np.int64)
