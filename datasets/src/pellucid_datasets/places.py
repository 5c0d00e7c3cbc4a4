"""Where the files lie that do not come with this package: PELLUCID_DATA, the system's packages, the cache."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pellucid import DataError

DATA = "PELLUCID_DATA"
"""Environment variable: a folder with one folder for each data set, in which its files lie."""
CACHE = "PELLUCID_CACHE"
"""Environment variable: where downloads and rendered glyphs are kept; otherwise the user's cache folder."""
SYSTEM = Path("/usr/share/datasets")
"""Where Debian's packages ``dataset-…`` put their files."""


@dataclass(frozen=True)
class Place:
    """A folder that may hold the files of a data set; ``title`` is what messages call it."""

    title: str
    folder: Path

    def holds(self, names: Iterable[str]) -> dict[str, Path]:
        """Those of the files that are here, packed or unpacked: name -> path.

        Errors: DataError if the folder may not be searched.
        """
        found = {}
        for name in names:
            either = self.folder / name, self.folder / name.removesuffix(".gz")
            try:
                path = next(filter(Path.is_file, either), None)
            except PermissionError as error:
                raise DataError(f"{self} may not be searched: {error.strerror}. Correct its permissions.") from error
            if path is not None:
                found[name] = path
        return found

    def __str__(self) -> str:
        # Unlike Path.is_dir this is False, not an error, where one may not look.
        return f"{self.folder} ({self.title}{'' if os.path.isdir(self.folder) else ', no such folder'})"  # noqa: PTH112


def cache_folder(name: str) -> Path:
    """The folder ``name`` in the cache, which need not exist."""
    chosen = os.environ.get(CACHE)
    if chosen:
        return Path(chosen).expanduser() / name
    from platformdirs import user_cache_path

    return user_cache_path("pellucid", appauthor=False) / name


def places(name: str) -> list[Place]:
    """Where the files of the data set's folder ``name`` are looked for, in this order.

    Errors: DataError if PELLUCID_DATA is set to something that is no folder.
    """
    found = [Place("system", SYSTEM / name), Place("cache", cache_folder(name))]
    chosen = os.environ.get(DATA)
    if chosen:
        root = Path(chosen).expanduser()
        if not root.is_dir():
            raise DataError(
                f"The environment variable {DATA} must name a folder, in which data sets lie in folders of their own. "
                f"Received: {chosen!r}, which is none. Correct it or unset it."
            )
        found.insert(0, Place(DATA, root / name))
    return found


def find(name: str, files: Iterable[str]) -> dict[str, Path] | None:
    """The paths of these files in the first place that has them all, or None.

    Errors: DataError if a place other than the cache has some of them only: half a data set is a mistake.
    """
    wanted = list(files)
    for place in places(name):
        found = place.holds(wanted)
        if len(found) == len(wanted):
            return found
        if found and place.title != "cache":
            missing = ", ".join(file for file in wanted if file not in found)
            raise DataError(
                f"{place} has {len(found)} of {len(wanted)} files. Missing: {missing}. "
                "Put them there too, or move those that are there away."
            )
    return None


def looked_in(name: str) -> str:
    """What was searched, for a message."""
    unset = "" if os.environ.get(DATA) else f"; {DATA} is not set"
    return f"Looked in: {', '.join(map(str, places(name)))}{unset}."
