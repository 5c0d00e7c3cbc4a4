"""Standard output and error as they may be: closed, full, without a reader, of few letters. The work goes on."""

from __future__ import annotations

import os
import sys


class Stream:
    """Takes texts as a file does and raises nothing: what a command has to say must not end what it does.

    After the first failure nothing more is written, so that what has been written has no gaps.

    Args:
        file: where the texts go, or None for nowhere.

    Attributes:
        failure: what has kept a text from being written, or None.
    """

    def __init__(self, file: object) -> None:
        self._file = file
        self.failure: Exception | None = None
        if hasattr(file, "reconfigure"):
            file.reconfigure(errors="replace")  # a terminal without Greek letters or "…"

    def write(self, text: str) -> int:
        self._try("write", text)
        return len(text)

    def flush(self) -> None:
        self._try("flush")

    def isatty(self) -> bool:
        return self.failure is None and bool(self._try("isatty"))

    def _try(self, method: str, *arguments: str) -> object:
        if self._file is None or self.failure is not None:
            return None
        try:
            return getattr(self._file, method)(*arguments)
        except RuntimeError:  # a signal has come in the middle of writing; its handler's words are lost
            return None
        except (OSError, ValueError) as error:  # ValueError: the file has been closed
            self.failure = error
            return None

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


class Streams:
    """Inside the ``with`` block standard output and error never raise.

    One that has failed is gone afterwards: Python flushes it once more at its end, and would fail there.

    Attributes:
        out, err: what stands in the place of ``sys.stdout`` and ``sys.stderr``.
    """

    def __enter__(self) -> Streams:
        _occupy()
        self._before = sys.stdout, sys.stderr
        self.out, self.err = Stream(sys.stdout), Stream(sys.stderr)
        sys.stdout, sys.stderr = self.out, self.err
        return self

    def __exit__(self, *raised: object) -> None:
        out, err = self._before
        self.out.flush()
        self.err.flush()
        sys.stdout = out if self.out.failure is None else None
        sys.stderr = err if self.err.failure is None else None


def _occupy() -> None:
    """Give the three standard descriptors to the null device where they are closed. The next file to be opened would
    have one of their numbers, and whatever a C library prints would stand in the middle of it."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
