"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from pellucid import Registrar, hookimpl


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    registry.dataset("table", "pellucid_tabular.dataset:Table", summary="samples in a table: any file, or a data frame")
