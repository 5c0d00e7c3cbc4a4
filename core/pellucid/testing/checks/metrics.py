"""What holds for a metric: batches add up, weights count, reset forgets, arrays stay as they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.glassbox.equations import evaluate
from pellucid.glassbox.failure import require, require_close, require_same
from pellucid.testing.check import checks, has_expressions
from pellucid.testing.subject import Subject, draw_input, tie


def _data(subject: Subject, rows: int = 12) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(12)
    prediction, target = subject.example.input_shapes
    return (
        draw_input(prediction, rows, rng, "float32"),
        draw_input(target, rows, rng, "float32", unit=True),
        rng.uniform(0.2, 2.0, rows),
    )


def _figure(subject: Subject, *batches: tuple[Any, ...]) -> float:
    metric = subject.create()
    metric.reset()
    for batch in batches:
        metric.update(*batch)
    return float(metric.result())


def batches_add_up(subject: Subject) -> None:
    """Any split into batches gives the same figure, with weights and without; an empty batch changes nothing."""
    data = _data(subject)
    for arrays in (data[:2], data):
        whole = _figure(subject, arrays)
        require(np.isfinite(whole), "The figure is not finite.", expected="a finite float", received=whole,
                remedy="Add up sums and counts in update, and divide in result.")  # fmt: skip
        parts = [tuple(a[rows] for a in arrays) for rows in (slice(0, 1), slice(1, 1), slice(1, 8), slice(8, 12))]
        require_close("The figure over several batches", _figure(subject, *parts), whole, 1e-9,
                      "Add up sums and counts in update, and divide in result: no mean of means.")  # fmt: skip


def weights(subject: Subject) -> None:
    """No weights are weights of one, and a weight of 0 leaves a row out."""
    prediction, target, weight = _data(subject)
    remedy = "Weigh every row by its weight, and divide by the sum of weights."
    plain = _figure(subject, (prediction, target))
    require_close("The figure with weights of one", _figure(subject, (prediction, target, np.ones(len(weight)))),
                  plain, 1e-9, remedy)  # fmt: skip
    weight[0] = 0
    require_close("The figure with a first weight of 0", _figure(subject, (prediction, target, weight)),
                  _figure(subject, (prediction[1:], target[1:], weight[1:])), 1e-9, remedy)  # fmt: skip


def reset_forgets(subject: Subject) -> None:
    """After reset a metric is as new; result can be asked for twice."""
    prediction, target, _ = _data(subject)
    metric = subject.create()
    metric.reset()
    metric.update(prediction[:5], target[:5])
    metric.reset()
    metric.update(prediction[5:], target[5:])
    expected = _figure(subject, (prediction[5:], target[5:]))
    for time in ("after a reset", "asked for a second time"):
        require_close(f"The figure {time}", metric.result(), expected, 1e-12, "Let reset undo every update.")


def inputs_untouched(subject: Subject) -> None:
    """update writes into none of its arrays."""
    data = _data(subject)
    before = [array.copy() for array in data]
    for array in data:
        array.flags.writeable = False
    _figure(subject, data)
    for array, was in zip(data, before, strict=True):
        require_same("An array after update", array, was, "Copy before you write.")


def equations(subject: Subject) -> None:
    """The last equation gives the figure; names: prediction or z, target or t, weight or w, the arguments."""
    _compare(subject, *_data(subject))


def equations_at_ties(subject: Subject) -> None:
    """The last equation gives the figure where predictions are equal, zero or the target itself."""
    _compare(subject, *map(tie, _data(subject)))


def _compare(subject: Subject, prediction: Any, target: Any, weight: Any) -> None:
    """Hold the equation of a metric against its code."""
    metric = subject.create()
    names = {**metric.arguments(), "prediction": prediction, "z": prediction, "target": target, "t": target,
             "weight": weight, "w": weight}  # fmt: skip
    *_, value = evaluate(metric.equations, names).values()
    require_close("The equation and the code differ: the code's value", _figure(subject, (prediction, target, weight)),
                  value, 1e-6, "One of the two is wrong.")  # fmt: skip


CHECKS = (
    *checks(batches_add_up, weights, reset_forgets, inputs_untouched),
    *checks(equations, equations_at_ties, applies=has_expressions),
)
