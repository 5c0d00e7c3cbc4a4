"""Files of texts: a long text, a text a line, tables with a column of texts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pellucid import DataError, did_you_mean, listed

LABEL = "label"
"""What a column of labels is called unless a name is given."""


def decoded(content: bytes, where: str) -> str:
    """Bytes as the text that they are in UTF-8, without a byte order mark; line ends are those of Unix.

    Raises:
        DataError: they are none; which byte is not.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start
        line = content.count(b"\n", 0, at) + 1
        raise DataError(
            f"{where} is no text in UTF-8: byte {at} (counted from 0), in line {line}, is 0x{content[at]:02x}. Convert "
            "it: iconv -f latin1 -t utf-8."
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_text(path: str | Path) -> str:
    """The text of a file.

    Raises:
        DataError: it cannot be read, or is not in UTF-8.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}. Check the path.") from error
    return decoded(content, str(path))


def read_samples(
    path: str | Path, column: str, target: str | None = None, *, targets: bool = True
) -> tuple[list[str], list[str] | None]:  # fmt: skip
    """Texts and their labels: each line of a ``.txt``; of a table the column of texts and that of labels.

    Args:
        column: the column of texts.
        target: the column of labels; None: ``label``, if there is one.
        targets: whether labels are read.
    """
    if Path(path).suffix.lower() == ".txt":
        if target is not None:
            raise DataError(f"{path} is a text, each line a sample, and has no column {target!r}. Give a table.")
        return read_text(path).splitlines(), None
    columns = read_columns(path)
    texts = column_of(columns, column, path)
    if not targets or (target is None and LABEL not in columns):
        return texts, None
    return texts, column_of(columns, LABEL if target is None else target, path)


def read_columns(path: str | Path) -> dict[str, list[str]]:
    """A table of texts: ``.csv`` or ``.tsv``, whose first line has the names, or ``.jsonl``, an object in every line.

    Raises:
        DataError: the file and the line that is not as the first.
    """
    kind = Path(path).suffix.lower()
    readers = {".csv": _separated, ".tsv": _separated, ".jsonl": _objects}
    if kind not in readers:
        raise DataError(f"{path}: a table of texts is one of {listed(readers)}. Received: {kind or 'no ending'}.")
    columns = readers[kind](read_text(path), path)
    if not columns or not next(iter(columns.values())):
        raise DataError(f"{path} holds no samples: below the names of the columns there is nothing.")
    return columns


def columns_of(table: Any) -> dict[str, list[str]]:
    """The columns of a table: of a file, or of a dict of columns of texts.

    Raises:
        DataError: it is neither, or its columns are not of one length.
    """
    if isinstance(table, str | Path):
        return read_columns(table)
    lengths = {len(column) for column in table.values()} if isinstance(table, Mapping) else set()
    if len(lengths) != 1 or lengths == {0}:
        raise DataError(
            "A table of texts is a file, or a dict of columns of one length, one at least. Received: "
            f"{type(table).__name__}{f' of columns of {sorted(lengths)} cells' if lengths else ''}."
        )
    return {str(name): [str(cell) for cell in column] for name, column in table.items()}


def called(table: Any) -> str:
    """What messages call a table."""
    return str(table) if isinstance(table, str | Path) else "the table"


def column_of(columns: dict[str, list[str]], name: str, path: str | Path) -> list[str]:
    """One column.

    Raises:
        DataError: there is none of this name.
    """
    if name not in columns:
        raise DataError(
            f"{path} has no column {name!r}.{did_you_mean(name, columns)} Received: the columns {listed(columns)}. "
            "Say to the data set which column is which (text, label; first, second), or rename it in the file."
        )
    return columns[name]


def _separated(text: str, path: str | Path) -> dict[str, list[str]]:
    separator = "\t" if Path(path).suffix.lower() == ".tsv" else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns: dict[str, list[str]] = {}
    try:
        for cells in reader:
            if not columns:
                columns = {name.strip(): [] for name in cells}
                _require_cells(cells, len(columns), path, 1)
            elif cells:
                _require_cells(cells, len(columns), path, reader.line_num)
                for kept, cell in zip(columns.values(), cells, strict=True):
                    kept.append(cell)
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}. Put cells with quotes or separators in quotes, "
                        "and write a quote inside as two.") from error  # fmt: skip
    return columns


def _require_cells(cells: Sequence[str], wanted: int, path: str | Path, line: int) -> None:
    if len(cells) != wanted:
        remedy = "Put a cell that holds the separator in quotes." if line > 1 else "Give columns names that differ."
        raise DataError(
            f"{path}, line {line}: {wanted} cells were expected, one for each name in the first line. Received: "
            f"{len(cells)}. {remedy}"
        )


def _objects(text: str, path: str | Path) -> dict[str, list[str]]:
    columns: dict[str, list[str]] = {}
    for line, content in enumerate(text.split("\n"), 1):
        if not content.strip():
            continue
        try:
            row: Any = json.loads(content)
        except ValueError as error:
            raise DataError(f"{path}, line {line} is no JSON: {error}.") from error
        if not isinstance(row, dict) or (columns and set(row) != set(columns)):
            wanted = f" with {listed(columns)}" if columns else ""
            raise DataError(f"{path}, line {line} must be an object{wanted}. Received: {content!r:.60}.")
        for name, cell in row.items():
            columns.setdefault(name, []).append(cell if isinstance(cell, str) else json.dumps(cell))
    return columns
