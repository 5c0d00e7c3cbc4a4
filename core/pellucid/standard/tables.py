"""Samples in files: .csv, .npy and .npz, read without executing anything and checked before memory is taken."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import DataError
from pellucid.basics.suggest import listed
from pellucid.interfaces.names import reordered
from pellucid.standard.csv_files import read_csv

SUFFIXES = (".csv", ".npy", ".npz")


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
        raise DataError(f"{path}: samples are read from {', '.join(SUFFIXES)} files. Convert it to one of these.")
    try:
        if path.suffix.lower() == ".csv":
            csv = read_csv(
                path, target, must_have_target=must_have_target, header=header, features=features, classes=classes
            )
            return Table(csv.x, csv.y, None, csv.names, csv.target)
        with path.open("rb") as file:
            if path.suffix.lower() == ".npy":
                return Table(_array(file, os.fstat(file.fileno()).st_size, str(path)))
            return _npz(file, path)
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror or error}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not a text file in UTF-8 (byte {error.start}). Save it as CSV in UTF-8.") from error


# -- NumPy's formats -------------------------------------------------------------------------------------------------


def _npz(file: IO[bytes], path: Path) -> Table:
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
                    with archive.open(f"{name}.npy") as member:
                        arrays[name] = _array(member, sizes[name], f"{name} of {path}")
    except (zipfile.BadZipFile, KeyError, NotImplementedError) as error:
        raise DataError(f"{path} is no .npz file, or it is truncated or damaged: {error}. Write it again.") from error
    classes = arrays.get("classes")
    return Table(arrays["x"], arrays.get("y"), None if classes is None else tuple(str(c) for c in classes.ravel()))


def _array(file: IO[bytes], size: int, what: str) -> HostArray:
    """An array in NumPy's format whose header agrees with the size of its file."""
    try:
        version = npy.read_magic(file)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, by_columns, dtype = read_header(file)
    except (ValueError, EOFError) as error:
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
    values = file.read(wanted)
    if len(values) != wanted:
        raise DataError(f"{what} is truncated: {wanted} bytes expected. Received: {len(values)}.")
    return np.frombuffer(values, dtype).reshape(shape, order="F" if by_columns else "C")
