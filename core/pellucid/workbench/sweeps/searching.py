"""Searching: trials of a search, from Optuna's proposal to what came out, and none of them lost with its process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pellucid.basics.errors import ConfigError
from pellucid.workbench.experiments.experiment import TrainSettings
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.sweeps.folder import Failure, SweepFolder
from pellucid.workbench.sweeps.journal import (
    Leaders,
    asking,
    held,
    open_study,
    optuna,
    proposed,
    sampler,
)
from pellucid.workbench.sweeps.plan import Plan, PlannedRun, made
from pellucid.workbench.sweeps.ruler import Ruler, figure_of
from pellucid.workbench.sweeps.sweep import Search
from pellucid.workbench.sweeps.workers import End, Job

OWNER = "leader"
"""The attribute of a trial that says which process answers for it."""
MOST_FAILURES = 3
"""If so many trials fail and none has succeeded, nothing will: it is the experiment that is wrong."""


class Searching:
    """The source of a search's jobs, and where their ends go; see :class:`pellucid.workbench.sweeps.workers.Source`.

    Args:
        leaders: which this process is one of.
        job: makes the job of a run.

    Attributes:
        runs: what each job trains, by its folder.
    """

    def __init__(
        self, plan: Plan, search: Search, folder: SweepFolder, ruler: Ruler, leaders: Leaders,
        job: Callable[[PlannedRun], Job],
    ) -> None:  # fmt: skip
        self._plan, self._search, self._folder, self._ruler, self._leaders = plan, search, folder, ruler, leaders
        self._job = job
        self._study = open_study(folder.path, search, ruler.higher)
        self._lock = threading.RLock()
        self._trials: dict[str, Any] = {}  # that are under way, by the folders of their runs
        self._pruned: set[str] = set()
        self._failures = 0
        self.runs: dict[str, PlannedRun] = {}

    def next(self) -> Job | None:
        """The next trial: one whose process is gone, or a new one.

        Raises:
            ConfigError: the first trials have all failed.
        """
        with self._lock, held(asking(self._folder.path)):
            while (trial := self._orphan() or self._new()) is not None:
                trial.set_user_attr(OWNER, self._leaders.own)
                run = self._run(trial)
                folder = self._folder.run(run)
                self._trials[str(folder.path)], self.runs[str(folder.path)] = trial, run
                if not folder.summary.exists():
                    return {**self._job(run), "figure": self._figure}
                if self._was_pruned(trial, folder.read_summary()):
                    self._pruned.add(str(folder.path))
                self.ended(End({"folder": str(folder.path)}, "finished"))  # its process died before it told
            return None

    def elsewhere(self) -> list[str]:
        """The processes that answer for trials which have not ended, this one left out."""
        running = self._study.get_trials(deepcopy=False, states=(optuna().trial.TrialState.RUNNING,))
        owners = (str(trial.user_attrs.get(OWNER, "?")) for trial in running)
        return [owner for owner in owners if owner != self._leaders.own]

    @property
    def _figure(self) -> str | None:
        """The column of the history that a trial is judged by on its way."""
        return None if self._search.prune == "none" else f"{self._ruler.split}_{self._ruler.metric}"

    def _orphan(self) -> Any:
        """A trial that was begun and whose process is gone."""
        trials = optuna().trial
        for frozen in self._study.get_trials(deepcopy=False, states=(trials.TrialState.RUNNING,)):
            owner = frozen.user_attrs.get(OWNER)  # none: it died in this very place, which one process enters at a time
            if owner is None or self._leaders.inherits(str(owner)):
                return trials.Trial(self._study, frozen._trial_id)
        return None

    def _new(self) -> Any:
        """A new trial; None where there are enough."""
        number = len(self._study.get_trials(deepcopy=False))
        if number >= self._search.trials:
            return None
        return self._study.ask()

    def _run(self, trial: Any) -> PlannedRun:
        """What a trial trains; that is written down, so that a search can be read without Optuna."""
        self._study.sampler = sampler(self._search, trial.number)
        varied = proposed(trial, self._search.ranges)
        run = PlannedRun(made(self._plan.base, f"trial {trial.number:04}", {}, varied), self._plan.seeds[0])
        self._folder.write_setting(run.setting)
        return run

    def hopeless(self, job: Job, message: dict[str, Any]) -> bool:
        """Whether a run is worse than the others were by the same epoch."""
        with self._lock:
            trial, epoch = self._trials[job["folder"]], int(message["epoch"])
            if epoch not in self._study.get_trials(deepcopy=False)[trial.number].intermediate_values:
                trial.report(float(message["value"]), epoch)
            if trial.should_prune():
                self._pruned.add(job["folder"])
                return True
            return False

    def ended(self, end: End) -> None:
        """Tell Optuna what came out; a trial that was stopped stays begun, and goes on later.

        Raises:
            ConfigError: the first trials have all failed; a run has no figure that it could be judged by.
        """
        if end.how == "stopped":
            return
        with self._lock:
            path = end.job["folder"]
            trial, state = self._trials.pop(path), optuna().trial.TrialState
            if end.failure is not None:
                self._study.tell(trial, state=state.FAIL)
                self._failures += 1
                self._require_hope(end.failure)
                return
            summary = RunFolder(Path(path)).read_summary()
            value = figure_of(summary, self._ruler)
            if value is None:
                self._study.tell(trial, state=state.FAIL)
                raise ConfigError(
                    f"sweep.metric: the run in {path} has no {self._ruler.split} {self._ruler.metric}, by which the "
                    "search is to go. Name a figure that its runs have, and give the data a validation part."
                )
            if path in self._pruned:
                self._folder.write_setting(replace(self.runs[path].setting, pruned=True))
                self._study.tell(trial, state=state.PRUNED)
            else:
                self._study.tell(trial, value)

    def _require_hope(self, failure: Failure) -> None:
        trials = self._study.get_trials(deepcopy=False)
        if self._failures >= MOST_FAILURES and not any(trial.value is not None for trial in trials):
            raise ConfigError(f"The first {self._failures} trials have failed. The last: {failure.line}")

    def _was_pruned(self, trial: Any, summary: dict[str, Any]) -> bool:
        """Whether a run that ended before its planned end was ended by us, in a process that is gone."""
        planned = self._plan.base.get("train", {}).get("epochs", TrainSettings().epochs)
        early = summary.get("epochs", planned) < planned
        return self._figure is not None and early and bool(trial.should_prune())
