"""Streams: standard output and error as they may be, closed, full, without a reader, of few letters."""

from __future__ import annotations

import os
import sys

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


def _occupy() -> None:
    """Give the three standard descriptors to the null device where they are closed. The next file to be opened would
    have one of their numbers, and whatever a C library prints would stand in the middle of it."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
