"""ranking: the settings of a sweep in the order of a figure, each with its mean and deviation over the seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt
from pathlib import Path
from typing import Any

from pellucid.basics.suggest import listed
from pellucid.workbench.sweeps.folder import Failure, SweepFolder, read_failure
from pellucid.workbench.sweeps.plan import Plan, PlannedRun, Setting, shown
from pellucid.workbench.sweeps.ruler import Ruler

LONGEST_REASON = 300
"""Characters of a reason why runs have failed, in a table; all of it stands in the run's folder."""
_PARTS = ("validation", "test")


@dataclass(frozen=True)
class Spread:
    """Figures of one setting over its seeds.

    Attributes:
        mean: x̄ = Σ xᵢ / n.
        sd: the sample's standard deviation, √(Σ (xᵢ − x̄)² / (n − 1)); None of a single one.
        n: how many.
    """

    mean: float
    sd: float | None
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """None where there are no values."""
        n = len(values)
        if not n:
            return None
        mean = sum(values) / n
        return cls(mean, sqrt(sum((value - mean) ** 2 for value in values) / (n - 1)) if n > 1 else None, n)

    def __str__(self) -> str:
        return f"{self.mean:.4g}" if self.sd is None else f"{self.mean:.4g} ± {self.sd:.2g}"


@dataclass(frozen=True)
class Group:
    """A setting with the runs of all its seeds.

    Attributes:
        setting: what it is.
        rank: from 1; None where no run is finished.
        runs: folders of the finished runs, by seed.
        figures: ``"validation accuracy"`` -> its spread over the seeds.
        seconds: of training; parameters: of the model, None where nothing is known.
        failures: why runs have failed, by seed.
        missing: seeds that have not been trained to the end yet.
    """

    setting: Setting
    rank: int | None
    runs: Mapping[int, Path]
    figures: Mapping[str, Spread]
    seconds: Spread | None
    parameters: int | None
    failures: Mapping[int, Failure]
    missing: tuple[int, ...]


@dataclass(frozen=True)
class Ranking:
    """The settings of a sweep, the best first.

    Attributes:
        ruler: what ranks; None where no run is finished.
        groups: all of them; those without a finished run last.
        varied: paths of the settings in which they differ.
    """

    ruler: Ruler | None
    groups: tuple[Group, ...]
    varied: tuple[str, ...]

    @property
    def failed(self) -> int:
        """How many runs have failed."""
        return sum(len(group.failures) for group in self.groups)

    @property
    def remark(self) -> str | None:
        """What the order does not mean, where that is so."""
        of_losses = any(path.partition(".")[0] in ("loss", "objective") for path in self.varied)
        if self.ruler is None or self.ruler.metric not in ("loss", "penalty") or not of_losses:
            return None
        return (
            "The settings have different losses, whose values do not mean the same. Rank by a metric: "
            'metric = "accuracy" in [sweep], for example.'
        )

    def rows(self, *, numbers: bool = False) -> list[list[str]]:
        """The table, its head first: texts, the settings in which they differ as columns. With ``numbers`` for
        programs: means, deviations and of how many runs they are in columns of their own, with every digit;
        nothing where there is none."""
        named = any(group.setting.name for group in self.groups)
        figures = list(dict.fromkeys(name for group in self.groups for name in group.figures))
        if self.ruler is not None:  # what ranks comes first
            first = f"{self.ruler.split} {self.ruler.metric}"
            figures.sort(key=lambda name: name != first)
        cells, one = (_numbers, _number) if numbers else (_text, _or_dash)
        columns = [column for name in figures for column in _columns(name, numbers)]
        head = [
            "rank", *(["setting"] if named else []), *self.varied, "n", *columns, "parameters",
            *_columns("seconds", numbers), "failed",
        ]  # fmt: skip
        rows = [head]
        for group in self.groups:
            changes = group.setting.changes
            rows.append([
                one(group.rank), *([group.setting.name + _pruned(group.setting)] if named else []),
                *(shown(changes[path]) if path in changes else one(None) for path in self.varied), str(len(group.runs)),
                *(cell for name in figures for cell in cells(group.figures.get(name), len(group.runs))),
                one(group.parameters), *cells(group.seconds, len(group.runs)), str(len(group.failures) or ""),
            ])  # fmt: skip
        if not any(row[-1] for row in rows[1:]):
            rows = [row[:-1] for row in rows]
        return rows

    def reasons(self) -> list[str]:
        """A line for each reason why runs of a setting have failed, and by which seeds."""
        lines = []
        for group in self.groups:
            seeds: dict[str, list[str]] = {}
            for seed, failure in group.failures.items():
                seeds.setdefault(failure.line, []).append(str(seed))
            by_type = {line.partition(":")[0]: line for line in reversed(seeds)}  # numbers in it may differ by seed
            for kind, line in by_type.items():
                its = listed(seed for other in seeds if other.startswith(f"{kind}:") for seed in seeds[other])
                lines.append(f"{group.setting.label}, seed {its}: {_shortened(line)}")
        return lines

    def data(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "ranked_by": None if self.ruler is None else vars(self.ruler),
            "remark": self.remark,
            "settings": [
                {
                    "rank": group.rank, "name": group.setting.name, "settings": group.setting.changes,
                    "pruned": group.setting.pruned,
                    "runs": {str(seed): str(path) for seed, path in group.runs.items()},
                    "figures": {name: vars(spread) for name, spread in group.figures.items()},
                    "seconds": None if group.seconds is None else vars(group.seconds),
                    "parameters": group.parameters,
                    "failed": {str(seed): vars(failure) for seed, failure in group.failures.items()},
                    "missing": list(group.missing),
                }
                for group in self.groups
            ],
        }  # fmt: skip


def is_sweep(path: Path) -> bool:
    """Whether this is the folder of a sweep."""
    return SweepFolder(path).file.is_file()


def ranking(path: Path) -> Ranking:
    """The settings of the sweep in a folder, as far as their runs have come.

    Raises:
        DataError: it is no folder of a sweep. ConfigError: its runs have no figure of the name that is to rank.
    """
    folder = SweepFolder(path)
    return ranked(folder.found(folder.plan()), folder)


def ranked(plan: Plan, folder: SweepFolder) -> Ranking:
    """The same of a plan that is known."""
    runs = plan.runs
    first = next((folder.run(run) for run in runs if folder.run(run).summary.exists()), None)
    if plan.sweep.search is not None:
        ruler: Ruler | None = Ruler.planned(plan.sweep, plan.base)
    else:
        ruler = None if first is None else Ruler.of(plan.sweep, first)
    by_setting: dict[str, list[PlannedRun]] = {}
    for run in runs:
        by_setting.setdefault(run.setting.folder, []).append(run)
    groups = [_group(its_runs, folder) for its_runs in by_setting.values()]
    if ruler is not None:
        name, sign = f"{ruler.split} {ruler.metric}", -1.0 if ruler.higher else 1.0
        order = sorted(groups, key=lambda each: sign * each.figures[name].mean if name in each.figures else inf)
        groups = [
            Group(**{**vars(group), "rank": place + 1 if name in group.figures else None})
            for place, group in enumerate(order)
        ]
    return Ranking(ruler, tuple(groups), _varied(plan.settings))


def _group(runs: list[PlannedRun], folder: SweepFolder) -> Group:
    summaries, paths, failures = dict[int, dict[str, Any]](), dict[int, Path](), dict[int, Failure]()
    for run in runs:
        its = folder.run(run)
        if its.summary.exists():
            summaries[run.seed], paths[run.seed] = its.read_summary(), its.path
        elif failure := read_failure(its.path):
            failures[run.seed] = failure
    figures: dict[str, list[float]] = {}
    for summary in summaries.values():
        for part in _PARTS:
            for name, value in (summary.get(part) or {}).items():
                if isinstance(value, int | float):
                    figures.setdefault(f"{part} {name}", []).append(float(value))
    spreads = {name: spread for name, values in figures.items() if (spread := Spread.of(values)) is not None}
    seconds = [s["training_seconds"] for s in summaries.values() if isinstance(s.get("training_seconds"), int | float)]
    parameters = next((s["parameters"] for s in summaries.values() if isinstance(s.get("parameters"), int)), None)
    missing = tuple(run.seed for run in runs if run.seed not in summaries and run.seed not in failures)
    return Group(runs[0].setting, None, paths, spreads, Spread.of(seconds), parameters, failures, missing)


def _varied(settings: Sequence[Setting]) -> tuple[str, ...]:
    """The paths whose values are not the same in all settings."""
    paths = dict.fromkeys(path for setting in settings for path in setting.changes)
    return tuple(
        path for path in paths
        if any(setting.changes.get(path, paths) != settings[0].changes.get(path, paths) for setting in settings)
    )  # fmt: skip


def _pruned(setting: Setting) -> str:
    return " (pruned)" if setting.pruned else ""


def _of_runs(spread: Spread | None, runs: int) -> str:
    """With how many of the runs have this figure, where it is not finite in all of them."""
    return _or_dash(spread) + (f" (of {spread.n})" if spread is not None and spread.n != runs else "")


def _or_dash(value: object) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _shortened(line: str) -> str:
    """A reason in a table of many runs."""
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 1]}…"


def _columns(name: str, numbers: bool) -> tuple[str, ...]:
    return (name, f"{name} sd", f"{name} n") if numbers else (name,)


def _text(spread: Spread | None, runs: int) -> tuple[str, ...]:
    return (_of_runs(spread, runs),)


def _number(value: float | None) -> str:
    return "" if value is None else str(value)


def _numbers(spread: Spread | None, runs: int) -> tuple[str, ...]:
    return ("", "", "0") if spread is None else (_number(spread.mean), _number(spread.sd), str(spread.n))
