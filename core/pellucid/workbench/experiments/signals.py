"""StopOnSignal: Ctrl-C and SIGTERM let the step be finished and the run be saved."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any

from pellucid.training.run import Callback, Run


class StopOnSignal(Callback):
    """While a run is under way the first signal stops it after its step; a second Ctrl-C stops at once, unsaved.

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
            print("\nStopping after this step; the run will be saved. Ctrl-C again: stop at once.", file=sys.stderr)

        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, stop)

    def on_run_end(self, run: Run) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
