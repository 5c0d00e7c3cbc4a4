"""What was found out of a table, and why, as data for `pellucid show-data`."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import HostArray, Split

from pellucid_tabular.cells import cleaned
from pellucid_tabular.column import Column
from pellucid_tabular.known import Known
from pellucid_tabular.reading.file import RawTable
from pellucid_tabular.slow import pl

MOST_SHOWN = 20
"""Classes, and texts of a category, that are counted."""


def report(known: Known, raw: RawTable, split: Split) -> dict[str, Any]:
    """The rows, what was decided of the file, each column with what it holds, and the targets.

    Args:
        raw, split: the table that ``known`` was found out of, and its samples.
    """
    columns = []
    x = np.asarray(split.x)
    for column, values in zip(known.schema.columns, x.T, strict=True):
        columns.append(_of_column(column, raw.columns[column.name], values))
    targets = []
    y = None if split.y is None else np.asarray(split.y, np.float64).reshape(len(x), -1)
    for i, target in enumerate(known.targets):
        assert y is not None
        found = _of_column(target.column, raw.columns[target.column.name], y[:, i])
        kind = "classes" if target.classes is not None else target.column.kind
        targets.append(found | {"kind": kind, "why": target.why or target.column.why})
    return {
        "rows": len(x),
        "decided": [{"what": what, "value": value, "why": why} for what, value, why in raw.said],
        "columns": columns,
        "targets": targets,
    }


def _of_column(column: Column, cells: pl.Series, values: HostArray) -> dict[str, Any]:
    missing = cells.null_count()
    if cells.dtype == pl.String:
        missing = cleaned(cells, column.missing).null_count()
    elif cells.dtype == pl.Float64:
        missing = cells.fill_nan(None).null_count()
    found: dict[str, Any] = {"name": column.name, "kind": column.kind, "why": column.why, "missing": missing}
    there = values[~np.isnan(values)]
    if column.kind == "left_out" or not len(there):
        return found
    if column.kind in ("category", "boolean"):
        texts = (*column.categories, "unseen")
        which, often = np.unique(there.astype(np.int64), return_counts=True)
        order = np.argsort(-often, kind="stable")[:MOST_SHOWN]
        found["different"] = len(which)
        return found | {"counts": {texts[which[i]]: int(often[i]) for i in order}}
    low, middle, high = (float(value) for value in np.quantile(there, (0, 0.5, 1)))
    if column.kind == "date":
        return found | {"min": _date(low), "max": _date(high)}
    return found | {"min": low, "median": middle, "max": high}


def _date(days: float) -> str:
    moment = np.datetime64(round(days * 86400), "s")
    return str(moment.astype("datetime64[D]") if days == int(days) else moment)
