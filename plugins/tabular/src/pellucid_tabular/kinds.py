"""What a column holds, found out from its cells, and why that was decided."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace

import polars as pl
from pellucid import PellucidWarning, listed

from pellucid_tabular.cells import (
    CODE,
    MARKS,
    NUMBERS,
    WHOLE,
    as_days,
    as_numbers,
    canonical,
    cleaned,
    date_formats,
    truth_words,
    ways_of_writing,
)  # fmt: skip
from pellucid_tabular.column import Column, Place, as_texts, row_from_0

FEW = 20
"""So many different texts are categories, however few rows there are."""
MOST_CATEGORIES = 1000
"""The most frequent texts are kept as categories; rarer ones count as unseen."""
NEARLY_ALL = 0.9
"""Where so many cells are numbers and these are many, the others are mistakes and no categories."""
_IDENTIFIER = re.compile(r"(.*[_ .-])?(id|ids|idx|index|row|rownum|rownames|uuid|guid|nr|no|key)|.*[a-z](Id|ID)", re.I)
_SPLIT_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")


def decide(
    name: str, cells: pl.Series, *, kind: str | None = None, written: str | None = None,
    missing: tuple[str, ...] | None = None, decimal: str | None = None, where: str = "the table",
    place: Place = row_from_0,
) -> Column:  # fmt: skip
    """The kind of a column, by its cells.

    Args:
        cells: as :func:`pellucid_tabular.frames.columns_of` gives them.
        kind: what the user says it is; None finds out.
        written: the format of its dates, likewise.
        missing: texts that stand for a missing value; None: the usual ones.
        decimal: the sign before decimals; None finds out.
        where, place: what messages call the table and its rows.

    Raises:
        DataError: a column of numbers with a few cells that are none; one that is not what the user says it is.
    """
    if cells.dtype == pl.Categorical:
        kind = kind or "category"
    if cells.dtype in (pl.String, pl.Categorical):
        texts = cells.cast(pl.String).str.strip_chars()
        if missing is None and bool((texts == "+").any()):
            missing = tuple(
                mark for mark in MARKS if mark not in ("-", "--")
            )  # as plus is no missing value, minus is none
        column = _of_texts(name, cleaned(texts, missing), kind, written, decimal, where, place)
        return replace(column, missing=missing)
    return _of_values(name, cells, kind)


# -- columns of numbers, truth values and dates ----------------------------------------------------------------------


def _of_values(name: str, cells: pl.Series, kind: str | None) -> Column:
    if cells.dtype == pl.Float64:
        cells = cells.fill_nan(None)
    known = cells.drop_nulls()
    if kind is not None and kind != "category":
        return Column(name, kind, why="said by the user")  # type: ignore[arg-type]  # checked by Schema.of
    if useless := _useless(name, cells, known, kind):
        return useless
    if kind == "category":
        return _category(name, as_texts(known), "said by the user")
    if cells.dtype == pl.Boolean:
        return Column(name, "boolean", ("false", "true"), why="truth values")
    if cells.dtype.is_temporal():
        return Column(name, "date", why="dates")
    return _identifier(name, known) or Column(name, "number", why="numbers")


def _useless(name: str, cells: pl.Series, known: pl.Series, kind: str | None) -> Column | None:
    if kind not in (None, "category"):
        return None
    if not len(known):
        return Column(name, "left_out", why="all values are missing")
    if len(known) == len(cells) > 1 and kind is None and known.n_unique() == 1:
        return Column(name, "left_out", why=f"constant: {str(known[0])[:40]!r} in every row")
    return None


def _identifier(name: str, known: pl.Series) -> Column | None:
    """A column of numbers that calls the rows: whole, no two alike, and either named so or counting the rows of a table
    without names from 0 or 1."""
    n = len(known)
    if n < FEW or not bool((known == known.floor()).all()) or known.n_unique() < n:
        return None
    spaced = _SPLIT_CASE.sub("_", name)
    counts = name == "0" and known[0] in (0, 1) and bool((known.diff().drop_nulls() == 1).all())
    if counts or _IDENTIFIER.fullmatch(name) or _IDENTIFIER.fullmatch(spaced):
        return Column(name, "left_out", why=f"identifier: {n:,} rows, {n:,} different whole numbers")
    return None


# -- columns of texts ------------------------------------------------------------------------------------------------


def _of_texts(
    name: str, texts: pl.Series, kind: str | None, written: str | None, decimal: str | None, where: str, place: Place
) -> Column:
    known = texts.drop_nulls()
    if kind == "left_out":
        return Column(name, "left_out", why="said by the user")
    if useless := _useless(name, texts, known, kind):
        return useless
    if kind == "category":
        return _category(name, known, "said by the user")
    if written is not None or kind == "date":
        return _date(name, texts, written, where, place, True)
    different = known.unique()
    if kind == "boolean" or (kind is None and len(different) == 2):
        words = truth_words(different.to_list()) if len(different) == 2 else None
        if words is not None or kind == "boolean":
            column = Column(name, "boolean", words or (), why=f"{listed(words)}" if words else "said by the user")
            column.coded(texts, where, place)
            return column
    are_codes = bool(different.str.contains(CODE).any()) and bool(different.str.contains(WHOLE).all())
    wanted = kind == "number" or not are_codes
    if wanted and (numbers := _number(name, texts, known, kind, decimal, where, place)):
        return numbers
    if date_formats(different):
        return _date(name, texts, None, where, place, False)
    many = len(different) > FEW and 2 * len(different) > len(known)
    if many:
        what = "identifier" if len(different) == len(known) else "free text"
        return Column(
            name, "left_out", why=f"{what}: {len(different):,} different texts in {len(known):,} rows, such as "
            f"{str(known[0])[:40]!r}",
        )  # fmt: skip
    return _category(name, known, "codes with zeros in front" if are_codes else "texts")


def _category(name: str, known: pl.Series, why: str) -> Column:
    counts = known.value_counts(sort=False, name="n")
    texts = counts.get_column(known.name)
    if bool(texts.str.contains(NUMBERS["0.5"]).all()) and not bool(texts.str.contains(CODE).any()):
        every = sorted({canonical(text) for text in texts.to_list()}, key=lambda text: (float(text), text))
    else:
        every = sorted(texts.to_list())
    why = f"{why}, {len(every):,} different"
    if len(every) > MOST_CATEGORIES:
        often = sorted(zip(counts.get_column("n").to_list(), texts.to_list(), strict=True), key=lambda p: (-p[0], p[1]))
        every = sorted(text for _, text in often[:MOST_CATEGORIES])
        why += f"; the {MOST_CATEGORIES:,} most frequent are kept, the others count as unseen"
    return Column(name, "category", tuple(every), why)


def _number(
    name: str, texts: pl.Series, known: pl.Series, kind: str | None, decimal: str | None, where: str, place: Place
) -> Column | None:
    """The column as numbers, if they are.

    Raises:
        DataError: nearly all are.
    """
    ways = ways_of_writing(known, decimal)
    if not ways:
        if kind == "number":
            Column(name, "number", why="").coded(texts, where, place)
        return None
    written, why = _one_way(list(ways), known)
    all_are = ways[written] == len(known)
    numbers = as_numbers(known, written).drop_nulls()
    many = numbers.n_unique() > FEW and len(numbers) >= NEARLY_ALL * len(known)
    if not all_are and not many and kind is None:
        return None
    column = Column(name, "number", (), why, "" if written == "0.5" else written)
    if not all_are:
        column.coded(texts, where, place)
    if numbers.n_unique() == 1 and len(known) == len(texts) > 1 and kind is None:  # 1, 1.0
        return Column(name, "left_out", why=f"constant: {known[0]!r} in every row")
    return column if kind is not None or written != "0.5" else _identifier(name, numbers) or column


def _one_way(ways: list[str], known: pl.Series) -> tuple[str, str]:
    """Which of the ways that fit equally well."""
    if "0,5" in ways and "1,234.5" in ways:
        return "1,234.5", "numbers; the comma is taken to stand between thousands: three digits follow it everywhere"
    written = ways[0]
    if written == "0.5":
        return written, "numbers"
    return written, f"numbers, written as {written}"


def _date(name: str, texts: pl.Series, written: str | None, where: str, place: Place, must: bool) -> Column:
    if written is None:
        formats = date_formats(texts.drop_nulls().unique())
        if not formats:
            assert must
            Column(name, "date").coded(texts, where, place)
            return Column(name, "date", why="said by the user")
        written, why = _one_format(name, formats, texts.drop_nulls(), where)
    else:
        why = "said by the user"
    column = Column(name, "date", why=why, written=written)
    column.coded(texts, where, place)
    return column


def _one_format(name: str, formats: list[str], known: pl.Series, where: str) -> tuple[str, str]:
    """The format in which the rows stand in the order of time, if only one is; else the first: day before month."""
    first = formats[0]
    if len(formats) == 1:
        return first, f"dates, {first}"
    sorted_ = [
        form for form in formats if as_days(known, form).is_sorted() or as_days(known, form).is_sorted(descending=True)
    ]
    if len(sorted_) == 1:
        return (
            sorted_[0],
            f"dates, {sorted_[0]}: by it, and by no other that fits, the rows stand in the order of time",
        )
    warnings.warn(
        f"{where}, column '{name}': dates such as {known[0]!r} may be read as {listed(formats)}; they are read as "
        f"{first}, the day before the month. If that is wrong, say how they are written: "
        f"dates = {{'{name}' = '{formats[1]}'}}.",
        PellucidWarning, stacklevel=2,
    )  # fmt: skip
    return first, f"dates, {first}; {listed(formats[1:])} would fit, too: the day is taken to stand before the month"
