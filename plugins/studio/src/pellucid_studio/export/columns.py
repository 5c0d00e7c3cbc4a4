"""Columns of a table whose kinds are known: fields of a form for numbers, choices and dates."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import HostArray, Layer, require_runtime

from pellucid_studio.export.describe import name_of

Told = dict[str, Any]
_TODAY = 20_000.0
"""A day of 2024, where no data says another."""


def columns_of(model: Layer) -> list[Told] | None:
    """The columns that the transform ``tabular/columns`` reads, and whether dates have a time; None: no table."""
    arguments = _arguments(model)
    if arguments is None:
        return None
    return [dict(column) | {"time": column["name"] in arguments["times"]} for column in arguments["columns"]]


def targets_of(model: Layer) -> list[str]:
    """The names of the columns that the table's targets came from."""
    return [str(column["name"]) for column in (_arguments(model) or {}).get("targets", ())]


def _arguments(model: Layer) -> Told | None:
    first = next(iter(require_runtime(model).transforms), None)
    return None if first is None or name_of(first) != "tabular/columns" else first.arguments()


def column_inputs(columns: list[Told], x: HostArray | None) -> list[Told]:
    """A field for each column, which stands at first where most samples, or the middle one, stand.

    Args:
        x: samples (N, columns), coded; NaN is missing.
    """
    found = []
    for i, column in enumerate(columns):
        values = np.zeros(0) if x is None else np.asarray(x[:, i], np.float64)
        found.append({"name": column["name"], **_field(column, values[~np.isnan(values)])})
    return found


def _field(column: Told, values: HostArray) -> Told:
    kind, texts = column["kind"], list(column.get("categories", ()))
    if kind == "date":
        return {"kind": "date", "value": float(np.median(values)) if len(values) else _TODAY, "time": column["time"]}
    if kind in ("category", "boolean"):
        options: list[list[Any]] = [[text, i] for i, text in enumerate(texts or ["no", "yes"])]
        common = int(np.bincount(values[values >= 0].astype(int)).argmax()) if (values >= 0).any() else 0
        other = [["another", -1]] if kind == "category" else []
        return {"kind": "choice", "options": [*options, *other, ["missing", None]], "value": common}
    if kind == "left_out":
        return {"kind": "choice", "options": [["not used", None]], "value": None}
    if not len(values):
        return {"kind": "number", "low": None, "high": None, "value": 0.0, "missing": True}
    low, middle, high = np.percentile(values, [1, 50, 99]).tolist()
    return {"kind": "number", "low": low, "high": high if high > low else low + 1, "value": middle, "missing": True}
