"""What holds for an objective: parameter gradients, micro-batches that add up, repeatable evaluation, finite parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pellucid.basics.errors import ConfigError, DataError
from pellucid.glassbox.equations import require_equations
from pellucid.glassbox.failure import require
from pellucid.glassbox.record.record import Recorder
from pellucid.glassbox.trace import Setting, Trace
from pellucid.testing.check import checks, has_expressions
from pellucid.testing.checks import objective_values
from pellucid.testing.checks.calls import inputs_untouched, nothing_kept, splits_add_up
from pellucid.testing.checks.layer_sizes import BLOCKS
from pellucid.testing.checks.objective_trial import ObjectiveTrial
from pellucid.testing.gradients import check_gradients
from pellucid.testing.subject import MANY, ROUNDING, Subject
from pellucid.testing.varied import can_be_far, with_far_arguments
from pellucid.training.microbatch import Weighted


def gradients(subject: Subject) -> None:
    """The parameter gradients are the derivatives of the objective, of each player's part at its turn."""
    trial = ObjectiveTrial(subject)
    turns = trial.objective.turns
    for step in map(turns.index, dict.fromkeys(turns)) if turns else (0,):
        check_gradients(trial.objective, trial.model, trial.batch(), ops=trial.ops, step=step)


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
    taken = {"loss", "epoch", "step", "penalty"} & ctx.parts.keys()
    require(not taken, "A part has the name of another figure.", expected="a name of its own", received=sorted(taken),
            remedy="Call it what it is: the history of a training has these already.")  # fmt: skip
    figures = {"objective": loss, **ctx.parts}
    for name, figure in figures.items():
        require(np.ndim(figure) == 0 and np.isfinite(float(figure)), f"The {name} is no finite number.",
                expected="a 0-d array", received=repr(figure), remedy="Sum or average to one number.")  # fmt: skip


def weights(subject: Subject) -> None:
    """Weights of one are no weights, twice the weights change the count alone; or nobody looks at them, and a trainer
    that is given some refuses."""
    trial = ObjectiveTrial(subject)
    plain, rows = trial.call(), len(trial.given[0])
    for factor in (1.0, 2.0):
        batch = trial.batch()
        weighted = Weighted(batch.x, batch.y, np.full(rows, factor, trial.dtype), batch.index)
        ctx = trial.context()
        trial.zero_gradients()
        try:
            y = trial.copies((trial.objective.forward(ctx, trial.model, weighted),))
        except (ConfigError, DataError):  # it says so itself
            return
        if not weighted.seen:
            return
        trial.objective.backward(ctx, trial.model)
        trial.result(ctx, y, ()).require_close(
            replace(plain, count=factor * plain.count), 1e-9, f"with weights of {factor:g}",
            "The objective is Σ wᵢ lᵢ / Σ wᵢ, and ctx.count is Σ wᵢ.",
        )  # fmt: skip


def parity(subject: Subject) -> None:
    """All backends give the same objective and gradients, for one row and for many."""
    for rows in (6, 1, MANY):
        one, other = subject.compared(ObjectiveTrial, dtype="float32", rows=rows)
        other.call().require_close(
            one.call(), ROUNDING, f"on backend '{other.ops.name}' ({rows} rows)",
            "The reference in ops/ is the specification: hold the kernel against it.",
        )  # fmt: skip


def equations(subject: Subject) -> None:
    """The equations give what the code gives: the objective, and the parts that it reports.

    Their names: ``x`` (``x0``, … for several inputs), ``target`` or ``t``, ``prediction`` or ``z`` where there is a
    ``metric_pair``, ``weight`` or ``w`` (ones), ``step`` and ``epoch``, the parts, ``parts`` (the same by their names),
    the symbols, the constructor's arguments, ``model`` (its attributes); of a model that is called once ``seen`` (its
    inputs, all of them) and ``y`` (``y0``, …), its outputs; and ``drawn``, random numbers by the names of
    ``ctx.uniform`` and ``ctx.normal``. Compared are ``objective``, the parts, what the model is given, ``seen0``, …,
    and the gradients that it is given, ``dy`` (``dy0``, …).
    """
    steps = ((6, 0, 0), (6, 2, 1), (6, 5_000, 90), (6, 60_013, 700))
    for rows, step, epoch in (*steps, (1, 0, 0), (MANY, 0, 0), (BLOCKS, 0, 0)):
        trial = ObjectiveTrial(subject, rows=rows)
        ctx = trial.context(step=step, epoch=epoch)
        recorder = Recorder(trial.ops, moment={"step": step, "epoch": epoch})
        with recorder.watching([("", trial.model), ("objective", trial.objective)]):
            trial.forward(ctx)
            trial.backward(ctx)
        trace = Trace(recorder.quantities, recorder.calls, Setting(None, None))
        call = trace.calls[0]
        made = {of: trace[name] for of, name in call.made.items()}
        where = f" in step {step} of epoch {epoch}, {rows} row(s)"
        names = trace.scope(call)
        names |= {of: np.array(names[of]) for of in call.given if of.startswith("x")}  # the model may be given the same
        require_equations(trial.objective, {**names, **made}, made, where=where)


CHECKS = (
    *checks(
        parts_reported, gradients, splits_add_up, weights, evaluation_repeats, nothing_kept, inputs_untouched, parity
    ),
    *objective_values.CHECKS, *checks(equations, applies=has_expressions),
    *checks(with_far_arguments(equations), applies=lambda subject: has_expressions(subject) and can_be_far(subject)),
)  # fmt: skip
