"""Streams: standard output and error as they may be, closed, full, without a reader, of few letters."""

from __future__ import annotations

import io
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


class Aside:
    """Standard error is for one document: until :meth:`end`, what anybody writes there, notes, warnings, progress, a
    library in C, is put aside. At a terminal somebody reads along, and nothing is.

    Args:
        wanted: whether anything is put aside.
    """

    def __init__(self, *, wanted: bool) -> None:
        self._before, self._descriptor = sys.stderr, None
        self._file = None
        if not wanted or sys.stderr.isatty():
            return
        from tempfile import TemporaryFile  # slower than the rest of the command line, and --json alone needs it

        with suppress(OSError):  # there may be no space: then notes stand where they always do
            self._file = TemporaryFile()  # noqa: SIM115  (open until the end)
        if self._file is None:
            return
        with suppress(OSError, ValueError, AttributeError):  # standard error may be closed, or no file at all
            if sys.stderr.fileno() == 2:
                sys.stderr.flush()
                self._descriptor = os.dup(2)
                os.dup2(self._file.fileno(), 2)
        if self._descriptor is None:
            sys.stderr = io.TextIOWrapper(self._file, "utf-8", "replace", write_through=True)

    def end(self) -> str:
        """Put standard error back; what was put aside."""
        file, self._file = self._file, None
        if file is None:
            return ""
        sys.stderr.flush()
        encoding = sys.stderr.encoding if self._descriptor is not None else "utf-8"
        if self._descriptor is not None:
            os.dup2(self._descriptor, 2)
            os.close(self._descriptor)
        else:
            sys.stderr.detach()  # type: ignore[union-attr]
        sys.stderr = self._before
        with file:
            file.seek(0)
            return file.read().decode(encoding or "utf-8", "replace")


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
