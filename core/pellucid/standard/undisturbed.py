"""Undisturbed: one thread trains a trainer at a time, and what signals' handlers do waits until a step is whole."""

from __future__ import annotations

# What the module signal wraps: its conversion to enums takes twenty times as long as all else, 50 µs a step.
from _signal import getsignal, signal  # type: ignore[import-not-found]
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from os import getpid
from signal import SIGINT, valid_signals
from threading import Lock, current_thread, main_thread
from time import monotonic
from types import FrameType
from typing import Any

from pellucid.basics.errors import PellucidError
from pellucid.interfaces.optimizer import Slots
from pellucid.saving.checkpoint import require_whole
from pellucid.training.run import Callback, Run

Handler = Callable[[int, FrameType | None], Any]
AT_ONCE_AFTER = 1.0
"""Seconds that a Ctrl-C has waited when a second one no longer waits: by then something hangs."""
_NOTHING = nullcontext()
NUMBERS = tuple(sorted(map(int, valid_signals())))


class Undisturbed(Callback):
    """Every trainer has one of its own: while it trains, other threads are refused and handlers of signals wait.

    A handler may raise, as that of Ctrl-C does, and Python calls it between any two of its instructions: between the
    optimizer's first and second write, or where a step has been taken and not yet counted. So handlers are called
    where all that is done is counted: after a step and what its observers do, after an epoch and its callbacks, at the
    end of ``fit``; and in the middle of a validation, which changes nothing.

    A second Ctrl-C, a second or more after a first one that still waits, is heard at once; if it breaks off a step that
    was changing weights, the trainer goes no further. Handlers that callbacks set on the way do not wait. Outside of
    the main thread nothing need wait: Python calls handlers nowhere else.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._held = 0  # the process in which handlers wait: one that is forked on the way has nobody who would hear
        self._open = False
        self._waiting: dict[int, tuple[Handler, FrameType | None, float]] = {}

    def __reduce__(self) -> Any:
        """A copy of a trainer begins with one of its own."""
        return Undisturbed, ()

    def alone(self, slots: Slots, before: Run | None = None) -> Lock:
        """To be entered by who trains; one who has come between the look and the entrance waits. A run of single steps
        that was ``before`` is over.

        Raises:
            PellucidError: somebody trains already, a loop over batches is under way, or a step was broken off while it
                was changing weights.
        """
        if self._lock.locked():
            raise PellucidError(
                "This trainer is training already, in another thread or in a call that this one is part of, and its "
                "steps change the same weights. Take them one after the other, or give each thread a model and a "
                "trainer of its own."
            )
        require_whole(slots)
        if before is not None and before.data is not None:
            raise PellucidError(
                "A loop over trainer.batches(…) is under way, and another run cannot begin in the middle of it. Leave "
                "the loop first (one that is kept in a variable by its close()), or take steps in it: "
                "trainer.step(batch), trainer.train_step(x, y)."
            )
        if before is not None:
            before.__exit__(None, None, None)
        return self._lock

    @property
    def waits(self) -> bool:
        """Whether a handler waits to be heard."""
        return bool(self._waiting)

    def held(self, needless: bool = False) -> AbstractContextManager[None]:
        """Within: handlers wait for ``hear``, or for the end."""
        return _NOTHING if needless or self._held or current_thread() is not main_thread() else self._hold()

    @contextmanager
    def _hold(self) -> Iterator[None]:
        noting: list[tuple[int, Handler, Handler]] = []
        try:
            self._held = getpid()
            for number, handler in [(n, h) for n in NUMBERS if callable(h := getsignal(n))]:
                note: Handler = partial(self._note, handler)
                noting.append((number, note, handler))
                signal(number, note)
            yield
        finally:
            try:
                self._held = 0  # before a handler is back: from here on one may raise
                self._give_back(noting)
            finally:
                if noting:  # it was broken off before it began
                    self._give_back(noting)

    def _give_back(self, noting: list[tuple[int, Handler, Handler]]) -> None:
        """Set every handler where nobody has set another on the way, and call those that wait, whatever one raises."""
        try:
            while noting:
                number, note, handler = noting[-1]
                if getsignal(number) is note:
                    signal(number, handler)
                noting.pop()
        finally:
            if noting:
                self._give_back(noting)
            else:
                self.hear()

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Within ``held``, for what may be broken off anywhere: handlers do not wait."""
        self.hear()
        try:
            self._open = True
            yield
        finally:
            self._open = False

    def hear(self) -> None:
        """Call the handlers that wait."""
        while self._waiting:
            number = next(iter(self._waiting))
            handler, frame, _ = self._waiting.pop(number)
            try:
                handler(number, frame)
            finally:
                if not self._held:  # nobody will ask again
                    self.hear()

    def _note(self, handler: Handler, number: int, frame: FrameType | None) -> None:
        if self._held != getpid():  # it has not been given back yet, or was left behind
            signal(number, handler)
            handler(number, frame)
        elif self._open:
            self._open = False  # what it may raise leads out of there
            handler(number, frame)
            self._open = True
        elif number not in self._waiting:
            self._waiting[number] = handler, frame, monotonic()
        elif number == SIGINT and monotonic() - self._waiting[number][2] > AT_ONCE_AFTER:
            del self._waiting[number]
            handler(number, frame)
