"""The callbacks of every experiment: Recorder writes its epochs down, StopOnSignal lets it be interrupted."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import inf
from time import perf_counter
from types import FrameType
from typing import Any

from pellucid.basics.errors import CheckpointError
from pellucid.training.run import Callback, Run
from pellucid.workbench.experiments.folder import RunFolder

SIGNALS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
_STOPPING = "\nStopping after this step; the run will be saved. Ctrl-C again: stop at once."


class Recorder(Callback):
    """Adds learning rate and training time to an epoch's figures and writes them down.

    Where they cannot be written, as on a full disk, the run goes on, and they are written when there is room again.

    Args:
        folder: the run folder.
        data: fingerprints of the data by what they are of, which checkpoints keep.
        begin: makes the folder ready. It is called when the run begins and not before: data that does not suit the
            model leaves no folder behind.
        note: told of what the user should know.

    Attributes:
        seconds: training time so far, that of the interrupted runs before included.
        data_before: the fingerprints of the run that is continued; None where there is none.
    """

    def __init__(
        self, folder: RunFolder, data: Mapping[str, str], begin: Callable[[], None], note: Callable[[str], None]
    ) -> None:
        self.folder = folder
        self.data = data
        self.begin = begin
        self.note = note
        self.data_before: Mapping[str, str] | None = None
        self._unwritten: list[dict[str, Any]] = []
        self._before = 0.0
        self._started: float | None = None

    @property
    def seconds(self) -> float:
        return self._before + (0.0 if self._started is None else perf_counter() - self._started)

    def on_run_start(self, run: Run) -> None:
        self.begin()
        self._started = perf_counter()

    def on_epoch_end(self, run: Run) -> None:
        trainer = run.trainer
        factor = 1.0 if trainer.schedule is None else trainer.schedule(max(run.step - 1, 0), run.total_steps)
        self._unwritten.append(
            {**run.history[-1], "lr": trainer.optimizer.lr * factor, "seconds": round(self.seconds, 3)}
        )
        self._write(told=len(self._unwritten) > 1)

    def on_run_end(self, run: Run) -> None:
        self._before, self._started = self.seconds, None
        if self._unwritten:
            self._write(told=False)

    def _write(self, *, told: bool) -> None:
        try:
            self.folder.append_epochs(self._unwritten)
            self._unwritten = []
        except OSError as error:
            if not told:
                last = self._unwritten[-1]["epoch"]
                self.note(
                    f"{self.folder.metrics} lacks {len(self._unwritten)} of {last} epochs so far, because it cannot be "
                    f"written: {error.strerror or error}. Training does not depend on it."
                )

    def state(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "data": dict(self.data)}

    def restore(self, state: Any) -> None:
        seconds, data = state.get("seconds"), state.get("data")
        if type(seconds) not in (int, float) or not 0 <= seconds < inf:
            raise CheckpointError(f"'seconds' must be the time that a run took, at least 0. Received: {seconds!r:.80}.")
        if not isinstance(data, dict) or not all(isinstance(each, str) for each in data.values()):
            raise CheckpointError(f"'data' must be hashes of the parts of the data, by name. Received: {data!r:.80}.")
        self._before, self.data_before = float(seconds), data


class StopOnSignal(Callback):
    """While a run is under way the first signal stops it after its step; a second Ctrl-C stops at once, unsaved.

    The signals are Ctrl-C, SIGTERM and, where a terminal can hang up, SIGHUP. One that is ignored stays so, as under
    ``nohup`` or in the background of a script.

    Attributes:
        received: the signal that stopped the run, or None.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}  # who handled the signals

    def on_run_start(self, run: Run) -> None:
        if threading.current_thread() is not threading.main_thread():
            return  # only the main thread may say what signals do

        def stop(number: int, frame: FrameType | None) -> None:
            if self.received is not None and number == signal.SIGINT:
                raise KeyboardInterrupt
            self.received = signal.Signals(number)
            run.stop(self.received.name)
            with suppress(Exception):  # the terminal may have hung up, or be in the middle of another line
                print(_STOPPING, file=sys.stderr)

        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, stop)

    def on_run_end(self, run: Run) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
