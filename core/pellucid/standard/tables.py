"""Samples in files: .csv, .npy and .npz, read without executing anything and checked before memory is taken."""

from __future__ import annotations

import csv
import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import DataError
from pellucid.basics.suggest import did_you_mean, listed
from pellucid.interfaces.names import reordered

SUFFIXES = (".csv", ".npy", ".npz")


@dataclass(frozen=True, eq=False)
class Table:
    """What a file holds.

    Attributes:
        x: the inputs, (N, …); of a .csv float32 (N, columns).
        y: the targets: numbers, or the texts of class names; None if the file has none.
        classes: names of the classes, if the file gives them.
        features: names of the columns of ``x``, if the file is a .csv that gives them.
    """

    x: HostArray
    y: HostArray | None = None
    classes: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None


def in_order(table: Table, features: tuple[str, ...] | None, where: str) -> Table:
    """The table with its columns in the order of ``features``, those that a model was trained on.

    Columns without names, in the table or in training, are taken as they stand.

    Raises:
        DataError: the names are others.
    """
    if features is None or table.features is None:
        return table
    return replace(table, x=reordered(table.x, table.features, features, where), features=features)


def read_table(path: str | os.PathLike[str], target: str | None = None, *, must_have_target: bool = True) -> Table:
    """Read samples.

    Args:
        path: ``.csv`` with one sample a line, a first line of column names if it is not all numbers, fields separated
            by comma, semicolon or tab; ``.npz`` with the arrays ``x`` and, if there are targets, ``y`` and ``classes``;
            or ``.npy`` with inputs alone.
        target: the column of a .csv that holds the targets, by name or by number counted from 0.
        must_have_target: whether a .csv without that column is an error.

    Raises:
        DataError: missing, truncated or foreign file, wrong number of fields, a field that is no number.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"{path}: samples are read from {', '.join(SUFFIXES)} files. Convert it to one of these.")
    try:
        if path.suffix.lower() == ".csv":
            return _csv(path, target, must_have_target)
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


# -- CSV -------------------------------------------------------------------------------------------------------------


def _csv(path: Path, target: str | None, must_have_target: bool) -> Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        file.seek(0)
        delimiter = max(",;\t", key=first.count)
        lines = _lines(csv.reader(file, delimiter=delimiter))
        number, fields = next(lines, (0, []))
        if not fields:
            raise DataError(f"{path} is empty. Expected: one sample a line, and column names in the first.")
        named = any(_number(field) is None for field in fields)
        names = [field.strip() for field in fields] if named else [str(i) for i in range(len(fields))]
        column = _column(path, names, target, must_have_target)
        inputs = [name for i, name in enumerate(names) if i != column]
        rows, targets = [], []
        if not named:
            lines = chain([(number, fields)], lines)
        for number, fields in lines:
            if len(fields) != len(names):
                raise DataError(
                    f"{path}, line {number}: expected {len(names)} fields separated by {delimiter!r}, as in the first "
                    f"line. Received: {len(fields)}."
                )
            if column is not None:
                targets.append(fields.pop(column).strip())
                if not targets[-1]:
                    raise DataError(
                        f"{path}, line {number}, column '{names[column]}': the target is missing. Expected: a class or "
                        "a number. Fill it in, or remove the line."
                    )
            rows.append(_numbers(path, number, fields, inputs, target))
    if not rows:
        raise DataError(f"{path} has column names and no samples. Expected: one sample a line.")
    y = None if column is None else _targets(targets)
    return Table(np.array(rows, np.float32).reshape(len(rows), -1), y, features=tuple(inputs) if named else None)


def _lines(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """(line number, fields) of all lines that are not empty."""
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield reader.line_num, fields
    except csv.Error as error:
        raise DataError(f"Line {reader.line_num} is not valid CSV: {error}.") from error


def _number(field: str) -> float | None:
    try:
        return float(field)
    except ValueError:
        return None


def _column(path: Path, names: Sequence[str], target: str | None, must_have_target: bool) -> int | None:
    if target is None:
        return None
    if target in names:
        return names.index(target)
    if target.lstrip("-").isdigit() and -len(names) <= int(target) < len(names) and names[0] == "0":
        return int(target) % len(names)
    if not must_have_target:
        return None
    raise DataError(
        f"{path} has no column {target!r} for the targets.{did_you_mean(target, names)} Its columns: {listed(names)}."
    )


def _numbers(path: Path, line: int, fields: Sequence[str], names: Sequence[str], target: str | None) -> list[float]:
    values = []
    for field, name in zip(fields, names, strict=True):
        value = _number(field)
        if value is None:
            hint = f"If it holds the targets, say so: target = '{name}'. Else remove" if target is None else "Remove"
            raise DataError(
                f"{path}, line {line}, column '{name}': expected a number. Received: {field!r}. {hint} the line or the "
                "column, or fill in the value."
            )
        values.append(value)
    return values


def _targets(texts: Sequence[str]) -> HostArray:
    """Whole numbers, numbers, or texts: the first of these that fits all."""
    for convert, dtype in ((int, np.int64), (float, np.float32)):
        try:
            return np.array([convert(text) for text in texts], dtype)
        except (ValueError, OverflowError):
            continue
    return np.array(texts)
