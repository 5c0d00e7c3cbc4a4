"""MappedFile: an array in a .npy file that is mapped into memory; blocks of it are fetched ahead and given back."""

from __future__ import annotations

import mmap
from math import prod
from pathlib import Path

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import DataError
from pellucid.standard.tables import read_npy_header


class MappedFile:
    """An array that stays in its file: the system reads the parts that are looked at.

    Attributes:
        array: (N, …), read-only.
        row_bytes: of one row.

    Raises:
        DataError: no such file, no array of numbers, a damaged or truncated one, or one whose columns lie together.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(0)
                shape, by_columns, dtype = read_npy_header(file, size, str(path))
                offset = file.tell()
                if by_columns and len(shape) > 1:
                    raise DataError(
                        f"{path} holds its columns one after the other (Fortran's order), so a row lies all over the "
                        "file. Write it by rows: numpy.save(path, numpy.ascontiguousarray(x))."
                    )
                if not shape or not shape[0]:
                    raise DataError(f"{path} must have one row for each sample. Received: shape {shape}.")
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise DataError(f"Cannot read {path}: {error.strerror or error}. Check the path.") from error
        self.array: HostArray = np.ndarray(shape, dtype, self._map, offset)
        self._offset = offset
        self.row_bytes = max(1, prod(shape[1:]) * dtype.itemsize)

    def fetch(self, start: int, stop: int) -> None:
        """Let the system read these rows while something else is computed."""
        self._advise("MADV_WILLNEED", start, stop)

    def give_back(self, start: int, stop: int) -> None:
        """These rows are not looked at soon: what they take of this process's memory is given back."""
        self._advise("MADV_DONTNEED", start, stop)

    def _advise(self, what: str, start: int, stop: int) -> None:
        advice = getattr(mmap, what, None)
        if advice is None:  # Windows: the system does without
            return
        first = self._offset + start * self.row_bytes
        first -= first % mmap.PAGESIZE
        self._map.madvise(advice, first, self._offset + stop * self.row_bytes - first)
