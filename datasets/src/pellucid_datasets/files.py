"""packaged: the bytes of a file that comes with this package, held against its checksum."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from pellucid import DataError

FOLDER = Path(__file__).with_name("data")


def packaged(name: str, checksum: str) -> bytes:
    """The content of ``data/name``.

    Args:
        checksum: its SHA-256, in hexadecimal digits.

    Errors: DataError if the file is missing or has another checksum.
    """
    path = FOLDER / name
    remedy = "Install it again: pip install --force-reinstall pellucid-datasets."
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}, a part of pellucid-datasets, cannot be read: {error.strerror}. {remedy}") from error
    found = sha256(content).hexdigest()
    if found != checksum:
        raise DataError(
            f"{path}, a part of pellucid-datasets, is damaged or has been replaced: its SHA-256 must be {checksum}. "
            f"Received: {found} ({len(content)} bytes). {remedy}"
        )
    return content
