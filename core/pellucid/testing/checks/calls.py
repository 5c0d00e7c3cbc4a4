"""What holds for calls of a layer, a loss or an objective: nothing is kept on self, nothing is overwritten, calls do
not disturb each other, backends agree."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import product
from threading import Barrier
from typing import Any
from unittest.mock import patch

import numpy as np

from pellucid.glassbox.failure import ConformanceError, require, require_all_close, require_same
from pellucid.interfaces.context import Context
from pellucid.ops.random import Stream
from pellucid.standard.ops.base import Ops
from pellucid.testing.check import checks, has_expressions
from pellucid.testing.checks.layer_trial import LayerTrial
from pellucid.testing.checks.loss_trial import LossTrial
from pellucid.testing.checks.objective_trial import ObjectiveTrial
from pellucid.testing.fingerprint import unchanged
from pellucid.testing.subject import MANY, ROUNDING, Subject
from pellucid.testing.trial import Arrays, CallTrial, Result

ON_CTX = "What backward needs goes on ctx, which belongs to one call; nothing of a call goes on self."
NO_WRITING = "Write into ctx.scratch(name, shape), never into an input."
TRIALS: dict[str, Any] = {"layer": LayerTrial, "model": LayerTrial, "loss": LossTrial, "objective": ObjectiveTrial}


def trial_of(subject: Subject, **options: Any) -> CallTrial:
    """The bench for components of its kind."""
    trial: CallTrial = TRIALS[subject.entry.kind](subject, **options)
    return trial


@contextmanager
def drawn_apart() -> Iterator[None]:
    """Raise ConformanceError where one call takes random numbers twice from one place: they are the same."""
    stream, places = Context.stream, set[tuple[str, str]]()

    def noted(ctx: Context, name: str = "") -> Stream:
        require((ctx.path, name) not in places, "A call draws the same random numbers twice.",
                expected="other numbers for each use", received=f"two uses of the stream {name!r}",
                remedy='Give each use a name: ctx.uniform(shape, "moved"), ctx.normal(shape, "how").')  # fmt: skip
        places.add((ctx.path, name))
        return stream(ctx, name)

    with patch.object(Context, "stream", noted):
        yield


def nothing_kept(subject: Subject) -> None:
    """forward and backward change nothing on self: no attribute, no parameter, no state; no random number of a call is
    drawn twice."""
    trial = trial_of(subject)
    trial.zero_gradients()  # makes the gradients, which is no call's doing
    components = {id(part): part for part in (trial.component, trial.model) if part is not None}.values()
    for training in trial.modes:
        values, ctx = trial.values(), trial.context(training=training)
        with unchanged(*components, what="A call", remedy=ON_CTX):
            with drawn_apart():
                trial.forward(ctx, *trial.given)
            trial.backward(ctx, *trial.given)
        require_all_close("after forward and backward", trial.values(), values,
                         "Parameters change in the optimizer, states by ctx.update(state, value).")  # fmt: skip
        if not training:
            ctx.commit()
            require_all_close("after the commit of an evaluation", trial.values(), values,
                             "Call ctx.update only if ctx.training.")  # fmt: skip


def inputs_untouched(subject: Subject) -> None:
    """What a call is given is never written, whether it is protected or not."""
    for ops, dtype in product(subject.backends.all(), ("float64", "float32")):
        trial = trial_of(subject, ops=ops, dtype=dtype)
        before = trial.copies(trial.given)
        expected = trial.call()
        for name, a, b in zip(trial.names, trial.copies(trial.given), before, strict=True):
            require_same(f"{name} after the call", a, b, NO_WRITING)
        if all(isinstance(array, np.ndarray) for array in trial.given):
            for array in trial.given:
                array.flags.writeable = False
            try:
                trial.call().require_close(expected, 0, "of read-only inputs", "Treat all inputs alike.")
            except ValueError as error:
                raise ConformanceError(
                    "It writes into a read-only input.", expected="no writing", received=str(error), remedy=NO_WRITING
                ) from error


def in_flight(subject: Subject) -> None:
    """Two calls may be under way at once: forward, forward, backward, backward."""
    trial = trial_of(subject)
    batches = [trial.given, trial.draw(len(trial.given[0]), seed=1)]
    alone = [trial.call(*given) for given in batches]
    contexts = [trial.context() for _ in batches]
    outputs = [trial.forward(ctx, *given) for ctx, given in zip(contexts, batches, strict=True)]
    found = []
    for ctx, given in zip(contexts, batches, strict=True):
        trial.zero_gradients()
        found.append((trial.backward(ctx, *given), trial.gradients()))
    for ctx, y, (dx, grads), expected in zip(contexts, outputs, found, alone, strict=True):
        result = trial.result(ctx, y, dx, grads)
        result.require_close(expected, 0, "of one of two calls in flight", ON_CTX)


def context_used_again(subject: Subject) -> None:
    """A context that has served before gives what a new one gives, also where parameters have changed in between, and
    memory is never read before it is written."""
    trial = trial_of(subject, ops=poisoned(subject.backends.reference))
    ctx = trial.context()
    for step, rows in enumerate((4, 4, 2, 6, 4)):
        ways = trial.ways(trial.draw(rows, seed=step))
        given = ways[step % len(ways)]
        trial.begin(ctx, step)
        again = trial.call(*given, ctx=ctx)
        again.require_close(
            trial.call(*given, ctx=trial.context(step=step)), 0, f"of call {step} in a context that is used again",
            "Scratch is uninitialised: overwrite all of it at every call, and keep no result of the call before, no "
            "parameter's values either.",
        )  # fmt: skip
        ctx.discard()
        for param in trial.parameters():  # as an optimizer does between two steps
            trial.ops.scale(param.data, 0.9)


def splits_add_up(subject: Subject) -> None:
    """Micro-batches weighted by ctx.count give the value and the gradients of the whole batch."""
    for rows in (6, MANY):
        _require_sum(trial_of(subject, rows=rows), (slice(0, 1), slice(1, 4), slice(4, rows)))


def _require_sum(trial: CallTrial, cuts: tuple[slice, ...]) -> None:
    """Raise ConformanceError unless these parts of a batch make the whole of it."""
    for given in trial.ways(trial.given):
        whole = trial.call(*given)
        parts = []
        for rows in cuts:
            ctx = trial.context(row_offset=3 + rows.start)
            parts.append(trial.call(*(None if array is None else array[rows] for array in given), ctx=ctx))
        total = sum(part.count for part in parts)
        weighed = [(part.count / total, part) for part in parts]
        loss = sum(share * part.loss for share, part in weighed)
        dx = tuple(np.concatenate([share * part.dx[i] for share, part in weighed]) for i in range(len(whole.dx)))
        grads = {path: np.sum([share * part.grads[path] for share, part in weighed], axis=0) for path in whole.grads}
        Result((loss,), dx, grads, total, whole.words).require_close(
            whole, 1e-12 if trial.model is None else 1e-10, "of micro-batches, weighted by ctx.count and summed,",
            "Set ctx.count to what the loss divides by (rows, tokens, or the sum of the weights), and draw random "
            "numbers by ctx.normal or ctx.uniform.",
        )  # fmt: skip


def poisoned(ops: Ops) -> Ops:
    """The same backend, except that new memory holds NaN: whoever reads it unwritten sees it."""

    def empty(self: Any, shape: Any, dtype: Any) -> Any:
        array = type(ops).empty(self, shape, dtype)
        if array.dtype.kind == "f":
            array[...] = np.nan
        return array

    kind = type("Poisoned", (type(ops),), {"empty": empty})
    twin: Ops = object.__new__(kind)  # not copy.copy: a copied backend is the one that all models share
    twin.__dict__.update(ops.__dict__)
    return twin


def non_contiguous(subject: Subject) -> None:
    """What a call is given may lie in memory in any way."""
    trial = trial_of(subject)
    expected = trial.call()
    remedy = "Do not reshape into a view without asking for contiguous memory first."
    for laid_out, when in ((spread, "of non-contiguous inputs"), (np.asfortranarray, "of inputs in Fortran order")):
        trial.call(*map(laid_out, trial.given)).require_close(expected, 1e-12, when, remedy)


def spread(x: Any) -> Any:
    """The same values as every other element of a larger array."""
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    wide[..., ::2] = x
    return wide[..., ::2]


def threads(subject: Subject) -> None:
    """Several threads may run one component at the same time."""
    for ops in subject.backends.all():
        trial = trial_of(subject, ops=ops, dtype="float32", rows=16)
        batches = [trial.draw(16, seed) for seed in range(4)]
        alone = [_computed(trial, trial.context(), given) for given in batches]
        with ThreadPoolExecutor(len(batches)) as pool:
            found = list(pool.map(partial(_five_times, trial, Barrier(len(batches))), batches))
        for results, expected in zip(found, alone, strict=True):
            for a, b in ((a, b) for result in results for a, b in zip(result, expected, strict=True)):
                if b is not None:
                    require_same("What one of several threads computes", a, b, ON_CTX)


def _computed(trial: CallTrial, ctx: Context, given: Arrays) -> Arrays:
    """The outputs; and the input gradients, unless gradients of parameters are made on the way, which threads share."""
    y = trial.copies(trial.forward(ctx, *given))
    return y if trial.parameters() else (*y, *trial.copies(trial.backward(ctx, *given)))


def _five_times(trial: CallTrial, together: Barrier, given: Arrays) -> list[Arrays]:
    together.wait(timeout=30)
    ctx = trial.context()
    return [_computed(trial, ctx, given) for _ in range(5)]


def parity(subject: Subject) -> None:
    """All backends give the same numbers, in training and in evaluation, for every number of rows, and at ties."""
    batches = [(0, False), (1, False), (5, False), (33, False)]
    if subject.entry.kind == "loss" or has_expressions(subject):
        # Not deep in a network: there, what is equal for one backend may differ in the last digit.
        batches.append((5, True))
    for (dtype, tolerance), (rows, tied) in product((("float32", ROUNDING), ("float64", 1e-10)), batches):
        one, other = subject.compared(trial_of, dtype=dtype, rows=rows, tied=tied)
        for training in one.modes:
            mode = "training" if training else "evaluation"
            where = f"{dtype}, {rows} rows{', at ties' if tied else ''}, {mode}"
            for mine, theirs in zip(one.ways(one.given), other.ways(other.given), strict=True):
                other.call(*theirs, training=training).require_close(
                    one.call(*mine, training=training), tolerance, f"on backend '{other.ops.name}' ({where})",
                    "The reference in ops/ is the specification: hold the kernel against it, and call it through ops.",
                )  # fmt: skip


APART = checks(in_flight, context_used_again, non_contiguous, threads)
BACKENDS = checks(parity)
