"""What holds for the numbers of a loss: its gradient, the mean taken once, weights, counts, extremes, bad targets."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import isclose, prod
from typing import Any, get_args

import numpy as np

from pellucid.basics.errors import DataError
from pellucid.glassbox.equations import require_equations
from pellucid.glassbox.failure import ConformanceError, require, require_close, require_same
from pellucid.glassbox.record.heard import HeardLosses
from pellucid.interfaces.metric import Kind
from pellucid.testing.check import checks, has_expressions
from pellucid.testing.checks.calls import splits_add_up
from pellucid.testing.checks.loss_trial import LossTrial
from pellucid.testing.gradients import check_gradients
from pellucid.testing.slopes import require_slope
from pellucid.testing.subject import Subject, at_arguments, declared_shape, is_integer
from pellucid.testing.trial import Arrays
from pellucid.testing.varied import can_be_far, with_far_arguments

ONCE = "The mean over the batch is taken once, in the loss: divide by the number of rows (or the sum of weights) once."


def value(subject: Subject) -> None:
    """The loss is a 0-d float64 array, and its gradient has the shape and type of the prediction."""
    for dtype in ("float64", "float32"):
        trial = LossTrial(subject, dtype=dtype)
        loss = trial.loss.forward(trial.context(), trial.prediction, trial.target)
        require(
            getattr(loss, "shape", None) == () and loss.dtype == np.float64, "The loss is no 0-d float64 array.",
            expected="shape (), float64", received=f"{type(loss).__name__} of shape {getattr(loss, 'shape', None)}, "
            f"{getattr(loss, 'dtype', '')}", remedy="Fill ctx.scratch('loss', (), 'float64') and return it.",
        )  # fmt: skip
        gradient = trial.call(trial.prediction, trial.target).gradient
        require(
            gradient.dtype == dtype and gradient.shape == trial.prediction.shape,
            "The gradient has another shape or type than the prediction.",
            expected=f"{trial.prediction.shape}, {dtype}", received=f"{gradient.shape}, {gradient.dtype}",
            remedy="Fill ctx.scratch('dprediction', prediction.shape).",
        )  # fmt: skip


def gradients(subject: Subject) -> None:
    """The gradient is the derivative of the weighted mean."""
    trial = LossTrial(subject)
    for weight in (None, trial.weight):
        check_gradients(trial.loss, trial.prediction, trial.target, weight, ops=trial.ops)


def mean_once(subject: Subject) -> None:
    """Every row twice leaves the loss as it is and halves each row's gradient."""
    trial = LossTrial(subject)
    one = trial.call(trial.prediction, trial.target)
    two = trial.call(np.repeat(trial.prediction, 2, axis=0), np.repeat(trial.target, 2, axis=0))
    require_close("The loss of a batch with every row twice", two.loss, one.loss, 1e-12, ONCE)
    require_close("The gradient of a batch with every row twice", two.gradient[::2], one.gradient / 2, 1e-12, ONCE)


def weights(subject: Subject) -> None:
    """No weights are weights of one; a weight of 0 leaves a row out; twice the weights change the count alone."""
    trial = LossTrial(subject)
    rows = len(trial.prediction)
    remedy = "The loss is Σ wᵢ lᵢ / Σ wᵢ, and ctx.count is Σ wᵢ."
    none = trial.call(trial.prediction, trial.target)
    ones = trial.call(trial.prediction, trial.target, np.ones(rows, trial.dtype))
    ones.require_close(none, 1e-12, "with weights of one", remedy)
    two = trial.call(np.repeat(trial.prediction, 2, axis=0), np.repeat(trial.target, 2, axis=0))
    require(
        none.count > 0 and isclose(two.count, 2 * none.count, rel_tol=1e-12),
        "ctx.count does not count the rows or tokens.",
        expected=f"{2 * none.count} for every row twice", received=two.count, remedy=remedy,
    )  # fmt: skip
    if trial.loss.signed_weights:
        _signed(trial, ones)
        return
    once = trial.call(trial.prediction, trial.target, trial.weight)
    for factor in (2.0, 1e4, 1e-6):
        more = trial.call(trial.prediction, trial.target, factor * trial.weight)
        expected = replace(once, count=factor * once.count)
        more.require_close(expected, 1e-12 if factor > 1 else 1e-9, f"with weights times {factor:g}", remedy)
    without = trial.weight.copy()
    without[0] = 0
    left_out = trial.call(trial.prediction[1:], trial.target[1:], trial.weight[1:])
    zero = trial.call(trial.prediction, trial.target, without)
    require_close("The loss with a first weight of 0", zero.loss, left_out.loss, 1e-12, remedy)
    require_close("The gradient with a first weight of 0", zero.gradient[1:], left_out.gradient, 1e-12, remedy)
    require_close("The gradient of a row of weight 0", zero.gradient[:1], 0 * zero.gradient[:1], 0.0, remedy)


def _signed(trial: LossTrial, ones: Any) -> None:
    """Weights of any sign: the loss is linear in them, and what it is divided by depends on no weight."""
    remedy = "With signed_weights the loss is Σ wᵢ lᵢ / N, and ctx.count is N."
    once = trial.call(trial.prediction, trial.target, trial.weight)
    for factor in (2, -1, -0.5, 1e4):
        result = trial.call(trial.prediction, trial.target, factor * trial.weight)
        scaled = replace(once, y=(factor * once.loss,), dx=(factor * once.gradient,), count=ones.count)
        result.require_close(scaled, 1e-12, f"with weights times {factor}", remedy)
    mixed = trial.weight * np.where(np.arange(len(trial.weight)) % 2, -1, 1)
    total = trial.call(trial.prediction, trial.target, mixed)
    alone = sum(trial.call(trial.prediction, trial.target, np.where(np.arange(len(mixed)) == i, w, 0)).loss
                for i, w in enumerate(mixed))  # fmt: skip
    require_close("The loss with weights of both signs", total.loss, alone, 1e-12, remedy)


def nothing_to_learn(subject: Subject) -> None:
    """No rows, or weights that are all 0, give a loss of 0 and no gradient, without a warning."""
    trial = LossTrial(subject)
    empty = LossTrial(subject, rows=0)
    for when, result in (
        ("of no rows", empty.call(empty.prediction, empty.target)),
        ("of weights 0", trial.call(trial.prediction, trial.target, 0 * trial.weight)),
    ):
        counted = 0 if when == "of no rows" or not trial.loss.signed_weights else len(trial.prediction)
        right = result.loss == 0 and not result.gradient.any() and result.count == counted
        require(right, f"The result {when} is not zero.", expected="loss 0, gradient 0, count 0",
                received=f"loss {result.loss}, gradient {result.gradient}, count {result.count}",
                remedy="Where Σ w = 0, divide by 1.")  # fmt: skip


def extremes(subject: Subject) -> None:
    """Predictions of ±10⁴ give a finite loss and gradient, in float32 too."""
    for ops, dtype in product(subject.backends.all(), ("float32", "float64")):
        trial = LossTrial(subject, ops=ops, dtype=dtype)
        signs = np.where(ops.to_host(trial.prediction) > 0, 1e4, -1e4).astype(dtype)
        for prediction in (signs, -signs, np.abs(signs)):
            result = trial.call(ops.asarray(prediction), trial.target)
            require(
                np.isfinite(result.loss) and np.isfinite(result.gradient).all(),
                f"Predictions of ±10⁴ in {dtype} overflow on backend '{ops.name}'.", expected="finite numbers",
                received=f"loss {result.loss}, {int((~np.isfinite(result.gradient)).sum())} gradients not finite",
                remedy="Shift by the maximum before exp, and write log(1 + eˣ) as max(x, 0) + log1p(e^{−|x|}).",
            )  # fmt: skip


def bad_targets(subject: Subject) -> None:
    """check accepts the example's targets, and refuses others with a DataError that says where."""
    trial = LossTrial(subject)
    specs = subject.example.input_shapes
    shape = declared_shape(specs[0])
    good = trial.ops.to_host(trial.target)
    trial.loss.check(good, shape)
    wrong: list[tuple[str, Any, str]] = [("of another shape", np.repeat(good[..., None], 2, axis=-1), "")]
    labels = {f"the label {label}": label for label in (-1, specs[1][1])} if is_integer(specs[1]) else {"NaN": np.nan}
    for what, label in labels.items():
        bad = good.copy()
        bad.reshape(len(bad), -1)[3, 0] = label
        wrong.append((f"with {what} in row 3", bad, "3"))
    for which, target, row in wrong:
        try:
            trial.loss.check(target, shape)
        except DataError as error:
            require(
                type(trial.loss).__name__ in str(error) and row in str(error),
                f"The error for a target {which} is not clear.",
                expected="a message that names the loss" + (" and the row" if row else ""), received=str(error),
                remedy="Say what, where, expected, received, remedy.",
            )  # fmt: skip
        else:
            raise ConformanceError(
                f"check accepts a target {which}.", expected="a DataError", received="nothing raised",
                remedy="Override check(target, output_shape); see pellucid.standard.losses.outputwise.",
            )  # fmt: skip


def probabilities(subject: Subject) -> None:
    """Probabilities, if the outputs tell any, are a float64 row for each sample that adds up to 1, also at ±10⁴."""
    trial = LossTrial(subject)
    drawn = trial.ops.to_host(trial.prediction)
    for outputs in (drawn, np.where(drawn > 0, 1e4, -1e4), drawn[:0], drawn.astype(np.float32)):
        before = outputs.copy()
        told = trial.loss.probabilities(outputs)
        require_same(
            "The outputs after the call", outputs, before, "Do not write into them: outputs.astype('float64')."
        )
        if told is None:
            continue
        fits = getattr(told, "dtype", None) == np.float64 and told.ndim == 2 and len(told) == len(outputs)
        require(
            fits and told.shape[1] > 1 and bool((told >= 0).all()) and bool((abs(told.sum(axis=1) - 1) < 1e-9).all()),
            f"The probabilities of outputs of shape {outputs.shape} are none.",
            expected=f"float64, shape ({len(outputs)}, K), rows of numbers ≥ 0 with the sum 1", received=told,
            remedy="A column for each class, K ≥ 2; shift by the maximum before exp; None where there are no classes.",
        )  # fmt: skip


def predicts(subject: Subject) -> None:
    """What it says of its predictions is one of the words that metrics know; values are no probabilities of classes."""
    trial = LossTrial(subject)
    told = trial.loss.predicts
    require(told is None or told in get_args(Kind), "'predicts' is a word that nobody knows.",
            expected=(*get_args(Kind), None), received=told, remedy="Take one of them, or leave it out.")  # fmt: skip
    none = told != "values" or trial.loss.probabilities(trial.ops.to_host(trial.prediction)) is None
    require(none, "It predicts values, and has probabilities of classes.", expected="one of the two", received="both",
            remedy="Say predicts = 'classes' or 'answers', or leave probabilities out.")  # fmt: skip


def outputs_for(subject: Subject) -> None:
    """The number of outputs that the example's targets ask for, if it is told, is that of its predictions."""
    trial = LossTrial(subject)
    wanted = prod(trial.prediction.shape[1:])
    told = trial.loss.outputs_for(trial.ops.to_host(trial.target))
    require(
        told is None or (type(told) is int and told == wanted), "outputs_for does not agree with the example.",
        expected=f"{wanted}, as many as the example predicts, or None", received=told,
        remedy="Count the numbers that a model must give for one sample.",
    )  # fmt: skip


def equations(subject: Subject) -> None:
    """The equations give what the code gives: loss and gradient.

    Their names: ``prediction`` or ``z``, ``target`` or ``t``, ``weight`` or ``w`` (ones where none are given); of a
    loss made of others ``parts`` and ``dparts``, their values and gradients in the order in which they are called.
    Compared are ``loss``, ``dprediction``, and ``weight0``, ``weight1``, …, the weights that those others are given.
    """
    trial = LossTrial(subject)
    for way in trial.ways(trial.given):
        compare(trial, way)
    if trial.loss.signed_weights:
        signs = np.where(np.arange(len(trial.weight)) % 2, -1.0, 1.0).astype(trial.dtype)
        for factor in (signs, -np.ones_like(signs)):
            compare(trial, (trial.prediction, trial.target, trial.ops.asarray(factor * trial.weight)), " with signs")


def equations_at_ties(subject: Subject) -> None:
    """The equations give what the code gives where predictions are equal, zero or the target itself."""
    trial = LossTrial(subject, tied=True)
    for way in trial.ways(trial.given):
        compare(trial, way)
    away = at_arguments(trial.loss, trial.prediction.shape, np.random.default_rng(21))
    if away is not None and trial.target.shape == trial.prediction.shape:
        for way in trial.ways((trial.target + away, trial.target, trial.weight)):
            compare(trial, way, " where errors are its arguments")


def gradients_and_equations(subject: Subject) -> None:
    """Gradients and equations are right."""
    trial = LossTrial(subject)
    for way in trial.ways(trial.given):
        require_slope(trial, "", *way)
        if has_expressions(subject):
            compare(trial, way, tolerance=1e-7, finite=True)


def compare(trial: LossTrial, given: Arrays, where: str = "", tolerance: float = 1e-9, *, finite: bool = False) -> None:
    """Hold the equations of a loss against its code; ``finite``: only as far as they give finite numbers."""
    prediction, target, weight = given
    inner = HeardLosses()
    with inner.listening(trial.loss):
        result = trial.call(*given)
    w = np.ones(len(prediction)) if weight is None else weight
    names = {"prediction": prediction, "z": prediction, "target": target, "t": target, "weight": w, "w": w}
    names |= inner.names
    computed = {**inner.made, "loss": result.loss, "dprediction": result.gradient}
    require_equations(trial.loss, names, computed, tolerance, where=where, finite=finite)


CHECKS = (
    *checks(value, gradients, mean_once, splits_add_up, weights, nothing_to_learn, extremes, bad_targets),
    *checks(probabilities, predicts, outputs_for), *checks(equations, equations_at_ties, applies=has_expressions),
    *checks(with_far_arguments(gradients_and_equations), applies=can_be_far),
)  # fmt: skip
