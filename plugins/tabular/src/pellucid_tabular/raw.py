"""Reader: a raw table, of files or frames or single rows, as the coded array of its schema."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
from pellucid import DataError, HostArray

from pellucid_tabular.cells import MARKS
from pellucid_tabular.column import UNSEEN, Column
from pellucid_tabular.schema import Schema
from pellucid_tabular.slow import nw

FEW = 16
"""Rows up to which cells are looked up one by one: a frame would be slower."""
EXACT = 1 << 53
"""Whole numbers up to here are floats."""
ISO = "%Y-%m-%d"
_EPOCH = datetime.date(1970, 1, 1).toordinal()


class Reader:
    """Codes what a user calls the same table: a frame, a dict of columns or of one row's cells, a list of rows. Columns
    are found by their names, in whatever order; those of the targets are left out.

    Args:
        schema: of the table.
        targets: names of columns that are not features.
    """

    def __init__(self, schema: Schema, targets: tuple[str, ...] = ()) -> None:
        self.schema = schema
        self.targets = targets
        self._names = schema.names
        self._kinds = [column.kind for column in schema.columns]
        self._codes: list[dict[Any, float]] = [_codes(column) for column in schema.columns]

    def __call__(self, x: Any) -> HostArray | None:
        """The coded table; None for an array of numbers, which is coded, and for what is no table.

        Raises:
            DataError: other columns, a cell that is none of its column.
        """
        if isinstance(x, np.ndarray):
            return None if x.dtype.kind in "fiub" or isinstance(x, np.ma.MaskedArray) else self._coded(x)
        if isinstance(x, Mapping):
            if x and not any(_is_column(value) for value in x.values()):
                return self._rows([x])
            return self._coded({name: cells for name, cells in x.items() if name not in self.targets})
        if isinstance(x, list):
            if x and len(x) <= FEW and all(isinstance(row, Mapping | list | tuple) for row in x):
                return self._rows(x)
            return self._coded([self._without_targets(row) for row in x])
        names = getattr(x, "column_names" if hasattr(type(x), "column_names") else "columns", None)
        if names is None:
            return None
        left = [name for name in map(str, names) if name in self.targets and name not in self._names]
        return self._coded(_without(x, left) if left else x)

    def _without_targets(self, row: Any) -> Any:
        if not isinstance(row, Mapping):
            return row
        return {name: cell for name, cell in row.items() if name in self._names or name not in self.targets}

    def _coded(self, x: Any) -> HostArray:
        return self.schema.coded(x, "the table")

    def _rows(self, rows: Sequence[Any]) -> HostArray:
        """A few rows, cell by cell; where one is not plain, all go the way of a table, which knows every case."""
        names, kinds, codes = self._names, self._kinds, self._codes
        coded = []
        for row in rows:
            if isinstance(row, Mapping):
                cells = [row.get(name, _ABSENT) for name in names]
                known = len(row) == len(names) or all(name in names or name in self.targets for name in row)
            else:
                cells, known = row, len(row) == len(names)
            if not known:
                break
            numbers = []
            for cell, kind, texts in zip(cells, kinds, codes, strict=True):
                number = _plain(cell, kind, texts)
                if number is None:
                    break
                numbers.append(number)
            if len(numbers) < len(names):
                break
            coded.append(numbers)
        else:
            return np.array(coded, np.float64)
        return self._coded([self._without_targets(row) for row in rows])


_ABSENT = object()


def _plain(cell: Any, kind: str, texts: Mapping[Any, float]) -> float | None:
    """A cell as a number, or None where it takes more than a look to tell."""
    if kind == "left_out":
        return np.nan
    if cell is None:
        return np.nan
    of = type(cell)
    if kind == "number":
        if isinstance(cell, float):
            return cell if isfinite(cell) or cell != cell else None
        return float(cell) if of is int and -EXACT <= cell <= EXACT else None
    if kind == "category":
        if of is int:
            cell = str(cell)
        elif of is not str:
            return None
        code = texts.get(cell)
        return UNSEEN if code is None and cell.isalpha() else code
    if kind == "boolean":
        return float(cell) if of is bool else texts.get(cell) if of is str else None
    if of is str and ISO in texts and len(cell) == len("2003-02-01") and "W" not in cell:  # 2003-W05-6 is a week
        try:
            cell, of = datetime.date.fromisoformat(cell), datetime.date
        except ValueError:
            return None
    return float(cell.toordinal() - _EPOCH) if of is datetime.date else None


def _codes(column: Column) -> dict[Any, float]:
    """What texts of a column are known to mean without a further look."""
    if column.kind == "date":
        return {ISO: 0.0} if column.written in ("", ISO) else {}
    marks = MARKS if column.missing is None else column.missing
    return dict.fromkeys(marks, np.nan) | {text: float(i) for i, text in enumerate(column.categories)}


def _is_column(value: Any) -> bool:
    """Whether a value is a column of cells, and not a cell."""
    return isinstance(value, list | tuple | range) or (hasattr(value, "__len__") and not isinstance(value, str | bytes))


def _without(frame: Any, names: Sequence[str]) -> Any:
    """A data frame without some of its columns."""
    try:
        return nw.from_native(frame).drop(list(names)).to_native()
    except TypeError as error:
        raise DataError(
            f"the table must be a data frame, a dict of columns or a list of rows. Received: {type(frame).__name__}."
        ) from error
