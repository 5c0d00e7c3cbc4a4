"""Finds the plugins that are installed, from the metadata of their distributions alone: nothing is imported.

This reads the same files as ``importlib.metadata.entry_points``, whose import alone takes longer than all the rest of
``pellucid --help``; a test holds the two against each other. For the same reason this module imports nothing that the
interpreter has not loaded at its start: no typing, re, dataclasses or pathlib.
"""

from __future__ import annotations

import os
import sys
from collections import namedtuple
from collections.abc import Iterator, Sequence

GROUP = "pellucid.v1"
"""The entry-point group; it carries the major version of the plugin interface."""
_PREFIX = "pellucid.v"


class Claim(namedtuple("Claim", "vendor module group distribution version")):  # typing's is slow to import
    """One line of a distribution's ``entry_points.txt``: this distribution speaks for this vendor. All are texts."""

    __slots__ = ()


def find_claims(path: Sequence[str] | None = None) -> list[Claim]:
    """All claims in groups ``pellucid.v*`` on ``path`` (default ``sys.path``), sorted by vendor.

    Of a distribution that is installed twice the first one counts, as it does for imports.
    """
    claims: list[Claim] = []
    seen: set[str] = set()
    for folder in sys.path if path is None else path:
        for metadata in _metadata_folders(folder or "."):
            name, version = _identity(metadata)
            key = name.replace("_", "-").replace(".", "-").lower()
            if key not in seen:
                seen.add(key)
                claims += [Claim(*line, name, version) for line in _entry_points(metadata)]
    return sorted(claims)


def _metadata_folders(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info")))
    except OSError:  # not a folder, or not readable: Python's import passes over it too
        return []


def _identity(metadata: str) -> tuple[str, str]:
    """Name and version, from the folder's own name where that holds both."""
    stem = os.path.basename(metadata).rpartition(".")[0]  # noqa: PTH119  (pathlib is too slow to import here)
    name, dash, version = stem.partition("-")
    if metadata.endswith(".dist-info") and dash:
        return name.replace("_", "-"), version
    lines = _read(metadata, "PKG-INFO").partition("\n\n")[0].splitlines()
    headers = {key: value.strip() for key, _, value in (line.partition(": ") for line in lines)}
    return headers.get("Name", name), headers.get("Version", version)


def _entry_points(metadata: str) -> Iterator[tuple[str, str, str]]:
    """(vendor, module, group) of each line in a group of ours."""
    text = _read(metadata, "entry_points.txt")
    if _PREFIX not in text:
        return
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif group.startswith(_PREFIX) and "=" in line and not line.startswith(("#", ";")):
            vendor, _, module = line.partition("=")
            yield vendor.strip(), module.partition("[")[0].strip(), group


def _read(metadata: str, name: str) -> str:
    try:
        with open(os.path.join(metadata, name), encoding="utf-8", errors="replace") as file:  # noqa: PTH118, PTH123
            return file.read()
    except OSError:
        return ""
