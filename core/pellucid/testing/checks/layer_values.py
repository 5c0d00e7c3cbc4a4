"""What holds for a layer at other numbers than N(0, 1) in float64 at the first step: both types, later steps, large
values, columns and rows that repeat, masks that hide all, noise that is new at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from pellucid.basics.errors import PellucidError
from pellucid.glassbox.failure import require, require_close
from pellucid.interfaces.context import Context
from pellucid.testing.check import checks, has_expressions
from pellucid.testing.checks.layer_maths import compare, require_finite_together
from pellucid.testing.checks.layer_trial import LayerTrial
from pellucid.testing.precision import require_precise
from pellucid.testing.slopes import require_slope
from pellucid.testing.subject import ROUNDING, Subject
from pellucid.testing.trial import Arrays

STEPS = ((1, 0), (13, 3), (5_000, 90), (60_013, 700), (3_000_017, 40_000))
"""(step, epoch) of later calls."""
LARGE: tuple[tuple[str, Callable[[Any], Any], float], ...] = (
    ("of inputs times 4", lambda x: 4 * x, 1.0), ("of inputs times 20", lambda x: 20 * x, 1.0),
    ("of inputs below −5", lambda x: -5 - 2 * abs(x), 1.0), ("of inputs above 5", lambda x: 5 + 2 * abs(x), 1.0),
    ("of parameters times 8", lambda x: x, 8.0), ("of parameters times −8", lambda x: x, -8.0),
    ("of inputs times 1/1000", lambda x: x / 1000, 1.0),
)  # fmt: skip
"""Inputs and parameters further from 0, in words, with what becomes of the inputs, and the factor of the parameters."""
FAR = (
    ("of inputs times 300", lambda x: 300 * x, 1.0), ("of inputs about 900", lambda x: 900 + x, 1.0),
    ("of inputs about −900", lambda x: x - 900, 1.0), ("of parameters times 100", lambda x: x, 100.0),
)  # fmt: skip
"""The same where only equations are asked, as far as they are finite: slopes may be anything there."""
FROM_CTX = "Draw random numbers by ctx.normal or ctx.uniform: they are others at every step, in every row."


def both_types(subject: Subject) -> None:
    """float32 gives what float64 gives, but for its rounding, in training and in evaluation, far from 0 too."""
    single = LayerTrial(subject, dtype="float32")
    double = LayerTrial(subject)
    for narrow, wide in zip(single.owned(), double.owned(), strict=True):
        wide.data[...] = narrow.data
    drawn = single.copies(single.given)
    n = len(single.specs)
    shifts = (0.0,) if subject.entry.kind == "model" else (0.0, 300.0)
    for shift in shifts:
        given = tuple(x + np.float32(shift) if i < n and x.dtype.kind == "f" else x for i, x in enumerate(drawn))
        for training in (True, False):
            mode = "training" if training else "evaluation"
            require_precise(single, double, given, f"in {mode}{f', inputs about {shift:g}' if shift else ''}", training)


def later_steps(subject: Subject) -> None:
    """At every step and epoch the equations hold, and the gradients are the derivatives of the output."""
    trial = LayerTrial(subject)
    first = trial.call()
    for step, epoch in STEPS:
        when = f"in step {step} of epoch {epoch}"
        later = trial.call(ctx=trial.context(step=step, epoch=epoch))
        if has_expressions(subject):
            compare(trial, f" {when}", step, epoch)
        if all(map(np.array_equal, later.y, first.y)):
            later.require_close(first, 1e-12, f"{when}, where the output is that of step 0,",
                                "The gradients follow from the output: let them depend on no step either.")  # fmt: skip
        else:
            require_slope(trial, when, step=step, epoch=epoch)


def large_values(subject: Subject) -> None:
    """Inputs of a thousandth to ±50, of both signs and of one, and larger parameters have right gradients and
    equations; of ±1,000 as far as the equations are finite."""
    trial = LayerTrial(subject)
    drawn, own = trial.copies(trial.inputs), [param.data.copy() for param in trial.parameters()]
    for when, change, of_parameters in (*LARGE, *FAR):
        for param, data in zip(trial.parameters(), own, strict=True):
            param.data[...] = data * of_parameters
        trial.use(*(change(x) if x.dtype.kind == "f" else x for x in drawn))
        if (when, change, of_parameters) in FAR:
            with np.errstate(all="ignore"):
                require_finite_together(trial, f" {when}")
            continue
        for training in (True, False):
            require_slope(trial, when, training=training)
        if has_expressions(subject):
            compare(trial, f" {when}")


def linear_backward(subject: Subject) -> None:
    """backward is linear: of gradients at the output ten thousand times as large, or small, it makes such."""
    trial = LayerTrial(subject)
    for training, factor in product(trial.modes, (1e4, 1e-8)):
        one = trial.call(training=training)
        scaled = trial.call(*trial.inputs, *(factor * dy for dy in trial.dy), training=training)
        results = dict(enumerate(zip(scaled.dx, one.dx, strict=True)))
        of_params = {f"of '{path}'": (scaled.grads[path], grad) for path, grad in one.grads.items()}
        for which, (a, b) in {**{f"at input {i}": pair for i, pair in results.items()}, **of_params}.items():
            if b is not None:
                require_close(f"The gradient {which} for dy times {factor:g}, divided by that,", a / factor, b, 1e-9,
                              "Cut no gradients in a layer: clip_norm of the trainer does.")  # fmt: skip


def degenerate(subject: Subject) -> None:
    """Columns and rows that repeat, zeros, inputs that are equal to each other: no NaN, and as the equations say."""
    bench = _Bench(subject)
    for when, inputs in _repeating(bench.double):
        bench.require_sound(when, inputs)


def masks(subject: Subject) -> None:
    """Masks that hide all, or nothing, give no NaN and right gradients; a mask of 0 and 1 is one of truth values."""
    bench = _Bench(subject)
    drawn = bench.double.copies(bench.double.inputs)
    for when, value in (("of masks that are False everywhere", False), ("of masks that are True everywhere", True)):
        bench.require_sound(when, tuple(np.full_like(x, value) if x.dtype.kind == "b" else x for x in drawn))
    trial = LayerTrial(subject)
    expected = trial.call()
    numbers = tuple(x.astype(np.int64) if x.dtype.kind == "b" else x for x in trial.given)
    try:
        found = trial.call(*numbers)
    except PellucidError:
        return
    found.require_close(
        expected, 1e-12, "of a mask of int64, 0 and 1, as a model hands on what it is given",
        "Take the truth values of a mask, mask != 0, or refuse what is no mask with a DataError.",
    )  # fmt: skip


def has_masks(subject: Subject) -> bool:
    """Whether an input of its example is a mask."""
    return any(spec and spec[0] == "bool" for spec in subject.example.input_shapes)


def noise_renewed(subject: Subject) -> None:
    """Random numbers come from ctx: others at every step and in every row, whatever micro-batch it is in."""
    trial = LayerTrial(subject, rows=6)
    for state in trial.model.states():  # a row may have a state of its own
        trial.ops.fill(state.data, state.fill)
    trial.use(*(np.repeat(x[:1], 6, axis=0) for x in trial.copies(trial.inputs)))
    contexts = [trial.context(step=step) for step in range(4)]
    first, *later = [trial.call(ctx=ctx).y for ctx in contexts]
    noisy = not all(map(_rows_alike, first))
    if all(np.array_equal(a, b) for y in later for a, b in zip(y, first, strict=True)):
        require(
            not noisy, "Equal rows have other outputs in training, the same ones at every step.",
            expected="random numbers that are new at every step, or one output of equal rows", received=first[0][:2],
            remedy=FROM_CTX,
        )  # fmt: skip
        idle = all(map(np.array_equal, first, trial.call(training=False).y))
        require(idle or not contexts[0].uses_streams, "It draws random numbers, the same ones at every step.",
                expected="another output", received=first[0][:2], remedy=FROM_CTX)  # fmt: skip
        return
    if noisy:
        other = trial.call(ctx=trial.context(step=0, seed=1)).y
        require(not all(map(np.array_equal, other, first)), "Another seed gives the same random numbers.",
                expected="other numbers", received=first[0][:2], remedy=FROM_CTX)  # fmt: skip
    if (noisy or contexts[1].uses_streams) and _by_itself(trial) and not _own_generator(contexts[1]):
        for rows in (slice(2, 4), slice(4, 5)):
            ctx = trial.context(step=1, row_offset=3 + rows.start)
            part = trial.call(*(a[rows] for a in trial.given), ctx=ctx)
            for a, b in zip(part.y, later[0], strict=True):
                require_close("A micro-batch of a batch, against the same rows in the batch,", a, b[rows], 1e-9,
                              f"{FROM_CTX} The first axis of what is drawn is the batch.")  # fmt: skip


def _own_generator(ctx: Context) -> bool:
    """Whether ctx.rng was asked, whose numbers do depend on the micro-batch."""
    return ctx._rng is not None or any(map(_own_generator, ctx._children.values()))


def _rows_alike(y: Any) -> bool:
    return bool(np.allclose(y, y[:1], rtol=1e-9, atol=1e-12))


def _by_itself(trial: LayerTrial) -> bool:
    """Whether in training no row sees another."""
    before = trial.call(ctx=trial.context(step=1))
    changed = trial.copies(trial.given)
    for x in changed[: len(trial.specs)]:
        if x.dtype.kind == "f":
            x[0] += 1.0
    after = trial.call(*changed, ctx=trial.context(step=1))
    return all(np.array_equal(a[1:], b[1:]) for a, b in zip(after.y, before.y, strict=True))


def _repeating(trial: LayerTrial) -> Iterator[tuple[str, Arrays]]:
    """Inputs without variety, in words and as arrays."""
    drawn = trial.copies(trial.inputs)

    def of_floats(change: Any) -> Arrays:
        return tuple(np.array(change(x)) if x.dtype.kind == "f" else x for x in drawn)

    yield "of inputs that are all 0", of_floats(np.zeros_like)
    yield "of inputs whose rows are all equal", tuple(np.repeat(x[:1], len(x), axis=0) for x in drawn)
    yield "of inputs whose columns are all equal", of_floats(lambda x: np.repeat(x[..., :1], x.shape[-1], axis=-1))
    yield "of inputs with a number that is the same everywhere", of_floats(lambda x: np.full_like(x, 1.7))
    if len({x.shape for x in drawn if x.dtype.kind == "f"}) < sum(x.dtype.kind == "f" for x in drawn):
        first = {x.shape: x for x in reversed(drawn) if x.dtype.kind == "f"}
        yield "of inputs that are equal to each other", of_floats(lambda x: first[x.shape])
    whole = {x.dtype.kind for x in drawn} & {"i", "u"}
    if whole:
        yield "of integers that are all 0", tuple(np.zeros_like(x) if x.dtype.kind in "iu" else x for x in drawn)
        highest = [spec[1] - 1 if spec and spec[0] == "int" else 0 for spec in trial.specs]
        yield (
            "of integers that are all the highest",
            tuple(np.full_like(x, high) if x.dtype.kind in "iu" else x for x, high in zip(drawn, highest, strict=True)),
        )


class _Bench:
    """A layer in both types and, if it has equations, on the faster backend, for several inputs one after the other."""

    def __init__(self, subject: Subject) -> None:
        self.single, self.double = LayerTrial(subject, dtype="float32"), LayerTrial(subject)
        self.whole = subject.entry.kind == "model"  # deep in a network nothing is known of slopes at such inputs
        self.told = has_expressions(subject)
        self.other = LayerTrial(subject, ops=subject.fast) if self.told and subject.backends.fast is not None else None

    def require_sound(self, when: str, inputs: Arrays) -> None:
        """Raise ConformanceError unless these inputs are refused, or give no NaN and what equations and backends agree
        upon."""
        for training in (True, False):
            try:
                with np.errstate(all="ignore"):
                    cast = tuple(x.astype(np.float32) if x.dtype.kind == "f" else x for x in inputs)
                    result = self.single.use(*cast).call(training=training)
            except PellucidError:
                return
            for array in (*result.arrays, *result.grads.values()):
                require(
                    not np.isnan(array).any(), f"Numbers {when} are NaN.", expected="numbers",
                    received=f"{int(np.isnan(array).sum())} of {array.size} are NaN",
                    remedy="Add a small number to what is divided by or rooted, and take the mean of nothing for 0.",
                )  # fmt: skip
        if self.whole:
            return
        require_slope(self.double.use(*inputs), when)
        if self.told:
            compare(self.double, f" {when}")
        if self.other is not None:
            self.other.use(*inputs).call().require_close(
                self.double.call(), ROUNDING, f"on backend '{self.other.ops.name}' ({when})",
                "The reference in ops/ is the specification: hold the kernel against it.",
            )  # fmt: skip


CHECKS = (
    *checks(both_types, later_steps, large_values, linear_backward, degenerate, noise_renewed),
    *checks(masks, applies=has_masks),
)  # fmt: skip
