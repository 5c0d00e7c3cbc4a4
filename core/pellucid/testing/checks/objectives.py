"""What holds for an objective: parameter gradients, micro-batches that add up, repeatable evaluation, finite parts."""

from __future__ import annotations

import numpy as np

from pellucid.glassbox.failure import require, require_close
from pellucid.testing.check import Check
from pellucid.testing.checks.calls import inputs_untouched, nothing_kept
from pellucid.testing.checks.objective_trial import ObjectiveTrial
from pellucid.testing.gradients import check_gradients
from pellucid.testing.subject import ROUNDING, Subject


def gradients(subject: Subject) -> None:
    """The parameter gradients are the derivatives of the objective."""
    trial = ObjectiveTrial(subject)
    check_gradients(trial.objective, trial.model, trial.batch(), ops=trial.ops)


def splits_add_up(subject: Subject) -> None:
    """Micro-batches weighted by ctx.count give the objective and the gradients of the whole batch."""
    trial = ObjectiveTrial(subject)
    whole = trial.call()
    parts = [
        trial.call(*(array[start:stop] for array in trial.given), ctx=trial.context(row_offset=3 + start))
        for start, stop in ((0, 2), (2, 6))
    ]
    total = sum(part.count for part in parts)
    remedy = "Set ctx.count to what the mean divides by, and draw random numbers by ctx.normal or ctx.uniform."
    require_close("ctx.count, summed over micro-batches,", total, whole.count, 1e-12, remedy)
    summed = sum(part.count / total * part.loss for part in parts)
    require_close("The objective of micro-batches", summed, whole.loss, 1e-10, remedy)
    for path, grad in whole.grads.items():
        summed = sum(part.count / total * part.grads[path] for part in parts)
        require_close(f"The gradient of '{path}' of micro-batches", summed, grad, 1e-10, remedy)


def evaluation_repeats(subject: Subject) -> None:
    """In evaluation the same samples give the same bits, wherever in the data they stand."""
    trial = ObjectiveTrial(subject)
    first, second = (float(trial.forward(trial.context(training=False))[0]) for _ in range(2))
    require(first == second, "Two evaluations differ.", expected=first, received=second,
            remedy="Draw random numbers from ctx only.")  # fmt: skip


def parts_reported(subject: Subject) -> None:
    """The objective is finite, and so are the parts that it reports."""
    trial = ObjectiveTrial(subject)
    ctx = trial.context()
    (loss,) = trial.forward(ctx)
    figures = {"objective": loss, **ctx.parts}
    for name, figure in figures.items():
        require(np.ndim(figure) == 0 and np.isfinite(float(figure)), f"The {name} is no finite number.",
                expected="a 0-d array", received=repr(figure), remedy="Sum or average to one number.")  # fmt: skip


def parity(subject: Subject) -> None:
    """All backends give the same objective and gradients."""
    one, other = subject.compared(ObjectiveTrial, dtype="float32")
    other.call().require_close(
        one.call(), ROUNDING, f"on backend '{other.ops.name}'",
        "The reference in ops/ is the specification: hold the kernel against it.",
    )  # fmt: skip


CHECKS = (
    Check(parts_reported), Check(gradients), Check(splits_add_up), Check(evaluation_repeats), Check(nothing_kept),
    Check(inputs_untouched), Check(parity),
)  # fmt: skip
