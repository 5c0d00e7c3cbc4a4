"""Schema: what the columns of a table are, in their order; any table with the same columns as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from pellucid import ConfigError, DataError, HostArray, did_you_mean, listed

from pellucid_tabular.cells import marks_of
from pellucid_tabular.column import KINDS, UNSEEN, Column, Kind, Place, row_from_0
from pellucid_tabular.frames import columns_of, without_mask
from pellucid_tabular.kinds import Asked, decide
from pellucid_tabular.writing import as_written

__all__ = ["KINDS", "UNSEEN", "Column", "Kind", "Schema", "column_number"]

Which = Sequence[str | int]
"""Columns by their names or by their numbers from 0; below 0 they count from the end."""


@dataclass(frozen=True)
class Schema:
    """The columns of a table.

    **Coded**, a table is float64 (N, F), one column for each of the table: numbers as they are; truth values 0 or 1;
    dates as days since 1970-01-01, the time of day as a fraction; a category by its place in ``categories``, -1 for
    a text that is none of them. NaN is what is missing, and nothing else. Columns that are left out are NaN.

    Attributes:
        columns: in the order of the training table.
    """

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        names = self.names
        twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise DataError(f"The columns of a table need names of their own. Received twice: {listed(twice)}.")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @classmethod
    def of(
        cls, frame: Any, *, categorical: Which = (), kinds: Mapping[str, str] | None = None,
        dates: Mapping[str, str] | None = None, missing: Sequence[str] = (), not_missing: Sequence[str] = (),
        decimal: str | None = None, semicolons: bool = False, names: Sequence[str] | None = None,
        where: str = "the table", place: Place = row_from_0,
    ) -> Schema:  # fmt: skip
        """Find out what the columns of a table are; each :class:`Column` says why.

        Args:
            frame: of pandas, polars or pyarrow; a dict of columns; a list of dicts, one a row; an array or a list of
                rows.
            categorical: columns that are categories whatever they look like, by name or number.
            kinds: the kind of columns by their names, where it is known.
            dates: the format of dates by the names of their columns, as ``strftime`` has it.
            missing: texts that stand for a missing value, besides the usual ones (:data:`cells.MARKS`).
            not_missing: texts that do not, though they are among the usual ones.
            decimal: ``"."`` or ``","`` in texts that are numbers; None finds out.
            semicolons: whether they separate the fields: then a comma before three digits is no sign of thousands.
            names: of the columns of an array, which has none; None: their numbers.
            where, place: what messages call the table and its rows.

        Raises:
            DataError: no table, two columns of one name; few cells of a column of numbers are none.
            ConfigError: a column that is named does not exist, or cannot be of that kind.
        """
        columns = columns_of(frame, names, where)
        every = list(columns)
        said: dict[str, Kind] = {}
        for name, kind in (kinds or {}).items():
            if kind not in KINDS:
                raise ConfigError(f"The kind of column {name!r} must be one of {listed(KINDS)}. Received: {kind!r}.")
            said[every[column_number(name, every, where)]] = cast("Kind", kind)
        said |= {every[column_number(which, every, where)]: "category" for which in categorical}
        written = {every[column_number(name, every, where)]: form for name, form in (dates or {}).items()}
        asked = Asked(
            "", None, None, marks_of(missing, not_missing), decimal, semicolons, where, place
        )  # and of each column its own
        return cls(
            tuple(
                decide(replace(asked, name=name, kind=said.get(name), written=written.get(name)), cells)
                for name, cells in columns.items()
            )
        )

    def coded(self, frame: Any, where: str = "the table", place: Place = row_from_0) -> HostArray:
        """Any table with these columns as float64 (N, F).

        Args:
            frame: as :meth:`of` takes it; its columns are matched by their names, those of an array by their order.
            where, place: what messages call the table and its rows.

        Raises:
            DataError: a column is missing (one that is left out may be), or is none of these; a cell is not of the
                kind of its column; the message names the table, the row and the column.
        """
        if isinstance(frame, np.ndarray):
            frame = without_mask(frame)
        if isinstance(frame, np.ndarray) and frame.ndim == 2 and frame.dtype.kind in "fiub" and self._plain:
            return self._of_numbers(frame, where, place)
        cells = columns_of(frame, self.names, where)
        unknown = [name for name in cells if name not in self.names]
        needed = [column.name for column in self.columns if column.kind != "left_out"]
        absent = [name for name in needed if name not in cells]
        if absent or unknown:
            lacks = f" It lacks: {listed(absent)}." if absent else ""
            more = f" It has, and must not: {listed(unknown)}." if unknown else ""
            near = did_you_mean(absent[0], unknown) if absent and unknown else ""
            raise DataError(
                f"{where} must have the columns of the table that the model was trained on: {listed(needed)}."
                f"{lacks}{more}{near} Give it these columns by name, in any order."
            )
        rows = len(next(iter(cells.values()))) if cells else 0
        coded = np.full((rows, len(self.columns)), np.nan)
        for i, column in enumerate(as_written(self.columns, cells, where, place)):
            if column.name in cells:
                coded[:, i] = column.coded(cells[column.name], where, place)
        return coded

    def to_config(self) -> list[dict[str, Any]]:
        """Plain JSON, for the configuration of whatever is trained on the table."""
        return [column.to_config() for column in self.columns]

    @classmethod
    def from_config(cls, config: Any) -> Schema:
        """The schema that ``to_config`` wrote.

        Raises:
            ConfigError: it is none.
        """
        if not isinstance(config, Sequence) or isinstance(config, str):
            raise ConfigError(f"The columns of a table are a list of tables. Received: {config!r:.200}.")
        return cls(tuple(Column.from_config(column) for column in config))

    @property
    def _plain(self) -> bool:
        """Whether numbers are all that is expected, which need not be looked at one by one."""
        return all(column.kind in ("number", "left_out") for column in self.columns)

    def _of_numbers(self, array: HostArray, where: str, place: Place) -> HostArray:
        if array.shape[1] != len(self.columns):
            raise DataError(
                f"{where} must have the {len(self.columns)} columns {listed(self.names)}. Received: shape "
                f"{array.shape}."
            )
        coded = np.array(array, np.float64)
        for i, column in enumerate(self.columns):
            if column.kind == "left_out":
                coded[:, i] = np.nan
        wrong = np.isinf(coded)
        if wrong.any():
            row, i = (int(k) for k in np.argwhere(wrong)[0])
            raise DataError(
                f"{where}, {place(row)}, column '{self.names[i]}': expected a finite number. Received: "
                f"{coded[row, i]}. "
                "Fill in the value, or give NaN: then it is missing."
            )
        return coded


def column_number(which: str | int, names: Sequence[str], where: str, what: str = "column") -> int:
    """The number of a column that is named or numbered: a text is a name first; a number counts from 0, or below 0
    from the end.

    Raises:
        ConfigError: there is none.
    """
    if isinstance(which, str) and which in names:
        return list(names).index(which)
    try:
        number = int(which)
    except (TypeError, ValueError):
        number = len(names)
    if not isinstance(which, bool) and -len(names) <= number < len(names):
        return number % len(names)
    raise ConfigError(
        f"{where} has no {what} {which!r}.{did_you_mean(str(which), names)} Its columns, numbered 0 to "
        f"{len(names) - 1}: {listed(names)}."
    )
