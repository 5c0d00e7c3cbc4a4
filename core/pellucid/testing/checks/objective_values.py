"""What holds for an objective at other sizes and numbers: rows, types, steps, weights, inputs that repeat."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pellucid.basics.errors import PellucidError
from pellucid.glassbox.failure import require, require_close
from pellucid.testing.check import checks
from pellucid.testing.checks.layer_sizes import BLOCKS
from pellucid.testing.checks.objective_trial import ObjectiveTrial
from pellucid.testing.precision import require_precise
from pellucid.testing.slopes import require_slope
from pellucid.testing.subject import MANY, Subject
from pellucid.testing.trial import Arrays

PLACES = ((1, 0), (13, 3), (5_000, 90), (60_013, 700))
"""(step, epoch) of later calls."""
OBEY = "Give batch.weight to the loss, Σ wᵢ lᵢ / Σ wᵢ, and set ctx.count to Σ wᵢ; or do not look at them."


def suits_its_example(subject: Subject) -> None:
    """A trainer would take the model of its example, and the example has a target if every sample needs one."""
    trial = ObjectiveTrial(subject)
    trial.objective.suited(trial.model, [])
    require(
        trial.example.target is not None or not trial.objective.needs_target,
        "It needs a target, its example has none.",
        expected="Example(…, target=(3,))", received="target=None", remedy="Give the example a target.",
    )  # fmt: skip


def other_rows(subject: Subject) -> None:
    """One row, two, more than a hundred and some hundreds have right gradients, in training and in evaluation."""
    for rows in (1, 2, MANY, BLOCKS):
        trial = ObjectiveTrial(subject, rows=rows)
        for training in (True,) if getattr(trial.objective, "turns", ()) else (True, False):
            require_slope(trial, f"of {rows} row(s) in {'training' if training else 'evaluation'}", training=training)


def later_steps(subject: Subject) -> None:
    """At every step and epoch the gradients are the derivatives of the objective."""
    trial = ObjectiveTrial(subject)
    for step, epoch in PLACES:
        require_slope(trial, f"in step {step} of epoch {epoch}", step=step, epoch=epoch)


def both_types(subject: Subject) -> None:
    """float32 gives what float64 gives, but for its rounding."""
    single, double = ObjectiveTrial(subject, dtype="float32"), ObjectiveTrial(subject)
    for narrow, wide in zip(single.owned(), double.owned(), strict=True):
        wide.data[...] = narrow.data
    for training in (True, False):
        require_precise(single, double, single.given, "in training" if training else "in evaluation", training)


def special_values(subject: Subject) -> None:
    """Inputs of 0, rows that are equal, targets that are 0 or the same everywhere: finite, with right gradients."""
    drawn = ObjectiveTrial(subject).given
    for when, given in (
        ("of inputs that are all 0", _changed(drawn, np.zeros_like)),
        ("of rows that are all equal", _changed(drawn, lambda x: np.repeat(x[:1], len(x), axis=0))),
        ("of columns that are all equal", _changed(drawn, lambda x: np.repeat(x[..., :1], x.shape[-1], axis=-1))),
    ):
        trial = ObjectiveTrial(subject)
        try:
            with np.errstate(all="ignore"):
                result = trial.call(*given)
        except PellucidError:
            continue
        good = np.isfinite(result.loss) and all(np.isfinite(grad).all() for grad in result.grads.values())
        require(good, f"The objective {when} is not finite, or its gradients are not.", expected="finite numbers",
                received=f"{result.loss}", remedy="Divide and root only where it is not 0.")  # fmt: skip
        require_slope(trial, when, *given)


def _changed(given: Arrays, change: Any) -> Arrays:
    """Inputs and target with another content, the index of the samples as it is."""
    return (*(np.ascontiguousarray(change(x)) if x.ndim > 1 else x for x in given[:-1]), given[-1])


def weights(subject: Subject) -> None:
    """Weights that are looked at are obeyed: ones change nothing, 0 leaves a row out, twice as much is the same."""
    trial = ObjectiveTrial(subject)
    none = trial.call()
    drawn = np.random.default_rng(9).uniform(0.2, 2.0, len(trial.given[0]))
    trial.weight = np.ones(len(drawn))
    try:
        ones = trial.call()
    except PellucidError:
        return
    if trial.weighted is None or not trial.weighted.seen:
        return  # nobody looks at them: a trainer refuses such weights
    ones.require_close(none, 1e-12, "with weights of one", OBEY)
    trial.weight = drawn
    once = trial.call()
    require_slope(trial, "with weights")
    for factor in (2.0, 1e3):
        trial.weight = factor * drawn
        expected = replace(once, count=factor * once.count)
        trial.call().require_close(expected, 1e-12, f"with weights times {factor:g}", OBEY)
    left_out = drawn.copy()
    left_out[-2:] = 0
    trial.weight = left_out
    without = trial.call(training=False)  # in training a row without weight may count in the statistics of a batch
    trial.weight, rest = drawn[:-2], np.arange(len(drawn) - 2, dtype=np.int64)
    fewer = trial.call(*(a[:-2] for a in trial.given), ctx=trial.context(training=False, index=rest))
    require_close("The objective with last weights of 0", without.loss, fewer.loss, 1e-9, OBEY)
    for path, grad in without.grads.items():
        require_close(f"The gradient of '{path}' with last weights of 0", grad, fewer.grads[path], 1e-9, OBEY)
    zero = ObjectiveTrial(subject)
    zero.weight = 0 * drawn
    with np.errstate(all="ignore"):
        result = zero.call()
    good = np.isfinite(result.loss) and result.count == 0 and all(np.isfinite(g).all() for g in result.grads.values())
    require(good, "The result of weights 0 is not finite, or counts.", expected="finite numbers, count 0",
            received=f"{result.loss}, count {result.count}", remedy="Where Σ w = 0, divide by 1.")  # fmt: skip


CHECKS = checks(suits_its_example, other_rows, later_steps, both_types, special_values, weights)
