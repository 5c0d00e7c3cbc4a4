"""The manifest: what this package registers, as strings only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid import hookimpl

if TYPE_CHECKING:
    from pellucid.registry.manifest import Registrar


@hookimpl
def pellucid_register(registry: Registrar) -> None:
    del registry
