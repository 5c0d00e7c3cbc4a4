"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from pellucid import Registrar, hookimpl


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    registry.dataset("table", "pellucid_tabular.dataset:Table", summary="samples in a table: any file, or a data frame")
    registry.transform("columns", "pellucid_tabular.columns:Columns", summary="a table's columns, each by its kind")
    registry.transform("robust", "pellucid_tabular.scaling:Robust", summary="(x − median)/quartile distance, clipped")
    registry.transform("quantile", "pellucid_tabular.scaling:Quantile", summary="to a normal or uniform distribution")
