"""Progress: one live line where somebody looks, plain lines elsewhere; never more than ten a second."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

from pellucid.standard.arguments import check_bool
from pellucid.standard.streams import Stream, tell
from pellucid.training.run import Callback, Run

if TYPE_CHECKING:  # imported for those who look
    from tqdm import tqdm

INTERVAL = 0.1
"""Seconds between two redraws of the live line, and between two lines of epochs."""
FORMAT = "{desc} {bar} {percentage:3.0f} %  {postfix[0]}  {remaining} left"


class Progress(Callback):
    """Shows the place in the run, the time left, the loss and the figures of the epochs, on standard error.

    Epochs shorter than a tenth of a second do not all get a line; the last one always does. ``Trainer.fit`` has one of
    its own, see ``verbose`` there. Where it cannot be shown (no reader, a full disk, a closed file) a warning says so
    and the run goes on without it. The live line is tqdm's: ``TQDM_DISABLE=1`` leaves plain lines.

    Args:
        always: show plain lines even where nobody seems to be looking, such as in a file; otherwise nothing is shown
            but on a terminal and in a notebook.
    """

    def __init__(self, always: bool = True) -> None:
        check_bool(self, "always", always)
        self.always = always

    def on_run_start(self, run: Run) -> None:
        self.first = run.step
        self.started = perf_counter()
        self.written = -INTERVAL
        self.unwritten = ""
        self.bar: tqdm[None] | None = None
        self.stream = Stream(sys.stderr)
        live = somebody_looks(self.stream)
        self.shown = sys.stderr is not None and (self.always or live)
        if self.shown and live:
            with self._lines_instead():
                from tqdm import tqdm

                bar = tqdm(
                    total=run.total_steps - run.step if run.total_steps else None,  # of data whose end nobody knows
                    bar_format=FORMAT, postfix=[""], mininterval=INTERVAL, dynamic_ncols=True, leave=False,
                    file=self.stream,
                )  # fmt: skip
                if not bar.disable:
                    self.bar = bar
                    run.on_time(self._draw, INTERVAL)

    @contextmanager
    def _lines_instead(self) -> Iterator[None]:
        """Within: where the live line fails, plain ones are written from then on. Its library reads the environment."""
        try:
            yield
        except Exception as error:
            self.bar = None
            tell(
                f"The live line cannot be shown: {type(error).__name__}: {error}. Training goes on, with a line for "
                "each epoch. Look at the TQDM_… variables of the environment.",
            )  # fmt: skip

    def _draw(self, run: Run) -> None:
        if self.bar is not None and self.shown:
            with self._lines_instead():
                self.bar.postfix[0] = f"loss {run.loss:.4f}"
                self.bar.set_description_str(f"epoch {run.epoch + 1}/{run.last_epoch}", refresh=False)
                self.bar.update(run.step - self.first - self.bar.n)
            self._look()

    def on_epoch_end(self, run: Run) -> None:
        """Write the epoch's figures: they stay on the screen above the live line."""
        if not self.shown:
            return
        record = run.history[-1]
        shown = [f"{name.replace('_', ' ')} {value:.4f}" for name, value in record.items() if isinstance(value, float)]
        now = perf_counter() - self.started
        self.unwritten = f"epoch {record['epoch']}/{run.last_epoch}  {'  '.join(shown)}  ({now:.1f} s)"
        if now - self.written >= INTERVAL or record["epoch"] == run.last_epoch:
            self.written = now
            self._write()

    def on_run_end(self, run: Run) -> None:
        """Write the last epoch if that is still to be done, and remove the live line."""
        self._write()
        if self.bar is not None:
            with self._lines_instead():
                self.bar.close()

    def _write(self) -> None:
        line, self.unwritten = self.unwritten, ""
        if line and self.bar is not None:
            with self._lines_instead():
                self.bar.write(line, file=self.stream)  # above the live line
        elif line:
            print(line, file=self.stream)
        self._look()

    def _look(self) -> None:
        """Whether it can still be shown; said once, where warnings go."""
        error = self.stream.failure
        if error is not None and self.shown:
            self.shown = False
            tell(
                f"Progress is not shown any more, because it cannot be written: {type(error).__name__}: {error}. "
                "Training goes on.",
            )  # fmt: skip


def somebody_looks(stream: Stream) -> bool:
    """Whether standard error is a terminal, or the cell of a notebook, which is none and is looked at all the same."""
    ipython = sys.modules.get("IPython")  # loaded by the notebook long before us; a script must not pay for it
    in_notebook = ipython is not None and hasattr(ipython.get_ipython(), "kernel")
    return in_notebook or stream.isatty()
