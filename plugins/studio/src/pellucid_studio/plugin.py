"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from pellucid import Registrar, hookimpl


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    registry.command(
        "studio", "pellucid_studio.commands:studio", summary="see a network learn, in a browser; look at trained ones",
        verbs={"export": "pellucid_studio.export.command:export"},
    )  # fmt: skip
    registry.view("draw", "pellucid_studio.draw:Draw", summary="a character drawn by hand, and what a classifier says")
    registry.dataset("points", "pellucid_studio.points:Points", summary="points that were drawn by hand")
    registry.dataset("own_table", "pellucid_studio.table:OwnTable", summary="a table that was given to the studio")
