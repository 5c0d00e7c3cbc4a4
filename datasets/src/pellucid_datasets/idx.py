"""read_idx: arrays of bytes in the IDX format, which MNIST and its relatives come in, compressed by gzip or not.

The format: two zero bytes, the type (0x08: unsigned bytes), the number of axes, the length of each axis as a
big-endian 32-bit number, then the values with the last axis running fastest. A file may come from anywhere, so
nothing that it says of itself is believed before it is checked: no memory is taken for values that cannot be there.
"""

from __future__ import annotations

import gzip
import zlib
from io import BufferedIOBase, BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from pellucid import DataError

UNSIGNED_BYTES = 0x08
GZIP = b"\x1f\x8b"
MOST_EXPANSION = 1032
"""Deflate cannot make more bytes out of one than this (https://zlib.net/zlib_tech.html)."""
LIMIT = 1 << 30
"""Largest array, in bytes, unless the caller allows more."""


def read_whole(path: Path, limit: int = LIMIT) -> bytes:
    """The content of a file.

    Errors: DataError if it has more bytes than may be, or is a device or a pipe, which may have no end. OSError.
    """
    if not path.exists() or path.is_file():  # what is not there is told by opening it
        with path.open("rb") as file:
            content = file.read(limit + 1)
    else:
        content = None
    if content is None or len(content) > limit:
        raise DataError(f"{path} is longer than {limit:,} bytes, or no file. Put the published one there.")
    return content


def read_idx(content: bytes, *, axes: int, name: str, limit: int = LIMIT) -> np.ndarray[Any, Any]:
    """The array in the content of an IDX file.

    Args:
        content: the bytes of the file.
        axes: how many axes the array must have: 3 for images, 1 for labels.
        name: what messages call the file.
        limit: the largest size to accept, in bytes.

    Returns:
        A uint8 array of its own memory.

    Errors: DataError for anything but a whole IDX file of unsigned bytes with this number of axes.
    """
    compressed = content[:2] == GZIP
    most = len(content) * MOST_EXPANSION if compressed else len(content)
    stream: BufferedIOBase = gzip.GzipFile(fileobj=BytesIO(content)) if compressed else BytesIO(content)
    try:
        shape = _header(stream, axes, name)
        size = prod(shape)
        if size > limit:
            raise DataError(
                f"{name} announces an array of shape {shape}, {size} bytes, and at most {limit} are accepted. "
                "Pass a larger limit if the file can be trusted."
            )
        if size > most:
            raise _truncated(name, shape, f"{len(content)} bytes of file cannot hold as many")
        array = np.empty(shape, np.uint8)
        found = _fill(stream, array.reshape(-1).data)
        if found < size:
            raise _truncated(name, shape, f"{found} are there")
        if stream.read(1):
            raise DataError(
                f"{name} announces an array of shape {shape} and goes on after its {size} bytes. "
                "It is damaged or not an IDX file: fetch it again."
            )
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{name} is truncated or damaged: {error}. Fetch it again.") from error
    return array


def _header(stream: BufferedIOBase, axes: int, name: str) -> tuple[int, ...]:
    magic = stream.read(4)
    if magic != bytes((0, 0, UNSIGNED_BYTES, axes)):
        raise DataError(
            f"{name} is not an IDX file of unsigned bytes with {axes} axes: it must begin with the bytes "
            f"{bytes((0, 0, UNSIGNED_BYTES, axes)).hex(' ')}. Received: {magic.hex(' ') or 'an empty file'}. "
            "Check that this is the right file: images have 3 axes, labels have 1."
        )
    lengths = stream.read(4 * axes)
    if len(lengths) < 4 * axes:
        raise DataError(
            f"{name} is truncated: it ends inside its header, after {4 + len(lengths)} bytes. Fetch it again."
        )
    return tuple(int.from_bytes(lengths[i : i + 4], "big") for i in range(0, 4 * axes, 4))


def _fill(stream: BufferedIOBase, memory: memoryview) -> int:
    """Read until the memory is full or the stream ends; the number of bytes read."""
    position = 0
    while position < len(memory):
        read = stream.readinto(memory[position:])
        if read == 0:
            break
        position += read
    return position


def _truncated(name: str, shape: tuple[int, ...], found: str) -> DataError:
    return DataError(
        f"{name} is truncated: it announces an array of shape {shape}, {prod(shape)} bytes, and {found}. "
        "Fetch it again."
    )
