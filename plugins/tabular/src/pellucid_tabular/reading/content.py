"""The content of a file: unpacked, and if it is text, as UTF-8 with lines that end in a newline."""

from __future__ import annotations

import codecs
import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from pellucid import ConfigError, DataError, check_memory

MOST_UNPACKED = 1 << 30
"""Bytes that a packed file is unpacked to, however few it takes."""
MOST_EXPANSION = 100
"""And of larger ones, how many bytes may come from one."""
GROWTH = 5
"""What a table takes in memory while it is read, at least, in sizes of its file."""
USUAL = ("", "utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "cp1252", "latin-1")
"""Encodings that are found out."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_OTHERS = {
    b"PK\x03\x04": "a zip archive, as a workbook of Excel is", b"\xd0\xcf\x11\xe0": "an old workbook of Excel",
    b"SQLite format 3": "a database", b"%PDF": "a PDF", b"\x89HDF": "an HDF5 file", b"\x89PNG": "a picture",
    b"FEA1": "Feather of version 1", b"BZh": "packed by bzip2", b"\xfd7zXZ": "packed by xz",
    b"\x28\xb5\x2f\xfd": "packed by zstd",
}  # fmt: skip


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Attributes:
        data: its bytes; of text in UTF-8, without a mark in front, lines ended by a newline.
        encoding: of the text in the file; None of a file that is no text.
        why: how the encoding was found out.
    """

    data: bytes
    encoding: str | None
    why: str


def content_of(path: Path, encoding: str | None = None) -> Content:
    """Read a file.

    Args:
        encoding: of its text; None finds out: what a mark in front says; else UTF-8 if it is valid; else
            Windows-1252, and Latin-1 where that has a hole.

    Raises:
        DataError: no such file, larger than the memory, no table at all, no text of that encoding.
        ConfigError: an encoding that Python does not know.
    """
    data = _bytes(path)
    if data[:4] == b"PAR1" or data[:6] == b"ARROW1":
        return Content(data, None, "")
    for magic, what in _OTHERS.items():
        if data.startswith(magic):
            raise DataError(
                f"{path} is {what}. Tables are read from text (.csv and the like), Parquet, Arrow, and from these "
                "packed by gzip. Save it as one of them."
            )
    text, encoding, why = _decoded(data, encoding, path)
    if b"\0" in text:
        line = text.partition(b"\0")[0].count(b"\n") + 1
        raise DataError(
            f"{path}, line {line}, column 0: expected text. Received: a byte of value 0. It is no text, or it is "
            "damaged; save it again as UTF-8, or say its encoding."
        )
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return Content(text, encoding, why)


def _bytes(path: Path) -> bytes:
    try:
        found = path.stat()
        if not S_ISREG(found.st_mode):
            raise DataError(f"{path} is no file. Give the path of a table.")
        check_memory(GROWTH * found.st_size, f"The table {path}", "Give fewer rows or columns.", DataError)
        data = path.read_bytes()
        return _unpacked(data, path) if data[:2] == b"\x1f\x8b" else data
    except ValueError as error:  # a character that no name can have
        raise DataError(f"There can be no file {str(path)!r:.200}: {error}. Check the path.") from error
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror or error}. Check the path.") from error


def _unpacked(data: bytes, path: Path) -> bytes:
    most = max(MOST_UNPACKED, MOST_EXPANSION * len(data))
    try:
        with gzip.open(path) as file:
            unpacked = file.read(most + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is packed by gzip, and is truncated or damaged: {error}. Write it again.") from error
    if len(unpacked) > most:
        raise DataError(
            f"{path} takes {len(data):,} bytes and more than {most:,} unpacked. Packed tables of more than "
            f"{MOST_UNPACKED >> 30} GiB are read up to {MOST_EXPANSION} times their size. Unpack it first."
        )
    return unpacked


def _decoded(data: bytes, encoding: str | None, path: Path) -> tuple[bytes, str, str]:
    why = "said by the user"
    if encoding is None:
        encoding, why = next(((name, "the mark in front") for mark, name in _MARKS if data.startswith(mark)), ("", ""))
    if not encoding:
        start = data[:4096]
        if len(start) > 3 and start.count(b"\0") > len(start) // 4:
            encoding = "utf-16-le" if start[1::2].count(b"\0") > start[::2].count(b"\0") else "utf-16-be"
            why = "every other byte is 0"
        elif data.isascii() or _is_utf8(data):
            return data, "utf-8", "it is valid"
        else:
            encoding, why = ("cp1252", "it is no valid UTF-8; where it is neither Windows-1252, say which")
            try:
                return data.decode(encoding).encode(), encoding, why
            except UnicodeDecodeError:
                return data.decode("latin-1").encode(), "latin-1", "it is valid neither in UTF-8 nor in Windows-1252"
    try:
        return data.decode(encoding).removeprefix("\ufeff").encode(), encoding, why
    except LookupError as error:
        raise ConfigError(f"{error}. Give one that Python knows, such as utf-8, cp1252, utf-16.") from error
    except UnicodeError as error:
        at = getattr(error, "start", 0)
        raise DataError(
            f"{path}, line {data[:at].count(10) + 1}, column 0: expected text in {encoding}. Received: byte {at} of "
            f"the file is none: {getattr(error, 'reason', error)}. Save it as UTF-8, or say its encoding."
        ) from error


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
