"""What holds for calls of a layer alone: they repeat, leave out input gradients, share no memory, and can be copied."""

from __future__ import annotations

import copy
import pickle

import numpy as np

from pellucid.glassbox.failure import require, require_all_close, require_same
from pellucid.interfaces.parameters import Param
from pellucid.testing.check import checks
from pellucid.testing.checks.calls import ON_CTX
from pellucid.testing.checks.layer_trial import LayerTrial
from pellucid.testing.subject import Subject


def repeats(subject: Subject) -> None:
    """The same seed and step give the same bits."""
    trial = LayerTrial(subject)
    given = trial.copies(trial.given)
    # Each call gets arrays of its own: one that writes into them is told so by the case after this one.
    first, second = (trial.call(*map(trial.ops.asarray, trial.copies(given))) for _ in range(2))
    second.require_close(first, 0, "of a second run with the same seed", "Draw random numbers from ctx only.")


def input_gradient_not_needed(subject: Subject) -> None:
    """Where ctx.needs_dx is False, parameters get the same gradients."""
    trial = LayerTrial(subject)
    whole = trial.call()
    ctx = trial.context()
    ctx.needs_dx = (False,) * len(trial.inputs)
    part = trial.call(ctx=ctx)
    for path, grad in whole.grads.items():
        require_same(f"The gradient of '{path}' without input gradients", part.grads[path], grad,
                     "Leave out the input gradient only.")  # fmt: skip


def memory_apart(subject: Subject) -> None:
    """Outputs and input gradients share no memory with parameters or states."""
    trial = LayerTrial(subject)
    ctx = trial.context()
    for array in (*trial.forward(ctx, *trial.given), *trial.backward(ctx, *trial.given)):
        for part in trial.owned() if isinstance(array, np.ndarray) else ():
            own = [part.data, part.grad] if isinstance(part, Param) else [part.data]
            require(
                not any(np.shares_memory(array, memory) for memory in own),
                f"A result shares memory with '{part.path}'.", expected="memory of its own",
                received="a view: the next step would change it", remedy="Copy into ctx.scratch(name, shape).",
            )  # fmt: skip


def copied_when_built(subject: Subject) -> None:
    """A built layer can be copied and pickled; the copy gives the same numbers and has parameters of its own."""
    trial = LayerTrial(subject)
    expected = trial.call()
    before, original = trial.values(), trial.model
    clones = {"copy.deepcopy": copy.deepcopy(original), "pickle": pickle.loads(pickle.dumps(original))}
    for how, clone in clones.items():
        trial.model = clone
        trial.call().require_close(expected, 0, f"of a copy made by {how}", ON_CTX)
        if clone.runtime is not None:
            clone.runtime.arena.data[...] = 0
        left = [p.path for p in clone.parameters() if np.any(p.data)]
        require(not left, f"Parameters of a copy made by {how} are not in its arena.", expected=[], received=left,
                remedy="Hold parameters only as what self.param returns.")  # fmt: skip
        trial.model = original
        require_all_close("after its copy has changed", trial.values(), before, "Share no arrays between copies.")


def interval(subject: Subject) -> None:
    """In evaluation all numbers of the output lie in output_interval, for large inputs too."""
    trial = LayerTrial(subject)
    for size in (1.0, 100.0):
        inputs = tuple(x if x.dtype.kind in "iub" else size * x for x in trial.copies(trial.inputs))
        low, high = trial.model.output_interval(*((float(x.min()), float(x.max())) for x in inputs))
        outputs = trial.forward(trial.context(training=False), *map(trial.ops.asarray, inputs))
        for y in trial.copies(outputs):
            inside = low - 1e-9 <= y.min() and y.max() <= high + 1e-9
            require(
                inside, "A number of the output lies outside of its interval.",
                expected=f"from {low:g} to {high:g}", received=f"{y.min():g} to {y.max():g}",
                remedy="Widen what output_interval returns, or leave it out: outputs are unbounded by default.",
            )  # fmt: skip


CHECKS = checks(input_gradient_not_needed, memory_apart, copied_when_built, interval)
