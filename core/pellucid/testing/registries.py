"""use_registry: names are looked up in another registry than that of what is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pellucid.registry import registry as home
from pellucid.registry.registry import Registry


@contextmanager
def use_registry(registry: Registry) -> Iterator[Registry]:
    """Let everything inside the ``with`` block look names up in another registry."""
    with home.LOCK:
        before, home.DEFAULT[:] = home.DEFAULT[:], [registry]
    try:
        yield registry
    finally:
        with home.LOCK:
            home.DEFAULT[:] = before
