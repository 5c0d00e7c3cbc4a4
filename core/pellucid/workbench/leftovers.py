"""Leftovers: what stands in the metadata of packages, does nothing, and was meant to or should be gone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from pellucid.registry.discovery import GROUP, entry_points, identity, metadata_folders, read

_MEANT = (GROUP, "pellucid.plugins", "pellucid")
"""What groups of entry points are called by those who mean ours."""


def leftovers(path: Sequence[str] | None = None) -> Iterator[tuple[str, str]]:
    """(package, what is wrong with its metadata and how to mend it) for all on ``path``, by default ``sys.path``."""
    for folder in dict.fromkeys(sys.path if path is None else path):
        versions: dict[str, list[str]] = {}
        for metadata in metadata_folders(folder):
            name, version = identity(metadata)
            lines = [*entry_points(metadata, of="")]
            groups = {group for _, _, group in lines}
            ours = any(group.startswith("pellucid") for group in groups)
            if name.startswith("~"):
                if ours:
                    yield name, f"pip began to remove it and did not finish. Delete {metadata}."
                continue
            versions.setdefault(name.lower(), []).append(version)
            if name.startswith("pellucid") and not (lines or read(metadata, "METADATA") or read(metadata, "PKG-INFO")):
                yield name, f"Its metadata is empty, as an upgrade may leave it. Delete {metadata}."
            for group in sorted(groups - {GROUP}):
                if get_close_matches(group.lower(), _MEANT, cutoff=0.8) and not group.startswith("pellucid.v"):
                    yield name, f"It registers in the group '{group}', which nobody reads. Plugins stand in '{GROUP}'."
            if ours and len(versions[name.lower()]) > 1:
                there = ", ".join(versions[name.lower()])
                yield name, f"It is there in the versions {there}, in {folder}. Uninstall both, and install it again."
