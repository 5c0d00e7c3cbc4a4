"""A file as people have it as columns of text, and a report of what was decided about it and why."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from pellucid import ConfigError, DataError, HostArray, listed

from pellucid_tabular.column import Place, row_from_0
from pellucid_tabular.forks import about_to_read
from pellucid_tabular.frames import Columns, columns_of
from pellucid_tabular.reading.content import content_of
from pellucid_tabular.reading.dialect import (
    SAID,
    Dialect,
    find_dialect,
    no_spaces_before_quotes,
    one_separator,
    split_lines,
)
from pellucid_tabular.reading.header import has_names, is_nameless, names_of
from pellucid_tabular.reading.rows import Rows, rows_of
from pellucid_tabular.slow import pl

SUFFIXES = (".csv", ".tsv", ".txt", ".data", ".dat", ".tab", ".parquet", ".feather", ".arrow", ".ipc")
"""Of files that are tables; each may be followed by .gz."""
MOST_COLUMNS = 100_000
_LOOKED_AT = 1000
"""Rows by which it is found out whether the first holds names."""
_CELLS = 200_000
"""And of wide tables about as many cells."""
_WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " ", "spaces": " ", "\\t": "\t"}


def is_table(path: str) -> bool:
    """Whether a path ends as a table does."""
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in SUFFIXES


@dataclass(frozen=True)
class Format:
    """How a file is written, as far as the user says; None is found out.

    Attributes:
        separator: of fields: one character, or ``"comma"``, ``"semicolon"``, ``"tab"``, ``"pipe"``, ``"spaces"``: runs
            of them.
        quote: ``'"'``, ``"'"``, or ``""``: none.
        header: whether the first row holds names.
        encoding: as Python calls it.
        comment: what lines that are no rows begin with; ``""``: none do.
    """

    separator: str | None = None
    quote: str | None = None
    header: bool | None = None
    encoding: str | None = None
    comment: str | None = None

    def checked(self) -> Format:
        """With one character for each word.

        Raises:
            ConfigError: not one character of ASCII.
        """
        separator = None if self.separator is None else _WORDS.get(self.separator, self.separator)
        if separator is not None and not (len(separator) == 1 and separator.isascii() and separator not in "\n\r\"'\0"):
            raise ConfigError(
                f"The 'separator' of a table must be one character of ASCII, or one of {listed(_WORDS)}. Received: "
                f"{self.separator!r}."
            )
        if self.quote is not None and (
            len(self.quote) > 1 or not self.quote.isascii() or self.quote in ("\n", separator)
        ):
            raise ConfigError(
                f"The 'quote' of a table must be one character of ASCII, or '': none. Received: {self.quote!r}."
            )
        return replace(self, separator=separator)


@dataclass(frozen=True, eq=False)
class RawTable:
    """The columns of a file.

    Attributes:
        columns: of text, or of the types of a Parquet or Arrow file.
        named: whether the file gives names; else the columns are called by their numbers.
        format: how the file is written, nothing left open; None of Parquet and Arrow.
        said: what was decided, (what, value, why).
        lines: the line in which each row stands, or None.
    """

    columns: Columns
    named: bool
    format: Format | None
    said: list[tuple[str, Any, str]] = field(default_factory=list)
    lines: HostArray | None = None

    @property
    def place(self) -> Place:
        """Where a row is to be found, for messages."""
        lines = self.lines
        return row_from_0 if lines is None else lambda row: f"line {lines[row]}"


def read_file(path: str | Path, given: Format = Format(), known: Sequence[str] | None = None) -> RawTable:
    """Read a table.

    Args:
        given: what the user says of the file.
        known: names of columns that are known from another table.

    A column without a name in front that is different in every row is left out: pandas and R write it. So are columns
    at the end that have neither a name nor a value: some programs end every row with a separator. Rows without any
    value are left out, too.

    Raises:
        DataError: no file, no table; a row with more or fewer fields than the others: with its line. ConfigError: a
            format that there is not. PellucidError: a fork has left polars without its threads.
    """
    about_to_read()
    path, given = Path(path), given.checked()
    content = content_of(path, given.encoding)
    if content.encoding is None:
        return _of_columns(path, content.data)
    data = content.data
    if not data.strip():
        raise DataError(f"{path}, line 1, column 0: expected a table. Received: an empty file.")
    dialect = find_dialect(data, given.separator, given.quote, given.comment)
    spaces = dialect.separator == " "
    data = (
        one_separator(data, dialect.quote)
        if spaces
        else no_spaces_before_quotes(data, dialect.separator, dialect.quote)
    )
    dialect_in = replace(dialect, separator="\t") if spaces else dialect
    rows = rows_of(data, dialect_in.separator, dialect.quote, dialect.comment)
    if not len(rows):
        raise DataError(f"{path}, line 1, column 0: expected a table. Received: comments and blank lines.")
    if rows.is_open and dialect.quote:
        raise DataError(
            f"{path}, line {rows.lines[-1]}, column 0: expected that the quote {dialect.quote} which is opened in "
            "this row is closed. Received: the end of the file. Close it, or say quote = '' if it is part of the text."
        )
    rows, leftovers = _without_leftovers(rows)
    width = int(rows.fields.max())
    if width > MOST_COLUMNS:
        raise DataError(
            f"{path}, line {rows.lines[rows.fields.argmax()]}, column {MOST_COLUMNS}: expected up to {MOST_COLUMNS:,} "
            f"columns. Received: {width:,}."
        )
    looked_at = min(len(rows), _LOOKED_AT, max(20, _CELLS // width))
    sample = list(split_lines("\n".join(map(rows.text, range(looked_at))), dialect_in.separator, dialect.quote))
    if not sample:
        raise DataError(f"{path}, line 1, column 0: expected a table. Received: blanks.")
    said: list[tuple[str, Any, str]] = [
        ("encoding", content.encoding, content.why),
        ("separator", SAID.get(dialect.separator, dialect.separator), dialect.why),
        ("quote", {'"': "double", "'": "single", "": "none"}.get(dialect.quote, dialect.quote), ""),
    ]
    if dialect.comment:
        said.append(("comment", dialect.comment, f"{len(rows.comments)} lines in front of the table begin so"))
    said += [("left out", f"line {line}", f"{text!r} is no row of a table") for line, text in leftovers]
    header, why = (given.header, "said by the user")
    if header is None:
        header, why = has_names(sample[0], sample[1:], known, f"{path}, line {rows.lines[0]}")
    names_row, skip = (sample[0], 1) if header else ([], 0)
    if not header and given.header is None and (of_comment := _names_in_comment(rows, dialect_in, len(sample[0]))):
        names_row, header, why = of_comment, True, "the last comment in front has as many words as there are columns"
    said.append(("header", header, why))
    frame = _frame(path, rows, dialect_in, skip, len(names_row), sample)
    lines = rows.lines[skip:]
    frame, names, changed = _named(frame, names_row)
    said += [("columns", len(names), change) for change in changed]
    filled = frame.select(pl.any_horizontal(pl.all().str.strip_chars() != "").fill_null(False)).to_series()
    if not filled.all():
        said.append(("rows", int(filled.sum()), f"{int((~filled).sum())} rows without any value are left out"))
        frame, lines = frame.filter(filled), lines[filled.to_numpy()]
    if not frame.height:
        raise DataError(f"{path}, line {rows.lines[0]}, column 0: expected rows below the names. Received: none.")
    found = Format(dialect.separator, dialect.quote, header, content.encoding, dialect.comment)
    return RawTable(dict(zip(names, frame.get_columns(), strict=True)), header, found, said, lines)


def _without_leftovers(rows: Rows) -> tuple[Rows, list[tuple[int, str]]]:
    """Without lines of a table of several columns that hold a single field and in it no letter and no digit: a quote
    that was copied with the text, a line of dashes, the mark by which DOS ends files. And these, with their lines."""
    if int(np.median(rows.fields)) < 2:
        return rows, []
    found = [row for row in np.flatnonzero(rows.fields == 1).tolist() if not any(map(str.isalnum, rows.text(row)))]
    keep = np.ones(len(rows), bool)
    keep[found] = False
    return rows.only(keep), [(int(rows.lines[row]), rows.text(row)[:20]) for row in found]


def _of_columns(path: Path, data: bytes) -> RawTable:
    """Parquet or Arrow."""
    parquet = data.startswith(b"PAR1")
    try:
        frame = pl.read_parquet(data) if parquet else pl.read_ipc(data)
    except Exception as error:  # polars has many
        raise DataError(f"{path} is truncated or damaged: {error!s:.200}. Write it again.") from error
    if not frame.height or not frame.width:
        raise DataError(f"{path}: expected a table. Received: {frame.height} rows of {frame.width} columns.")
    drop = [name for name in frame.columns if name.startswith("__index_level_")]  # pandas' own
    said: list[tuple[str, Any, str]] = [("format", "Parquet" if parquet else "Arrow", "it says so itself")]
    said += [("columns", frame.width - len(drop), f"{name} is the index of a frame of pandas") for name in drop]
    return RawTable(columns_of(frame.drop(drop), None, str(path)), True, None, said)


def _names_in_comment(rows: Rows, dialect: Dialect, fields: int) -> list[str] | None:
    if not rows.comments:
        return None
    text = rows.comments[-1].decode(errors="replace").lstrip("".join(dialect.comment)).strip()
    words = next(split_lines(text, dialect.separator, dialect.quote), [])
    return words if len(words) == fields > 1 and len(set(words)) == fields and all(words) else None


def _frame(path: Path, rows: Rows, dialect: Dialect, skip: int, names: int, sample: list[list[str]]) -> pl.DataFrame:
    """All rows below the names, as texts in columns 0, 1, …"""
    counts = rows.fields[skip:]
    if not len(counts):
        raise DataError(f"{path}, line {rows.lines[0]}, column 0: expected rows below the names. Received: none.")
    values, often = np.unique(counts, return_counts=True)
    width = int(values[often.argmax()])
    if names in values and often[values == names][0] * 10 >= len(counts):
        width = names
    wrong = np.flatnonzero(counts != width)
    if len(wrong):
        row = int(wrong[0]) + skip
        _refuse(
            path, int(rows.lines[row]), width, int(rows.fields[row]), dialect, sample[0] if skip else [], len(wrong)
        )
    ends = skip and names == width + 1 and not sample[0][-1]  # the line of names ends with a separator
    if names and names not in (width, width - 1) and not ends:
        _refuse(path, int(rows.lines[0]), width, names, dialect, sample[0], 1)
    try:
        frame = pl.read_csv(
            rows.data, skip_rows=skip, has_header=False, infer_schema=False, separator=dialect.separator,
            quote_char=dialect.quote or None, schema={str(i): pl.String for i in range(width)},
        )  # fmt: skip
    except pl.exceptions.PolarsError:
        frame = pl.DataFrame()
    if frame.height == len(counts):
        return frame
    return _slowly(path, rows, dialect, skip, width)


def _slowly(path: Path, rows: Rows, dialect: Dialect, skip: int, width: int) -> pl.DataFrame:
    """Row by row, where quotes stand within fields: the one that cannot be read is named."""
    found = []
    settings: dict[str, Any] = {"quotechar": dialect.quote} if dialect.quote else {"quoting": csv.QUOTE_NONE}
    for row in range(skip, len(rows)):
        try:
            (fields,) = csv.reader([rows.text(row)], delimiter=dialect.separator, **settings)
        except (csv.Error, ValueError) as error:
            raise DataError(
                f"{path}, line {rows.lines[row]}, column 0: expected {width} fields. Received: a row that cannot be "
                f"read: {error}. Put fields with quotes into quotes, and double those within."
            ) from error
        if len(fields) != width:
            _refuse(path, int(rows.lines[row]), width, len(fields), dialect, [], 1)
        found.append(fields)
    return pl.DataFrame(found, schema={str(i): pl.String for i in range(width)}, orient="row")


def _refuse(path: Path, line: int, expected: int, received: int, dialect: Dialect, names: list[str], rows: int) -> None:
    """
    Raises:
        DataError: a row with another number of fields.
    """
    column = min(expected, received)
    called = f"'{names[column]}'" if column < len(names) else str(column)
    more = f" So have {rows - 1:,} more rows another number." if rows > 1 else ""
    separator = SAID.get(dialect.separator, dialect.separator)
    raise DataError(
        f"{path}, line {line}, column {called}: expected {expected} fields separated by {separator}, as most rows "
        f"have. Received: {received}.{more} Correct the row; a field with the separator in it stands in quotes; if "
        "this is not the separator, say which: separator = …."
    )


def _named(frame: pl.DataFrame, first: list[str]) -> tuple[pl.DataFrame, list[str], list[str]]:
    """The frame without columns that are none, the names of the others, and what was decided about them."""
    changed, width = [], frame.width
    if first and len(first) == width - 1:
        ends = (frame[:, -1].fill_null("").str.strip_chars() == "").all()
        first = [*first, ""] if ends else ["", *first]
    elif first and len(first) == width + 1 and not first[-1]:
        first = first[:-1]
    names = first or [str(i) for i in range(width)]
    keep = list(range(width))
    while len(keep) > 1 and (not first or not names[keep[-1]]) and _is_empty(frame[:, keep[-1]]):
        if first or keep[-1] == width - 1:
            changed.append(f"column {keep[-1]} is left out: it has no name and no value")
        keep.pop()
        if not first:
            break
    if first and is_nameless(names[0]) and len(keep) > 1 and frame[:, 0].n_unique() == frame.height:
        changed.append("column 0 is left out: it has no name, and calls each row by another one")
        keep = keep[1:]
    called, more = names_of([names[i] for i in keep])
    return frame[:, keep], called, changed + more


def _is_empty(column: pl.Series) -> bool:
    return bool((column.fill_null("").str.strip_chars() == "").all())
