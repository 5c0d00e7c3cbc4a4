"""What the runs of a study gave: collected from their folders, kept as JSON, and compared over the seeds."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from pellucid import NumericalError
from pellucid.workbench.experiments.experiment import check, prepare
from pellucid.workbench.experiments.summary import summary_of
from pellucid.workbench.sweeps.folder import SweepFolder, read_failure
from pellucid.workbench.sweeps.plan import Plan, PlannedRun
from scipy.stats import t as student

from benchmarks.environment import machine
from studies.checkout import commit

CURVES = ("loss", "validation_loss", "validation_accuracy", "validation_rmse")
DIGITS = 5
"""Significant ones of a figure."""


@dataclass(frozen=True)
class OneRun:
    """A run: the figures of its parts of the data, and of each epoch."""

    seed: int
    figures: Mapping[str, float]
    curves: Mapping[str, Sequence[float | None]]
    best_epoch: int
    seconds: float


@dataclass(frozen=True)
class Setting:
    """A setting of a study with its runs.

    Attributes:
        name: as its entry in the file says; changes: what it sets, by path.
        failed: why a run came to no end, by its seed.
    """

    name: str
    changes: Mapping[str, Any]
    parameters: int
    runs: Sequence[OneRun]
    failed: Mapping[str, str] = field(default_factory=dict)

    def values(self, figure: str) -> list[float]:
        """Those that are finite."""
        return [value for run in self.runs if (value := run.figures.get(figure)) is not None]

    def mean(self, figure: str) -> float:
        """NaN where no run has a figure."""
        return fmean(self.values(figure)) if self.values(figure) else float("nan")

    def sd(self, figure: str) -> float:
        """Of a sample; NaN of a single one."""
        return stdev(self.values(figure)) if len(self.values(figure)) > 1 else float("nan")


@dataclass(frozen=True)
class Results:
    """All that a study gave.

    Attributes:
        seconds: of training, of all runs together, and threads of each.
    """

    study: str
    commit: str
    date: str
    machine: Mapping[str, Any]
    samples: Mapping[str, int]
    epochs: int
    seconds: float
    threads: int
    backend: str
    settings: Sequence[Setting]

    def __getitem__(self, name: str) -> Setting:
        return next(setting for setting in self.settings if setting.name == name)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=None, separators=(",", ":"), default=str) + "\n")

    @classmethod
    def read(cls, path: Path) -> Results:
        document = json.loads(path.read_text())
        settings = [
            Setting(**{**each, "runs": [OneRun(**run) for run in each["runs"]]}) for each in document.pop("settings")
        ]
        return cls(**document, settings=settings)


def collected(study: str, folder: Path) -> Results:
    """The results of a sweep, from its folder.

    Raises:
        ValueError: none of its runs came to its end.
    """
    sweep = SweepFolder(folder)
    settings, summaries = [], []
    for name, setting, planned in by_setting(sweep.plan()):
        runs, failed = [], {}
        for each in planned:
            run = sweep.run(each)
            if run.summary.exists():
                summary = run.read_summary()
                summaries.append(summary)
                runs.append(one_run(summary, run.epochs()))
            elif (failure := read_failure(run.path)) is not None:
                failed[str(each.seed)] = failure.line[:200]
        parameters = summaries[-1]["parameters"] if runs else 0
        settings.append(Setting(name, setting.changes, parameters, runs, failed))
    if not summaries:
        raise ValueError(f"{folder}: no run of the study {study} came to its end.")
    return from_summaries(study, summaries, settings)


def trained_here(study: str, plan: Plan) -> Results:
    """The results of the same runs, trained in this process without a folder: for few and short ones."""
    settings, summaries = [], []
    for name, setting, planned in by_setting(plan):
        runs, failed = [], {}
        for each in planned:
            ready = prepare(check(each.sections))
            epochs, batch = ready.settings.epochs, ready.settings.batch_size
            started = time.perf_counter()
            try:
                ready.trainer.fit(ready.splits, epochs=epochs, batch_size=batch, verbose=False)
            except NumericalError as error:
                failed[str(each.seed)] = f"NumericalError: {error}"[:200]
                continue
            test = ready.trainer.evaluate(ready.splits)
            summaries.append(summary_of(ready, test, time.perf_counter() - started))
            runs.append(one_run(summaries[-1], ready.trainer.history.records))
        parameters = summaries[-1]["parameters"] if runs else 0
        settings.append(Setting(name, setting.changes, parameters, runs, failed))
    return from_summaries(study, summaries, settings)


def by_setting(plan: Plan) -> list[tuple[str, Any, list[PlannedRun]]]:
    """The settings of a plan, each with a name of its own and its runs."""
    found: dict[str, list[PlannedRun]] = {}
    for run in plan.runs:
        found.setdefault(run.setting.folder, []).append(run)
    given = Counter(runs[0].setting.name for runs in found.values())
    return [(_named(runs[0].setting, given), runs[0].setting, runs) for runs in found.values()]


def _named(setting: Any, given: Mapping[str, int]) -> str:
    """As its entry says; where a grid makes several of it, with their values: ``"Adam, lr 0.1"``, ``"He, tanh"``."""
    if not setting.name:
        return str(setting.label)
    if given[setting.name] == 1:
        return str(setting.name)
    values = (f"{path.rpartition('.')[2]} {value:g}" if isinstance(value, float) else str(value)
              for path, value in setting.varied.items())  # fmt: skip
    return ", ".join([setting.name, *values])


def from_summaries(study: str, summaries: Sequence[Mapping[str, Any]], settings: Sequence[Setting]) -> Results:
    first = summaries[0]
    return Results(
        study=study, commit=commit(), date=time.strftime("%Y-%m-%d"), machine=machine(), samples=first["samples"],
        epochs=max(summary["epochs"] for summary in summaries),
        seconds=round(sum(summary["training_seconds"] for summary in summaries), 1),
        threads=first["machine"]["threads"], backend=first["machine"]["backend"], settings=settings,
    )  # fmt: skip


def one_run(summary: Mapping[str, Any], epochs: Sequence[Mapping[str, Any]]) -> OneRun:
    """What is kept of a run, of its summary and of its epochs."""
    figures = {f"{part} {name}": rounded(value) for part in ("validation", "test")
               for name, value in (summary.get(part) or {}).items()}  # fmt: skip
    figures["train loss"] = rounded(epochs[-1]["loss"])
    curves = {name: [rounded(epoch.get(name)) for epoch in epochs] for name in CURVES if name in epochs[0]}
    return OneRun(summary["seed"], figures, curves, summary["best_epoch"], round(summary["training_seconds"], 2))


def rounded(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


@dataclass(frozen=True)
class Difference:
    """The mean over the seeds of a figure of one setting less that of another, and its 95 % interval: of pairs with the
    same seed, which share the samples set aside and the order of the others, by Student's t."""

    mean: float
    half: float

    @property
    def clear(self) -> bool:
        """Whether the interval is on one side of 0."""
        return abs(self.mean) > self.half


def difference(a: Setting, b: Setting, figure: str) -> Difference:
    """Of the seeds whose runs came to their end with both."""
    other = {run.seed: run.figures[figure] for run in b.runs}
    pairs = [run.figures[figure] - other[run.seed] for run in a.runs if run.seed in other]
    if len(pairs) < 2:
        return Difference(float("nan"), float("inf"))
    half = float(student.ppf(0.975, len(pairs) - 1)) * stdev(pairs) / sqrt(len(pairs))
    return Difference(fmean(pairs), half)
