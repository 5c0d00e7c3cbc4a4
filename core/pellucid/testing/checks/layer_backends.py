"""What holds for a layer on every backend: equal results, and recorded plans that replay what was run."""

from __future__ import annotations

from typing import Any
from unittest import SkipTest

import numpy as np

from pellucid.glassbox.failure import require_same
from pellucid.ops.base import Ops
from pellucid.testing.check import Check
from pellucid.testing.checks.layer_maths import has_expressions
from pellucid.testing.subject import Subject
from pellucid.testing.trial import Result, Trial, as_tuple, copies

ROUNDING = 3e-5
"""What float32 results may differ by, relative to max(1, |value|): sums of some dozens of terms."""
NO_PLAN = "the backend recorded no plan: no kernel is called, or one of the calls falls back to the reference"


def fast_backend(subject: Subject) -> Ops:
    """The backend to compare with, or SkipTest with the reason why there is none."""
    if subject.backends.fast is None:
        raise SkipTest(subject.backends.why_none)
    return subject.backends.fast


def parity(subject: Subject) -> None:
    """All backends give the same numbers, in training and in evaluation, for every number of rows, and at ties."""
    fast = fast_backend(subject)
    batches = [(0, False), (1, False), (5, False), (33, False)]
    if has_expressions(subject):  # deep in a network, what is equal for one backend may differ in the last digit
        batches.append((5, True))
    for dtype, tolerance in (("float32", ROUNDING), ("float64", 1e-10)):
        for rows, tied in batches:
            for training in (True, False):
                one, other = (
                    Trial(subject, ops=ops, dtype=dtype, rows=rows, tied=tied)
                    for ops in (subject.backends.reference, fast)
                )
                where = f"{dtype}, {rows} rows{', at ties' if tied else ''}, {'training' if training else 'evaluation'}"
                other.call(training=training).require_close(
                    one.call(training=training), tolerance, f"on backend '{fast.name}' ({where})",
                    "The reference in ops/ is the specification: hold the kernel against it, and call it through ops.",
                )  # fmt: skip


def recorded_plan(subject: Subject) -> None:
    """A recorded step, replayed on other numbers, gives the same bits as a step that is run."""
    fast = fast_backend(subject)
    trial, eager = (Trial(subject, ops=fast, dtype="float32", rows=5) for _ in range(2))
    ctx = trial.context()
    results: dict[str, Any] = {}

    def step() -> None:
        results["y"] = as_tuple(trial.layer.forward(ctx, *trial.inputs))
        results["dx"] = as_tuple(trial.layer.backward(ctx, *trial.dy))
        ctx.commit()

    for _ in range(fast.warm_up):
        step()
    _, plan = fast.record(step)
    if plan is None:
        raise SkipTest(NO_PLAN)
    remedy = (
        "capturable = True promises that forward and backward are calls of ctx.ops alone, on ctx.scratch and "
        "parameters. Remove the promise, or what computes outside of ops."
    )
    for number in range(1, 4):
        _renew(trial, eager, number)
        trial.begin(ctx, number)
        trial.zero_gradients()
        plan.run()
        replayed = Result(copies(fast, results["y"]), copies(fast, results["dx"]), trial.gradients())
        fresh = eager.context(step=number)
        ran = eager.call(trial.inputs, trial.dy, ctx=fresh)
        fresh.commit()
        replayed.require_close(ran, 0, f"of replay {number} of a recorded plan", remedy)
        expected = eager.values()
        for path, value in trial.values().items():
            require_same(f"'{path}' after replay {number} of a recorded plan", value, expected[path], remedy)


def _renew(trial: Trial, eager: Trial, number: int) -> None:
    """Other inputs, dy and parameters, in the same memory; the same parameters and states for both."""
    rng = np.random.default_rng([number, 6])
    for array, new in zip(trial.inputs, trial.draw(5, number), strict=True):
        array[...] = trial.ops.asarray(new, array.dtype)
    for array in trial.dy:
        array[...] = trial.ops.asarray(rng.normal(size=array.shape), array.dtype)
    for param, twin in zip(trial.layer.parameters(), eager.layer.parameters(), strict=True):
        trial.ops.scale(param.data, 0.9)
        twin.data = param.data
    for state, own in zip(trial.layer.states(), eager.layer.states(), strict=True):
        trial.ops.copy(state.data, own.data)


def promises_capture(subject: Subject) -> bool:
    """Whether the component, and every layer in it, says that its calls may be recorded."""
    try:
        made = subject.create()
    except Exception:  # what is wrong with it is said by the case 'built_by_name'
        return False
    return bool(getattr(made, "capturable", False)) and all(
        layer.capturable for _, layer in (made.walk() if made.kind == "layer" else ())
    )


CHECKS = (Check(parity), Check(recorded_plan, applies=promises_capture))
