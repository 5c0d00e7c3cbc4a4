"""What holds for augmentations: the shape is kept, randomness is keyed by step and row, prediction is left alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.failure import require, require_close, require_same
from pellucid.interfaces.context import Context
from pellucid.interfaces.transform import Augmentation
from pellucid.standard.ops.base import Ops
from pellucid.testing.check import checks
from pellucid.testing.subject import Subject, draw_input

ROWS = 6


def _samples(subject: Subject, dtype: str = "float64") -> HostArray:
    return draw_input(subject.example.input_shapes[0], ROWS, np.random.default_rng(13), dtype, unit=True)


def _augmented(
    subject: Subject, x: HostArray, *, ops: Ops | None = None, step: int = 0, row_offset: int = 0,
    ctx: Context | None = None,
) -> HostArray:  # fmt: skip
    """What a new augmentation, or one in this context, makes of the batch; as a copy on the host."""
    augmentation: Any = subject.create()
    augmentation.fit(x)
    chosen = ops or subject.backends.reference
    if ctx is None:
        ctx = Context(chosen, training=True, seed=5, dtype=x.dtype)
    ctx.begin(step, 0, row_offset=row_offset)
    return np.array(chosen.to_host(augmentation.augment(ctx, chosen.asarray(x))))


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
    x = _samples(subject)
    whole = _augmented(subject, x)
    remedy = "Draw from ctx.uniform and ctx.normal with the batch as first axis, and from nothing else."
    require_same("The batch augmented again at the same step", _augmented(subject, x), whole, remedy)
    parts = [_augmented(subject, x[:4]), _augmented(subject, x[4:], row_offset=4)]
    require_close("The batch augmented in two micro-batches", np.concatenate(parts), whole, 1e-12, remedy)
    ctx = Context(subject.backends.reference, training=True, seed=5, dtype=x.dtype)
    first = _augmented(subject, x, ctx=ctx)
    differs = any(not np.array_equal(first, _augmented(subject, x, ctx=ctx, step=step)) for step in range(1, 5))
    require(differs, "Five steps give the same batch.", expected="random changes", received="the same numbers",
            remedy="Call ctx.uniform or ctx.normal in every augment; keep no result on self.")  # fmt: skip


def prediction_untouched(subject: Subject) -> None:
    """apply, which prediction and evaluation use, gives the samples as they are."""
    x = _samples(subject)
    require_same("What apply gives", subject.create().apply(x), x, "Do not override apply.")


def backends_agree(subject: Subject) -> None:
    """Every backend augments alike."""
    x = _samples(subject, "float32")
    expected = _augmented(subject, x)
    for ops in subject.backends.all():
        require_close(f"The batch augmented on '{ops.name}'", _augmented(subject, x, ops=ops), expected, 1e-5,
                      "Compute through ctx.ops and ctx.op only.")  # fmt: skip


CHECKS = checks(
    shape_kept, keyed_by_step_and_row, prediction_untouched, backends_agree,
    applies=lambda subject: isinstance(subject.target, type) and issubclass(subject.target, Augmentation),
)  # fmt: skip
