"""Temporary files beside what they will replace: how they are made, and how those of killed processes are found.

Who writes one holds a lock on it, which the operating system takes back however the process ends. So one that can be
locked is left over, and nobody needs to ask whether the process of some number is alive: in containers every process
has the number 1.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows, where the age of a file has to do
    fcntl = None  # type: ignore[assignment]
LOCKS = fcntl is not None

SUFFIX = ".partial"
_NAME = re.compile(r"\.pellucid-[0-9a-f]{16}\.partial")
"""Short whatever it will replace, whose own name may be as long as the file system allows."""
_ABANDONED = 86_400.0
"""Seconds. Where nothing can be locked, an older file than this is left over."""
_SHARE = 50
"""Looking for leftovers takes at most one part in so many of the time: a folder may hold a million files."""
_due: dict[str, float] = {}


def create(folder: Path, mode: int) -> tuple[Path, BinaryIO]:
    """A new locked file in a folder, open for writing, whose ``name`` is its path; ``mode`` as the umask leaves it.

    Raises:
        OSError: it cannot be made there.
    """
    while True:
        path = folder / f".pellucid-{os.urandom(8).hex()}{SUFFIX}"
        file = open(path, "xb", opener=lambda name, wanted: os.open(name, wanted, mode))  # noqa: SIM115
        with suppress(OSError):  # no locks on this file system
            _lock(file.fileno(), wait=True)
        if os.path.lexists(path):
            return path, file
        file.close()  # taken for a leftover before it was locked


def is_temporary(name: str) -> bool:
    """Whether a file of this name is one that is being written, or was when its process was killed."""
    return _NAME.fullmatch(name) is not None


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files of killed processes; those that somebody is writing stay."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if is_temporary(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    _remove_unless_in_use(entry.path)


def look_for_leftovers(folder: Path) -> None:
    """:func:`remove_leftovers`, now and then."""
    name = str(folder)
    if time.monotonic() >= _due.get(name, 0.0):
        started = time.thread_time()  # not the clock, which goes on while others use the processor
        remove_leftovers(folder)
        _due[name] = time.monotonic() + _SHARE * (time.thread_time() - started)


def _remove_unless_in_use(path: str) -> None:
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        left = LOCKS or _is_old(descriptor)
        try:
            _lock(descriptor, wait=False)
        except BlockingIOError:
            return
        except OSError:
            left = _is_old(descriptor)
        if left and LOCKS:
            Path(path).unlink()
    finally:
        os.close(descriptor)
    if left and not LOCKS:
        Path(path).unlink()


def _is_old(descriptor: int) -> bool:
    return time.time() - os.fstat(descriptor).st_mtime > _ABANDONED


def _lock(descriptor: int, *, wait: bool) -> None:
    if LOCKS:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
