"""Source: where the files of a data set are published; finds them on this machine or downloads them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pellucid import DataError

from pellucid_datasets.places import CACHE, DATA, cache_folder, find, looked_in


@dataclass(frozen=True)
class Source:
    """Files published under one address.

    Attributes:
        dataset: the data set's name, for messages.
        folder: the name of its folder in every place.
        url: the address; a file's name is appended.
        checksums: file name -> SHA-256 of what a download must give.
        size: of all downloads together, in words.
        hint: a further way to get the files, or an empty text.
    """

    dataset: str
    folder: str
    url: str
    checksums: Mapping[str, str]
    size: str
    hint: str = ""

    def found(self, files: Iterable[str]) -> dict[str, Path] | None:
        """The paths of these files if they are on this machine."""
        return find(self.folder, files)

    def obtained(self) -> dict[str, Path]:
        """The paths of all published files, which are downloaded into the cache if they are nowhere.

        Errors: DataError if that is not possible; it says where they were looked for and how to get them.
        """
        found = self.found(self.checksums)
        if found is not None:
            return found
        return {name: self._downloaded(name) for name in self.checksums}

    def _downloaded(self, name: str) -> Path:
        """The file in the cache. It appears there whole and checked or not at all."""
        pooch = self._pooch()
        from requests import RequestException

        url, folder = self.url + name, cache_folder(self.folder)
        seen = getattr(sys.stderr, "isatty", bool)()  # services have no standard error
        try:
            path = pooch.retrieve(url, self.checksums[name], name, folder, progressbar=seen)
        except RequestException as error:
            raise self._failed(f"{url} could not be downloaded: {error}.") from error
        except ValueError as error:  # what pooch raises for another checksum
            raise self._failed(
                f"What came from {url} is not the file that was published: its SHA-256 must be "
                f"{self.checksums[name]}. {error} It was not kept."
            ) from error
        except OSError as error:
            raise self._failed(
                f"The cache folder {folder} cannot be written: {error}. Set {CACHE} to a folder that can."
            ) from error
        return Path(path)

    def _pooch(self) -> Any:
        try:
            import pooch
        except ImportError as error:
            raise self._failed("Its files are not on this machine.") from error
        return pooch

    def _failed(self, reason: str) -> DataError:
        return DataError(f"{self.dataset}: {reason} {looked_in(self.folder)} {self.how_to_get()}")

    def how_to_get(self) -> str:
        """Every way to the files, for a message."""
        files = ", ".join(self.checksums)
        return (
            f"To have it downloaded ({self.size}, from {self.url}): pip install 'pellucid-datasets[download]' and try "
            f"again. {self.hint}{' ' * bool(self.hint)}Or put {files} into a folder {self.folder} and set {DATA} to "
            f"the folder that holds it."
        )
