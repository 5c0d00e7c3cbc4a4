"""SweepFolder: the runs of a sweep, and how far each has come, which nothing but their folders says.

There is no journal that could be torn or contradict them: a run is finished where its summary stands, which is written
last and in one step.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pellucid.basics.errors import ConfigError, DataError, raised
from pellucid.saving.files import replace_text, to_json
from pellucid.saving.temporary import remove_leftovers
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.reading import read_at_most
from pellucid.workbench.experiments.sections import read_sections, to_toml
from pellucid.workbench.sweeps.plan import Plan, PlannedRun, Setting, made, make_plan

FILE = "sweep.toml"
FAILURE, SETTING = "failure.json", "setting.json"
MOST_FAILURE = 1 << 16
HEADING = "# This sweep as it was asked for. To go on with it, give its folder: pellucid sweep FOLDER\n\n"
LASTING = ("NumericalError",)
"""Errors that the same bits would meet again, after all the time that they take. Others are found at once, or may have
been mended meanwhile: such a run is tried again when the sweep goes on."""
State = Literal["finished", "failed", "begun", "open"]


@dataclass(frozen=True)
class Failure:
    """Why a run has no summary: the class of the error and its message."""

    type: str
    message: str

    @property
    def line(self) -> str:
        """The first line, for a table."""
        return f"{self.type}: {self.message.strip().partition(chr(10))[0]}"


class SweepFolder:
    """Where a sweep keeps its runs.

    Attributes:
        path: the folder.
        file: the sweep as it was asked for, ``sweep.toml``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / FILE

    def run(self, run: PlannedRun) -> RunFolder:
        return RunFolder(self.path / run.folder)

    def plan(self) -> Plan:
        """What was asked for.

        Raises:
            DataError: this is not the folder of a sweep. ConfigError: its file was changed and is wrong.
        """
        if not self.file.is_file():
            raise DataError(f"{self.path} is not the folder of a sweep: it has no {FILE}.")
        return make_plan(read_sections(self.file))

    @contextmanager
    def taken(self, plan: Plan) -> Iterator[None]:
        """Within: the folder is there, holds this plan, and no other process leads this sweep; a search may be led by
        several.

        Raises:
            ConfigError: it holds another sweep or something else; or is led by somebody else.
        """
        folder = RunFolder(self.path)
        if not self.file.exists():
            folder.check_free()
        folder.create()
        with nullcontext() if plan.sweep.search else folder.lock():
            remove_leftovers(self.path)
            if self.file.exists():
                self._require_part_of(plan)
            replace_text(self.file, HEADING + to_toml(plan.sections))
            yield

    def _require_part_of(self, plan: Plan) -> None:
        """Raise ConfigError unless all that was asked for before is asked for now: a sweep may grow."""
        before = self.plan()
        now = {run.folder for run in plan.runs}
        gone = [run for run in before.runs if run.folder not in now]
        if before.sweep.search or plan.sweep.search:
            what = "" if before.searched == plan.searched else "its experiment, its ranges or its figure are others"
        else:
            what = (
                f"{len(gone)} of its {len(before.runs)} runs are none of this one, as {gone[0].label}" if gone else ""
            )
        if what:
            raise ConfigError(
                f"{self.path} holds another sweep: {what}. A sweep may grow by values, draws, seeds and trials. Choose "
                f"another --out, or go on with the one that is there: pellucid sweep {self.path}"
            )

    def write_setting(self, setting: Setting) -> None:
        """Keep what a trial of a search sets, which no file of settings says."""
        path = self.path / setting.folder
        path.mkdir(parents=True, exist_ok=True)
        told = {"name": setting.name, "settings": setting.varied, "pruned": setting.pruned}
        replace_text(path / SETTING, to_json(told, indent=2) + "\n")

    def found(self, plan: Plan) -> Plan:
        """The plan of a search with the settings that it has tried so far; any other plan as it is.

        Raises:
            DataError: what is kept of a trial cannot be read.
        """
        if plan.sweep.search is None:
            return plan
        settings = tuple(_setting(plan, path) for path in sorted(self.path.glob(f"*/{SETTING}")))
        return replace(plan, settings=settings)

    def state(self, folder: RunFolder) -> State:
        """How far a run has come."""
        if folder.summary.exists():
            return "finished"
        if (folder.path / FAILURE).exists():
            return "failed"
        return "begun" if folder.experiment.exists() else "open"

    def waits(self, folder: RunFolder) -> bool:
        """Whether a run is to be trained, from its beginning or from its checkpoint."""
        failure = read_failure(folder.path)
        return not folder.summary.exists() and (failure is None or failure.type not in LASTING)

    def states(self, runs: Iterable[PlannedRun]) -> dict[State, int]:
        """How many runs have come how far."""
        counted: dict[State, int] = {"finished": 0, "failed": 0, "begun": 0, "open": 0}
        for run in runs:
            counted[self.state(self.run(run))] += 1
        return counted


def _setting(plan: Plan, path: Path) -> Setting:
    try:
        kept = json.loads(read_at_most(path, MOST_FAILURE))
        return made(plan.base, kept["name"], {}, kept["settings"], pruned=kept["pruned"])
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be read: {raised(error)}. It must hold the setting of a trial.") from error


def write_failure(folder: Path, failure: Failure) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    replace_text(folder / FAILURE, to_json(vars(failure), indent=2) + "\n")


def read_failure(folder: Path) -> Failure | None:
    """Why the run there failed; None: it has not, or has been finished since then."""
    try:
        read: Any = json.loads(read_at_most(folder / FAILURE, MOST_FAILURE))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        return Failure(type(error).__name__, f"{folder / FAILURE} cannot be read: {error}.")
    if not isinstance(read, Mapping):
        return Failure("DataError", f"{folder / FAILURE} must hold a JSON object.")
    return Failure(str(read.get("type")), str(read.get("message")))
