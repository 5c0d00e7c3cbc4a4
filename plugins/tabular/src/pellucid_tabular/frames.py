"""Anybody's tables as columns of polars: frames of pandas, polars and pyarrow, rows, columns, arrays."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
from pellucid import DataError, HostArray, listed

from pellucid_tabular.cells import canonical
from pellucid_tabular.forks import about_to_read
from pellucid_tabular.slow import nw, pl

Columns: TypeAlias = "dict[str, pl.Series]"
"""By their names, all of one length; each of Float64, Int64, Boolean, Datetime (without a zone), String, or Categorical
where its owner says that its texts are categories. Missing is null, and NaN of Float64."""

KINDS_OF_TABLES = (
    "a frame of pandas, polars or pyarrow, a dict of columns, a list of dicts (one a row), or an array or a list of "
    "rows"
)


_NUMBERS = (int, float, np.integer, np.floating, Decimal)
_DAY = datetime.timedelta(days=1)


def is_frame(table: Any) -> bool:
    """Whether narwhals knows it as a table."""
    native = nw.from_native(table, pass_through=True)
    return isinstance(native, nw.DataFrame | nw.LazyFrame)


def columns_of(table: Any, names: Sequence[str] | None, where: str) -> Columns:
    """The columns of a table by their names.

    Args:
        names: of the columns of an array, which has none; None: their numbers.
        where: what messages call the table.

    Raises:
        DataError: it is no table; two columns of one name; rows with other columns; cells that are lists or objects.
        PellucidError: a fork has left polars without its threads.
    """
    about_to_read()
    if isinstance(table, Mapping):
        return _of_columns([(str(name), values) for name, values in table.items()], where)
    if isinstance(table, Sequence) and table and all(isinstance(row, Mapping) for row in table):
        return _of_rows(table, where)
    if isinstance(table, np.ndarray) or (isinstance(table, Sequence) and not isinstance(table, str | bytes)):
        return _of_array(table, names, where)
    try:
        frame = nw.from_native(table, pass_through=True)
    except Exception as error:  # two columns of one name, which narwhals has an error of its own for
        raise DataError(f"{where} cannot be read as a table: {type(error).__name__}: {error}") from error
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    if not isinstance(frame, nw.DataFrame):
        raise DataError(f"{where} must be {KINDS_OF_TABLES}. Received: {type(table).__name__}.")
    names = [str(name) for name in frame.columns]
    return _of_columns(
        [(name, frame.get_column(given)) for name, given in zip(names, frame.columns, strict=True)], where
    )


def _of_columns(columns: Sequence[tuple[str, Any]], where: str) -> Columns:
    found: Columns = {}
    for name, values in columns:
        if name in found:
            raise DataError(f"{where} has two columns called {name!r}. Each needs a name of its own.")
        found[name] = _series(values, f"{where}, column {name!r}")
    lengths = {name: len(series) for name, series in found.items()}
    if len(set(lengths.values())) > 1:
        told = listed(f"{name} {n}" for name, n in lengths.items())
        raise DataError(f"The columns of {where} must be of one length. Received: {told}.")
    return found


def _of_rows(rows: Sequence[Mapping[Any, Any]], where: str) -> Columns:
    names = [str(name) for name in rows[0]]
    for i, row in enumerate(rows):
        if [*map(str, row)] != names and {*map(str, row)} != set(names):
            raise DataError(
                f"{where}, row {i}: expected the columns of row 0: {listed(names)}. Received: {listed(map(str, row))}. "
                "Give every row the same, with None where a value is missing."
            )
    keys = {str(key): key for key in rows[0]}
    return _of_columns([(name, [row[keys[name]] for row in rows]) for name in names], where)


def _of_array(table: Any, names: Sequence[str] | None, where: str) -> Columns:
    if isinstance(table, np.ndarray):
        table = without_mask(table)
        shape = table.shape
        columns = list(table.T) if table.ndim == 2 else []
    else:
        widths = {
            len(row) if isinstance(row, Sequence | np.ndarray) and not isinstance(row, str) else -1 for row in table
        }
        shape = (len(table), *widths) if widths != {-1} else (len(table),)
        columns = [list(cells) for cells in zip(*table, strict=True)] if len(shape) == 2 else []
    if len(shape) != 2:
        raise DataError(
            f"{where} must have one sample a row, all of one length, shape (N, columns). Received: {shape}."
        )
    names = [str(i) for i in range(shape[1])] if names is None else names
    if len(names) != shape[1]:
        raise DataError(f"{where} must have the {len(names)} columns {listed(names)}. Received: shape {shape}.")
    return _of_columns(list(zip(names, columns or [[]] * shape[1], strict=True)), where)


def without_mask(array: HostArray) -> HostArray:
    """An array with NaN, NaT or None in the place of what is masked."""
    if not isinstance(array, np.ma.MaskedArray):
        return array
    kind, values, mask = array.dtype.kind, np.ma.getdata(array), np.ma.getmaskarray(array)
    if not mask.any():
        return values
    if kind in "mM":
        return np.where(mask, np.array("NaT", array.dtype), values)
    values = values.astype(np.float64 if kind in "fiu" else object)  # a copy; of objects ``filled`` makes '?'
    values[mask] = np.nan if kind in "fiu" else None
    return values


def _series(values: Any, where: str) -> pl.Series:
    """One column as polars has it, of one of the types that :data:`Columns` names."""
    if isinstance(values, nw.Series):
        native = values.to_native()
        if isinstance(native, pl.Series):
            return _of_polars(native, where)
        if values.dtype in (nw.Categorical, nw.Enum):
            return _of_list(values.to_list(), where).cast(pl.String).cast(pl.Categorical)
        if values.dtype.is_numeric() and not values.dtype.is_decimal():
            whole = values.dtype.is_integer() and not values.is_null().any()
            return pl.Series(values.cast(nw.Int64 if whole else nw.Float64).to_numpy())
        return _of_list(values.to_list(), where)
    if isinstance(values, pl.Series):
        return _of_polars(values, where)
    if isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind in "fiubM":
        if values.dtype.kind == "M":
            return pl.Series(values.astype("datetime64[us]"))
        return _of_polars(pl.Series(values.astype(np.float64) if values.dtype.itemsize == 2 else values), where)
    if isinstance(values, np.ma.MaskedArray):
        return _series(without_mask(values), where)
    native = nw.from_native(values, pass_through=True, allow_series=True)
    return _series(native, where) if isinstance(native, nw.Series) else _of_list(list(values), where)


def _of_polars(series: pl.Series, where: str) -> pl.Series:
    kind = series.dtype
    if kind in (pl.String, pl.Boolean, pl.Float64, pl.Int64, pl.Categorical):
        return series
    if kind == pl.Enum:
        return series.cast(pl.Categorical)
    if kind == pl.Null:
        return series.cast(pl.Float64)
    if kind == pl.Date or kind == pl.Datetime:
        moments = series.cast(pl.Datetime("us")) if kind == pl.Date else series
        return moments.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if _zone(moments) else moments
    if kind == pl.Duration or kind == pl.Time:
        return series.cast(pl.Duration("us")).cast(pl.Int64).cast(pl.Float64) / 86_400_000_000
    if kind.is_integer() and kind != pl.UInt64:
        return series.cast(pl.Int64)
    if kind.is_numeric():
        return series.cast(pl.Float64)
    if kind == pl.Object:
        return _of_list(series.to_list(), where)
    raise DataError(f"{where}: expected numbers, texts, truth values or dates. Received: {kind}.")


def _zone(moments: pl.Series) -> str | None:
    return getattr(moments.dtype, "time_zone", None)


def _of_list(cells: list[Any], where: str) -> pl.Series:
    """Python's own values: of one type, or all as texts."""
    cells = [None if is_missing(cell) else cell for cell in cells]
    kinds = {type(cell) for cell in cells if cell is not None}
    if all(issubclass(kind, str) for kind in kinds) and kinds:
        return pl.Series(cells, dtype=pl.String)
    if all(issubclass(kind, bool | np.bool_) for kind in kinds) and kinds:
        return pl.Series([None if cell is None else bool(cell) for cell in cells], dtype=pl.Boolean)
    if all(issubclass(kind, datetime.timedelta) for kind in kinds) and kinds:
        return pl.Series([None if cell is None else cell / _DAY for cell in cells], dtype=pl.Float64)
    if all(issubclass(kind, np.timedelta64) for kind in kinds) and kinds:
        return pl.Series([None if cell is None else float(cell / np.timedelta64(_DAY)) for cell in cells])
    if all(issubclass(kind, _NUMBERS) and not issubclass(kind, bool) for kind in kinds):
        try:
            return _of_polars(
                pl.Series([None if cell is None else float(cell) for cell in cells], dtype=pl.Float64), where
            )
        except OverflowError as error:
            raise DataError(f"{where}: expected numbers of 64 bits: {error}.") from error
    if all(issubclass(kind, datetime.date | np.datetime64) for kind in kinds):
        return pl.Series([None if cell is None else _moment(cell) for cell in cells], dtype=pl.Datetime("us"))
    for i, cell in enumerate(cells):
        if not isinstance(cell, (str, np.bool_, np.datetime64, datetime.date, type(None), *_NUMBERS)):
            raise DataError(
                f"{where}, row {i} (counted from 0): expected a number, a text, a truth value or a date. Received: "
                f"{type(cell).__name__}."
            )
    return pl.Series([None if cell is None else text_of(cell) for cell in cells], dtype=pl.String)


def is_missing(cell: Any) -> bool:
    """Whether a cell is None, NaN, masked, pandas' NA or NaT."""
    if cell is None or cell is np.ma.masked or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(cell, float | np.floating | np.datetime64 | np.timedelta64) and bool(cell != cell)


def text_of(cell: Any) -> str:
    """What a cell says, a whole number without its point."""
    if isinstance(cell, float | np.floating):
        return canonical(repr(float(cell)))
    return str(cell)


def _moment(cell: Any) -> datetime.datetime:
    if isinstance(cell, np.datetime64):
        cell = cell.astype("datetime64[us]").item()
    if not isinstance(cell, datetime.datetime):
        return datetime.datetime(cell.year, cell.month, cell.day)
    return cell.astimezone(datetime.UTC).replace(tzinfo=None) if cell.tzinfo else cell
