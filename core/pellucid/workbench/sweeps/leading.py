"""lead: train the runs of a sweep that wait, over processes, and tell of each as it ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from pellucid.basics.checks import is_int
from pellucid.basics.errors import ConfigError, PellucidError
from pellucid.ops.threads import usable_cores
from pellucid.workbench.experiments.callbacks import SIGNALS
from pellucid.workbench.experiments.experiment import check
from pellucid.workbench.local import ACTIVE
from pellucid.workbench.sweeps.folder import Failure, SweepFolder, write_failure
from pellucid.workbench.sweeps.plan import Plan, PlannedRun, Setting
from pellucid.workbench.sweeps.ranking import Ruler, figure_of
from pellucid.workbench.sweeps.workers import End, Workers

Tell = Callable[[str], None]
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
        more = f" So are the other {len(settings) - 1} settings, for this or another reason." if settings[1:] else ""
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
    telling = _Telling(plan, folder, len(plan.runs) - len(waiting), tell)
    if telling.count:
        note(f"{telling.count} of {len(plan.runs)} runs have been trained already.")
    for run in bad:
        failure = Failure(type(refused[run.setting.folder]).__name__, str(refused[run.setting.folder]))
        write_failure(folder.run(run).path, failure)
        telling.failed(run, failure)
    if not good:
        return None
    share = shares(asked, len(good))
    if share.workers > usable_cores():
        note(
            f"{share.workers} workers share {usable_cores()} cores: this is no faster than --workers {usable_cores()}."
        )
    jobs = {str(folder.run(run).path): run for run in good}
    workers = Workers(share.workers, share.threads, [str(file) for file in ACTIVE.values()], _once(note))
    ends = workers.start([_job(path, run, share.threads, plan.sweep.pictures) for path, run in jobs.items()])
    with _stopping(workers) as received:
        try:
            _listen(ends, share.workers, jobs, telling)
        except BaseException:
            workers.kill()
            raise
    return received[0] if received else None


def _listen(ends: SimpleQueue[End | None], workers: int, jobs: dict[str, PlannedRun], telling: _Telling) -> None:
    """Tell of the runs as they end, until all workers have."""
    while workers:
        end = ends.get()
        if end is None:
            workers -= 1
        elif end.how == "finished":
            telling.finished(jobs[end.job["folder"]])
        elif end.failure is not None:
            telling.failed(jobs[end.job["folder"]], end.failure)


def _job(path: str, run: PlannedRun, threads: int, pictures: bool) -> dict[str, Any]:
    own = run.sections["train"].get("threads")
    most = min(own, threads) if is_int(own) else threads
    return {"folder": path, "sections": run.sections, "threads": most, "pictures": pictures}


def _once(note: Tell) -> Tell:
    """Tells each text once, whichever thread it comes from: what there is to say of the data is said by every run."""
    told: set[str] = set()
    lock = threading.Lock()

    def once(text: str) -> None:
        with lock:
            if text not in told:
                told.add(text)
                note(text)

    return once


class _Telling:
    """One line for each run that has ended."""

    def __init__(self, plan: Plan, folder: SweepFolder, count: int, tell: Tell) -> None:
        self.count = count
        self._plan, self._folder, self._tell = plan, folder, tell
        self._ruler: Ruler | None = None

    def finished(self, run: PlannedRun) -> None:
        summary = self._folder.run(run).read_summary()
        if self._ruler is None:
            self._ruler = Ruler.of(self._plan.sweep, self._folder.run(run))
        figure = figure_of(summary, self._ruler)
        said = f"{self._ruler.split} {self._ruler.metric} {'–' if figure is None else f'{figure:.4f}'}"
        self._line(run, f"{said}, {summary.get('training_seconds', 0.0):.1f} s")

    def failed(self, run: PlannedRun, failure: Failure) -> None:
        self._line(run, f"failed: {failure.line:.200}")

    def _line(self, run: PlannedRun, text: str) -> None:
        self.count += 1
        total = len(self._plan.runs)
        self._tell(f"{self.count:>{len(str(total))}}/{total}  {run.label}: {text}")


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
