"""Samples in files: .csv, .npy and .npz, read without executing anything and checked before memory is taken."""

from __future__ import annotations

import lzma
import os
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import DataError
from pellucid.basics.limits import check_memory
from pellucid.basics.suggest import listed
from pellucid.interfaces.names import reordered
from pellucid.standard.csv_files import read_csv, reads_more

SUFFIXES = (".csv", ".npy", ".npz")
MOST_UNPACKED = 1 << 30
"""Bytes that a compressed array is unpacked to, however few it takes in the file."""
MOST_EXPANSION = 100
"""And of larger ones, how many bytes may come from one in the file; deflate makes up to 1,032 of zeros."""
MOST_AXES = 32
"""Of an array, as NumPy 1 has it."""
CSV_GROWTH = 4
"""A number of a .csv takes eight bytes at least, and while it is read four times as much; in the file it takes about
as many."""


@dataclass(frozen=True, eq=False)
class Table:
    """What a file holds.

    Attributes:
        x: the inputs, (N, …); of a .csv float64 (N, columns): whoever trains makes them smaller, after the transforms.
        y: the targets: numbers, or the texts of class names; None if the file has none.
        classes: names of the classes, if the file gives them.
        features: names of the columns of ``x``, if the file is a .csv that gives them.
        target: name of the column of ``y``, likewise.
    """

    x: HostArray
    y: HostArray | None = None
    classes: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None
    target: str | None = None


def in_order(table: Table, features: tuple[str, ...] | None, where: str) -> Table:
    """The table with its columns in the order of ``features``, those that a model was trained on.

    Columns without names, in the table or in training, are taken as they stand.

    Raises:
        DataError: the names are others.
    """
    if features is None or table.features is None:
        return table
    return replace(table, x=reordered(table.x, table.features, features, where), features=features)


def read_table(
    path: str | os.PathLike[str], target: str | int | None = None, *, must_have_target: bool = True,
    header: bool | None = None, features: Sequence[str] | None = None, classes: Sequence[str] | None = None,
) -> Table:  # fmt: skip
    """Read samples.

    Args:
        path: ``.csv`` with one sample a line, fields separated by comma, semicolon or tab, and column names in the
            first line or none; ``.npz`` with the arrays ``x`` and, if there are targets, ``y`` and ``classes``; or
            ``.npy`` with inputs alone.
        target: the column of a .csv that holds the targets: its name, or its number, counted from 0 or, below 0, from
            the end. A text is a name first.
        must_have_target: whether a .csv without that column is an error.
        header: whether the first line of a .csv holds names; None finds out by what stands below it.
        features: names of columns that are known to be features, from the training data; none if these had no names,
            then a first line that may be a sample is one.
        classes: names of classes that are known, likewise: if any is a number, the targets of a .csv are such names.

    A column without a name that numbers the rows is left out, as pandas and R write it.

    Raises:
        DataError: missing, truncated or foreign file, wrong number of fields, a field that is no number; a first line
            that may be names or a sample, another column without a name.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(
            f"{path}: samples are read from {', '.join(SUFFIXES)} files. Convert it to one of these. {reads_more()}"
        )
    try:
        _check_file(path)
        if path.suffix.lower() == ".csv":
            csv = read_csv(
                path, target, must_have_target=must_have_target, header=header, features=features, classes=classes
            )
            return Table(csv.x, csv.y, None, csv.names, csv.target)
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return (
                Table(_array(file, size, size, str(path))) if path.suffix.lower() == ".npy" else _npz(file, size, path)
            )
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror or error}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not a text file in UTF-8 (byte {error.start}). Save it as CSV in UTF-8. {reads_more()}"
        ) from error


def _check_file(path: Path) -> None:
    """Raise DataError for what is no file, or a .csv that memory will not hold. Directories are left to whoever opens
    them."""
    try:
        found = path.stat()
    except ValueError as error:  # a character that no name can have
        raise DataError(f"There can be no file {str(path)!r:.200}: {error}. Check the path.") from error
    if not S_ISREG(found.st_mode) and not S_ISDIR(found.st_mode):  # a pipe or a device may have no end
        raise DataError(f"{path} is no file. Write the samples into a {path.suffix} file, and give that.")
    if path.suffix.lower() == ".csv":
        few = "Give fewer rows or columns, or save it as an array of float32: numpy.save."
        check_memory(CSV_GROWTH * found.st_size, f"The numbers of {path}", few, DataError)


# -- NumPy's formats -------------------------------------------------------------------------------------------------


def _npz(file: IO[bytes], size: int, path: Path) -> Table:
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {info.filename.removesuffix(".npy"): info.file_size for info in archive.infolist()}
            if "x" not in sizes:
                raise DataError(
                    f"{path} must hold an array 'x' with one sample a row, and 'y' if there are targets. It holds: "
                    f"{listed(sizes)}. Write it with numpy.savez(path, x=x, y=y)."
                )
            arrays = {}
            for name in ("x", "y", "classes"):
                if name in sizes:
                    packed = min(size, archive.getinfo(f"{name}.npy").compress_size)  # which it says of itself
                    with archive.open(f"{name}.npy") as member:
                        arrays[name] = _array(member, sizes[name], packed, f"{name} of {path}")
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, KeyError, NotImplementedError, RuntimeError,
            ValueError) as error:  # fmt: skip
        raise DataError(f"{path} is no .npz file, or it is truncated or damaged: {error}. Write it again.") from error
    for name in ("x", "y"):
        if name in arrays and not arrays[name].ndim:
            raise DataError(f"{name} of {path} must have one row for each sample. Received: a single number, shape ().")
    classes = arrays.get("classes")
    return Table(arrays["x"], arrays.get("y"), None if classes is None else tuple(str(c) for c in classes.ravel()))


def _array(file: IO[bytes], size: int, packed: int, what: str) -> HostArray:
    """An array in NumPy's format whose header agrees with the size of its file.

    Args:
        size, packed: in bytes, and how many of a file these come from: a small one may say that it holds anything.
    """
    if size > max(MOST_UNPACKED, MOST_EXPANSION * packed):
        raise DataError(
            f"{what} takes {packed:,} bytes in the file and would take {size:,} in memory. Compressed arrays of more "
            f"than {MOST_UNPACKED >> 30} GiB are read up to {MOST_EXPANSION} times their size. If it is what you "
            "expect, save it without compression: numpy.savez(path, x=x, y=y)."
        )
    check_memory(size, what, "Give fewer rows, or numbers of fewer bytes.", DataError)
    shape, by_columns, dtype = read_npy_header(file, size, what)
    wanted = prod(shape) * dtype.itemsize
    values = file.read(wanted)
    if len(values) != wanted:
        raise DataError(f"{what} is truncated: {wanted} bytes expected. Received: {len(values)}.")
    return np.frombuffer(values, dtype).reshape(shape, order="F" if by_columns else "C")


def read_npy_header(file: IO[bytes], size: int, what: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether the columns lie together, and type of an array in NumPy's format, whose numbers follow.

    Raises:
        DataError: it is no such array, holds objects, or its file has not the ``size`` that the header says.
    """
    try:
        version = npy.read_magic(file)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, by_columns, dtype = read_header(file)
        if not all(type(n) is int and n >= 0 for n in shape) or len(shape) > MOST_AXES or not dtype.itemsize:
            raise ValueError(f"it cannot be of shape {shape} and type {dtype}")
    except Exception as error:  # the header is Python's own text: NumPy's parser raises what Python's parser does
        raise DataError(
            f"{what} is no array in NumPy's format, or it is damaged: {error}. Write it with numpy.save."
        ) from error
    if dtype.hasobject:
        raise DataError(f"{what} holds Python objects, which are not loaded: they can execute code. Save numbers.")
    wanted = prod(shape) * dtype.itemsize
    held = size - file.tell()
    if wanted != held:
        raise DataError(
            f"{what} is truncated or damaged: shape {shape} of {dtype} takes {wanted} bytes. Received: {held}."
        )
    return shape, by_columns, dtype
