"""What holds for calls of a layer alone: they repeat, leave out input gradients, look at no answer that was not asked
for, share no memory, and can be copied."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import product
from typing import Any

import numpy as np

from pellucid.basics.arrays import as_tuple
from pellucid.glassbox.failure import require, require_all_close, require_same
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param
from pellucid.testing.check import checks
from pellucid.testing.checks.calls import ON_CTX
from pellucid.testing.checks.layer_trial import LayerTrial, on_every_backend
from pellucid.testing.subject import Subject
from pellucid.testing.trial import Result


def repeats(subject: Subject) -> None:
    """The same seed and step give the same bits."""
    trial = LayerTrial(subject)
    given = trial.copies(trial.given)
    # Each call gets arrays of its own: one that writes into them is told so by the case after this one.
    first, second = (trial.call(*map(trial.ops.asarray, trial.copies(given))) for _ in range(2))
    second.require_close(first, 0, "of a second run with the same seed", "Draw random numbers from ctx only.")


def input_gradient_not_needed(subject: Subject) -> None:
    """Where ctx.needs_dx is False, parameters and the other inputs get the same gradients, on any backend."""
    for trial in on_every_backend(subject):
        whole = trial.call()
        for wanted in _wishes(trial)[1:]:
            result, where = trial.call(ctx=_asking(trial, wanted)), f" on backend '{trial.ops.name}'"
            _require_wanted(result, whole, wanted, "Leave out that input gradient only.", where)


def answers_not_asked_for(subject: Subject) -> None:
    """What layers inside answer where ctx.needs_dx is False, None or any numbers, changes no gradient."""
    trial = LayerTrial(subject)
    remedy = (
        "Look at what a layer inside answers for an input only where that layer was asked, its ctx.needs_dx[i]: "
        "one that computes nothing answers None, another one an array."
    )
    parts = [part for _, part in trial.model.walk() if part is not trial.model]
    for training, numbers in product(trial.modes, (0, 1)):
        whole = trial.call(training=training)
        with ExitStack() as stack, np.errstate(all="ignore"):
            for place, part in enumerate(parts):
                stack.enter_context(_answering(part, None if place % 2 == numbers else np.nan))
            for wanted in _wishes(trial):
                _require_wanted(trial.call(ctx=_asking(trial, wanted, training)), whole, wanted, remedy)


def has_parts(subject: Subject) -> bool:
    """Whether the layer is made of layers, once it is built."""
    try:
        return len(list(LayerTrial(subject).model.walk())) > 1
    except Exception:  # what is wrong with it is said by the cases before
        return False


def _wishes(trial: LayerTrial) -> list[tuple[bool, ...]]:
    """Which input gradients may be wanted: all, none, each alone."""
    n = len(trial.inputs)
    alone = [tuple(i == j for j in range(n)) for i in range(n)] if n > 1 else []
    return [(True,) * n, (False,) * n, *alone]


def _asking(trial: LayerTrial, wanted: tuple[bool, ...], training: bool = True) -> Context:
    ctx = trial.context(training=training)
    ctx.needs_dx = wanted
    return ctx


def _require_wanted(result: Result, whole: Result, wanted: tuple[bool, ...], remedy: str, where: str = "") -> None:
    """Raise ConformanceError unless the gradients of parameters, and of the inputs that are wanted, are the whole's."""
    when = f"where ctx.needs_dx is {wanted}{where}"
    for path, grad in whole.grads.items():
        require_same(f"The gradient of '{path}' {when}", result.grads[path], grad, remedy)
    for i in np.flatnonzero(wanted):
        a, b = result.dx[i], whole.dx[i]
        if b is not None:
            require(a is not None, f"There is no gradient of input {i} {when}.", expected="an array", received=a,
                    remedy=remedy)  # fmt: skip
            require_same(f"The gradient of input {i} {when}", a, b, remedy)


@contextmanager
def _answering(part: Layer, filled: float | None) -> Iterator[None]:
    """Within: where its input gradient is not wanted, a layer answers None, or an array of this number."""
    shapes: dict[int, tuple[tuple[int, ...], ...]] = {}  # of the inputs, by the context of the call

    def forward(ctx: Context, *inputs: Any) -> Any:
        shapes[id(ctx)] = tuple(x.shape for x in inputs)
        return type(part).forward(part, ctx, *inputs)

    def backward(ctx: Context, *dy: Any) -> Any:
        given = shapes[id(ctx)]
        found = as_tuple(type(part).backward(part, ctx, *dy))
        answer = tuple(
            dx if want or i in part.integer_inputs else None if filled is None else np.full(shape, filled)
            for i, (dx, want, shape) in enumerate(zip(found, ctx.needs_dx, given, strict=False))
        )
        return answer if len(given) > 1 else answer[0]

    part.__dict__.update(forward=forward, backward=backward)
    try:
        yield
    finally:
        del part.__dict__["forward"], part.__dict__["backward"]


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


CHECKS = (
    *checks(input_gradient_not_needed), *checks(answers_not_asked_for, applies=has_parts),
    *checks(memory_apart, copied_when_built, interval),
)  # fmt: skip
