"""The manifest of pellucid-plugname: names, and where each implementation is found when it is first built."""

from __future__ import annotations

from pellucid import Registrar, hookimpl


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    registry.layer("gain", "pellucid_plugname.layers:Gain", summary="a factor for each feature")
