"""Finds the plugins that are installed, from the metadata of their distributions alone: nothing is imported.

This reads the same files as ``importlib.metadata.entry_points``, whose import alone takes longer than all the rest of
``pellucid --help``; a test holds the two against each other. For the same reason this module imports nothing that the
interpreter has not loaded at its start: no typing, re, dataclasses or pathlib.
"""

from __future__ import annotations

import os
import sys
import zipimport
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

    Of a distribution that is there twice the first that claims something counts, as the first counts for imports; in
    one folder, where an upgrade has left another behind, that of the highest version. What ``pip`` has renamed, with a
    ``~`` in front, in order to remove it, is no longer installed.
    """
    claims: list[Claim] = []
    seen: set[str] = set()
    for folder in sys.path if path is None else path:
        for metadata in metadata_folders(folder):
            lines = [line for line in entry_points(metadata) if line[2].startswith(_PREFIX)]
            name, version = identity(metadata) if lines else ("~", "")
            key = name.replace("_", "-").replace(".", "-").lower()
            if key not in seen and not name.startswith("~"):
                seen.add(key)
                claims += [Claim(*line, name, version) for line in lines]
    return sorted(set(claims))


def metadata_folders(folder: str) -> list[str]:
    """The folders of metadata in an entry of ``sys.path``, a folder or a zip file; the highest version first."""
    try:
        if os.path.isfile(folder):  # noqa: PTH113  (pathlib is too slow to import here)
            import zipfile  # slow, too, and a path seldom has one

            with zipfile.ZipFile(folder) as archive:
                names = {name.partition("/")[0] for name in archive.namelist()}
        else:
            with os.scandir(folder or ".") as entries:
                names = {entry.name for entry in entries}
        found = [name for name in names if name.endswith((".dist-info", ".egg-info"))]
    except Exception:  # not readable, no name of a file, a damaged archive: Python's import passes over it too
        return []
    return [os.path.join(folder, name) for name in sorted(found, key=_by_version, reverse=True)]  # noqa: PTH118


def _by_version(name: str) -> list[str]:
    return [part.zfill(9) for part in name.replace("-", ".").split(".")]


def identity(metadata: str) -> tuple[str, str]:
    """Name and version of a distribution, from the folder's own name where that holds both."""
    stem = os.path.basename(metadata).rpartition(".")[0]  # noqa: PTH119
    name, dash, version = stem.partition("-")
    if metadata.endswith(".dist-info") and dash:
        return name.replace("_", "-"), version
    lines = read(metadata, "PKG-INFO").partition("\n\n")[0].splitlines()
    headers = {key: value.strip() for key, _, value in (line.partition(": ") for line in lines)}
    return headers.get("Name", name), headers.get("Version", version)


def entry_points(metadata: str, of: str = _PREFIX) -> Iterator[tuple[str, str, str]]:
    """(name, module, group) of each line of a distribution's ``entry_points.txt``, unless it holds no such text."""
    group, text = "", read(metadata, "entry_points.txt")
    for line in map(str.strip, text.splitlines() if of in text else ()):
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif "=" in line and not line.startswith(("#", ";")):
            name, _, module = line.partition("=")
            yield name.strip(), module.partition("[")[0].strip(), group


def read(metadata: str, name: str) -> str:
    """The text of one of a distribution's files, or nothing where there is none; of a long one the beginning."""
    folder, base = os.path.split(metadata)
    try:
        with open(os.path.join(metadata, name), "rb") as file:  # noqa: PTH118, PTH123
            content = file.read(1 << 16)
    except OSError:
        try:
            content = zipimport.zipimporter(folder).get_data(os.path.join(base, name))  # noqa: PTH118
        except Exception:  # as above
            return ""
    return content.decode("utf-8", "replace").lstrip("\ufeff")
