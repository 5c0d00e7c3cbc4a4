"""What holds for transforms: fitted, applied, undone, saved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest import SkipTest

import numpy as np

from pellucid.basics.arrays import HostArray, fits
from pellucid.basics.component import Example
from pellucid.basics.errors import ConfigError
from pellucid.glassbox.equations import require_equations, used_names
from pellucid.glassbox.failure import require, require_close, require_same
from pellucid.interfaces.transform import Augmentation, Transform
from pellucid.testing.check import Check, checks, has_expressions
from pellucid.testing.fingerprint import unchanged
from pellucid.testing.subject import Subject, declared_shape, draw_input, is_integer, tie
from pellucid.testing.varied import other_arguments

MORE = 4
"""Features that are tried beyond those of the example."""


def _samples(
    subject: Subject, rows: int = 9, seed: int = 13, *, scale: float = 1.0, offset: float = 0.0, unit: bool = False
) -> HostArray:
    drawn = draw_input(subject.example.input_shapes[0], rows, np.random.default_rng(seed), "float64", unit=unit)
    return drawn if is_integer(subject.example.input_shapes[0]) else scale * drawn + offset


def _families(subject: Subject) -> Iterator[tuple[str, HostArray, HostArray]]:
    """(where, samples to fit on, samples to apply to): also far from 0, few and many, large, small, between 0 and 1."""
    yield "", _samples(subject), _samples(subject, seed=14)
    yield " of large samples", _samples(subject, scale=30.0, offset=7.0), _samples(subject, seed=14, scale=40.0)
    yield " of small samples", _samples(subject, scale=1e-3), _samples(subject, seed=14, scale=1e-2)
    yield " of very large samples", _samples(subject, scale=3e3), _samples(subject, seed=14, scale=5e3)
    yield " of many samples", _samples(subject, 150), _samples(subject, 128, 14)
    yield " of a thousand samples", _samples(subject, 1_031), _samples(subject, 1_029, 14)
    yield " of samples in [0, 1)", _samples(subject, 20, unit=True), _samples(subject, 20, 14, unit=True)


def _tied(subject: Subject) -> tuple[HostArray, HostArray]:
    """Samples that repeat, with a feature that is always zero; and others in which it is not."""
    return tie(_samples(subject)), _samples(subject, seed=14)


def _fitted(subject: Subject, samples: HostArray | None = None) -> Any:
    transform = subject.create()
    transform.fit(_samples(subject) if samples is None else samples)
    return transform


def widened(subject: Subject) -> Subject | None:
    """The same transform for samples with more features, if none of its arguments says how many there are."""
    shape = subject.example.input_shapes[0]
    sizes = declared_shape(shape)
    if not sizes or not isinstance(sizes[-1], int) or subject.example.arguments:
        return None
    example = Example(subject.example.arguments, ((*shape[:-1], sizes[-1] + MORE),))
    return replace(subject, example=example)


def applied(subject: Subject) -> None:
    """apply gives finite numbers of the shape that output_shape says, and never writes into its input."""
    for where, samples, x in (*_families(subject), (" of equal samples", *_tied(subject))):
        _applied(subject, where, samples, x)
    wide = widened(subject)
    if wide is not None:
        samples = _samples(wide)
        try:
            _fitted(wide, samples).apply(samples)
        except Exception:  # it need not take such samples
            return
        _applied(wide, f" of {MORE} more features", samples, samples)


def _applied(subject: Subject, where: str, samples: HostArray, x: HostArray) -> None:
    transform, before = _fitted(subject, samples), x.copy()
    x.flags.writeable = False
    with unchanged(transform, what="apply", remedy="Learn from the samples in fit only, and keep nothing on self."):
        y = transform.apply(x)
    require_same(f"The samples{where} after apply", x, before, "Write into a new array.")
    shape = transform.output_shape(declared_shape(subject.example.input_shapes[0]))
    require(fits(y.shape, (len(x), *shape)) and np.isfinite(y).all(),
            f"What becomes{where} has another shape than output_shape says, or is not finite.",
            expected=("N", *shape), received=y.shape, remedy="Correct output_shape.")  # fmt: skip
    empty = transform.apply(x[:0])
    require(empty.shape == (0, *y.shape[1:]), "No samples are transformed wrongly.", expected=(0, *y.shape[1:]),
            received=empty.shape, remedy="The first axis may have length 0.")  # fmt: skip


def rows_apart(subject: Subject) -> None:
    """Each sample is transformed by itself, the same alone as among others, and applying learns nothing."""
    for where, samples, x in _families(subject):
        transform = _fitted(subject, samples)
        y = transform.apply(x)
        for i in range(min(len(x), 12)):
            require_close(f"Sample {i}{where}, transformed alone,", transform.apply(x[i : i + 1])[0], y[i], 1e-12,
                          "Learn from the samples in fit only.")  # fmt: skip
        turned = transform.apply(x[::-1])[::-1]
        require_close(f"Samples{where} in another order", turned, y, 1e-12, "Treat each sample by itself.")


def undone(subject: Subject) -> None:
    """What inverse gives is transformed to the same again: ``apply(inverse(apply(x))) = apply(x)``.

    Of a transform whose inverse only comes near, an equation of 'x' says so: by an expression that inverse is held
    against, or by the reason why there is none.
    """
    near = next((equation for equation in subject.target.equations if equation.of == "x"), None)
    if near is not None and near.python is None and near.why:
        raise SkipTest(near.why)
    for where, samples, x in (*_families(subject), (" of equal samples", *_tied(subject))):
        transform = _fitted(subject, samples)
        y = transform.apply(x)
        before = y.copy()
        y.flags.writeable = False
        try:
            back = transform.inverse(y)
        except ConfigError:  # it says that it cannot be undone
            return
        require_same(f"The samples{where} after inverse", y, before, "Write into a new array.")
        require(np.shape(back) == np.shape(x), f"inverse gives another shape{where}.", expected=np.shape(x),
                received=np.shape(back), remedy="Give samples as apply takes them.")  # fmt: skip
        size = max(1.0, float(np.abs(y).max(initial=0.0)))
        if near is not None and near.python is not None:
            continue  # that the case 'equations' holds against it
        require_close(
            f"What is transformed, undone and transformed again{where}", transform.apply(np.asarray(back)) / size,
            y / size, 1e-8, "Derive inverse from apply, step by step from the end; or leave it out.",
        )  # fmt: skip
        empty = np.shape(transform.inverse(y[:0]))
        require(empty == (0, *np.shape(x)[1:]), "No samples are undone wrongly.", expected=(0, *np.shape(x)[1:]),
                received=empty, remedy="The first axis may have length 0.")  # fmt: skip
        alone = transform.inverse(y[:1])
        require_close(f"A sample that is undone alone{where}", alone[0] / size, back[0] / size, 1e-9,
                      "Treat each sample by itself in inverse, too.")  # fmt: skip


def single_precision(subject: Subject) -> None:
    """Samples in float32 become what they become in float64, up to rounding."""
    if is_integer(subject.example.input_shapes[0]):
        return
    for where, samples, x in _families(subject):
        samples, x = samples.astype("float32"), x.astype("float32")
        expected = _fitted(subject, samples.astype("float64")).apply(x.astype("float64"))
        size = max(1.0, float(np.abs(expected).max(initial=0.0)))
        found = _fitted(subject, samples).apply(x)
        require_close(f"What becomes{where} in float32", found / size, expected / size, 1e-3,
                      "Compute alike in both types.")  # fmt: skip


def whole_numbers(subject: Subject) -> None:
    """Samples of an integer type become what the same numbers in float64 become, if they are taken at all."""
    if is_integer(subject.example.input_shapes[0]):
        return
    samples, x = (np.rint(_samples(subject, seed=seed, scale=20.0)).astype("int64") for seed in (13, 14))
    try:
        found = _fitted(subject, samples).apply(x)
    except Exception:  # it says so
        return
    expected = _fitted(subject, samples.astype("float64")).apply(x.astype("float64"))
    require_close("What becomes of whole numbers", found, expected, 1e-3, "Make new arrays of a floating type.")


def missing_taken(subject: Subject) -> None:
    """Where NaN may stand in the samples, all of a feature's too, there is none in what becomes of them; and what a
    sample of which nothing is missing becomes does not depend on those beside it."""
    samples, x = _samples(subject, 30).astype("float64"), _samples(subject, 12, 14).astype("float64")
    whole = _fitted(subject, samples).apply(x)
    gaps = x.copy()
    gaps.reshape(len(x), -1)[::2, ::2] = np.nan
    found = _fitted(subject, samples).apply(gaps)
    require(found.shape == whole.shape and np.isfinite(found).all(), "What is missing is not taken: NaN stays.",
            expected="finite numbers", received=found, remedy="Fill it in, or leave out takes_missing.")  # fmt: skip
    require_close("Samples of which nothing is missing", found[1::2], whole[1::2], 1e-12,
                  "Treat each sample by itself.")  # fmt: skip
    holes = samples.copy()
    holes.reshape(len(samples), -1)[:, 0] = np.nan
    require(np.isfinite(_fitted(subject, holes).apply(gaps)).all(), "A feature of which all is missing is not taken.",
            expected="finite numbers", received="NaN or infinity", remedy="Let fit look for it.")  # fmt: skip


def saved(subject: Subject) -> None:
    """state and restore carry all that fit has learned."""
    for where, samples, x in (*_families(subject), (" of equal samples", *_tied(subject))):
        transform = _fitted(subject, samples)
        again = subject.create()
        for name, array in transform.state().items():
            require(array.dtype.kind in "fiub", f"What was fitted as '{name}' is no array of numbers.",
                    expected="numbers", received=array.dtype, remedy="Files of models hold numbers.")  # fmt: skip
        again.restore({name: np.array(array) for name, array in transform.state().items()})
        remedy = "Name in `fitted` every attribute that fit sets."
        y = transform.apply(x)
        require_same(f"What a restored transform makes{where}", again.apply(x), y, remedy)
        try:
            expected = transform.inverse(y)
        except ConfigError:
            continue
        require_same(f"What inverse of a restored transform makes{where}", again.inverse(y), expected, remedy)


def fitted_on_what_is_given(subject: Subject) -> None:
    """Fitting again replaces what was learned; fitting changes no sample; the order of samples does not matter."""
    transform, x = subject.create(), _samples(subject)
    transform.fit(_samples(subject, 14, 15, scale=3.0, offset=1.0))
    before = x.copy()
    x.flags.writeable = False
    transform.fit(x)
    require_same("The samples after fit", x, before, "Write into a new array.")
    require_close("What a transform gives that was fitted a second time", transform.apply(x), _fitted(subject).apply(x),
                  1e-12, "Let fit overwrite what an earlier fit has learned.")  # fmt: skip
    one, other = subject.create(), subject.create()
    one.fit(_samples(subject, 20, 18, scale=5.0))
    other.fit(x)
    beside = one.apply(x), other.apply(x)
    alone = _fitted(subject, _samples(subject, 20, 18, scale=5.0)).apply(x), _fitted(subject).apply(x)
    for found, expected in zip(beside, alone, strict=True):
        require_close("What a transform gives beside another one", found, expected, 1e-12,
                      "Keep what is learned on self, not on the class.")  # fmt: skip


def equations(subject: Subject) -> None:
    """The equations give what the code gives: 'y', and what was fitted.

    Their names: ``x``, ``samples`` (that it was fitted on), what was fitted, the constructor's arguments.
    """
    for where, samples, x in _families(subject):
        _compare(subject, where, samples, x)


def equations_at_ties(subject: Subject) -> None:
    """The equations give what the code gives where samples are equal, and where a feature is always zero."""
    samples, x = _tied(subject)
    _compare(subject, " at ties", samples, samples)
    _compare(subject, " fitted at ties", samples, x)
    _compare(subject, " fitted on one sample", samples[:1], x)


def fitted_told(subject: Subject) -> None:
    """What was fitted and stands in an expression has an equation of its own, or what is made of it is not checked."""
    equations = subject.target.equations
    told = {equation.of for equation in equations}
    left = sorted({*subject.create().fitted} & used_names(equations) - told)
    require(
        not left, f"Expressions use {', '.join(map(repr, left))}, and no equation says what that is.",
        expected=f"Equation({(left or ['…'])[0]!r}, latex, python), of samples, or with why=…", received=sorted(told),
        remedy="Write down what fit learns, or why no short expression exists.",
    )  # fmt: skip


def _compare(subject: Subject, where: str, samples: HostArray, x: HostArray) -> None:
    """Hold the equations of a transform that is fitted on ``samples`` against what it makes of x."""
    transform = _fitted(subject, samples)
    learned = transform.state()
    names, computed = {**learned, "samples": samples, "x": x}, {**learned, "y": transform.apply(x)}
    if any(equation.of == "x" and equation.python is not None for equation in transform.equations):
        computed["x"] = transform.inverse(computed["y"])
    require_equations(transform, names, computed, where=where)


def _takes_missing(subject: Subject) -> bool:
    return bool(getattr(subject.target, "takes_missing", False))


def _overridden(subject: Subject) -> bool:
    target = subject.target
    plain = isinstance(target, type) and issubclass(target, Augmentation)
    return not plain and getattr(target, "inverse", None) is not Transform.inverse


OTHERS = other_arguments(equations)
CHECKS: tuple[Check, ...] = (
    *checks(applied, rows_apart), *checks(undone, applies=_overridden), *checks(missing_taken, applies=_takes_missing),
    *checks(single_precision, whole_numbers, saved, fitted_on_what_is_given),
    *checks(equations, equations_at_ties, applies=has_expressions), *OTHERS,
    Check(fitted_told, has_expressions, every_example=False),
)  # fmt: skip
