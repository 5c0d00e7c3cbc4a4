"""What holds for a metric: batches add up, weights count, rows have no order, reset forgets, arrays stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from pellucid.basics.component import Example
from pellucid.basics.errors import ConfigError, PellucidError
from pellucid.glassbox.equations import evaluate
from pellucid.glassbox.failure import require, require_close, require_same
from pellucid.interfaces.metric import Kind, Metric
from pellucid.testing.check import checks, has_expressions
from pellucid.testing.subject import Subject, declared_shape, draw_input, is_integer, tie
from pellucid.testing.varied import other_arguments

MORE = 130
"""Classes, or outputs, that are tried beyond those of the example."""
NO_ORDER = "Count every row alike, wherever it stands; of equal scores none may come first because of its place."
BY_WEIGHT = "Weigh every row by its weight, and divide by the sum of weights."


def _data(subject: Subject, rows: int = 12, scale: float = 1.0) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(12)
    prediction, target = subject.example.input_shapes
    drawn = (
        draw_input(prediction, rows, rng, "float32"),
        draw_input(target, rows, rng, "float32", unit=True),
        rng.uniform(0.2, 2.0, rows),
    )
    return tuple(array if array.dtype.kind in "iub" or i == 2 else scale * array for i, array in enumerate(drawn))  # type: ignore[return-value]


def _families(subject: Subject) -> Iterator[tuple[str, Subject, tuple[Any, Any, Any]]]:
    """(where, subject, data): few rows and many, larger numbers, ties, more classes or outputs than in the example."""
    yield "", subject, _data(subject)
    yield " of 130 rows", subject, _data(subject, 130)
    yield " of large predictions", subject, _data(subject, 40, 10.0)
    yield " of very large predictions", subject, _data(subject, 40, 300.0)
    prediction, *others = _data(subject, 40)
    if prediction.dtype.kind == "f":
        yield " of predictions that are close", subject, (1 + prediction / 1000, *others)
    yield " of 1,024 rows", subject, _data(subject, 1_024)
    prediction, target, weight = _data(subject, 40)
    if is_integer(subject.example.input_shapes[1]):
        yield " where not all classes occur", subject, (prediction, np.minimum(target, 1), weight)
    yield " at ties", subject, tuple(map(tie, _data(subject, 40)))  # type: ignore[misc]
    wide = widened(subject)
    if wide is not None:
        try:
            _figure(wide, _data(wide))
        except PellucidError:  # that it is made for these classes only is its right, if it says so
            return
        yield f" with {MORE} more of them", wide, _data(wide, 40)
        yield f" with {MORE} more of them, at ties", wide, tuple(map(tie, _data(wide, 40)))  # type: ignore[misc]


def widened(subject: Subject) -> Subject | None:
    """The same for more classes, or for more outputs a sample, or None; an argument that says how many says so too."""
    prediction, target = subject.example.input_shapes
    of_prediction, of_target = declared_shape(prediction), declared_shape(target)
    if is_integer(prediction) or not of_prediction or not isinstance(of_prediction[-1], int):
        return None
    n = of_prediction[-1]
    more = (*of_prediction[:-1], n + MORE)
    if target[:2] == ("int", n) and of_target == of_prediction[:-1]:
        wide: tuple[Any, ...] = ("int", n + MORE, *of_target)
    elif of_target == of_prediction and n > 1:
        wide = (*target[: len(target) - 1], n + MORE)
    else:
        return None
    arguments = {name: n + MORE if type(value) is int and value == n else value
                 for name, value in subject.example.arguments.items()}  # fmt: skip
    return replace(subject, example=Example(arguments, (more, wide)))


def _figure(subject: Subject, *batches: tuple[Any, ...]) -> float:
    metric = subject.create()
    metric.reset()
    for batch in batches:
        metric.update(*batch)
    return float(metric.result())


def batches_add_up(subject: Subject) -> None:
    """Any split into batches gives the same figure, with weights and without; an empty batch changes nothing."""
    for where, own, data in _families(subject):
        for arrays in (data[:2], data):
            whole = _figure(own, arrays)
            require(
                "ties" in where or np.isfinite(whole), f"The figure{where} is not finite.", expected="a finite float",
                received=whole, remedy="Add up sums and counts in update, and divide in result.",
            )  # fmt: skip
            parts = [tuple(a[rows] for a in arrays) for rows in (slice(0, 1), slice(1, 1), slice(1, 8), slice(8, None))]
            require_close(f"The figure over several batches{where}", _figure(own, *parts), whole, 1e-9,
                          "Add up sums and counts in update, and divide in result: no mean of means.")  # fmt: skip


def weights(subject: Subject) -> None:
    """No weights are weights of one, a weight of 0 leaves a row out, and a weight of 9 is a row nine times."""
    for where, own, (prediction, target, weight) in _families(subject):
        plain = _figure(own, (prediction, target))
        ones = _figure(own, (prediction, target, np.ones(len(weight))))
        require_close(f"The figure with weights of one{where}", ones, plain, 1e-9, BY_WEIGHT)
        less = weight.copy()
        less[0] = 0
        rest = (prediction[1:], target[1:], weight[1:])
        found = _figure(own, (prediction, target, less))
        require_close(f"The figure with a first weight of 0{where}", found, _figure(own, rest), 1e-9, BY_WEIGHT)
        nothing = _figure(own, rest, (prediction[:1], target[:1], less[:1]))
        require_close(f"The figure after a batch of weight 0{where}", nothing, _figure(own, rest), 1e-9, BY_WEIGHT)
        rows = np.repeat(np.arange(len(weight)), 9)
        repeated = _figure(own, (prediction[rows], target[rows], weight[rows]))
        weighed = _figure(own, (prediction, target, 9 * weight))
        require_close(f"The figure with weights of nine{where}", weighed, repeated, 1e-9, BY_WEIGHT)


def rows_in_any_order(subject: Subject) -> None:
    """The same rows in another order give the same figure, equal predictions too."""
    for where, own, data in _families(subject):
        expected = _figure(own, data)
        for order in (np.random.default_rng(17).permutation(len(data[0])), np.arange(len(data[0]))[::-1]):
            again = _figure(own, tuple(array[order] for array in data))
            require_close(f"The figure of the rows in another order{where}", again, expected, 1e-9, NO_ORDER)


def right_is_better(subject: Subject) -> None:
    """Predictions that are the target are no worse than random ones, in the direction that higher_is_better says."""
    prediction, target, _ = _data(subject, 130)
    random = _figure(subject, (prediction, target))
    right = []
    for candidate in _right(prediction, target):
        try:
            right.append(_figure(subject, (candidate.astype(prediction.dtype), target)))
        except PellucidError:
            continue
    right = [figure for figure in right if np.isfinite(figure)]
    higher = subject.create().higher_is_better
    better = [figure >= random if higher else figure <= random for figure in right]
    require(
        not right or any(better), "Predictions that are right count as worse than random ones.",
        expected=f"{'more' if higher else 'less'} than {random:.6g}, as higher_is_better = {higher} says",
        received=", ".join(f"{figure:.6g}" for figure in right),
        remedy="Set higher_is_better to what the figure is: callbacks choose the best epoch by it.",
    )  # fmt: skip


def _right(prediction: Any, target: Any) -> Iterator[Any]:
    """What right predictions may look like: the target, or scores and logits of it."""
    if target.shape == prediction.shape:
        yield target
        if target.dtype.kind in "iub":
            yield 20.0 * target - 10.0
    elif target.dtype.kind in "iub" and target.shape == prediction.shape[:-1]:
        if prediction.shape[-1] == 1:
            yield (20.0 * target - 10.0)[..., None]
        elif target.max(initial=0) < prediction.shape[-1]:
            hot = np.eye(prediction.shape[-1])[target]
            yield hot
            yield 20.0 * hot


def stands_beside_losses(subject: Subject) -> None:
    """Beside a loss of any kind it is a metric, itself or another one, or a ConfigError says that it means nothing."""
    metric = subject.create()
    shape = declared_shape(subject.example.input_shapes[0])
    for predicts in (None, *get_args(Kind)):
        try:
            found = metric.beside(predicts, shape)
        except ConfigError:
            continue
        require(isinstance(found, Metric), f"Beside a loss that predicts {predicts} it is no metric.",
                expected="a Metric, or a ConfigError", received=type(found).__name__,
                remedy="Return self, or a metric that reads such predictions.")  # fmt: skip


def reset_forgets(subject: Subject) -> None:
    """After reset a metric is as new; result can be asked for twice; two metrics at work do not know each other."""
    prediction, target, _ = _data(subject)
    metric, other = subject.create(), subject.create()
    metric.reset()
    metric.update(prediction[:5], target[:5])
    metric.reset()
    other.reset()
    metric.update(prediction[5:], target[5:])
    other.update(prediction[:5], target[:5])
    first, second, third = metric.result(), metric.result(), other.result()
    expected = _figure(subject, (prediction[5:], target[5:]))
    for time, found in (("after a reset", first), ("asked for a second time", second)):
        require_close(f"The figure {time}", found, expected, 1e-12, "Let reset undo every update.")
    beside = _figure(subject, (prediction[:5], target[:5]))
    require_close("The figure of a second metric beside it", third, beside, 1e-12,
                  "Keep sums on self, not on the class.")  # fmt: skip


def inputs_untouched(subject: Subject) -> None:
    """update writes into none of its arrays."""
    data = _data(subject)
    before = [array.copy() for array in data]
    for array in data:
        array.flags.writeable = False
    _figure(subject, data)
    for array, was in zip(data, before, strict=True):
        require_same("An array after update", array, was, "Copy before you write.")


def keeps_no_array(subject: Subject) -> None:
    """Predictions and targets are lent to update: the next ones may be computed in the same memory."""
    data = _data(subject)
    metric = subject.create()
    metric.reset()
    prediction, target, weight = (array.copy() for array in data)
    for rows in (slice(0, 5), slice(5, None)):
        metric.update(prediction[rows], target[rows], weight[rows])
        prediction[rows], target[rows] = 0, 0
    require_close("The figure of batches whose memory was used again", metric.result(), _figure(subject, data), 1e-9,
                  "Keep copies, or sums.")  # fmt: skip


def double_precision(subject: Subject) -> None:
    """Predictions in float64 give the figure of the same numbers in float32."""
    prediction, target, weight = _data(subject, 130)
    doubled = tuple(array.astype("float64") if array.dtype == "float32" else array for array in (prediction, target))
    require_close("The figure of float64 arrays", _figure(subject, (*doubled, weight)),
                  _figure(subject, (prediction, target, weight)), 1e-5, "Compute in float64 throughout.")  # fmt: skip


def equations(subject: Subject) -> None:
    """The last equation gives the figure, for many rows, large numbers and more classes than in the example, too.

    Their names: prediction or z, target or t, weight or w, the constructor's arguments.
    """
    for where, own, data in _families(subject):
        if "ties" not in where:
            _compare(own, where, *data)


def equations_at_ties(subject: Subject) -> None:
    """The last equation gives the figure where predictions are equal, zero or the target itself."""
    for where, own, data in _families(subject):
        if "ties" in where:
            _compare(own, where, *data)
    for own in filter(None, (subject, widened(subject))):
        prediction, target, weight = _data(own, 40)
        try:
            _figure(own, (prediction, target))
        except PellucidError:  # made for the example's classes only
            continue
        for candidate in _right(prediction, target):
            _compare(own, " of right predictions", candidate.astype(prediction.dtype), target, weight)


def _compare(subject: Subject, where: str, prediction: Any, target: Any, weight: Any) -> None:
    """Hold the equation of a metric against its code."""
    metric = subject.create()
    names = {**metric.arguments(), "prediction": prediction, "z": prediction, "target": target, "t": target,
             "weight": weight, "w": weight}  # fmt: skip
    *_, value = evaluate(metric.equations, names).values()
    figure = _figure(subject, (prediction, target, weight))
    require_close(f"The equation and the code differ{where}: the code's value", figure, value, 1e-6,
                  "One of the two is wrong.")  # fmt: skip


OTHERS = other_arguments(equations)
CHECKS = (
    *checks(
        batches_add_up,
        weights,
        rows_in_any_order,
        right_is_better,
        stands_beside_losses,
        reset_forgets,
        inputs_untouched,
        keeps_no_array,
        double_precision,
    ),
    *checks(equations, equations_at_ties, applies=has_expressions),
    *OTHERS,
)
