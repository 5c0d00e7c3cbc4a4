"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from pellucid import Registrar, hookimpl


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    registry.dataset("points", "pellucid_studio.points:Points", summary="points that were drawn by hand")
    registry.dataset("table", "pellucid_studio.table:Table", summary="a table that was given to the studio")
