"""Files as they are written and read: replaced whole or not at all; JSON without NaN."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BytesIO
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO
from warnings import warn

from pellucid.basics.errors import CheckpointError, PellucidWarning
from pellucid.saving.temporary import LOCKS, create, look_for_leftovers

_CANNOT = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EACCES, errno.EPERM, errno.EBADF}
"""What file systems say that cannot flush a folder at all, and folders that may be written and not read."""


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Within: a file to write into, which takes the place of ``path`` in one step if the block ends without an error.

    It stands in the same folder under a random name, because only within one file system a rename is atomic. Its bytes
    reach the disk before the rename, or after a power cut the new name could stand for an empty file; the rename
    reaches the disk before the block ends. The rights of the file that was there are kept, and its owner and group
    where that is allowed. Of a symbolic link, what it points to is replaced. A device or a pipe is written to as it
    is; a socket or a disk is refused.

    Raises:
        CheckpointError: the file cannot be made or put in its place; the message says what there is now. Errors of the
            block are passed on, and what was there is left alone.
    """
    writing = _Writing(path)
    with writing.explained():
        writing.begin()
    try:
        yield writing.file
        with writing.explained():
            writing.finish()
    finally:
        writing.discard()


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file whole or not at all, see :func:`replacing`.

    Raises:
        CheckpointError: the folder is missing, not writable or full; the message says what there is now.
    """
    writing = _Writing(path)
    try:
        with writing.explained():
            writing.begin()
            writing.file.write(content)
            writing.finish()
    finally:
        writing.discard()


class _Writing:
    """One file on its way to its place."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path
        self.file: BinaryIO
        self._target: Path | None = None  # without symbolic links; None: a device or a pipe, which stays
        self._temporary: Path | None = None
        self._before: _Seen | None = None
        self._placed = False

    def begin(self) -> None:
        there = _look(self.path)
        self._before = _seen(there)
        if there is not None and not stat.S_ISREG(there.st_mode):
            self.file = _open_special(self.path, there.st_mode)
            return
        target = Path(os.path.realpath(self.path))
        look_for_leftovers(target.parent)
        # Of a file that is there the rights may be narrow: nobody else sees the new one before it has them.
        self._temporary, self.file = create(target.parent, 0o666 if there is None else 0o600)
        self._target = target
        if there is not None:
            _take_over(self.file.fileno(), there)
            if there.st_nlink > 1:
                warn(
                    f"{shown(self.path)} has {there.st_nlink} names (hard links). This one gets the new content, and "
                    "the others keep the old: a file is replaced, not written over. Where they should go on meaning "
                    "the same file, use symbolic links.",
                    PellucidWarning,
                    stacklevel=5,
                )

    def finish(self) -> None:
        self.file.flush()
        if self._target is None or self._temporary is None:
            self.file.close()
            return
        os.fsync(self.file.fileno())
        if not LOCKS:
            self.file.close()  # Windows renames no open file
        self._temporary.replace(self._target)  # before its lock goes with the descriptor, or it might be swept away
        self._placed = True
        self.file.close()
        _flush_names(self._target.parent)

    def discard(self) -> None:
        """Take away what was not put in its place."""
        if hasattr(self, "file"):
            with suppress(OSError):
                self.file.close()
        if self._temporary is not None and not self._placed:
            with suppress(OSError):
                self._temporary.unlink(missing_ok=True)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Within: what the operating system refuses is said in words, with what there is now."""
        try:
            yield
        except (OSError, ValueError) as error:  # ValueError: a name with a null byte
            reason = getattr(error, "strerror", None) or str(error)
            if self._placed:
                if isinstance(error, OSError) and error.errno in _CANNOT:
                    warn(
                        f"{shown(self.path)} is written, but its folder cannot be flushed to the disk here: {reason}. "
                        "After a power cut the file from before may be back.",
                        PellucidWarning,
                        stacklevel=5,
                    )
                    return
                raise CheckpointError(
                    f"{shown(self.path)} holds the new content, but its folder could not be flushed to the disk: "
                    f"{reason}. After a power cut the file from before may be back. Check the disk, and save again."
                ) from error
            if not os.path.isabs(self.path) and not _working_directory():  # noqa: PTH117
                reason = "the working directory of this process has been removed; give a whole path"
            raise CheckpointError(
                f"Cannot write {shown(self.path)}: {reason}. Check that the folder exists, may be written to and has "
                f"room; {self._what_is_there()}."
            ) from error

    def _what_is_there(self) -> str:
        """What may be said of the file's place after a failure, looked at and not assumed."""
        if self._target is None and hasattr(self, "file"):
            return "what was written until then has gone there"
        try:
            now = _seen(_look(self.path))
        except (OSError, ValueError):
            return "nothing was put there"
        if now is None:
            return "there is no such file" if self._before is None else "the file that was there before is gone"
        if now == self._before:
            return "what was there before is untouched"
        if self._before is None:
            return "what is there now was not written by this call"
        return "what is there now is not what was there before, and was written by somebody else"


_Seen = tuple[int, ...]


def _look(path: str | os.PathLike[str]) -> os.stat_result | None:
    """What stands there, behind symbolic links; None where there is nothing."""
    try:
        return os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return None


def _seen(there: os.stat_result | None) -> _Seen | None:
    """What tells a file from another one, and from itself with other contents."""
    return None if there is None else (there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns)


def _open_special(path: str | os.PathLike[str], mode: int) -> BinaryIO:
    """A device or a pipe, which is written to; it must not be replaced by a file, least of all /dev/null."""
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder; name a file in it")
    if not (stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)):
        raise OSError(errno.EINVAL, "it is a socket or a disk, and these are neither replaced nor written to")
    # Without O_NONBLOCK a pipe that nobody reads would be waited for, for ever.
    descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
    if hasattr(os, "set_blocking"):
        os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "wb")


def _take_over(descriptor: int, there: os.stat_result) -> None:
    """Give a new file the owner, where that is allowed, and the rights of the one that it replaces."""
    if not hasattr(os, "fchown"):  # Windows
        return
    mode = stat.S_IMODE(there.st_mode)
    mine = os.fstat(descriptor)
    if mine.st_uid != there.st_uid:
        with suppress(OSError):
            os.fchown(descriptor, there.st_uid, -1)
    if mine.st_gid != there.st_gid:
        try:
            os.fchown(descriptor, -1, there.st_gid)
        except OSError:  # rights of that group must not become rights of another
            mode &= ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
    os.fchmod(descriptor, mode)


def shown(path: str | os.PathLike[str]) -> str:
    """A path for a message: one that is no UTF-8 could not be printed."""
    return os.fsdecode(path).encode("utf-8", "backslashreplace").decode()


def _working_directory() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109
    except OSError:
        return None


def replace_by(path: str | os.PathLike[str], write: Callable[[BytesIO], Any]) -> None:
    """Let ``write`` fill a file in memory, and write that in the same way."""
    content = BytesIO()
    write(content)
    replace_file(path, content.getvalue())


def replace_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file (UTF-8) in the same way; what is no Unicode, such as parts of old file names, in escapes."""
    replace_file(path, text.encode("utf-8", "backslashreplace"))


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
