"""Streams: standard output and error as they may be, closed, full, without a reader, of few letters."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from pellucid.standard.streams import Stream


class Streams:
    """Inside the ``with`` block standard output and error never raise.

    One that has failed is gone afterwards: Python flushes it once more at its end, and would fail there.

    Attributes:
        out, err: what stands in the place of ``sys.stdout`` and ``sys.stderr``.
    """

    def __enter__(self) -> Streams:
        _occupy()
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a terminal without Greek letters or "…"
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


class Alone:
    """Standard output is for one document: until :meth:`end`, what anybody else writes there, a plugin, a library in C,
    a process that was started, goes to standard error."""

    def __init__(self) -> None:
        self._out, self._descriptor = sys.stdout, None
        with suppress(OSError, ValueError, AttributeError):  # it may be closed, or no file at all
            if sys.stdout.fileno() == 1:
                sys.stdout.flush()
                self._descriptor = os.dup(1)
                os.dup2(2, 1)
        sys.stdout = sys.stderr

    def say(self, text: str) -> None:
        self._open(True)
        print(text, file=self._out, flush=True)
        self._open(False)

    def end(self) -> None:
        sys.stdout = self._out
        self._open(True)
        if self._descriptor is not None:
            os.close(self._descriptor)

    def _open(self, opened: bool) -> None:
        if self._descriptor is not None:
            os.dup2(self._descriptor if opened else 2, 1)


_STEERING = [*range(0x9), *range(0xB, 0x20), *range(0x7F, 0xA0), *range(0x200B, 0x2010), *range(0x202A, 0x202F)]
_VISIBLE = {code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" for code in [*_STEERING, *range(0x2066, 0x206A)]}


def printable(text: str) -> str:
    """A text of others, with everything visible that would steer a terminal: escapes, returns, reversed letters."""
    return text if text.isascii() and text.isprintable() else text.translate(_VISIBLE)


def _occupy() -> None:
    """Give the three standard descriptors to the null device where they are closed. The next file to be opened would
    have one of their numbers, and whatever a C library prints would stand in the middle of it."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
