"""What holds for a loss at other sizes and numbers than its example's: rows, classes, types, targets, steps, and where
the prediction is the target."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pellucid.basics.errors import ConfigError, PellucidError
from pellucid.glassbox.failure import ConformanceError, require, require_close
from pellucid.registry.config import create
from pellucid.testing.check import checks, has_expressions
from pellucid.testing.checks.layer_sizes import BLOCKS, MORE, THOUSANDS, WIDE, wider
from pellucid.testing.checks.loss_trial import LossTrial
from pellucid.testing.checks.losses import compare
from pellucid.testing.precision import require_precise
from pellucid.testing.slopes import require_slope
from pellucid.testing.subject import MANY, ROUNDING, Specs, Subject, declared_shape, more_classes
from pellucid.testing.trial import Arrays

STEPS = ((1, 0), (13, 3), (5_000, 90), (60_013, 700), (3_000_017, 40_000))
"""(step, epoch) of later calls."""


SAME_AT_EVERY_STEP = "Its equations know no step: let it depend on none, or say by 'why' what they leave out."


def other_sizes(subject: Subject) -> None:
    """One row, two and more than a hundred, and predictions that are wider, have the value, the gradient, the equations
    and the backends of the example; or other widths are refused."""
    for rows in (1, 2, MANY, BLOCKS, THOUSANDS):
        trial = LossTrial(subject, rows=rows)
        _require_right(subject, trial, trial.given, f"of {rows} row(s)")
        if rows <= MANY:  # the kernels of large batches have cases of their own
            _require_alike(subject, f"of {rows} row(s)", rows=rows)
    for specs in _other_shapes(subject.example.input_shapes):
        try:
            trial = LossTrial(subject, specs=specs)
            trial.loss.check(trial.target, declared_shape(specs[0]))
            trial.call()
        except PellucidError:
            continue
        except Exception as error:
            raise ConformanceError(
                f"Predictions and targets of {specs} raise {type(error).__name__}.", received=str(error),
                expected="a loss, or a ShapeError or DataError", remedy="Take sizes from the arrays that are given.",
            ) from error  # fmt: skip
        _require_right(subject, trial, trial.given, f"for shapes {specs}")
        _require_alike(subject, f"for shapes {specs}", specs=specs)


def _other_shapes(specs: Specs) -> Iterator[Specs]:
    """Wider predictions and targets; more classes; both; and predictions that are longer by one than they should be."""
    yield from wider(specs)
    prediction, target = specs
    if target[:1] == ("int",):
        yield more_classes(specs, MORE)
        yield more_classes(specs, WIDE)
        if prediction and prediction[-1] is not None:
            yield (*prediction[:-1], prediction[-1] + MORE), ("int", target[1] + MORE, *target[2:])
    if prediction and prediction[-1] is not None:
        yield (*prediction[:-1], prediction[-1] + 1), target


def both_types(subject: Subject) -> None:
    """float32 gives what float64 gives, but for its rounding, for many rows, too."""
    for rows in (6, MANY):
        single, double = LossTrial(subject, dtype="float32", rows=rows), LossTrial(subject)
        for given in single.ways(single.given):
            for factor in (1.0, 8.0):
                scaled = (np.float32(factor) * given[0], *given[1:])
                require_precise(single, double, scaled, f"of predictions times {factor:g}")


def later_steps(subject: Subject) -> None:
    """At every step and epoch, and in evaluation, the gradient is the derivative of the loss."""
    trial = LossTrial(subject)
    for training in (True, False):
        for step, epoch in (*STEPS, (0, 0)):
            where = f"in step {step} of epoch {epoch}" if training else "in evaluation"
            require_slope(trial, where, training=training, step=step, epoch=epoch)
            for given in trial.ways(trial.given) if training and has_expressions(subject) else ():
                ctx, first = trial.context(step=step, epoch=epoch), trial.call(*given)
                trial.call(*given, ctx=ctx).require_close(first, 1e-12, where, SAME_AT_EVERY_STEP)
    told = {equation.of for equation in trial.loss.equations}
    if has_expressions(subject) and "loss_evaluation" not in told:
        for given in trial.ways(trial.given):
            require_close(
                "The loss in evaluation", trial.call(*given, training=False).loss, trial.call(*given).loss, 1e-12,
                "Where evaluation computes something else, write it down: Equation('loss_evaluation', …).",
            )  # fmt: skip


def rows_in_any_order(subject: Subject) -> None:
    """Rows may come in any order: the loss stays, and each row keeps its gradient."""
    trial = LossTrial(subject, rows=9)
    order = np.array([4, 8, 0, 2, 6, 1, 7, 3, 5])
    for given in trial.ways(trial.given):
        first, again = trial.call(*given), trial.call(*(None if a is None else a[order] for a in given))
        remedy = "Treat all rows alike, whichever they are."
        require_close("The loss of the same rows in another order", again.loss, first.loss, 1e-12, remedy)
        require_close("The gradient of the same rows in another order", again.gradient, first.gradient[order], 1e-12,
                      remedy)  # fmt: skip


def special_values(subject: Subject) -> None:
    """At the target, at 0, where all is equal and far out, the loss is finite and its gradient right."""
    for dtype in ("float64", "float32"):
        trial = LossTrial(subject, dtype=dtype)
        for when, prediction, target in _special(trial):
            given = prediction.astype(dtype), target, trial.weight
            for way in trial.ways(given):
                with np.errstate(all="ignore"):
                    result = trial.call(*way)
                good = np.isfinite(result.loss) and np.isfinite(result.gradient).all()
                require(
                    good, f"Predictions {when} give numbers that are not finite ({dtype}).", expected="finite numbers",
                    received=f"loss {result.loss}, {int((~np.isfinite(result.gradient)).sum())} gradients not finite",
                    remedy="Divide by a root only where it is not 0; there the gradient is 0.",
                )  # fmt: skip
            if dtype == "float64":
                _require_right(subject, trial, given, when, tolerance=1e-6 if "far out" in when else 1e-9)
    trial = LossTrial(subject)
    for when, prediction in (("times 40", 40.0 * trial.prediction), ("about 200", 200.0 + trial.prediction),
                             ("about −200", trial.prediction - 200.0)):  # fmt: skip
        for way in trial.ways((prediction, trial.target, trial.weight)) if has_expressions(subject) else ():
            with np.errstate(all="ignore"):
                compare(trial, way, f" for predictions {when}", 1e-6, finite=True)


def other_targets(subject: Subject) -> None:
    """Targets of other types and sizes that check accepts work: integers where numbers are meant, values beyond 1."""
    trial = LossTrial(subject)
    shape = declared_shape(subject.example.input_shapes[0])
    for when, target in _targets(trial):
        try:
            trial.loss.check(np.array(target), shape)
        except PellucidError:
            continue
        except Exception as error:
            raise ConformanceError(
                f"check raises {type(error).__name__} for {when}.", expected="a DataError, or nothing",
                received=str(error), remedy="Look at the shape of a target, and at its type, before its numbers.",
            ) from error  # fmt: skip
        for dtype in ("float32", "float64"):
            own = target.astype(np.int64 if target.dtype.kind in "iub" else dtype)  # as a trainer has them
            for way in trial.ways((trial.prediction.astype(dtype), own, trial.weight.astype(dtype))):
                _require_works(subject, dtype, way, when)


def _require_works(subject: Subject, dtype: str, way: Arrays, when: str) -> None:
    trial = LossTrial(subject, dtype=dtype)
    try:
        with np.errstate(all="ignore"):
            result = trial.call(*way)
    except Exception as error:
        raise ConformanceError(
            f"check accepts {when}, and forward raises {type(error).__name__}.", received=str(error),
            expected="a loss, or a DataError of check",
            remedy="Refuse in check what forward cannot take, or convert the target there.",
        ) from error  # fmt: skip
    fits = result.loss.shape == () and result.gradient.dtype == dtype and result.gradient.shape == way[0].shape
    require(fits, f"For {when} the gradient has another type or shape than the prediction.",
            expected=f"{way[0].shape}, {dtype}", received=f"{result.gradient.shape}, {result.gradient.dtype}",
            remedy="Convert the target to the type of the prediction.")  # fmt: skip
    if dtype == "float64":
        require_slope(trial, f"for {when}", *way)
        equal = way[1].shape == trial.target.shape and (way[1].dtype.kind == "f") == (trial.target.dtype.kind == "f")
        if has_expressions(subject) and equal:
            compare(trial, way, f" for {when}")
    if way[1].dtype.kind in "iub" and trial.target.dtype.kind == "f":
        same = trial.call(way[0], way[1].astype(dtype), way[2])
        same.require_close(result, 1e-6 if dtype == "float32" else 1e-12, f"for {when}, against the same as numbers,",
                           "Convert the target to the type of the prediction.")  # fmt: skip


def _targets(trial: LossTrial) -> Iterator[tuple[str, Any]]:
    """Targets of other types, ranks and sizes than the example's."""
    rng = np.random.default_rng(23)
    target = trial.target
    if target.dtype.kind == "f":
        yield "targets of int64, 0 and 1", np.rint(target).astype(np.int64)
        yield "targets of int64 up to 9", rng.integers(-9, 10, target.shape)
        yield "targets from −6 to 6", 3.0 * rng.normal(size=target.shape)
        yield "targets from 0 to 30", 30.0 * target
        yield "targets from 0 to 3,000", 3e3 * target
        yield "targets from −2,000 to 2,000", 1e3 * rng.normal(size=target.shape)
        yield "targets that are the same everywhere", np.full_like(target, 0.25)
        yield "targets of whole numbers", np.rint(3.0 * target)
    else:
        yield "labels as numbers", target.astype(np.float64)
        yield "labels as truth values", target.astype(bool)
        classes = trial.specs[1][1] if trial.specs[1][:1] == ("int",) else 2
        yield "a column for each class", np.eye(classes)[target]
        yield "a share of each class", np.full((*target.shape, classes), 1.0 / classes)
    yield "targets with an axis of length 1 more", target[..., None]
    if target.ndim > 1:
        yield "targets without their last axis", np.ascontiguousarray(target[..., 0])
        yield "targets with fewer columns", np.ascontiguousarray(target[..., :1])


def _special(trial: LossTrial) -> Iterator[tuple[str, Any, Any]]:
    """Predictions and targets where formulas divide by 0, in words and as arrays."""
    prediction, target = trial.prediction, trial.target
    if target.dtype.kind == "f" and target.shape == prediction.shape:
        yield "that are their targets", target.copy(), target
        mixed = prediction.copy()
        mixed[::2] = target[::2]
        yield "that are in every other row their targets", mixed, target
        zero = np.zeros_like(target)
        yield "of 0 for targets of 0", zero, zero
    if target.dtype.kind in "iu":
        yield "for targets that are all 0", prediction, np.zeros_like(target)
        yield "for targets that are all the highest", prediction, np.full_like(target, trial.specs[1][1] - 1)
    yield "that are all 0", np.zeros_like(prediction), target
    yield "whose columns are all equal", np.repeat(prediction[..., :1], prediction.shape[-1], axis=-1), target
    yield "whose rows are all equal", np.repeat(prediction[:1], len(prediction), axis=0), target
    yield "that are whole numbers", np.rint(prediction), target
    yield "that lie far out", 4.0 * prediction, target


def _require_right(subject: Subject, trial: LossTrial, given: Arrays, when: str, tolerance: float = 1e-9) -> None:
    """Raise ConformanceError unless gradient and equations agree with the loss, with weights and without."""
    for way in trial.ways(given):
        require_slope(trial, when, *way)
        if has_expressions(subject):
            compare(trial, way, f" {when}", tolerance)


def _require_alike(subject: Subject, when: str, **options: Any) -> None:
    if subject.backends.fast is None:
        return
    one, other = subject.compared(LossTrial, dtype="float32", **options)
    for mine, theirs in zip(one.ways(one.given), other.ways(other.given), strict=True):
        other.call(*theirs).require_close(
            one.call(*mine), ROUNDING, f"on backend '{other.ops.name}' {when}", "The reference is the specification."
        )


def told_to_others(subject: Subject) -> None:
    """The metrics that it names exist, and intervals of outputs are accepted or refused with a ConfigError."""
    trial = LossTrial(subject)
    for labels in (True, False):
        for name in trial.loss.default_metrics(labels=labels):
            create("metric", name)
    shape = declared_shape(subject.example.input_shapes[0])
    for interval in ((-np.inf, np.inf), (0.0, 1.0), (-1.0, 1.0), (0.0, np.inf)):
        try:
            trial.loss.check_interval(interval, shape)
        except ConfigError as error:
            require(
                interval[1] - interval[0] < np.inf or interval[0] == 0, "Outputs without bounds are refused.",
                expected="nothing raised", received=str(error), remedy="Refuse only intervals that are too narrow.",
            )  # fmt: skip


CHECKS = checks(told_to_others, other_sizes, both_types, later_steps, rows_in_any_order, special_values, other_targets)
