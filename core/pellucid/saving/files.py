"""Files as they are written and read: replaced whole or not at all; JSON without NaN."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BytesIO
from itertools import count
from math import isfinite
from pathlib import Path
from typing import Any

from pellucid.basics.errors import CheckpointError

SUFFIX = ".partial"
"""Ending of the temporary files; one that is found later was left by a process that was killed."""
_numbers = count()


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a temporary file and put it in the place of ``path`` in one step.

    The temporary file stands in the same folder, because only within one file system a rename is atomic. Its bytes
    reach the disk before the rename, or after a power cut the new name could stand for an empty file; the rename
    reaches the disk before this function returns.

    Raises:
        CheckpointError: the folder is missing, not writable or full; the file that was there is untouched.
    """
    target = Path(os.path.realpath(path))  # of a symbolic link, what it points to is replaced
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{next(_numbers)}{SUFFIX}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        _flush_names(target.parent)
    except OSError as error:
        raise CheckpointError(
            f"Cannot write {path}: {error.strerror or error}. Check that the folder exists, may be written to and has "
            "room; what was there before is untouched."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def replace_by(path: str | os.PathLike[str], write: Callable[[BytesIO], Any]) -> None:
    """Let ``write`` fill a file in memory, and write that in the same way."""
    content = BytesIO()
    write(content)
    replace_file(path, content.getvalue())


def replace_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file (UTF-8) in the same way."""
    replace_file(path, text.encode())


def remove_leftovers(folder: Path) -> None:
    """Delete temporary files of killed processes. Only for whoever knows that nobody else writes into this folder."""
    for leftover in folder.glob(f".*{SUFFIX}"):
        leftover.unlink(missing_ok=True)


def _flush_names(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if os.name == "nt":  # Windows cannot open a folder, and journals its renames
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def plain(value: Any) -> Any:
    """A value as strict JSON has it: NaN and infinity become null."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return plain(value.tolist()) if hasattr(value, "tolist") else value  # numbers and arrays of NumPy's


def to_json(value: Any, *, indent: int | None = None) -> str:
    """A value as a JSON text; what JSON does not know, such as a path, becomes its own text."""
    return json.dumps(plain(value), ensure_ascii=False, indent=indent, default=str, allow_nan=False)
