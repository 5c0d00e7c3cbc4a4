"""Source: where the files of a data set are published; finds them on this machine or downloads them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from pellucid import CheckpointError, DataError, replacing

from pellucid_datasets.places import CACHE, DATA, cache_folder, find, looked_in

SILENCE = 30.0
"""Seconds that a server may let pass without a byte."""
SECONDS = 3600
"""That the download of one file may take."""
PIECE = 1 << 16


@dataclass(frozen=True)
class Source:
    """Files published under one address.

    Attributes:
        dataset: the data set's name, for messages.
        folder: the name of its folder in every place.
        url: the address; a file's name is appended.
        checksums: file name -> SHA-256 of what a download must give.
        size: of all downloads together, in words.
        most: bytes that a single file may have; a server that sends more is left.
        hint: a further way to get the files, or an empty text.
    """

    dataset: str
    folder: str
    url: str
    checksums: Mapping[str, str]
    size: str
    most: int
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
        from urllib3.exceptions import HTTPError  # of what requests stands on

        url, folder = self.url + name, cache_folder(self.folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with replacing(folder / name) as file:  # what a killed download leaves, a later one finds and removes
                self._fetch(url, file.name, pooch)
                received = pooch.file_hash(file.name, alg="sha256")
                if received != self.checksums[name]:
                    raise ValueError(f"Received: {received}.")
        except (RequestException, HTTPError) as error:
            raise self._failed(f"{url} could not be downloaded: {error}.") from error
        except ValueError as error:
            raise self._failed(
                f"What came from {url} is not the file that was published: its SHA-256 must be "
                f"{self.checksums[name]}. {error} It was not kept."
            ) from error
        except (OSError, CheckpointError) as error:
            raise self._failed(
                f"The cache folder {folder} cannot be written: {error}. Set {CACHE} to a folder that can."
            ) from error
        return folder / name

    def _fetch(self, url: str, file: str, pooch: Any) -> None:
        """Write what stands under an address to a file, as pooch asks for it; a server that is silent, slow or sends
        without end is left."""
        from requests import get

        deadline = monotonic() + SECONDS
        as_it_is = {"Accept-Encoding": "identity"}
        with get(url, stream=True, timeout=SILENCE, headers=as_it_is) as answer, Path(file).open("wb") as into:
            answer.raise_for_status()
            length = answer.headers.get("Content-Length", "")
            done, announced = 0, int(length) if length.isdecimal() else 0
            # What is there, not a whole piece: this would wait for a byte now and then without looking at the clock.
            read = getattr(answer.raw, "read1", answer.raw.read)
            while piece := read(PIECE):
                done += len(piece)
                if max(done, announced) > self.most:
                    raise self._failed(f"{url} sends more than the {self.most:,} bytes that the file can have.")
                if monotonic() > deadline:
                    raise self._failed(
                        f"{url} had sent {done:,} bytes after {SECONDS // 60} minutes, which is too slow."
                    )
                into.write(piece)
                _show(Path(url).name, done, announced)

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


def _show(name: str, done: int, announced: int) -> None:
    """How far a download has come, for whoever sits at a terminal."""
    if getattr(sys.stderr, "isatty", bool)():  # services have no standard error
        whole = f" of {announced / 1e6:.0f}" if announced else ""
        print(
            f"\r{name}: {done / 1e6:.0f}{whole} MB", end="" if done < announced else "\n", file=sys.stderr, flush=True
        )
