"""The manifest of pellucid-plugname: names, and where each implementation is found when it is first built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid import hookimpl

if TYPE_CHECKING:
    from pellucid import Registrar


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    registry.layer("gain", "pellucid_plugname.layers:Gain", summary="a factor for each feature")
