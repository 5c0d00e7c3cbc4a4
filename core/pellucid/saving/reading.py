"""A file is opened once and read from front to back: what was checked is what is read, whoever writes meanwhile.

It is not mapped into memory: where another process shortens a mapped file, as ``cp`` does before it writes, the reader
is killed by a signal.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import CheckpointError
from pellucid.saving.container import (
    AGAIN,
    MAX_HEADER,
    WRITERS,
    Header,
    Kind,
    as_path,
    check_header,
    damaged,
    hash_values,
)
from pellucid.saving.files import shown

_JUST_NOW = 10.0
"""Seconds. Where a file was written to so short a time ago, its writer may not be done."""


class Opened:
    """A file while it is read.

    Attributes:
        header: what it says of itself, checked.
    """

    def __init__(self, path: Path, file: BufferedReader, kind: Kind) -> None:
        self._file = file
        self._stamp = _stamp(file)
        self._path, self._kind = path, kind
        with self._explained():
            self.header = self._read_header(kind)

    def _read_header(self, kind: Kind) -> Header:
        """The JSON header of a safetensors file: 8 bytes that give its length, then the text."""
        path, size = self._path, self._stamp[0]
        start = self._file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > size - 8:
            # The first bytes of a foreign file, read as a length, say nothing to anybody.
            claimed = f", and its header alone takes {length + 8}" if 0 < length <= MAX_HEADER else ""
            raise CheckpointError(
                f"{shown(path)} is not a safetensors file, or it is truncated: {size} bytes{claimed}. Copy it again, "
                f"or {AGAIN[kind]}."
            )
        if length > MAX_HEADER:
            raise CheckpointError(
                f"{shown(path)} has a header of {length} bytes. Expected: at most {MAX_HEADER}. No file that pellucid "
                "writes has one so large, so it is not read."
            )
        return check_header(path, self._file.read(length), size, kind)

    def tensors(self) -> dict[str, HostArray]:
        """All tensors, verified against their hash; each has memory of its own. To be called once.

        Raises:
            CheckpointError: damaged, or written to while it was read.
        """
        header, tensors = self.header, {}
        with self._explained():
            for name in sorted(header.starts, key=header.starts.__getitem__):  # as they stand in the file
                dtype, shape = header.tensors[name]
                array = np.empty(shape, dtype)
                values = array.reshape(-1).view(np.uint8)
                if values.size and self._file.readinto(values.data) != values.size:
                    raise damaged(header.path, f"it ends within tensor {name!r}", header.kind)
                if dtype == np.bool_ and values.size and values.max() > 1:
                    what = f"tensor {name!r} holds truth values that are neither 0 nor 1"
                    raise damaged(header.path, what, header.kind)
                tensors[name] = array
            if hash_values(tensors) != header.tensors_hash:
                raise damaged(header.path, "the hash of its values is not the one that was written", header.kind)
        return tensors

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Within: a file that somebody is writing is not called damaged."""
        try:
            yield
        except OSError as error:
            raise unreadable(self._path, error, self._kind) from error
        except CheckpointError as error:
            if _stamp(self._file) != self._stamp:
                raise CheckpointError(
                    f"{shown(self._path)} was written to while it was read, by a copy onto it for example. Load it "
                    "again when that has ended; pellucid replaces a file in one step, and so does mv."
                ) from error
            age = time.time() - self._stamp[1] / 1e9
            if abs(age) > _JUST_NOW:
                raise
            raise CheckpointError(
                f"{error} It was written to {max(age, 0.0):.1f} s ago: if that goes on, load it when it has ended."
            ) from error


@contextmanager
def opened(path: str | os.PathLike[str], kind: Kind) -> Iterator[Opened]:
    """Within: a file whose header has been checked, and whose tensors can be read, from the one descriptor.

    Raises:
        CheckpointError: missing, foreign, truncated, damaged, of the other kind, or of a newer pellucid.
    """
    path = as_path(path, kind)
    try:
        # Without O_NONBLOCK a pipe would be waited for, for ever.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        file = os.fdopen(os.open(path, flags), "rb")
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        raise unreadable(path, error, kind) from error
    with file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise CheckpointError(
                f"Cannot read {shown(path)}: it is a device, a pipe or a socket. Expected: a file, whose size is known "
                "before it is read. Copy what comes from there into one."
            )
        yield Opened(path, file, kind)


def read_header(path: str | os.PathLike[str], kind: Kind) -> Header:
    """What a file says of itself, checked, where its tensors are of no interest.

    Raises:
        CheckpointError: see :func:`opened`.
    """
    with opened(path, kind) as file:
        return file.header


def unreadable(path: Path, error: Exception, kind: str) -> CheckpointError:
    """The error for a file that the operating system does not give."""
    reason = getattr(error, "strerror", None) or str(error)
    return CheckpointError(
        f"Cannot read {shown(path)}: {reason}. Check the path; {WRITERS[kind]} writes such files."
    )


def _stamp(file: BufferedReader) -> tuple[int, int]:
    """Its size and when it was last written to. Not when its inode changed: a new file that
    takes its name changes that too, and does this one no harm."""
    there = os.fstat(file.fileno())
    return there.st_size, there.st_mtime_ns
