"""Held: one training that goes on and on, held between its turns: what a ``fit`` prepares once is in no turn."""

from __future__ import annotations

from queue import Queue
from threading import Thread
from typing import Any

from pellucid import Callback

FOR_EVER = 10**6
"""Epochs."""


class Held:
    """Call it with a number of epochs: it trains so many more, and returns when they are done.

    Args:
        trainer: with its model.
        data: as ``Trainer.fit`` takes it.
        batch_size: rows of a step.
    """

    def __init__(self, trainer: Any, data: Any, batch_size: int) -> None:
        self.trainer = trainer
        self._wanted: Queue[int] = Queue()
        self._done: Queue[BaseException | None] = Queue()
        self._left = 0
        trainer.callbacks.append(_Turns(self))
        self._thread = Thread(target=self._train, args=(data, batch_size), daemon=True)

    def __call__(self, epochs: int) -> None:
        self._wanted.put(epochs)
        if self._thread.ident is None:
            self._thread.start()
        failure = self._done.get()
        if failure is not None:
            raise failure

    def _train(self, data: Any, batch_size: int) -> None:
        try:
            self._left = self._wanted.get()
            self.trainer.fit(data, epochs=FOR_EVER, batch_size=batch_size, verbose=False)
        except BaseException as failure:
            self._done.put(failure)

    def end_of_epoch(self) -> None:
        """One is done; if it was the last of a turn, wait for the next."""
        self._left -= 1
        if self._left == 0:
            self._done.put(None)
            self._left = self._wanted.get()


class _Turns(Callback):
    def __init__(self, held: Held) -> None:
        self._held = held

    def on_epoch_end(self, run: Any) -> None:
        self._held.end_of_epoch()
