"""What holds for transforms (fitted, applied, saved) and for data sets (seeded, aligned, finite)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, as_tuple, fits
from pellucid.glassbox.equations import require_equations
from pellucid.glassbox.failure import require, require_close, require_same
from pellucid.testing.check import checks, has_expressions
from pellucid.testing.subject import Subject, declared_shape, draw_input, tie


def _samples(subject: Subject, rows: int = 9, seed: int = 13) -> HostArray:
    return draw_input(subject.example.input_shapes[0], rows, np.random.default_rng(seed), "float64")


def _fitted(subject: Subject) -> Any:
    transform = subject.create()
    transform.fit(_samples(subject))
    return transform


def applied(subject: Subject) -> None:
    """apply gives finite numbers of the shape that output_shape says, and never writes into its input."""
    transform, x = _fitted(subject), _samples(subject, seed=14)
    before = x.copy()
    x.flags.writeable = False
    y = transform.apply(x)
    require_same("The samples after apply", x, before, "Write into a new array.")
    shape = transform.output_shape(declared_shape(subject.example.input_shapes[0]))
    require(fits(y.shape, (len(x), *shape)) and np.isfinite(y).all(),
            "The transformed samples have another shape than output_shape says, or are not finite.",
            expected=("N", *shape), received=y.shape, remedy="Correct output_shape.")  # fmt: skip
    empty = transform.apply(x[:0])
    require(empty.shape == (0, *y.shape[1:]), "No samples are transformed wrongly.", expected=(0, *y.shape[1:]),
            received=empty.shape, remedy="The first axis may have length 0.")  # fmt: skip


def rows_apart(subject: Subject) -> None:
    """Each sample is transformed by itself, the same alone as among others, and applying learns nothing."""
    transform, x = _fitted(subject), _samples(subject, seed=14)
    y = transform.apply(x)
    for i in range(len(x)):
        require_close(f"Sample {i}, transformed alone,", transform.apply(x[i : i + 1])[0], y[i], 1e-12,
                      "Learn from the samples in fit only.")  # fmt: skip


def saved(subject: Subject) -> None:
    """state and restore carry all that fit has learned."""
    transform, x = _fitted(subject), _samples(subject, seed=14)
    again = subject.create()
    again.restore({name: np.array(array) for name, array in transform.state().items()})
    require_same("What a restored transform gives", again.apply(x), transform.apply(x),
                 "Name in `fitted` every attribute that fit sets.")  # fmt: skip


def fitted_on_what_is_given(subject: Subject) -> None:
    """Fitting again replaces what was learned; fitting changes no sample."""
    transform, x = subject.create(), _samples(subject)
    transform.fit(_samples(subject, seed=15) * 3 + 1)
    before = x.copy()
    x.flags.writeable = False
    transform.fit(x)
    require_same("The samples after fit", x, before, "Write into a new array.")
    require_close("What a transform gives that was fitted a second time", transform.apply(x), _fitted(subject).apply(x),
                  1e-12, "Let fit overwrite what an earlier fit has learned.")  # fmt: skip


def equations(subject: Subject) -> None:
    """The equations give what the code gives: 'y', and what was fitted.

    Their names: ``x``, ``samples`` (that it was fitted on), what was fitted, the constructor's arguments.
    """
    _compare(subject, _samples(subject), _samples(subject, seed=14))


def equations_at_ties(subject: Subject) -> None:
    """The equations give what the code gives where samples are equal, and where a feature is always zero."""
    samples = tie(_samples(subject))
    _compare(subject, samples, samples)


def _compare(subject: Subject, samples: HostArray, x: HostArray) -> None:
    """Hold the equations of a transform that is fitted on ``samples`` against what it makes of x."""
    transform = subject.create()
    transform.fit(samples)
    learned = transform.state()
    require_equations(transform, {**learned, "samples": samples, "x": x}, {**learned, "y": transform.apply(x)})


TRANSFORM = (
    *checks(applied, rows_apart, saved, fitted_on_what_is_given),
    *checks(equations, equations_at_ties, applies=has_expressions),
)


# -- data sets -------------------------------------------------------------------------------------------------------


def _arrays(split: Any) -> list[HostArray]:
    return [np.asarray(part) for part in (*as_tuple(split.x), split.y) if part is not None]


def splits(subject: Subject) -> None:
    """The same seed gives the same parts; samples and targets are aligned, finite and numbers."""
    dataset = subject.create()
    first, second = dataset.splits(3), dataset.splits(3)
    require(len(first.train) > 0, "There is nothing to train on.", expected="samples", received=0,
            remedy="Keep smaller parts for validation and test.")  # fmt: skip
    for part in ("train", "validation", "test"):
        one, other = getattr(first, part), getattr(second, part)
        for a, b in zip(_arrays(one), _arrays(other), strict=True):
            require(len(a) == len(one) and a.dtype.kind in "fiub" and bool(np.isfinite(a).all()),
                    f"The {part} part is not aligned or not finite.", expected=f"{len(one)} rows of finite numbers",
                    received=f"{a.dtype} of shape {a.shape}", remedy="Clean the data in load.")  # fmt: skip
            require_same(f"The {part} part of the same seed", b, a, "Draw only from the generator given to load.")
    if first.classes is not None:
        labels = np.concatenate([np.asarray(getattr(first, p).y).reshape(-1) for p in ("train", "validation", "test")])
        inside = labels.min() >= 0 and labels.max() < len(first.classes)
        require(
            inside, "Labels and the names of the classes do not fit.", expected=f"0 … {len(first.classes) - 1}",
            received=f"{labels.min()} … {labels.max()}", remedy="Number the classes from 0 in their order.",
        )  # fmt: skip


DATASET = checks(splits)
