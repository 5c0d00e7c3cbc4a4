"""What a column holds, found out from its cells, and why that was decided."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, replace

from pellucid import PellucidWarning, listed

from pellucid_tabular.cells import (
    CODE,
    NUMBERS,
    WHOLE,
    as_days,
    as_numbers,
    canonical,
    cleaned,
    date_formats,
    marks_of,
    truth_words,
    ways_of_writing,
)  # fmt: skip
from pellucid_tabular.column import Column, Kind, Place, as_texts, row_from_0
from pellucid_tabular.slow import pl

FEW = 20
"""So many different texts are categories, however few rows there are."""
MOST_CATEGORIES = 1000
"""The most frequent texts are kept as categories; rarer ones count as unseen."""
NEARLY_ALL = 0.9
"""Where so many cells are numbers and these are many, the others are mistakes and no categories."""
_IDENTIFIER = re.compile(r"(.*[_ .-])?(id|ids|idx|index|row|rownum|rownames|uuid|guid|nr|no|key)|.*(nr|nummer)", re.I)
_SPLIT_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Asked:
    """What is known of a column before its cells are looked at.

    Attributes:
        name: of the column.
        kind: what the user says it is; None finds out.
        written: the format of its dates, likewise.
        missing: texts that stand for a missing value; None: the usual ones.
        decimal: the sign before decimals; None finds out.
        semicolons: whether they separate the fields of the table: there a comma stands before decimals.
        where, place: what messages call the table and its rows.
    """

    name: str
    kind: Kind | None = None
    written: str | None = None
    missing: tuple[str, ...] | None = None
    decimal: str | None = None
    semicolons: bool = False
    where: str = "the table"
    place: Place = row_from_0


def decide(asked: Asked, cells: pl.Series) -> Column:
    """The kind of a column, by its cells, as :func:`pellucid_tabular.frames.columns_of` gives them.

    Raises:
        DataError: a column of numbers with a few cells that are none; one that is not what the user says it is.
    """
    if cells.dtype == pl.Categorical and asked.kind is None:
        asked = replace(asked, kind="category")
    if cells.dtype not in (pl.String, pl.Categorical):
        return _of_values(asked, cells)
    missing, texts = without_marks(asked, cells)
    return replace(_of_texts(replace(asked, missing=missing), texts), missing=missing)


def without_marks(asked: Asked, cells: pl.Series) -> tuple[tuple[str, ...] | None, pl.Series]:
    """The marks of missing values of this column, and the column with null where one stands.

    Where texts are plus and minus, minus is no missing value.
    """
    if cells.dtype == pl.Float64:
        return asked.missing, cells.fill_nan(None)
    if cells.dtype not in (pl.String, pl.Categorical):
        return asked.missing, cells
    texts = cells.cast(pl.String).str.strip_chars()
    missing = asked.missing
    if missing is None and bool((texts == "+").any()):
        missing = marks_of((), ("-", "--"))
    return missing, cleaned(texts, missing)


def are_codes(different: pl.Series) -> bool:
    """Whether texts are whole numbers of which some begin with zeros, which a number loses."""
    return bool(different.str.contains(CODE).any()) and bool(different.str.contains(WHOLE).all())


# -- columns of numbers, truth values and dates ----------------------------------------------------------------------


def _of_values(asked: Asked, cells: pl.Series) -> Column:
    name, kind = asked.name, asked.kind
    if cells.dtype == pl.Float64:
        cells = cells.fill_nan(None)
    known = cells.drop_nulls()
    if kind is not None and kind != "category":
        return Column(name, kind, why="said by the user")
    if useless := _useless(name, cells, known, kind):
        return useless
    if kind == "category":
        counts = as_texts(known).rename("").value_counts(sort=False, name="rows")
        different, rows = counts.get_columns()
        return _category(name, different, rows, "said by the user")
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


def _of_texts(asked: Asked, texts: pl.Series) -> Column:
    name, kind = asked.name, asked.kind
    known = texts.drop_nulls()
    if kind == "left_out":
        return Column(name, "left_out", why="said by the user")
    if useless := _useless(name, texts, known, kind):
        return useless
    counts = known.rename("").value_counts(sort=False, name="rows")
    different, rows = counts.get_columns()
    if kind == "category":
        return _category(name, different, rows, "said by the user")
    if asked.written is not None or kind == "date":
        return _date(asked, texts)
    if kind == "boolean" or (kind is None and len(different) == 2):
        words = truth_words(different.to_list()) if len(different) == 2 else None
        if words is not None or kind == "boolean":
            column = Column(name, "boolean", words or (), why=f"{listed(words)}" if words else "said by the user")
            column.coded(texts, asked.where, asked.place)
            return column
    codes = are_codes(different)
    wanted = kind == "number" or not codes
    if wanted and (numbers := _number(asked, texts, different, rows)):
        return numbers
    if date_formats(different):
        return _date(asked, texts)
    many = len(different) > FEW and 2 * len(different) > len(known)
    if many:
        what = "identifier" if len(different) == len(known) else "free text"
        return Column(
            name, "left_out", why=f"{what}: {len(different):,} different texts in {len(known):,} rows, such as "
            f"{str(known[0])[:40]!r}",
        )  # fmt: skip
    return _category(name, different, rows, "codes with zeros in front" if codes else _mixed(different))


def _mixed(different: pl.Series) -> str:
    """What texts are that are taken as categories: a slip of the pen among few different numbers is to be seen."""
    numbers = different.str.contains(NUMBERS["0.5"])
    if not bool(numbers.any()) or bool(numbers.all()):
        return "texts"
    return f"{int(numbers.sum()):,} numbers, and texts such as {str(different.filter(~numbers).sort()[0])[:40]!r}"


def _category(name: str, texts: pl.Series, rows: pl.Series, why: str) -> Column:
    if bool(texts.str.contains(NUMBERS["0.5"]).all()) and not bool(texts.str.contains(CODE).any()):
        every = sorted({canonical(text) for text in texts.to_list()}, key=lambda text: (float(text), text))
    else:
        every = sorted(texts.to_list())
    why = f"{why}, {len(every):,} different"
    if len(every) > MOST_CATEGORIES:
        often = sorted(zip(rows.to_list(), texts.to_list(), strict=True), key=lambda p: (-p[0], p[1]))
        every = sorted(text for _, text in often[:MOST_CATEGORIES])
        why += f"; the {MOST_CATEGORIES:,} most frequent are kept, the others count as unseen"
    return Column(name, "category", tuple(every), why)


def _number(asked: Asked, texts: pl.Series, different: pl.Series, rows: pl.Series) -> Column | None:
    """The column as numbers, if they are.

    Raises:
        DataError: nearly all are.
    """
    name, kind = asked.name, asked.kind
    ways = ways_of_writing(different, rows, asked.decimal)
    if not ways:
        if kind == "number":
            Column(name, "number").coded(texts, asked.where, asked.place)
        return None
    written, why = one_way(list(ways), asked)
    all_are = ways[written] == rows.sum()
    numbers = as_numbers(different, written).drop_nulls()
    many = numbers.n_unique() > FEW and ways[written] >= NEARLY_ALL * int(rows.sum())
    if not all_are and not many and kind is None:
        return None
    column = Column(name, "number", (), why, "" if written == "0.5" else written)
    if not all_are:
        column.coded(texts, asked.where, asked.place)
    if numbers.n_unique() == 1 and rows.sum() == len(texts) > 1 and kind is None:  # 1, 1.0
        return Column(name, "left_out", why=f"constant: {different[0]!r} in every row")
    call_rows = kind is None and written == "0.5" and len(numbers) == rows.sum()
    return (_identifier(name, as_numbers(texts).drop_nulls()) if call_rows else None) or column


def one_way(ways: list[str], asked: Asked) -> tuple[str, str]:
    """Which of the ways that fit equally well."""
    if "0,5" in ways and "1,234.5" in ways:
        if asked.semicolons or asked.decimal == ",":
            return "0,5", "numbers; the comma stands before decimals, as semicolons separate the fields"
        return "1,234.5", "numbers; the comma is taken to stand between thousands: three digits follow it everywhere"
    written = ways[0]
    return written, "numbers" if written == "0.5" else f"numbers, written as {written}"


def _date(asked: Asked, texts: pl.Series) -> Column:
    written, why = asked.written, "said by the user"
    if written is None:
        formats = date_formats(texts.drop_nulls().unique())
        if formats:
            written, why = _one_format(asked, formats, texts.drop_nulls())
    column = Column(asked.name, "date", why=why, written=written or "")
    column.coded(texts, asked.where, asked.place)  # those that are none are told
    return column


def _one_format(asked: Asked, formats: list[str], known: pl.Series) -> tuple[str, str]:
    """The format in which the rows stand in the order of time, if only one is; else the first: day before month."""
    first = formats[0]
    if len(formats) == 1:
        return first, f"dates, {first}"
    each = {written: as_days(known, written) for written in formats}
    formats = [
        written for i, written in enumerate(formats) if not any(each[written].equals(each[w]) for w in formats[:i])
    ]
    if len(formats) == 1:  # Jan is a short name of a month, and May a whole one
        return first, f"dates, {first}"
    in_order = [
        written for written in formats if (days := each[written]).is_sorted() or days.is_sorted(descending=True)
    ]
    if len(in_order) == 1:
        return in_order[
            0
        ], f"dates, {in_order[0]}: by it, and by no other that fits, the rows stand in the order of time"
    warnings.warn(
        f"{asked.where}, column '{asked.name}': dates such as {known[0]!r} may be read as {listed(formats)}; they are "
        f"read as {first}, the day before the month. If that is wrong, say how they are written: "
        f"dates = {{'{asked.name}' = '{formats[1]}'}}.",
        PellucidWarning, stacklevel=2,
    )  # fmt: skip
    return first, f"dates, {first}; {listed(formats[1:])} would fit, too: the day is taken to stand before the month"
