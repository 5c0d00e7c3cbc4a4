"""Reading files that people name or change: neither without end nor for ever."""

from __future__ import annotations

import os
import select
import stat
from pathlib import Path

PATIENCE = 5.0
"""Seconds that somebody may take to write the next bytes into a pipe."""


def read_at_most(path: Path, most: int, *, pipes: bool = False) -> bytes:
    """The content of a file; more than ``most`` bytes only where there are more, so that who asks can say so.

    Args:
        pipes: what somebody writes into is read as well, as ``<(command)`` of a shell makes it.

    Raises:
        OSError: it cannot be read, is a device or, unless asked for, a pipe, or nothing comes out of it.
    """
    # Without O_NONBLOCK the opening itself would wait for somebody who writes.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    with os.fdopen(os.open(path, flags), "rb", buffering=0) as file:
        mode = os.fstat(file.fileno()).st_mode
        if not (stat.S_ISREG(mode) or (pipes and stat.S_ISFIFO(mode))):
            raise OSError(0, "it is no file, but a device, a pipe or a socket")
        content = bytearray()
        while len(content) <= most:
            if os.name != "nt" and not select.select([file], [], [], PATIENCE)[0]:
                raise OSError(0, f"nothing has come out of it in {PATIENCE:g} s")
            part = file.read(most + 1 - len(content))
            if not part:
                break
            content += part
        return bytes(content)
