"""Unpacking an archive on every Python that is promised: ``extractall(filter=…)`` came with 3.11.4."""

from __future__ import annotations

import tarfile
from pathlib import Path


def unpack(archive: Path, folder: Path) -> None:
    """Lay the members of an archive of our own making into a folder."""
    safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # without it 3.12 warns, 3.14 does it anyway
    with tarfile.open(archive) as members:
        members.extractall(folder, **safely)
