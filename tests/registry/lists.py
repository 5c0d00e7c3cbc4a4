"""Lists of what is promised, each in a text beside its test: of what they are, read and written anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pellucid.registry.manifest import Entry
from pellucid.registry.registry import default_registry

OURS = ("core", "ann", "ae", "cnn", "diffusion", "recurrent", "tabular", "transformer", "vae", "datasets", "studio")
"""Vendors whose components stand in the lists."""


def ours(*kinds: str) -> Iterator[Entry]:
    """Entries of our vendors in their order: of some kinds, or of all but operations and backends."""
    for entry in sorted(default_registry().entries(), key=lambda entry: (entry.kind, entry.vendor, entry.name)):
        wanted = entry.kind in kinds if kinds else entry.kind not in ("op", "backend")
        if entry.vendor in OURS and wanted:
            yield entry


def written(text: Path) -> list[str]:
    return text.read_text(encoding="utf-8").splitlines()


def write(text: Path, lines: Iterable[str]) -> None:
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
