"""Samples in a .csv file: which line is names, which column is what, and the numbers, all digits of them."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import DataError, PellucidWarning
from pellucid.basics.suggest import did_you_mean, listed
from pellucid.registry.discovery import find_claims

MOST_COLUMNS = 100_000
"""Of a .csv, in which every field is looked at one by one."""
_LOOKED_AT = 1000
"""Lines by which it is found out whether the first one holds names."""
_NAMELESS = re.compile(r"|Unnamed: \d+")  # the second is what pandas calls it when it reads such a file
_MISSING = ("", "?", "-", ".", "na", "n/a", "none", "null", "missing", "unknown")
"""Words in a first line that say nothing: they stand for a value that is not there."""
_WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,17})")  # of 18 digits at most, which int64 holds
_CODE = re.compile(r"[+-]?0\d+")


def reads_tables() -> bool:
    """Whether pellucid-tabular is installed, whose ``table`` reads what this module does not."""
    return "tabular" in {claim.vendor for claim in find_claims()}


def reads_more() -> str:
    """What whoever has another table is told."""
    how = 'type = "table", or' if reads_tables() else "pip install pellucid-tabular, then"
    return f"Texts, missing values and any separator are read by the data set 'table': {how} --dataset FILE."


@dataclass(frozen=True, eq=False)
class CsvTable:
    """What a .csv file holds.

    Attributes:
        x: the inputs, float64 (N, columns).
        y: the targets: int64, float64 or texts; None if no column holds them.
        names: names of the columns of ``x``, or None if the first line is a sample.
        target: the name of the column of ``y``, or None.
    """

    x: HostArray
    y: HostArray | None
    names: tuple[str, ...] | None
    target: str | None


def read_csv(
    path: Path, target: str | int | None = None, *, must_have_target: bool = True, header: bool | None = None,
    features: Sequence[str] | None = None, classes: Sequence[str] | None = None,
) -> CsvTable:  # fmt: skip
    """Read samples; for the arguments see :func:`pellucid.standard.tables.read_table`."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        file.seek(0)
        delimiter = max(",;\t", key=first.count)
        lines = _lines(csv.reader(file, delimiter=delimiter))
        number, fields = next(lines, (0, []))
        if not fields:
            raise DataError(f"{path} is empty. Expected: one sample a line, and column names in the first.")
        if len(fields) > MOST_COLUMNS:
            raise DataError(
                f"{path} has {len(fields):,} columns. A .csv is read up to {MOST_COLUMNS:,}. Save what has more as an "
                "array: numpy.savez(path, x=x, y=y)."
            )
        head = list(islice(lines, _LOOKED_AT))
        named = _has_names(path, fields, [row for _, row in head], features) if header is None else header
        lines = chain([] if named else [(number, fields)], head, lines)
        names = fields if named else [str(i) for i in range(len(fields))]
        column = _column(path, names, named, target, must_have_target, features)
        nameless = [i for i, name in enumerate(names) if _NAMELESS.fullmatch(name) and i != column]
        no_inputs = {column, *nameless}
        inputs = [i for i in range(len(names)) if i not in no_inputs]
        of_inputs = [names[i] for i in inputs]
        rows, targets, aside = [], [], []
        for number, fields in lines:
            if len(fields) != len(names):
                raise DataError(
                    f"{path}, line {number}: expected {len(names)} fields separated by {delimiter!r}, as in the first "
                    f"line. Received: {len(fields)}. {reads_more()}"
                )
            if column is not None and not fields[column]:
                raise DataError(
                    f"{path}, line {number}, column '{names[column]}': the target is missing. Expected: a class or "
                    "a number. Fill it in, or remove the line."
                )
            if column is not None:
                targets.append(fields[column])
            if nameless:
                aside.append([fields[i] for i in nameless])
            rows.append(_numbers(path, number, [fields[i] for i in inputs], of_inputs, target))
    if not rows:
        raise DataError(f"{path} has column names and no samples. Expected: one sample a line.")
    for k, i in enumerate(nameless):
        _leave_out(path, i, [row[k] for row in aside])
    return CsvTable(
        np.array(rows, np.float64).reshape(len(rows), -1),
        None if column is None else _targets(targets, classes or ()),
        tuple(of_inputs) if named else None,
        names[column] if named and column is not None else None,
    )


def _lines(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """(line number, fields without spaces around them) of all lines that are not empty."""
    try:
        for fields in reader:
            fields = [text.strip() for text in fields]
            if any(fields):
                yield reader.line_num, fields
    except csv.Error as error:
        raise DataError(f"Line {reader.line_num} is not valid CSV: {error}.") from error


def _number(text: str) -> float | None:
    try:
        return None if "_" in text else float(text)  # 1_000 is a number in Python's source, and a mistake in a file
    except ValueError:
        return None


# -- the first line --------------------------------------------------------------------------------------------------


def _has_names(path: Path, first: list[str], rows: list[list[str]], features: Sequence[str] | None) -> bool:
    """Whether the first line holds names, by what stands below each of its fields.

    A word above numbers is a name. A number above numbers is a value; so is a word that returns in its column, if
    nothing speaks for names.

    Raises:
        DataError: some fields are the one, some the other.
    """
    if features and set(features) <= set(first):
        return True
    name = value = returns = False
    for i, text in enumerate(first):
        column = [row[i] for row in rows if i < len(row)]
        numbers = [_number(below) is not None for below in column]
        if _number(text) is not None:
            value |= any(numbers) or not column
        elif text.lower() not in _MISSING:
            returns |= text in column
            name |= any(numbers) and all(number or text == below for number, below in zip(numbers, column, strict=True))
    said = [text for text in first if text]
    counted = len(said) > 1 and said == [str(i) for i in range(len(said))]  # as pandas names columns without names
    if features is None and value and (name or counted):
        raise DataError(
            f"{path}: its first line may be the names of the columns or a sample: {listed(first)}. Say which: "
            "header = true or header = false (of the data set 'files'), or name the columns with words."
        )
    return not value and (name or not returns)


# -- the columns -----------------------------------------------------------------------------------------------------


def _column(
    path: Path, names: Sequence[str], named: bool, target: str | int | None, must_have_target: bool,
    features: Sequence[str] | None,
) -> int | None:  # fmt: skip
    """Which column holds the targets: a text is a name before it is a number, a number must mean one column."""
    if target is None:
        return None
    text = str(target)
    by_name = [i for i, name in enumerate(names) if named and name == text]
    number = int(text) if re.fullmatch(r"-?\d{1,9}", text) else None
    by_number = number % len(names) if number is not None and -len(names) <= number < len(names) else None
    if len(by_name) > 1:
        raise DataError(
            f"{path} has {len(by_name)} columns called {text!r}. Give the targets' column a name of its own."
        )
    if by_name and by_number is not None and by_name[0] != by_number and not isinstance(target, str):
        raise DataError(
            f"{path}: target = {text} may be column {text}, which is called '{names[by_number]}', or the one that is "
            f"called '{text}', column {by_name[0]}. For that name the target as a text, target = \"{text}\"; for "
            f'the other say target = "{names[by_number]}".'
        )
    if by_name:
        return by_name[0]
    # A column that the model takes as a feature is not the target, whatever its number: the target is not in this file.
    if by_number is not None and not (named and features is not None and names[by_number] in features):
        return by_number
    if not must_have_target:
        return None
    numbered = f", numbered 0 to {len(names) - 1}" if named else ""
    raise DataError(
        f"{path} has no column {text!r} for the targets.{did_you_mean(text, names)} Its columns{numbered}: "
        f"{listed(names)}."
    )


def _leave_out(path: Path, i: int, values: list[str]) -> None:
    """Say that a column without a name is no input: row numbers in front. One that is empty is not worth a word.

    Raises:
        DataError: it is something else.
    """
    if not any(values):
        return
    if i > 0 or not all(re.fullmatch(r"\d+", value) for value in values) or len(set(values)) < len(values):
        raise DataError(
            f"{path}: column {i} has no name, and holds values such as {next(filter(None, values))!r}. Name it in the "
            "first line, or remove it."
        )
    warnings.warn(
        f"{path}: column 0 has no name and numbers the rows; it is left out. To use it, name it; to be rid of it, save "
        "without it (in pandas: to_csv(…, index=False)).",
        PellucidWarning, stacklevel=2,
    )  # fmt: skip


def _numbers(path: Path, line: int, texts: list[str], names: list[str], target: str | int | None) -> list[float]:
    if "_" not in "".join(texts):
        try:
            return list(map(float, texts))
        except ValueError:
            pass
    text, name = next((text, name) for text, name in zip(texts, names, strict=True) if _number(text) is None)
    hint = f"If it holds the targets, say so: target = '{name}'. Else remove" if target is None else "Remove"
    raise DataError(
        f"{path}, line {line}, column '{name}': expected a number. Received: {text!r}. {hint} the line or the column, "
        f"or fill in the value. {reads_more()}"
    )


def _targets(texts: Sequence[str], classes: Sequence[str]) -> HostArray:
    """Whole numbers, numbers, or texts: the first of these that fits all. 007 is a text: a number loses its zeros.

    If any of the known ``classes`` is called by a number, so are all, and the fields are texts: 1.0 and 2.0 stand alone
    in a file without the class x, and would be taken for numbers. A field is the name of its class as it is written, or
    else by its value: 1 of a class 1.0.
    """
    if any(_number(name) is not None for name in classes):
        of_value: dict[float | None, str] = {_number(name): name for name in classes if not _CODE.fullmatch(name)}
        of_value.pop(None, None)  # of names that are no numbers
        return np.array([text if text in classes else of_value.get(_number(text), text) for text in texts])
    if all(_WHOLE.fullmatch(text) for text in texts):
        return np.array([int(text) for text in texts], np.int64)
    numbers = [_number(text) for text in texts]
    if None in numbers or any(_CODE.fullmatch(text) for text in texts):
        return np.array(texts)
    return np.array(numbers, np.float64)
