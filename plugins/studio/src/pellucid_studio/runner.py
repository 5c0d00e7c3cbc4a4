"""Runner: a thread in which the production Trainer trains one network, and that can be told to pause and to step."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator
from typing import Any, Literal

import pellucid
from pellucid import Batch, Callback, DataError, PellucidError, Run

from pellucid_studio.experiment import Ready
from pellucid_studio.look import Gate, Look, looked

State = Literal["paused", "training", "ended", "failed"]
Do = Literal["train", "pause", "step", "sample"]
SECONDS, UNWATCHED = 1 / 30, 0.25
"""Between two looks at a training, and where nobody is there to see them: only the curve goes on."""
SHARE = 0.05
"""Of the time of a training that looks may take: those at millions of parameters are rarer."""
MOST_ORDERS = 16


class _Left(Exception):
    """The network is no longer wanted: its run ends between two steps."""


class _Started(Callback):
    """Tells of the run of ``fit`` when it has started."""

    def __init__(self, started: Callable[[Run], None]) -> None:
        self._started = started

    def on_run_start(self, run: Run) -> None:
        self._started(run)


class Runner:
    """Trains one network in a thread of its own, by ``trainer.fit``; single steps are those of ``trainer.batches``.

    A pause takes its last step traced, so that it can be opened. Wherever training stands, the weights are those after
    a whole step.

    Args:
        ready: the network, its data and its trainer.
        heard: called in this thread with each look; the last step, opened, is kept in ``trace``.

    Attributes:
        state: paused, training, ended (the planned epochs lie behind) or failed.
        failure: in pellucid's words, why it failed.
        watched: whether anybody sees the looks.
        trace: the step that was taken last with a recorder looking on, and ``untraced``: why there is none.
    """

    def __init__(self, ready: Ready, heard: Callable[[Runner, Look], None]) -> None:
        self.ready, self._heard = ready, heard
        self.state: State = "paused"
        self.failure = ""
        self.trace: pellucid.Trace | None = None
        self.untraced = "No step has been taken yet. Take one, and open it."
        self.steps_a_second: float | None = None
        self._orders: queue.SimpleQueue[Do | None] = queue.SimpleQueue()
        self._left = threading.Event()
        self._awake = threading.Event()
        self._last_epoch = ready.epochs
        self._loop: Generator[Batch] | None = None
        self._batch: tuple[Batch, int] | None = None
        self._next_step = 0.0
        self._pausing, self.watched, self._next_look = False, True, 0.0
        self._last: dict[str, Any] = {}
        ready.trainer.callbacks.append(_Started(self._started))
        self.gate = Gate(ready.trainer, SECONDS, self._wait, self._looked)
        self._thread = threading.Thread(target=self._work, name="studio-trainer", daemon=True)
        self._thread.start()

    # -- from other threads ----------------------------------------------------------------------------------------

    def do(self, order: Do) -> None:
        """Train, pause, or take one step; what is asked for while another is under way waits for its turn, unless
        too much waits already: who keeps a key pressed is not to wait for all of that before a pause."""
        if self._orders.qsize() < MOST_ORDERS:
            self._orders.put(order)
        self._awake.set()

    def limit(self, steps_a_second: float | None) -> None:
        """So many steps a second at the most; None: as many as there are."""
        self.steps_a_second = steps_a_second
        self._awake.set()

    def leave(self) -> None:
        """End it between two steps; the thread ends by itself."""
        self._left.set()
        self._orders.put(None)
        self._awake.set()

    def join(self, seconds: float | None = None) -> None:
        self._thread.join(seconds)

    # -- in the thread ---------------------------------------------------------------------------------------------

    def _work(self) -> None:
        self._tell(looked(self.ready.trainer))
        while (order := self._orders.get()) is not None and not self._left.is_set():
            if self.state == "failed":
                continue
            try:
                self._follow(order)
            except _Left:
                return
            except PellucidError as error:
                self._fail(str(error))
            except MemoryError:
                self._fail("There is not enough memory for this step. Make the network or the batches smaller.")
            except BaseException as error:  # of a plugin's component: the page says so, and a reset goes on
                self._fail(f"{type(error).__name__}: {error}. This is a mistake in pellucid or in a plugin.")

    def _follow(self, order: Do) -> None:
        if order == "train":
            self._train()
        elif order == "step":
            self._step()
        elif order == "sample":
            self._sample()

    def _fail(self, why: str) -> None:
        self.state, self.failure = "failed", why
        self.untraced = why
        self.gate.take_out()
        self._close_loop()
        self._tell(looked(self.ready.trainer))

    def _train(self) -> None:
        self._close_loop()
        ready = self.ready
        self._plan_further()
        self.state, self._pausing = "training", False
        try:
            ready.trainer.fit(
                ready.splits, epochs=self._last_epoch - ready.trainer.epochs, batch_size=ready.batch_size, verbose=False
            )
        except DataError as error:  # too large for the recorder, which is known before any weight is changed
            if not self.gate.traced:
                raise
            self._not_traced(error)
        finally:
            self.gate.take_out()
            self._pausing = False
        self.state = "ended" if ready.trainer.epochs >= self._last_epoch else "paused"
        self._tell(looked(ready.trainer, **self._last))

    def _plan_further(self) -> None:
        """Behind the planned end there follow as many epochs again."""
        if self._last_epoch <= self.ready.trainer.epochs:
            self._last_epoch = self.ready.trainer.epochs + self.ready.epochs

    def _started(self, run: Run) -> None:
        """In the run of a training: look every so often, and open the last step of the plan."""
        if self.state == "training":
            run.on_time(self._due, SECONDS)
            if run.total_steps > run.step:
                run.on_trace(self.gate.last, every=run.total_steps)
            if self.steps_a_second is not None:
                self._put_in(run)

    def _due(self, run: Run) -> None:
        """After a step, now and then: follow what was asked for, and have the next step looked at."""
        if self._left.is_set():
            raise _Left
        self._listen()
        now = time.perf_counter()
        if self._pausing or now >= self._next_look:
            self._next_look = now + max(0.0 if self.watched else UNWATCHED, self.gate.cost / SHARE - SECONDS)
            self._put_in(run)

    def _listen(self) -> None:
        """Whatever is asked for of a training ends it: a step, too, is its last one, opened."""
        while not self._orders.empty():
            order = self._orders.get()
            if order is None:
                raise _Left
            if order != "train":
                self._pausing = self.gate.traced = True

    def _put_in(self, run: Run) -> None:
        self.gate.stays = self.steps_a_second is not None
        self.gate.put_in(run, traced=self._pausing)

    def _wait(self) -> None:
        """Before a step that the gate stands around: wait where steps are to be slow, but not for a pause."""
        while self.steps_a_second is not None and self.state == "training" and not self.gate.traced:
            left = self._next_step - time.perf_counter()
            self._listen()
            if left <= 0 or self._left.is_set() or self.gate.traced:
                break
            self._awake.wait(min(left, 1.0))
            self._awake.clear()
        if self.steps_a_second is not None:
            now = time.perf_counter()
            self._next_step = max(self._next_step + 1 / self.steps_a_second, now)
        else:
            self.gate.stays = False
        if self._left.is_set():
            raise _Left

    def _looked(self, look: Look, trace: pellucid.Trace | None) -> None:
        self._last = {"loss": look.loss, "before": look.before, "gradient": look.gradient}
        if trace is not None:
            self.trace, self.untraced = trace, ""
        if self._pausing and self.ready.trainer.run is not None:
            self._pausing = False
            self.ready.trainer.run.stop("paused")
            return  # told when fit has ended
        if self.state == "training":
            self._tell(look)

    def _not_traced(self, error: DataError) -> None:
        self.trace, self.untraced = None, str(error)

    def _tell(self, look: Look) -> None:
        self._heard(self, look)

    # -- single steps ----------------------------------------------------------------------------------------------

    def _close_loop(self) -> None:
        if self._loop is not None:
            self._loop.close()
        self._loop = self._batch = None

    def _next(self) -> Batch | None:
        """The next batch of the epoch; None behind the planned end."""
        ready = self.ready
        if self._loop is None:
            self._plan_further()
            epochs = self._last_epoch - ready.trainer.epochs
            self._loop = ready.trainer.batches(ready.splits, epochs=epochs, batch_size=ready.batch_size, verbose=False)
        batch = next(self._loop, None)
        if batch is None:
            self._loop = None
        return batch

    def _step(self) -> None:
        self._batch = None
        batch = self._next()
        if batch is not None:
            self._take(batch)
        else:
            self.state = "ended"
            self._tell(looked(self.ready.trainer, **self._last))

    def _sample(self) -> None:
        """A step on one sample: the next one of a batch, which is fetched when the one before is used up."""
        if self._batch is None or self._batch[1] >= len(self._batch[0]):
            batch = self._next()
            if batch is None:
                self.state = "ended"
                self._tell(looked(self.ready.trainer, **self._last))
                return
            self._batch = batch, 0
        batch, row = self._batch
        self._batch = batch, row + 1
        self._take(_row(batch, row))

    def _take(self, batch: Batch) -> None:
        trainer = self.ready.trainer
        assert trainer.run is not None  # the loop's
        self.state, self.gate.stays = "paused", False
        self.gate.put_in(trainer.run, traced=True)
        try:
            trainer.step(batch)
        except DataError as error:
            self._not_traced(error)
            self.gate.put_in(trainer.run)
            trainer.step(batch)
        self._tell(looked(trainer, **self._last))


def _row(batch: Batch, row: int) -> Batch:
    """One sample of a batch, as a batch."""

    def of(part: Any) -> Any:
        if part is None:
            return None
        if isinstance(part, tuple):
            return tuple(map(of, part))
        if isinstance(part, dict):
            return {name: of(each) for name, each in part.items()}
        return part[row : row + 1]

    return Batch(of(batch.x), of(batch.y), of(batch.weight), of(batch.index))
