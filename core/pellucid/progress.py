"""Progress: one live line on a terminal, plain lines elsewhere; never more than ten a second."""

from __future__ import annotations

import sys
from shutil import get_terminal_size
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pellucid.run import Run

INTERVAL = 0.1
"""Seconds between two redraws of the live line, and between two lines of epochs."""
BAR = 24
"""Characters."""
ERASE = "\r\x1b[K"
"""Back to the start of the line, and clear it."""


class Progress:
    """Shows the place in the run, the time left, the loss and the figures of the epochs, on standard error.

    Epochs shorter than a tenth of a second do not all get a line; the last one always does.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.first = run.step
        self.started = perf_counter()
        self.written = -INTERVAL
        self.unwritten = ""
        self.live = sys.stderr.isatty()
        if self.live:
            run.on_time(self._draw, INTERVAL)

    def _draw(self, run: Run) -> None:
        width = get_terminal_size().columns - 1  # a full line would wrap
        line = self._line(run, perf_counter() - self.started)
        print(ERASE + line[:width], end="", file=sys.stderr, flush=True)

    def _line(self, run: Run, elapsed: float) -> str:
        """``epoch 3/10 ━━━━━───── 27 %  loss 0.1234  0:12 left``"""
        part = run.step / max(run.total_steps, 1)
        full = round(part * BAR)
        done, to_do = "━─" if (sys.stderr.encoding or "").lower().startswith("utf") else "#-"
        left = elapsed * (run.total_steps - run.step) / max(run.step - self.first, 1)
        return (
            f"epoch {run.epoch + 1}/{run.last_epoch} {done * full}{to_do * (BAR - full)} {100 * part:3.0f} %  "
            f"loss {run.loss:.4f}  {clock(left)} left"
        )

    def epoch_done(self) -> None:
        """Write the epoch's figures: they stay on the screen above the live line."""
        record = self.run.history[-1]
        shown = [f"{name.replace('_', ' ')} {value:.4f}" for name, value in record.items() if isinstance(value, float)]
        now = perf_counter() - self.started
        self.unwritten = f"epoch {record['epoch']}/{self.run.last_epoch}  {'  '.join(shown)}  ({now:.1f} s)"
        if now - self.written >= INTERVAL or record["epoch"] == self.run.last_epoch:
            self.written = now
            self._write()

    def close(self) -> None:
        """Write the last epoch if that is still to be done, and remove the live line."""
        self._write()
        if self.live:
            print(ERASE, end="", file=sys.stderr, flush=True)

    def _write(self) -> None:
        line, self.unwritten = self.unwritten, ""
        if line:
            print((ERASE if self.live else "") + line, file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """``0:07``, ``12:30``, ``1:02:03``"""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
