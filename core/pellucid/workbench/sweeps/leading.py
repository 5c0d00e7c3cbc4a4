"""lead: train the runs of a sweep that wait, over processes, and tell of each as it ends."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pellucid.basics.checks import is_int
from pellucid.basics.errors import ConfigError, PellucidError
from pellucid.basics.suggest import listed
from pellucid.ops.threads import usable_cores
from pellucid.workbench.experiments.callbacks import SIGNALS
from pellucid.workbench.experiments.experiment import check
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.local import ACTIVE
from pellucid.workbench.sweeps.folder import Failure, SweepFolder, write_failure
from pellucid.workbench.sweeps.journal import Leaders, optuna
from pellucid.workbench.sweeps.plan import Plan, PlannedRun, Setting, made
from pellucid.workbench.sweeps.ruler import Ruler
from pellucid.workbench.sweeps.searching import Searching
from pellucid.workbench.sweeps.telling import Tell, Telling, once
from pellucid.workbench.sweeps.workers import End, Job, Source, Workers

Refused = Mapping[str, PellucidError]


@dataclass(frozen=True)
class Shares:
    """How the cores are shared out: ``workers`` processes of ``threads`` threads each."""

    workers: int
    threads: int


def shares(asked: int | None, runs: int) -> Shares:
    """The processes and their threads, together no more than the process may use cores, but at least one each.

    Args:
        asked: processes; None: as many as there are cores, or runs if these are fewer.
    """
    cores = usable_cores()
    workers = max(1, min(cores if asked is None else asked, runs))
    return Shares(workers, max(1, cores // workers))


def tried(plan: Plan) -> tuple[Setting, ...]:
    """The settings that are checked before anything is trained: all; of a search one in the middle of its ranges."""
    if plan.sweep.search is None:
        return plan.settings
    return (made(plan.base, "", {}, {path: draw.at(0.5) for path, draw in plan.sweep.search.ranges.items()}),)


def refusals(settings: tuple[Setting, ...]) -> Refused:
    """The settings that are refused before any data is read, by their folders.

    Raises:
        ConfigError: all of them are.
    """
    found: dict[str, PellucidError] = {}
    for setting in settings:
        try:
            check(setting.sections)
        except PellucidError as error:
            found[setting.folder] = error
    if settings and len(found) == len(settings):
        first = found[settings[0].folder]
        more = f" All {len(settings)} settings are refused, for this or another reason." if settings[1:] else ""
        raise type(first)(f"{settings[0].label}: {first}{more}") from first
    return found


def lead(
    plan: Plan, refused: Refused, folder: SweepFolder, asked: int | None, tell: Tell, note: Tell
) -> signal.Signals | None:  # fmt: skip
    """Train what waits; the signal that has ended it before its end, or None.

    Args:
        refused: see :func:`refusals`.
        asked: processes.
        tell: told of each run that has ended; note: of what else the user should know.

    Raises:
        ConfigError: the figure that ranks is none of a finished run, which stays.
    """
    waiting = [run for run in plan.runs if folder.waits(folder.run(run))]
    bad = [run for run in waiting if run.setting.folder in refused]
    good = [run for run in waiting if run.setting.folder not in refused]
    telling = Telling(plan.sweep, folder, len(plan.runs), len(plan.runs) - len(waiting), tell)
    if telling.count:
        note(f"{telling.count} of {len(plan.runs)} runs have been trained already.")
    for run in bad:
        failure = Failure(type(refused[run.setting.folder]).__name__, str(refused[run.setting.folder]))
        write_failure(folder.run(run).path, failure)
        telling.failed(run, failure)
    if not good:
        return None
    share = shares(asked, len(good))
    runs = {str(folder.run(run).path): run for run in good}
    jobs = [job_of(folder, run, share, plan.sweep.pictures) for run in good]
    return work(share, Listed(jobs), runs, telling, note)


def require_search(plan: Plan) -> None:
    """Raise ConfigError where Optuna is not installed, or nobody knows by which figure the search is to go."""
    optuna()
    Ruler.planned(plan.sweep, plan.base)


def search(plan: Plan, folder: SweepFolder, asked: int | None, tell: Tell, note: Tell) -> signal.Signals | None:
    """Train trials until there are enough; the same otherwise.

    Raises:
        ConfigError: the first trials have all failed; they have no figure to be judged by.
    """
    assert plan.sweep.search is not None
    ruler = Ruler.planned(plan.sweep, plan.base)
    share = shares(asked, plan.sweep.search.trials)
    begun = len(folder.found(plan).settings)
    if begun:
        note(f"{begun} of {plan.sweep.search.trials} trials have been begun already.")
    with Leaders(folder.path) as leaders:
        source = Searching(
            plan, plan.sweep.search, folder, ruler, leaders, lambda run: job_of(folder, run, share, plan.sweep.pictures)
        )
        done = sum(state != "begun" and state != "open" for state in map(folder.state, _folders(folder, plan)))
        telling = Telling(plan.sweep, folder, plan.sweep.search.trials, done, tell)
        stopped = work(share, source, source.runs, telling, note)
        if stopped is None and (others := source.elsewhere()):
            note(
                f"{len(others)} trials that others have begun have not ended: {listed(sorted({*others}))}. Where such "
                "a process is gone, the next one on its machine takes them up: the same command there."
            )
        return stopped


def _folders(folder: SweepFolder, plan: Plan) -> list[RunFolder]:
    return [folder.run(run) for run in folder.found(plan).runs]


def work(
    share: Shares, source: Source, runs: Mapping[str, PlannedRun], telling: Telling, note: Tell
) -> signal.Signals | None:  # fmt: skip
    """Let workers train what a source gives, and tell of each run that ends; the signal that has ended it, or None."""
    if share.workers > usable_cores():
        note(
            f"{share.workers} workers share {usable_cores()} cores: this is no faster than --workers {usable_cores()}."
        )
    workers = Workers(share.workers, share.threads, [str(file) for file in ACTIVE.values()], once(note))
    ends, left = workers.start(source), share.workers
    with _stopping(workers) as received:
        try:
            while left:
                end = ends.get()
                if end is None:
                    left -= 1
                elif isinstance(end, BaseException):
                    raise end
                elif end.how == "finished":
                    telling.finished(runs[end.job["folder"]])
                elif end.failure is not None:
                    telling.failed(runs[end.job["folder"]], end.failure)
        except BaseException:
            workers.kill()
            raise
    return received[0] if received else None


class Listed:
    """Jobs that are known from the beginning."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs, self._lock = deque(jobs), threading.Lock()

    def next(self) -> Job | None:
        with self._lock:
            return self._jobs.popleft() if self._jobs else None

    def hopeless(self, job: Job, message: dict[str, Any]) -> bool:
        return False

    def ended(self, end: End) -> None:
        """What has come of a run stands in its folder."""


def job_of(folder: SweepFolder, run: PlannedRun, share: Shares, pictures: bool) -> Job:
    """What a worker is told of a run."""
    sections = run.sections
    own = sections["train"].get("threads")
    threads = min(own, share.threads) if is_int(own) else share.threads
    return {"folder": str(folder.run(run).path), "sections": sections, "threads": threads, "pictures": pictures}


@contextmanager
def _stopping(workers: Workers) -> Iterator[list[signal.Signals]]:
    """Within: a signal has the workers save their runs and end; a second Ctrl-C ends them at once."""
    received: list[signal.Signals] = []
    before: dict[signal.Signals, Any] = {}

    def stop(number: int, frame: object) -> None:
        if received and number == signal.SIGINT:
            raise KeyboardInterrupt
        received.append(signal.Signals(number))
        workers.stop()

    if threading.current_thread() is threading.main_thread():  # nobody else may say what signals do
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, stop)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def require_workers(count: int | None) -> None:
    """Raise ConfigError unless so many processes can be asked for."""
    if count is not None and not 1 <= count <= 256:
        raise ConfigError(f"--workers takes a whole number from 1 to 256, of processes. Received: {count}.")
