"""Progress: one live line on a terminal, one plain line an epoch elsewhere."""

from __future__ import annotations

import sys
from time import perf_counter
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from pellucid.run import Run

REDRAW = 0.1
"""Seconds between two redraws of the live line."""
LOOKS = 200
"""How often in an epoch the loop stops to ask whether the line is due."""


class Progress:
    """Shows steps, time left and the loss, on standard error."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.live = sys.stderr.isatty()
        self.started = perf_counter()
        self.bar: tqdm[None] | None = None
        if self.live:
            planned = run.total_steps - run.step
            self.bar = tqdm(total=planned, unit="step", mininterval=REDRAW, dynamic_ncols=True, leave=False)
            self.first = run.step
            run.on_step(self._step, every=max(1, run.steps_per_epoch // LOOKS))

    def _step(self, run: Run) -> None:
        assert self.bar is not None
        self.bar.set_description_str(f"epoch {run.epoch + 1}/{run.last_epoch}", refresh=False)
        self.bar.set_postfix_str(f"loss {run.loss:.4f}", refresh=False)
        self.bar.update(run.step - self.first - self.bar.n)

    def epoch_done(self) -> None:
        """Write the epoch's figures: they stay on the screen above the live line."""
        record = self.run.history[-1]
        shown = [f"{name} {value:.4f}" for name, value in record.items() if isinstance(value, float)]
        elapsed = perf_counter() - self.started
        line = f"epoch {record['epoch']}/{self.run.last_epoch}  {'  '.join(shown)}  ({elapsed:.1f} s)"
        if self.bar is not None:
            self.bar.write(line, file=sys.stderr)
        else:
            print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Remove the live line."""
        if self.bar is not None:
            self.bar.close()
