"""Pack: several models trained at the same time, each as if it were alone."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from time import perf_counter
from typing import Any

from pellucid.basics.arrays import HostArray
from pellucid.basics.checks import check_int
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.dataset import Dataset, load_dataset
from pellucid.ops.threads import get_num_threads
from pellucid.registry.config import read
from pellucid.standard.packed import Member, alone, recorded
from pellucid.standard.progress import INTERVAL, somebody_looks
from pellucid.standard.streams import Stream, tell
from pellucid.training.run import History
from pellucid.training.trainer import Trainer

LOOK = 0.05
"""Seconds between two looks at whether a signal has come."""
OnEpoch = Callable[[int, list[HostArray | None]], Any]


class Pack:
    """Trains several trainers' models on the same data, at the same time, each as it would be trained alone: weights,
    optimizer's memory and history have the same bits as after ``trainer.fit`` with the same arguments. ::

        pack = pl.Pack([pl.Trainer(model, loss="mse", seed=k) for k, model in enumerate(models)])
        histories = pack.fit((x, y), validation=(v, u), epochs=50, batch_size=256)

    Members need have nothing in common but the data: models, seeds, optimizers, schedules may differ, and batch sizes
    and epochs, which ``fit`` takes as one for all or one for each. Rows are held once, and read by all. A member's
    recorded steps run without Python, on one thread; as many members at a time as the kernels may have threads. A
    member whose step cannot be recorded is stepped by its code, one such member after the other, in the thread that
    called ``fit``; callbacks of the others are called in the thread that trains their member.

    Args:
        trainers: of built models, one for each.
        threads: members that are trained at a time at the most; None: as many as the kernels may use.

    Attributes:
        trainers: the members.
        reasons: of each why it stopped before its planned end, or None.
        outputs: of each its outputs on the validation rows after its last epoch, in the unit of the targets; None where
            nothing was validated, or nobody asks by ``on_epoch``.

    Raises:
        ConfigError: no trainers, or something else; two of one model.
    """

    class Halt(Exception):
        """Raised by who is called between two steps, as ``on_epoch`` is: ends this call of ``fit``, without an error,
        and a further one goes on there."""

    def __init__(self, trainers: Sequence[Trainer], *, threads: int | None = None) -> None:
        self.trainers = list(trainers)
        if not self.trainers or not all(isinstance(each, Trainer) for each in self.trainers):
            raise ConfigError(f"Pack takes a list of Trainers, one for each model. Received: {trainers!r:.200}.")
        if len({id(each.slots.arena) for each in self.trainers}) < len(self.trainers):
            raise ConfigError(
                "Pack: two of these trainers train one model, whose weights both would change at the same time. Build "
                "a model for each."
            )
        if threads is not None:
            check_int(self, "threads", threads, "[1, 256]")
        self.threads = threads
        self.reasons: list[str | None] = [None] * len(self.trainers)
        self.outputs: list[HostArray | None] = [None] * len(self.trainers)
        self._members: list[Member] = []
        self._ahead: dict[int, HostArray | None] = {}  # outputs of who had finished the epoch that was broken off
        self._undisturbed: Any = read("callback", "undisturbed")

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles: what members need to go on, without the rows of the last call."""
        return {**vars(self), "_members": [], "outputs": [None] * len(self)}

    def __len__(self) -> int:
        return len(self.trainers)

    def __repr__(self) -> str:
        return f"Pack({len(self)} trainers)"

    @property
    def packed(self) -> list[bool]:
        """Of each whether its steps run recorded, beside others. What its parts promise is known before the first step
        and proved at the second: a promise that was broken takes a member out."""
        if self._members:
            return [member.packed for member in self._members]
        return [recorded(trainer) for trainer in self.trainers]

    def stop(self, k: int, reason: str = "it was stopped by pack.stop") -> None:
        """End the training of member k, in ``on_epoch`` or from a callback; what it has learned stays."""
        run = self.trainers[k].run
        if run is not None:
            run.stop(reason)

    def fit(
        self, data: Any, y: Any = None, *, validation: Any = None, epochs: int | Sequence[int] = 1,
        batch_size: int | Sequence[int | None] | None = None, sample_weight: Any = None,
        on_epoch: OnEpoch | None = None, verbose: bool | None = None,
    ) -> list[History]:  # fmt: skip
        """Train all members; their histories. A second call continues, as that of ``Trainer.fit`` does.

        Args:
            data, y, validation, sample_weight: see :meth:`pellucid.Trainer.fit`; in memory. A data set is read once,
                and split by the seed of the first trainer. ``validation`` may be a list with one for each member.
            epochs, batch_size: for all, or a list with one for each member.
            on_epoch: ``on_epoch(epoch, outputs)`` is called when all members that still train have finished an epoch
                (counted from 1 in this call), with the outputs of every member on the validation rows, of those that
                train no more the last ones, and None where there are no such rows. It may ``stop`` members. Without
                it no member waits for another.
            verbose: say on standard error how far it is; None: where somebody may be looking.

        Raises:
            NumericalError: every member met a number that is not finite. One alone ends with its reason, and a
                warning, and the others go on.
            ConfigError: data that is read as it is needed, which each member would read anew.
        """
        numbers, sizes = self._each("epochs", epochs), self._each("batch_size", batch_size)
        data = data if y is None else (data, y)
        if isinstance(data, str | Dataset):
            seed = self.trainers[0].seed
            data = load_dataset(data, seed=seed) if isinstance(data, str) else data.splits(seed)
        with ExitStack() as held:
            for trainer in self.trainers:
                held.enter_context(trainer._undisturbed.alone(trainer.slots, trainer.run))
            members: list[Member] = []
            validations = self._each("validation", validation) if isinstance(validation, list) else None
            for k, (trainer, number, size) in enumerate(zip(self.trainers, numbers, sizes, strict=True)):
                own = validation if validations is None else validations[k]
                how = {"validation": own, "epochs": number, "batch_size": size, "sample_weight": sample_weight}
                members.append(Member(trainer, data, how, members[0] if members else None))
            self._members = members
            with self._undisturbed.held(), alone():
                self._train(members, on_epoch, _Shown(verbose))
        return [trainer.history for trainer in self.trainers]

    def _each(self, name: str, given: Any) -> list[Any]:
        """One for each member of what is one for all, or a list."""
        if not isinstance(given, list | tuple):
            return [given] * len(self)
        if len(given) != len(self):
            raise ConfigError(
                f"Pack.fit: {name} must be one for all members or a list of one for each of {len(self)}. Received: "
                f"{len(given)} of them."
            )
        return list(given)

    def _train(self, members: list[Member], on_epoch: OnEpoch | None, shown: _Shown) -> None:
        error: BaseException | None = None
        due: list[Member] = []
        try:
            for member in members:
                member.enter(kept=on_epoch is not None)
            turn = [member for k, member in enumerate(members) if k not in self._ahead]
            ahead, self._ahead, epoch = self._ahead, {}, 0
            with ThreadPoolExecutor(self.threads or get_num_threads(), "pellucid-pack") as crew:
                while any(member.active for member in members):
                    due, turn = [member for member in turn if member.active], members
                    for member in due:
                        member.goal = member.run.last_epoch if on_epoch is None else member.trainer.epochs + 1
                    while now := [member for member in due if member.due]:
                        self._round(crew, now, shown)
                        if any(member.due for member in due):
                            self._undisturbed.hear()
                    epoch, due = epoch + 1, []
                    if on_epoch is not None:  # told before a signal is heard: an epoch that all have finished is done
                        self.outputs = [ahead[k] if k in ahead else each.outputs() for k, each in enumerate(members)]
                        ahead = {}
                        on_epoch(epoch, list(self.outputs))
                    self._undisturbed.hear()
        except Pack.Halt:
            pass
        except BaseException as raised:
            error = raised
            raise
        finally:
            self._ahead = {
                k: member.outputs() for k, member in enumerate(members) if due and not (member in due and member.due)
            }
            self.reasons = [member.reason for member in members]
            shown.end(members)
            with ExitStack() as ended:
                for member in members:
                    ended.callback(member.leave, error)
        failures = [member.failure for member in members if member.failure is not None]
        if len(failures) == len(members):
            raise failures[0]
        for k, member in enumerate(members):
            if member.failure is not None:
                tell(f"Member {k} of {len(members)} trains no more: {member.failure}")

    def _round(self, crew: ThreadPoolExecutor, members: list[Member], shown: _Shown) -> None:
        """Train these members to their goals, or until a signal comes. Whatever ends it, each is at a step's end."""
        queue = deque(member for member in members if member.packed)
        by_code = [member for member in members if not member.packed]
        hands = min(len(queue), max(1, (self.threads or get_num_threads()) - bool(by_code)))
        work: list[Future[None]] = [crew.submit(_work, queue) for _ in range(hands)]
        try:
            for member in by_code:
                with member.told_by(self._undisturbed):
                    member.go()
            left: Any = work
            while left and not self._undisturbed.waits:
                done, left = wait(left, LOOK)
                for each in done:
                    each.result()
                shown.now(self._members)
        finally:
            queue.clear()
            for member in members:
                member.halt()
            wait(work)
            for member in members:
                member.resume()
        for each in work:
            each.result()


def _work(queue: deque[Member]) -> None:
    """What one thread does: one member after the other."""
    with alone():
        while True:
            try:
                member = queue.popleft()
            except IndexError:
                return
            member.go()


class _Shown:
    """A line about the whole pack, now and then, where somebody looks or it is wanted."""

    def __init__(self, verbose: bool | None) -> None:
        self.stream = Stream(sys.stderr)
        self.shown = sys.stderr is not None and (bool(verbose) or (verbose is None and somebody_looks(self.stream)))
        self.began = self.written = perf_counter()

    def now(self, members: list[Member]) -> None:
        if self.shown and perf_counter() - self.written >= 10 * INTERVAL:
            self.end(members)

    def end(self, members: list[Member]) -> None:
        if not self.shown:
            return
        self.written = perf_counter()
        done = sum(member.trainer.epochs for member in members)
        planned = sum(member.run.last_epoch for member in members)
        training = sum(member.active for member in members)
        print(
            f"pack of {len(members)}: {done} of {planned} epochs, {training} members train  "
            f"({self.written - self.began:.1f} s)", file=self.stream,
        )  # fmt: skip
