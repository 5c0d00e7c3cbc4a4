"""What the targets of a table are: classes or numbers to be predicted, in one column or in several."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from pellucid import DataError, HostArray, PellucidWarning, did_you_mean, listed

from pellucid_tabular.cells import CODE, NUMBERS, WHOLE, as_numbers, canonical, cleaned, truth_words, ways_of_writing
from pellucid_tabular.column import Column, Place, as_texts
from pellucid_tabular.frames import Columns

FEW = 20
"""So many different whole numbers are taken as classes without further signs of being such."""


@dataclass(frozen=True)
class Target:
    """One column of targets, as the training table had it.

    Attributes:
        column: how its cells are read; a category of ``classes``, or a number.
        classes: names of the classes in the order of their labels; None: numbers to be predicted.
        why: how that was found out.
    """

    column: Column
    classes: tuple[str, ...] | None
    why: str

    def values(self, cells: pl.Series, where: str, place: Place) -> HostArray:
        """Labels or numbers as float64 (N,), NaN where one is missing.

        Raises:
            DataError: a class that the training table has not, no number.
        """
        values = self.column.coded(cells, where, place)
        if self.classes is None:
            return values
        wrong = np.flatnonzero(values < 0)
        if len(wrong):
            row = int(wrong[0])
            text = as_texts(cells)[row]
            raise DataError(
                f"{where}, {place(row)}, column '{self.column.name}': expected one of the classes of the training "
                f"table: {listed(self.classes)}. Received: {text!r:.80}.{did_you_mean(str(text), self.classes)} Leave "
                "these rows out, or train on a table that has this class."
            )
        return values


def decide_target(
    name: str, cells: pl.Series, classify: bool | None, *, missing: tuple[str, ...] | None, decimal: str | None,
    where: str, place: Place,
) -> Target:  # fmt: skip
    """Whether a column of targets holds classes or numbers.

    Texts and truth values are classes, and so is what has two different values. Other whole numbers are classes if they
    are at most 20 different ones with two rows each, on average; all else are numbers to be predicted. What was decided
    about whole numbers is said in a PellucidWarning, unless the classes are called 0, 1, …

    Raises:
        DataError: no value at all; a single class or number; about as many classes as rows; texts for numbers.
    """
    texts = cells
    if cells.dtype in (pl.String, pl.Categorical):
        texts = cells.cast(pl.String).str.strip_chars()
        if missing is None and bool((texts == "+").any()):
            missing = ("", "?", "NA", "nan", "NaN")
        texts = cleaned(texts, missing)
    elif cells.dtype == pl.Float64:
        texts = cells.fill_nan(None)
    known = texts.drop_nulls()
    told = f"{where}, column '{name}'"
    if not len(known):
        raise DataError(
            f"{told}: expected targets. Received: {len(cells):,} rows without any. Name another column: target = …; or "
            "leave the target away, if nothing is to be predicted."
        )
    counts = as_texts(known).rename("").value_counts(sort=False, name="rows")
    different, rows = counts.get_columns()
    numbers, written = _numbers(known, different, rows, decimal)
    if classify is False:
        if numbers is None:
            column = Column(name, "number", written=written, missing=missing)
            column.coded(cells, where, place)  # names the first that is none
            raise DataError(f"{told}: expected numbers, as classify = false. Received: {known[0]!r:.80}.")
        _check_constant(numbers, told)
        return Target(Column(name, "number", (), "numbers", written, missing), None, "said by the user")
    values = different if numbers is None else pl.Series(np.unique(numbers))
    if classify is None and numbers is not None and len(values) > 2 and not _few(numbers, len(values)):
        _check_constant(numbers, told)
        if bool((numbers == np.floor(numbers)).all()):
            _say(
                f"{told}: {len(values)} different values in {len(known)} rows: these whole numbers are taken as "
                "numbers to be predicted, not as labels of classes. Say which: classify = true or classify = false."
            )
        return Target(
            Column(name, "number", (), "numbers", written, missing), None, f"{len(values):,} different numbers"
        )
    classes, why = _classes(different, numbers, known, told), "said by the user" if classify else ""
    if numbers is not None and not classify and classes != tuple(map(str, range(len(classes)))):
        _say(f"{told}: {len(classes)} different values in {len(known)} rows: these numbers are taken as labels of the "
             f"classes {listed(classes)}, not as numbers to be predicted. Say which: classify = true or "
             "classify = false.")  # fmt: skip
    alone = [text for text, n in zip(different.to_list(), rows.to_list(), strict=True) if n == 1]
    if alone:
        _say(f"{told}: of the classes {listed(sorted(alone)[:20])} there is one row each: it can stand in one part of "
             "the data only, so nothing tells whether they are learned. Add rows, or remove them.")  # fmt: skip
    why = why or f"{len(classes)} different " + ("texts" if numbers is None else "numbers")
    return Target(Column(name, "category", classes, why, "", missing), classes, why)


def decide_targets(columns: Columns, classify: bool | None, **settings: Any) -> list[Target]:
    """Several columns of targets: numbers to be predicted, or truth values, each 0 or 1.

    Raises:
        DataError: one of them holds texts.
    """
    found = []
    for name, cells in columns.items():
        if cells.dtype == pl.Boolean or _are_truth(cells, settings["missing"]):
            words = ("false", "true") if cells.dtype == pl.Boolean else _are_truth(cells, settings["missing"])
            found.append(
                Target(Column(name, "boolean", words or (), "yes or no", "", settings["missing"]), None, "yes or no")
            )
            continue
        try:
            found.append(decide_target(name, cells, False, **settings))
        except DataError as error:
            raise DataError(
                f"{error} Of several targets each must be numbers or truth values; for classes that are texts, train a "
                "model for each, or write a column of 0 and 1 for every class."
            ) from error
    return found


def _are_truth(cells: pl.Series, missing: tuple[str, ...] | None) -> tuple[str, str] | None:
    if cells.dtype != pl.String:
        return None
    different = cleaned(cells, missing).drop_nulls().unique()
    return truth_words(different.to_list()) if len(different) == 2 else None


def _numbers(
    known: pl.Series, different: pl.Series, rows: pl.Series, decimal: str | None
) -> tuple[HostArray | None, str]:
    """All values as numbers, if they are, and how they are written."""
    if known.dtype == pl.Boolean or known.dtype == pl.Categorical:
        return None, ""
    if known.dtype.is_temporal():
        return None, ""
    if known.dtype != pl.String:
        return np.asarray(known.cast(pl.Float64).to_numpy(), np.float64), ""
    codes = bool(different.str.contains(CODE).any()) and bool(different.str.contains(WHOLE).all())
    ways = {} if codes else ways_of_writing(different, rows, decimal)
    written = next(iter(ways), "0.5")
    if not ways or ways[written] < int(rows.sum()):
        return None, ""
    assert written in NUMBERS
    return np.asarray(as_numbers(known, written).to_numpy(), np.float64), "" if written == "0.5" else written


def _few(numbers: HostArray, different: int) -> bool:
    whole = bool((numbers == np.floor(numbers)).all())
    return whole and different <= FEW and 2 * different <= len(numbers)


def _check_constant(numbers: HostArray, told: str) -> None:
    if numbers.min() == numbers.max():
        raise DataError(
            f"{told}: expected values that differ. Received: {numbers[0]} in all {len(numbers):,} rows, so there is "
            "nothing to predict. Name another column: target = …"
        )


def _classes(different: pl.Series, numbers: HostArray | None, known: pl.Series, told: str) -> tuple[str, ...]:
    """The classes: texts in alphabetical order, numbers by their size."""
    texts = sorted({canonical(text) if numbers is not None else text for text in different.to_list()})
    if numbers is not None:
        texts.sort(key=lambda text: float(text.replace(",", ".")) if _plain(text) else 0.0)
    if len(texts) == 1:
        raise DataError(
            f"{told}: expected several classes. Received: {texts[0]!r} in all {len(known):,} rows, so there is nothing "
            "to tell apart. Name another column: target = …; or add rows of other classes."
        )
    if len(texts) > 2 and 2 * len(texts) > len(known):
        raise DataError(
            f"{told}: expected classes with two rows each, at least. Received: {len(texts):,} different values in "
            f"{len(known):,} rows, such as {texts[0]!r:.60}: these name the rows. Name another column: target = …; or "
            "say classify = false, if they are numbers to be predicted."
        )
    return tuple(texts)


def _plain(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _say(message: str) -> None:
    warnings.warn(message, PellucidWarning, stacklevel=5)
