"""What the targets of a table are: classes or numbers to be predicted, in one column or in several."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
from pellucid import DataError, HostArray, PellucidWarning, did_you_mean, listed

from pellucid_tabular.cells import as_numbers, canonical, cleaned, truth_words, ways_of_writing
from pellucid_tabular.column import Column, Place, as_texts
from pellucid_tabular.frames import Columns
from pellucid_tabular.kinds import Asked, are_codes, one_way, without_marks
from pellucid_tabular.slow import pl

MANY = 100
"""Of more different whole numbers nothing is said: they are no labels."""
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
    why: str = ""

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


def decide_target(asked: Asked, cells: pl.Series, classify: bool | None) -> Target:
    """Whether a column of targets holds classes or numbers.

    Texts and truth values are classes, and so is what has two different values. Other whole numbers are classes if they
    are at most 20 different ones with two rows each, on average; all else are numbers to be predicted. Where that is
    not plain, it is said in a PellucidWarning.

    Raises:
        DataError: no value at all; a single class or number; about as many classes as rows; texts for numbers.
    """
    name, told = asked.name, f"{asked.where}, {asked.place(0)}, column '{asked.name}'"
    missing, texts = without_marks(asked, cells)
    known = texts.drop_nulls()
    if not len(known):
        raise DataError(
            f"{told}: expected targets. Received: {len(cells):,} rows without any. Name another column: target = …; or "
            "leave the target away, if nothing is to be predicted."
        )
    different, rows = as_texts(known).rename("").value_counts(sort=False, name="rows").get_columns()
    numbers, written = _numbers(asked, known, different, rows)
    as_number = Column(name, "number", (), "numbers", written, missing)
    if numbers is not None and not classify and np.isinf(numbers).any():
        as_number.coded(cells, asked.where, asked.place)  # names the first that is
    if classify is False:
        if numbers is None:
            as_number.coded(cells, asked.where, asked.place)  # names the first that is none
            raise DataError(f"{told}: expected numbers, as classify = false. Received: {known[0]!r:.80}.")
        _check_constant(numbers, told)
        return Target(as_number, None, "said by the user")
    values = len(different) if numbers is None else len(np.unique(numbers))
    counted = f"{told}: {values} different values in {len(known)} rows"
    say_which = "Say which: classify = true or classify = false."
    if classify is None and numbers is not None and values > 2 and not _few(numbers, values):
        _check_constant(numbers, told)
        if values <= MANY and bool((numbers == np.floor(numbers)).all()):
            _say(f"{counted}: these whole numbers are taken as numbers to be predicted, not as labels. {say_which}")
        return Target(as_number, None, f"{values:,} different numbers")
    classes = _classes(different, None if numbers is None else written or "0.5", known, told)
    if numbers is not None and classify is None and values > 2 and classes != tuple(map(str, range(values))):
        _say(f"{counted}: these numbers are taken as labels of the classes {listed(classes)}, not as numbers to be "
             f"predicted. {say_which}")  # fmt: skip
    alone = sorted(text for text, n in zip(different.to_list(), rows.to_list(), strict=True) if n == 1)
    if alone:
        _say(f"{told}: the class {listed(map(repr, alone))} has one row: it stands in one part of the data only, so "
             "nothing tells whether it is learned. Add rows of it, or remove it.")  # fmt: skip
    why = "said by the user" if classify else f"{len(classes)} different " + ("texts" if numbers is None else "numbers")
    return Target(Column(name, "category", classes, why, "", missing), classes, why)


def decide_targets(asked: Asked, columns: Columns, classify: bool | None = None) -> list[Target]:
    """Several columns of targets: numbers to be predicted, or truth values, each 0 or 1.

    Columns of 0 and 1 are truth values if all others are, too, which is said in a PellucidWarning; with ``classify``
    False they are numbers.

    Raises:
        DataError: one of them holds texts; or, with ``classify``, others than truth values.
    """
    found, digits = [], list[str]()
    for name, cells in columns.items():
        words = ("false", "true") if cells.dtype == pl.Boolean else _truth(cells, asked.missing)
        if words is None and classify is not False and _are_bits(cells, asked.missing):
            words = ("0", "1")
            digits.append(name)
        if words is not None:
            found.append(Target(Column(name, "boolean", words, "yes or no", "", asked.missing), None, "yes or no"))
            continue
        if classify:
            raise DataError(
                f"{asked.where}, {asked.place(0)}, column '{name}': expected yes or no, or 0 or 1, as several targets "
                f"that are classes have it. Received: {_first(cells, asked.missing)!r:.80}. Write a column of 0 and 1 "
                "for every class, or leave out classify = true."
            )
        try:
            found.append(decide_target(replace(asked, name=name), cells, False))
        except DataError as error:
            raise DataError(
                f"{error} Of several targets each must be numbers or truth values; for classes that are texts, train a "
                "model for each, or write a column of 0 and 1 for every class."
            ) from error
    if digits and classify is None and all(target.column.kind == "boolean" for target in found):
        _say(f"{asked.where}: the targets {listed(digits)} hold 0 and 1, and are taken as answers of yes or no, each "
             "for itself. To predict them as numbers, say classify = false.")  # fmt: skip
    return found


def _are_bits(cells: pl.Series, missing: tuple[str, ...] | None) -> bool:
    """Whether the cells are 0 and 1, and both."""
    if cells.dtype == pl.String:
        return set(cleaned(cells, missing).drop_nulls().unique()) in ({"0", "1"}, {"0.0", "1.0"})
    return cells.dtype.is_numeric() and set(cells.cast(pl.Float64).fill_nan(None).drop_nulls().unique()) == {0.0, 1.0}


def _first(cells: pl.Series, missing: tuple[str, ...] | None) -> object:
    """The first cell that is none of 0 and 1."""
    texts = cleaned(cells.cast(pl.String), missing).drop_nulls()
    return next((text for text in texts.to_list() if text not in ("0", "1", "0.0", "1.0")), "one value")


def _truth(cells: pl.Series, missing: tuple[str, ...] | None) -> tuple[str, str] | None:
    if cells.dtype != pl.String:
        return None
    different = cleaned(cells, missing).drop_nulls().unique()
    return truth_words(different.to_list()) if len(different) == 2 else None


def _numbers(asked: Asked, known: pl.Series, different: pl.Series, rows: pl.Series) -> tuple[HostArray | None, str]:
    """All values as numbers, if they are, and how they are written."""
    if known.dtype in (pl.Boolean, pl.Categorical) or known.dtype.is_temporal():
        return None, ""
    if known.dtype != pl.String:
        return np.asarray(known.cast(pl.Float64).to_numpy(), np.float64), ""
    if are_codes(different):
        return None, ""
    ways = ways_of_writing(different, rows, asked.decimal)
    if not ways or max(ways.values()) < int(rows.sum()):
        return None, ""
    written, _ = one_way(list(ways), asked)
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


def _classes(different: pl.Series, written: str | None, known: pl.Series, told: str) -> tuple[str, ...]:
    """The classes: texts in alphabetical order, numbers, of which ``written`` says how to read them, by their size."""
    texts = sorted(different.to_list())
    if written is not None:
        sizes = dict(zip(map(canonical, different.to_list()), as_numbers(different, written).to_list(), strict=True))
        texts = sorted(sizes, key=lambda text: (sizes[text], text))
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


def _say(message: str) -> None:
    warnings.warn(message, PellucidWarning, stacklevel=5)
