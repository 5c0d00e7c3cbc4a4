"""What the runs of a study gave: collected from their folders, kept as JSON, and compared over the seeds."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from pellucid.workbench.sweeps.folder import SweepFolder, read_failure
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
        return [run.figures[figure] for run in self.runs]

    def mean(self, figure: str) -> float:
        """NaN where no run came to its end."""
        return fmean(self.values(figure)) if self.runs else float("nan")

    def sd(self, figure: str) -> float:
        """Of a sample; NaN of a single one."""
        return stdev(self.values(figure)) if len(self.runs) > 1 else float("nan")


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
    by_setting: dict[str, list[Any]] = {}
    for run in sweep.plan().runs:
        by_setting.setdefault(run.setting.folder, []).append(run)
    settings, summaries = [], []
    for planned in by_setting.values():
        runs, failed = [], {}
        for each in planned:
            run = sweep.run(each)
            if run.summary.exists():
                summary = run.read_summary()
                summaries.append(summary)
                runs.append(_run(each.seed, summary, run.epochs()))
            elif (failure := read_failure(run.path)) is not None:
                failed[str(each.seed)] = failure.line[:200]
        setting = planned[0].setting
        parameters = summaries[-1]["parameters"] if runs else 0
        settings.append(Setting(setting.name or setting.label, setting.changes, parameters, runs, failed))
    if not summaries:
        raise ValueError(f"{folder}: no run of the study {study} came to its end.")
    return Results(
        study, commit(), time.strftime("%Y-%m-%d"), machine(), summaries[0]["samples"],
        max(summary["epochs"] for summary in summaries), round(sum(s["training_seconds"] for s in summaries), 1),
        summaries[0]["machine"]["threads"], summaries[0]["machine"]["backend"], settings,
    )  # fmt: skip


def _run(seed: int, summary: Mapping[str, Any], epochs: Sequence[Mapping[str, Any]]) -> OneRun:
    figures = {f"{part} {name}": rounded(value) for part in ("validation", "test")
               for name, value in (summary.get(part) or {}).items()}  # fmt: skip
    figures["train loss"] = rounded(epochs[-1]["loss"])
    curves = {name: [rounded(epoch.get(name)) for epoch in epochs] for name in CURVES if name in epochs[0]}
    return OneRun(seed, figures, curves, summary["best_epoch"], round(summary["training_seconds"], 2))


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
