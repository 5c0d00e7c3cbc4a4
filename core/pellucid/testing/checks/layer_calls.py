"""What holds for calls of a layer: nothing is kept on self, nothing is overwritten, calls do not disturb each other."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import numpy as np

from pellucid.basics.component import CHANGES
from pellucid.glassbox.failure import ConformanceError, require, require_same
from pellucid.ops.base import Ops
from pellucid.testing.check import Check
from pellucid.testing.fingerprint import difference, fingerprint, recorded_assignments
from pellucid.testing.subject import Subject
from pellucid.testing.trial import Trial, as_tuple, copies

ON_CTX = "What backward needs goes on ctx, which belongs to one call; nothing of a call goes on self."
NO_WRITING = "Write into ctx.scratch(name, shape), never into an input."


def nothing_kept(subject: Subject) -> None:
    """forward and backward change nothing on self: no attribute, no parameter, no state."""
    trial = Trial(subject)
    trial.zero_gradients()  # makes the gradients, which is no call's doing
    for training in (True, False):
        before, values, changes = fingerprint(trial.layer), trial.values(), CHANGES.count
        ctx = trial.context(training=training, index=None if training else np.arange(4, dtype=np.int64))
        with recorded_assignments() as assigned:
            trial.layer.forward(ctx, *trial.inputs)
            trial.layer.backward(ctx, *trial.dy)
        place = difference(before, fingerprint(trial.layer))
        require(not place, f"A call changes self.{place}.", expected="the same self before and after", received=place,
                remedy=ON_CTX)  # fmt: skip
        require(CHANGES.count == changes, "A call sets an attribute of a component.", expected="none",
                received=", ".join(dict.fromkeys(assigned)) or "Param.trainable", remedy=ON_CTX)  # fmt: skip
        for path, value in trial.values().items():
            require_same(f"'{path}' after forward and backward", value, values[path],
                         "Parameters change in the optimizer, states by ctx.update(state, value).")  # fmt: skip
        if not training:
            ctx.commit()
            for path, value in trial.values().items():
                require_same(f"'{path}' after the commit of an evaluation", value, values[path],
                             "Call ctx.update only if ctx.training.")  # fmt: skip


def inputs_untouched(subject: Subject) -> None:
    """Inputs and dy are never written, whether they are protected or not."""
    for ops in subject.backends.all():
        for dtype in ("float64", "float32"):
            trial = Trial(subject, ops=ops, dtype=dtype)
            given = (*trial.inputs, *trial.dy)
            before = copies(ops, given)
            expected = trial.call()
            for i, (a, b) in enumerate(zip(copies(ops, given), before, strict=True)):
                name = f"Input {i}" if i < len(trial.inputs) else f"dy {i - len(trial.inputs)}"
                require_same(f"{name} after the call", a, b, NO_WRITING)
            if all(isinstance(array, np.ndarray) for array in given):
                for array in given:
                    array.flags.writeable = False
                try:
                    trial.call().require_close(expected, 0, "of read-only inputs", "Treat all inputs alike.")
                except ValueError as error:
                    raise ConformanceError(
                        "It writes into a read-only input or dy.", expected="no writing", received=str(error),
                        remedy=NO_WRITING,
                    ) from error  # fmt: skip


def in_flight(subject: Subject) -> None:
    """Two calls may be under way at once: forward, forward, backward, backward."""
    trial = Trial(subject)
    other_inputs = trial.draw(4, seed=1)
    other_dy = trial.draw_dy(other_inputs, seed=1)
    alone, other_alone = trial.call(), trial.call(other_inputs, other_dy)
    first, second = trial.context(), trial.context()
    y = as_tuple(trial.layer.forward(first, *trial.inputs))
    other_y = as_tuple(trial.layer.forward(second, *other_inputs))
    trial.zero_gradients()
    dx = as_tuple(trial.layer.backward(first, *trial.dy))
    grads = trial.gradients()
    trial.zero_gradients()
    other_dx = as_tuple(trial.layer.backward(second, *other_dy))
    for result, expected, gradients in (
        ((y, dx), alone, grads), ((other_y, other_dx), other_alone, trial.gradients()),
    ):  # fmt: skip
        got = type(alone)(copies(trial.ops, result[0]), copies(trial.ops, result[1]), gradients)
        got.require_close(expected, 0, "of one of two calls in flight", ON_CTX)


def context_used_again(subject: Subject) -> None:
    """A context that has served before gives what a new one gives, and memory is never read before it is written."""
    trial = Trial(subject, ops=poisoned(subject.backends.reference))
    ctx = trial.context()
    for step, rows in enumerate((4, 4, 2, 6, 4)):
        inputs = trial.draw(rows, seed=step)
        dy = trial.draw_dy(inputs, seed=step)
        trial.begin(ctx, step)
        again = trial.call(inputs, dy, ctx=ctx)
        fresh = trial.call(inputs, dy, ctx=trial.context(step=step))
        again.require_close(
            fresh, 0, f"of call {step} in a context that is used again",
            "Scratch is uninitialised: overwrite all of it at every call, and keep no result of the call before.",
        )  # fmt: skip
        ctx.discard()


def poisoned(ops: Ops) -> Ops:
    """The same backend, except that new memory holds NaN: whoever reads it unwritten sees it."""
    twin = copy.copy(ops)

    def empty(self: Any, shape: Any, dtype: Any) -> Any:
        array = type(ops).empty(self, shape, dtype)
        if array.dtype.kind == "f":
            array[...] = np.nan
        return array

    twin.__class__ = type("Poisoned", (type(ops),), {"empty": empty})
    return twin


def repeats(subject: Subject) -> None:
    """The same seed and step give the same bits."""
    trial = Trial(subject)
    given = copies(trial.ops, trial.inputs), copies(trial.ops, trial.dy)
    # Each call gets arrays of its own: one that writes into them is told so by the case after this one.
    first, second = (trial.call(*(tuple(map(trial.ops.asarray, copies(trial.ops, part))) for part in given))
                     for _ in range(2))  # fmt: skip
    second.require_close(first, 0, "of a second run with the same seed", "Draw random numbers from ctx only.")


def non_contiguous(subject: Subject) -> None:
    """Inputs and dy may lie in memory in any way."""
    trial = Trial(subject)
    expected = trial.call()
    strided = trial.call(tuple(map(spread, trial.inputs)), tuple(map(spread, trial.dy)))
    remedy = "Do not reshape into a view without asking for contiguous memory first."
    strided.require_close(expected, 1e-10, "of non-contiguous inputs", remedy)
    turned = trial.call(tuple(map(np.asfortranarray, trial.inputs)), tuple(map(np.asfortranarray, trial.dy)))
    turned.require_close(expected, 1e-10, "of inputs in Fortran order", remedy)


def spread(x: Any) -> Any:
    """The same values as every other element of a larger array."""
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    wide[..., ::2] = x
    return wide[..., ::2]


def input_gradient_not_needed(subject: Subject) -> None:
    """Where ctx.needs_dx is False, parameters get the same gradients."""
    trial = Trial(subject)
    whole = trial.call()
    ctx = trial.context()
    ctx.needs_dx = (False,) * len(trial.inputs)
    part = trial.call(ctx=ctx)
    for path, grad in whole.grads.items():
        require_same(f"The gradient of '{path}' without input gradients", part.grads[path], grad,
                     "Leave out the input gradient only.")  # fmt: skip


def memory_apart(subject: Subject) -> None:
    """Outputs and input gradients share no memory with parameters or states."""
    trial = Trial(subject)
    ctx = trial.context()
    results = [*as_tuple(trial.layer.forward(ctx, *trial.inputs)), *as_tuple(trial.layer.backward(ctx, *trial.dy))]
    held: list[Any] = [*trial.layer.parameters(), *trial.layer.states()]
    for array in results:
        if isinstance(array, np.ndarray):
            for part in held:
                own = [part.data, part.grad] if hasattr(part, "grad") else [part.data]
                require(
                    not any(np.shares_memory(array, memory) for memory in own),
                    f"A result shares memory with '{part.path}'.", expected="memory of its own",
                    received="a view: the next step would change it", remedy="Copy into ctx.scratch(name, shape).",
                )  # fmt: skip


def threads(subject: Subject) -> None:
    """Several threads may run one layer at the same time."""
    for ops in subject.backends.all():
        trial = Trial(subject, ops=ops, dtype="float32", rows=16)
        n = 4
        inputs = [trial.draw(16, seed=i) for i in range(n)]
        alone = [copies(ops, as_tuple(trial.layer.forward(trial.context(), *x))) for x in inputs]
        barrier = Barrier(n)

        def work(i: int, trial: Trial = trial, inputs: Any = inputs, barrier: Barrier = barrier) -> list[Any]:
            barrier.wait(timeout=30)
            ctx = trial.context()
            return [copies(trial.ops, as_tuple(trial.layer.forward(ctx, *inputs[i]))) for _ in range(5)]

        with ThreadPoolExecutor(n) as pool:
            results = list(pool.map(work, range(n)))
        for i, outputs in enumerate(results):
            for output in outputs:
                for a, b in zip(output, alone[i], strict=True):
                    require_same("The output of one of several threads", a, b, ON_CTX)


def copied_when_built(subject: Subject) -> None:
    """A built layer can be copied and pickled; the copy gives the same numbers and has parameters of its own."""
    trial = Trial(subject)
    expected = trial.call()
    before = trial.values()
    clones = {"copy.deepcopy": copy.deepcopy(trial.layer), "pickle": pickle.loads(pickle.dumps(trial.layer))}
    for how, clone in clones.items():
        original, trial.layer = trial.layer, clone
        trial.call().require_close(expected, 0, f"of a copy made by {how}", ON_CTX)
        if clone.runtime is not None:
            clone.runtime.arena.data[...] = 0
        left = [p.path for p in clone.parameters() if np.any(p.data)]
        require(not left, f"Parameters of a copy made by {how} are not in its arena.", expected=[], received=left,
                remedy="Hold parameters only as what self.param returns.")  # fmt: skip
        trial.layer = original
        for path, value in trial.values().items():
            require_same(f"'{path}' after its copy has changed", value, before[path], "Share no arrays between copies.")


FIRST = (Check(nothing_kept), Check(repeats), Check(inputs_untouched))
"""All other cases compare one call with another, and would blame something else where these are broken."""
CHECKS = (
    Check(in_flight), Check(context_used_again), Check(non_contiguous), Check(input_gradient_not_needed),
    Check(memory_apart), Check(threads), Check(copied_when_built),
)  # fmt: skip
