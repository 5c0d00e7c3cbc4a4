"""What was found out of a table, and why: as data, and as text for people to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from pellucid import HostArray, Split

from pellucid_tabular.cells import cleaned
from pellucid_tabular.column import Column
from pellucid_tabular.reading.file import RawTable

if TYPE_CHECKING:
    from pellucid_tabular.dataset import Known

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
        targets.append(found | {"why": target.why or target.column.why, "classes": target.classes is not None})
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
        return found | {"from": _date(low), "to": _date(high)}
    return found | {"min": low, "median": middle, "max": high}


def _date(days: float) -> str:
    moment = np.datetime64(round(days * 86400), "s")
    return str(moment.astype("datetime64[D]") if days == int(days) else moment)


def as_text(found: dict[str, Any], table: Any) -> str:
    """The report for people.

    Args:
        table: lays rows of texts out in columns.
    """
    parts = [
        f"{found['rows']:,} rows with {'' if not found['targets'] else 'a target, '}{len(found['columns'])} columns"
    ]
    decided = [(each["what"], _said(each["value"]), each["why"]) for each in found["decided"]]
    if decided:
        parts.append("decided:\n" + table(decided, "  "))
    parts.append("columns:\n" + table([_row(column) for column in found["columns"]], "  "))
    if found["targets"]:
        parts.append("targets:\n" + table([_row(target) for target in found["targets"]], "  "))
    return "\n\n".join(parts)


def _said(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _row(column: dict[str, Any]) -> Sequence[str]:
    kind = column["kind"].replace("_", " ")
    if "classes" in column:
        kind = "classes" if column["classes"] else kind
    missing = f"{column['missing']:,} missing" if column["missing"] else ""
    if "counts" in column:
        counts = column["counts"]
        shown = ", ".join(f"{text} {n:,}" for text, n in list(counts.items())[:5])
        what = shown + (f", … ({column['different']} different)" if column["different"] > 5 else "")
    elif "from" in column:
        what = f"{column['from']} to {column['to']}"
    elif "min" in column:
        what = f"{column['min']:.6g} to {column['max']:.6g}, median {column['median']:.6g}"
    else:
        what = ""
    return column["name"], kind, missing, what, column["why"]
