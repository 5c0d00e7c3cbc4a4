"""Evaluation: everything that is to be said of a trained model on some data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pellucid.basics.checks import check_float, check_int
from pellucid.basics.errors import ConfigError, PellucidError
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.metric import Metric
from pellucid.standard.metrics.ranking import PRAUC, ROCAUC
from pellucid.training.evaluation import figure_names
from pellucid.training.trainer import Trainer
from pellucid.workbench.evaluation.calibration import Calibration, calibration
from pellucid.workbench.evaluation.classes import Confusion, PerClass, confusion, per_answer, per_class
from pellucid.workbench.evaluation.collected import Collected, collect
from pellucid.workbench.evaluation.interval import Interval, percentiles, resampled, wilson
from pellucid.workbench.evaluation.mistakes import Mistake, far_values, wrong_classes
from pellucid.workbench.evaluation.read import Outcome, read_outcome
from pellucid.workbench.evaluation.since import otherwise
from pellucid.workbench.evaluation.values import Values, values
from pellucid.workbench.experiments.finished import FinishedRun, SplitName

MOST_TARGETS = 16
"""Targets that have a line each; reconstructions of pictures have not."""
MOST_CLASSES = 1_000
"""Classes of which each has a line; the tokens of a vocabulary have not."""
DRAWS, FEWEST_DRAWS, WORK = 1_000, 200, 20_000_000
"""Bootstrap draws of a metric; fewer of much data, so that draws times numbers stay below WORK."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came out; :mod:`pellucid.workbench.evaluation.writing` says it as text, Markdown and JSON.

    Attributes:
        run: what was evaluated.
        data: the other data that was asked for; None is that of the run.
        split: ``"train"``, ``"validation"``, ``"test"``; None of a file, which is taken whole.
        samples: how many.
        figures: the loss of the data, its parts, and the metrics of the run.
        penalty: what regularizers add to the loss in training; None if there are none.
        intervals: of figures, by their names.
        confusion, per_class, calibration: of classes; or None.
        values: of numbers in the unit of the targets; or None.
        mistakes: the worst, by their row.
        notes: what could not be said, and why.
        outcome: what all of it was computed from, for figures; None where the outputs mean nothing known.
    """

    run: str
    data: str | None
    split: SplitName | None
    samples: int
    figures: dict[str, float]
    penalty: float | None = None
    intervals: dict[str, Interval] | None = None
    confusion: Confusion | None = None
    per_class: PerClass | None = None
    calibration: Calibration | None = None
    values: Values | None = None
    mistakes: tuple[Mistake, ...] = ()
    notes: tuple[str, ...] = ()
    outcome: Outcome | None = field(default=None, repr=False)


@dataclass(frozen=True)
class How:
    """How to evaluate.

    Attributes:
        worst: how many mistakes are listed.
        tolerance: of values, in their unit; None takes a tenth of the targets' standard deviation.
        seed: of the bootstrap.
    """

    worst: int = 10
    tolerance: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_int(evaluate_run, "worst", self.worst, "[0, 10000]")
        check_int(evaluate_run, "seed", self.seed, "[0, 4294967295]")
        if self.tolerance is not None:
            check_float(evaluate_run, "tolerance", self.tolerance, "[0, inf)")


def evaluate_run(
    run: FinishedRun[Layer], data: str | None = None, split: SplitName = "test", target: str | None = None, *,
    how: How | None = None,
) -> Evaluation:  # fmt: skip
    """Evaluate a run on its own data, or on other data; see :meth:`FinishedRun.evaluate`.

    Raises:
        ConfigError: no such data; a tolerance where no values are predicted. DataError: no samples, or such as the
            model cannot take.
    """
    how = how or How()
    seen, trainer, samples = look(run, data, split, target)
    part = None if run.is_file(data) else split
    notes = otherwise(run, part, seen.figures) if data is None else ()
    base = Evaluation(str(run.path), data, part, samples, seen.figures, penalty_of(run.model), notes=notes)
    outcome = read_outcome(run, seen, samples)
    if how.tolerance is not None and (outcome is None or outcome.predicted is None):
        raise ConfigError(
            f"A tolerance is of values, and {run.path} predicts none. Received: {how.tolerance:g}. Leave it out."
        )
    if outcome is None:
        why = seen.why or f"{type(trainer.objective).__name__} does not say what the outputs mean"
        return replace(base, notes=(f"Only the figures of the run: {why}.", *notes))
    figures, intervals = _further(outcome, how.seed)
    intervals = _intervals(trainer, seen, how.seed) | intervals
    more = {name: value for name, value in figures.items() if name not in seen.figures}
    base = replace(base, outcome=outcome, figures=seen.figures | more, intervals=intervals)
    if outcome.labels is not None:
        return _of_classes(base, outcome, run, how)
    if outcome.answers is not None and outcome.truth is not None:
        table = per_answer(outcome.answers > 0.5, outcome.truth, outcome.names, how.seed)
        return replace(base, per_class=table, notes=("Each answer is a yes or no by itself.", *notes))
    return _of_values(base, outcome, how)


def look(
    run: FinishedRun[Layer], data: str | None, split: SplitName, target: str | None
) -> tuple[Collected, Trainer, int]:
    """(what an evaluation has seen, by which trainer, of how many samples)."""
    trainer = run.trainer()
    found = run.unread(data, split, target, must_have_target=trainer.objective.needs_target)
    return collect(trainer, found), trainer, len(found)


def penalty_of(model: Layer) -> float | None:
    """``Σ R(θ)`` over the regularized parameters; None if there are none. It is no part of the loss of the data."""
    ops = require_runtime(model).ops
    found = [p.regularizer.penalty(ops, p.data) for p in model.parameters() if p.regularizer is not None]
    return float(sum(found)) if found else None


def _of_classes(base: Evaluation, outcome: Outcome, run: FinishedRun[Layer], how: How) -> Evaluation:
    probabilities, labels, chosen, names = outcome.probabilities, outcome.labels, outcome.chosen, outcome.names
    assert labels is not None and chosen is not None
    notes = [] if outcome.by_sample else ["Counted are the steps of the samples; intervals take them as independent."]
    matrix = table = None
    if len(names) <= MOST_CLASSES:
        matrix = confusion(labels, chosen, names)
        table = per_class(matrix, how.seed)
    else:
        notes.append(f"No table of {len(names):,} classes.")
    if probabilities is None:
        told = "The scores of this loss are no probabilities: there is no calibration, and no mistake is the worst."
        return replace(base, confusion=matrix, per_class=table, notes=(*notes, told, *base.notes))
    validation, why = _validation(run)
    if base.split == "validation" and base.data is None and validation is not None:
        notes.append("These samples fitted the temperature, and may have chosen the epoch: figures on them flatter.")
    return replace(
        base, confusion=matrix, per_class=table, calibration=calibration(probabilities, labels, validation, why),
        mistakes=wrong_classes(probabilities, labels, names, how.worst) if outcome.by_sample else (),
        notes=(*notes, *base.notes),
    )  # fmt: skip


def _of_values(base: Evaluation, outcome: Outcome, how: How) -> Evaluation:
    predicted, targets = outcome.predicted, outcome.targets
    assert predicted is not None and targets is not None
    if predicted.shape[1] > MOST_TARGETS:
        told = f"No table of {predicted.shape[1]:,} targets: there is one of {MOST_TARGETS} at most."
        return replace(base, notes=(told, *base.notes))
    one = predicted.shape[1] == 1 and outcome.by_sample
    return replace(
        base, values=values(predicted, targets, outcome.names, how.tolerance, how.seed),
        mistakes=far_values(predicted[:, 0], targets[:, 0], how.worst) if one else (),
    )  # fmt: skip


def _validation(run: FinishedRun[Layer]) -> tuple[tuple[np.ndarray, np.ndarray] | None, str]:
    """Probabilities and labels of the run's own validation part; or why there are none."""
    if "data" not in run.sections:
        return None, "a model file knows of no validation part; give the run folder"
    try:
        seen, _, samples = look(run, None, "validation", None)
    except PellucidError as error:
        return None, f"the validation part of the run cannot be had ({str(error).partition('. ')[0].rstrip('.')})"
    outcome = read_outcome(run, seen, samples)
    if outcome is None or outcome.probabilities is None or outcome.labels is None:
        return None, "the validation part says nothing of classes"
    return (outcome.probabilities, outcome.labels), ""


def _further(outcome: Outcome, seed: int) -> tuple[dict[str, float], dict[str, Interval]]:
    """Figures of classes that are told whatever metrics the run has, and their intervals: the accuracy, with Wilson's;
    of two classes how the probability of the second ranks them."""
    right, probabilities, labels = outcome.right, outcome.probabilities, outcome.labels
    if right is None:
        return {}, {}
    found, intervals = {"accuracy": float(right.mean())}, {"accuracy": wilson(float(right.sum()), len(right))}
    if len(outcome.names) == 2 and probabilities is not None and labels is not None:
        for name, metric in (("roc_auc", ROCAUC), ("pr_auc", PRAUC)):
            own = metric("binary", scores="probabilities")
            own.update(probabilities, labels)
            found[name] = own.result()
            intervals[name] = bootstrap(own, probabilities, labels, seed)
    return found, intervals


def _intervals(trainer: Trainer, seen: Collected, seed: int) -> dict[str, Interval]:
    """Of each metric of the run, by drawing samples."""
    names = figure_names(trainer.metrics, "loss")
    return {n: bootstrap(m, seen.prediction, seen.target, seed) for n, m in zip(names, trainer.metrics, strict=True)}


def bootstrap(metric: Metric, prediction: Any, target: Any, seed: int = 0) -> Interval:
    """The interval of any metric by drawing samples with replacement: one that was drawn n times has the weight n,
    which a metric takes for n samples."""
    n = len(prediction)
    draws = int(np.clip(WORK // max(1, prediction.size), FEWEST_DRAWS, DRAWS))
    rng, figures = np.random.default_rng(seed), np.empty(draws)
    for i in range(draws):
        metric.reset()
        metric.update(prediction, target, resampled(n, rng).astype(np.float64))
        figures[i] = metric.result()
    return percentiles(figures, seed)
