"""What holds for augmentations: the shape is kept, randomness is keyed by step and row, prediction is left alone."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.failure import require, require_close, require_same
from pellucid.interfaces.context import Context
from pellucid.interfaces.transform import Augmentation
from pellucid.standard.ops.base import Ops
from pellucid.testing.check import checks
from pellucid.testing.checks.calls import drawn_apart, poisoned
from pellucid.testing.fingerprint import unchanged
from pellucid.testing.subject import Subject, draw_input

ROWS, MANY = 6, 70
DRAWN = "Draw from ctx.uniform and ctx.normal with the batch as first axis, and from nothing else."


def _samples(subject: Subject, dtype: str = "float64", rows: int = ROWS) -> HostArray:
    return draw_input(subject.example.input_shapes[0], rows, np.random.default_rng(13), dtype, unit=True)


def _augmented(
    subject: Subject, x: HostArray, *, ops: Ops | None = None, step: int = 0, row_offset: int = 0,
    ctx: Context | None = None, seed: int = 5,
) -> HostArray:  # fmt: skip
    """What a new augmentation, or one in this context, makes of the batch; as a copy on the host."""
    augmentation: Any = subject.create()
    augmentation.fit(x)
    chosen = ops or subject.backends.reference
    if ctx is None:
        ctx = Context(chosen, training=True, seed=seed, dtype=x.dtype)
    ctx.begin(step, 0, row_offset=row_offset)
    remedy = "Keep nothing on self: what belongs to a call goes on ctx."
    with unchanged(augmentation, what="augment", remedy=remedy), drawn_apart():
        augmented = augmentation.augment(ctx, chosen.asarray(x))
    return np.array(chosen.to_host(augmented))


def shape_kept(subject: Subject) -> None:
    """augment gives finite numbers of its input's shape and dtype, for 0 rows too, and never writes into its input."""
    for dtype in ("float32", "float64"):
        x = _samples(subject, dtype)
        before = x.copy()
        x.flags.writeable = False
        y = _augmented(subject, x)
        require_same("The batch after augment", x, before, "Write into ctx.scratch.")
        alike = y.shape == x.shape and y.dtype == x.dtype
        require(alike and bool(np.isfinite(y).all()),
                "The augmented batch is not like the batch, or not finite.", expected=f"{x.dtype} {x.shape}",
                received=f"{y.dtype} {y.shape}", remedy="Keep both: ctx.scratch(name, x.shape).")  # fmt: skip
    empty = _augmented(subject, x[:0])
    require(empty.shape == (0, *x.shape[1:]), "No rows are augmented wrongly.", expected=(0, *x.shape[1:]),
            received=empty.shape, remedy="The first axis may have length 0.")  # fmt: skip


def keyed_by_step_and_row(subject: Subject) -> None:
    """The same step gives the same bits, another step others; a batch split into micro-batches gives the same rows."""
    for x, cut in ((_samples(subject), 4), (_samples(subject, rows=MANY), 33), (_samples(subject, rows=320), 301)):
        whole = _augmented(subject, x)
        require_same("The batch augmented again at the same step", _augmented(subject, x), whole, DRAWN)
        parts = [_augmented(subject, x[:cut]), _augmented(subject, x[cut:], row_offset=cut)]
        require_close("The batch augmented in two micro-batches", np.concatenate(parts), whole, 1e-12, DRAWN)
    x = _samples(subject, rows=MANY)
    ctx = Context(subject.backends.reference, training=True, seed=5, dtype=x.dtype)
    steps = [_augmented(subject, x, ctx=ctx, step=step) for step in (0, 1, 2, 3, 4, 5, 99, 100, 1_000, 1_001)]
    differs = any(not np.array_equal(steps[0], other) for other in steps[1:])
    remedy = "Call ctx.uniform or ctx.normal in every augment; keep no result on self."
    require(differs, "Ten steps give the same batch.", expected="random changes", received="the same numbers",
            remedy=remedy)  # fmt: skip
    repeated = sum(np.array_equal(a, b) and not np.array_equal(a, x) for a, b in pairwise(steps))
    require(repeated < 3, "Steps after each other give the same batch.", expected="other changes at each step",
            received=f"{repeated} of 9 times the same numbers", remedy=remedy)  # fmt: skip


def random_for_each_row(subject: Subject) -> None:
    """Each row is changed in its own way, and another seed changes it in another way."""
    one = _samples(subject)[:1]
    x = np.repeat(one, MANY, axis=0)
    steps = [_augmented(subject, x, step=step) for step in range(4)]
    alike = all((y == y[:1]).all() for y in steps) and any((y != x).any() for y in steps)
    require(not alike, "All rows are changed in the same way.", expected="random numbers for each row",
            received="equal rows stay equal", remedy=DRAWN)  # fmt: skip
    other = [_augmented(subject, x, step=step, seed=6) for step in range(4)]
    require(any(not np.array_equal(a, b) for a, b in zip(steps, other, strict=True)),
            "Two seeds give the same changes.", expected="others", received="the same", remedy=DRAWN)  # fmt: skip
    again = [_augmented(subject, x, step=step) for step in range(4)]
    for a, b in zip(again, steps, strict=True):
        require_same("The batch of the same seed and step", a, b, DRAWN)


def in_the_middle_of_others(subject: Subject) -> None:
    """A row is changed in the same way whatever rows it stands among: it learns nothing of its neighbours."""
    x = _samples(subject, rows=MANY)
    whole, others = _augmented(subject, x), x.copy()
    others[1:] = 1.0 - others[1:] / 2
    require_close("The first row among other rows", _augmented(subject, others)[0], whole[0], 1e-12,
                  "Treat each sample by itself.")  # fmt: skip


def context_used_again(subject: Subject) -> None:
    """A context that has served before gives what a new one gives, and memory is never read before it is written."""
    ops = poisoned(subject.backends.reference)
    ctx = Context(ops, training=True, seed=5, dtype=np.dtype("float64"))
    for step, rows in enumerate((4, 4, 2, 6, 4)):
        x = _samples(subject, rows=6)[:rows] + step / 8
        again = _augmented(subject, x, ops=ops, ctx=ctx, step=step)
        require_same(f"Batch {step} in a context that is used again", again, _augmented(subject, x, step=step),
                     "Scratch is uninitialised: overwrite all of it at every call.")  # fmt: skip


def prediction_untouched(subject: Subject) -> None:
    """apply, which prediction and evaluation use, gives the samples as they are."""
    x = _samples(subject)
    require_same("What apply gives", subject.create().apply(x), x, "Do not override apply.")


def backends_agree(subject: Subject) -> None:
    """Every backend augments alike."""
    for rows in (ROWS, MANY):
        x = _samples(subject, "float32", rows)
        expected = _augmented(subject, x)
        for ops in subject.backends.all():
            require_close(f"The batch augmented on '{ops.name}'", _augmented(subject, x, ops=ops), expected, 1e-5,
                          "Compute through ctx.ops and ctx.op only.")  # fmt: skip


CHECKS = checks(
    shape_kept, keyed_by_step_and_row, random_for_each_row, in_the_middle_of_others, context_used_again,
    prediction_untouched, backends_agree,
    applies=lambda subject: isinstance(subject.target, type) and issubclass(subject.target, Augmentation),
)  # fmt: skip
