"""What holds for calls of a loss: nothing kept on self, nothing overwritten, calls apart, backends alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from unittest import SkipTest

import numpy as np

from pellucid.basics.component import CHANGES
from pellucid.glassbox.failure import ConformanceError, require, require_same
from pellucid.testing.check import Check
from pellucid.testing.checks.layer_backends import NO_PLAN, ROUNDING, fast_backend, promises_capture
from pellucid.testing.checks.layer_calls import NO_WRITING, ON_CTX, poisoned, spread
from pellucid.testing.checks.loss_trial import LossResult, LossTrial
from pellucid.testing.fingerprint import difference, fingerprint
from pellucid.testing.subject import Subject


def nothing_kept(subject: Subject) -> None:
    """forward and backward change nothing on self."""
    trial = LossTrial(subject)
    before, changes = fingerprint(trial.loss), CHANGES.count
    trial.call(trial.prediction, trial.target, trial.weight)
    place = difference(before, fingerprint(trial.loss))
    require(not place and CHANGES.count == changes, f"A call changes self.{place}.", expected="the same self",
            received=place or "an attribute was set", remedy=ON_CTX)  # fmt: skip


def inputs_untouched(subject: Subject) -> None:
    """Prediction, target and weight are never written, whether they are protected or not."""
    for ops in subject.backends.all():
        for dtype in ("float64", "float32"):
            trial = LossTrial(subject, ops=ops, dtype=dtype)
            given = {"prediction": trial.prediction, "target": trial.target, "weight": trial.weight}
            before = {name: np.array(ops.to_host(array)) for name, array in given.items()}
            expected = trial.call(*given.values())
            for name, array in given.items():
                require_same(f"The {name} after the call", ops.to_host(array), before[name], NO_WRITING)
            if all(isinstance(array, np.ndarray) for array in given.values()):
                for array in given.values():
                    array.flags.writeable = False
                try:
                    trial.call(*given.values()).require_close(expected, 0, "of read-only inputs", "Treat all alike.")
                except ValueError as error:
                    raise ConformanceError(
                        "It writes into a read-only input.", expected="no writing", received=str(error),
                        remedy=NO_WRITING,
                    ) from error  # fmt: skip


def in_flight(subject: Subject) -> None:
    """Two calls may be under way at once: forward, forward, backward, backward."""
    trial = LossTrial(subject)
    batches = [trial.draw(6, seed) for seed in (1, 2)]
    alone = [trial.call(*batch) for batch in batches]
    contexts = [trial.context() for _ in batches]
    losses = [trial.loss.forward(ctx, *batch) for ctx, batch in zip(contexts, batches, strict=True)]
    gradients = [trial.loss.backward(ctx) for ctx in contexts]
    for loss, gradient, ctx, expected in zip(losses, gradients, contexts, alone, strict=True):
        LossResult(np.array(loss), np.array(gradient), ctx.count).require_close(
            expected, 0, "of one of two calls in flight", ON_CTX
        )
        require(ctx.count == expected.count, "ctx.count of one of two calls in flight is wrong.",
                expected=expected.count, received=ctx.count, remedy=ON_CTX)  # fmt: skip


def context_used_again(subject: Subject) -> None:
    """A context that has served before gives what a new one gives, and memory is never read before it is written."""
    trial = LossTrial(subject, ops=poisoned(subject.backends.reference))
    ctx = trial.context()
    for number, rows in enumerate((6, 6, 2, 8)):
        prediction, target, weight = trial.draw(rows, number)
        given = (prediction, target, weight if number % 2 else None)
        trial.call(*given, ctx=ctx).require_close(
            trial.call(*given), 0, f"of call {number} in a context that is used again",
            "Scratch is uninitialised: overwrite all of it at every call.",
        )  # fmt: skip


def non_contiguous(subject: Subject) -> None:
    """Prediction and target may lie in memory in any way."""
    trial = LossTrial(subject)
    expected = trial.call(trial.prediction, trial.target, trial.weight)
    remedy = "Do not reshape into a view without asking for contiguous memory first."
    for how in (spread, np.asfortranarray):
        result = trial.call(how(trial.prediction), how(trial.target), spread(trial.weight))
        result.require_close(expected, 1e-12, "of non-contiguous inputs", remedy)


def threads(subject: Subject) -> None:
    """Several threads may compute one loss at the same time."""
    for ops in subject.backends.all():
        trial = LossTrial(subject, ops=ops, dtype="float32")
        batches = [trial.draw(16, seed) for seed in range(4)]
        alone = [trial.call(*batch) for batch in batches]
        barrier = Barrier(len(batches))

        def work(batch: Any, trial: LossTrial = trial, barrier: Barrier = barrier) -> list[LossResult]:
            barrier.wait(timeout=30)
            return [trial.call(*batch) for _ in range(5)]

        with ThreadPoolExecutor(len(batches)) as pool:
            for results, expected in zip(pool.map(work, batches), alone, strict=True):
                for result in results:
                    result.require_close(expected, 0, "in one of several threads", ON_CTX)


def parity(subject: Subject) -> None:
    """All backends give the same loss and gradient, for every number of rows."""
    fast = fast_backend(subject)
    for dtype, tolerance in (("float32", ROUNDING), ("float64", 1e-10)):
        for rows, tied in ((0, False), (1, False), (5, False), (5, True), (33, False)):
            one, other = (
                LossTrial(subject, ops=ops, dtype=dtype, rows=rows, tied=tied)
                for ops in (subject.backends.reference, fast)
            )
            for weighted in (False, True):
                result, expected = (
                    t.call(t.prediction, t.target, t.weight if weighted else None) for t in (other, one)
                )
                where = f"{dtype}, {rows} rows{', at ties' if tied else ''}"
                result.require_close(
                    expected, tolerance, f"on backend '{fast.name}' ({where})",
                    "The reference in ops/ is the specification: hold the kernel against it.",
                )  # fmt: skip


def recorded_plan(subject: Subject) -> None:
    """A recorded call, replayed on other numbers, gives the same bits as a call that is run."""
    fast = fast_backend(subject)
    trial = LossTrial(subject, ops=fast, dtype="float32")
    ctx = trial.context()
    given = (trial.prediction, trial.target)

    def step() -> tuple[Any, Any]:
        return trial.loss.forward(ctx, *given), trial.loss.backward(ctx)

    for _ in range(fast.warm_up):
        step()
    (loss, gradient), plan = fast.record(step)
    if plan is None:
        raise SkipTest(NO_PLAN)
    for seed in (1, 2):
        for array, new in zip(given, trial.draw(len(given[0]), seed), strict=False):
            array[...] = fast.asarray(new, array.dtype)
        plan.run()
        LossResult(np.array(fast.to_host(loss)), np.array(fast.to_host(gradient)), ctx.count).require_close(
            trial.call(*given), 0, f"of replay {seed} of a recorded plan",
            "capturable = True promises that forward and backward are calls of ctx.ops alone, on ctx.scratch.",
        )  # fmt: skip


CHECKS = (
    Check(nothing_kept), Check(inputs_untouched), Check(in_flight), Check(context_used_again), Check(non_contiguous),
    Check(threads), Check(parity), Check(recorded_plan, applies=promises_capture),
)  # fmt: skip
