"""Workers: the processes of a sweep, as their leader sees them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from signal import Signals
from typing import Any, Protocol

from pellucid.basics.errors import PellucidError
from pellucid.saving.reading import read_header
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.sweeps.folder import Failure, write_failure

PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.stdin.readline()); "
    "from pellucid.workbench.sweeps.worker import main; main()"
)
MOST_DEATHS = 3
"""So often in a row the process of a run may end without a step of progress before the run is given up."""
ENDING = 30.0
"""Seconds that a worker has for its end once it has nothing to do."""
BLAS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
Job = dict[str, Any]


@dataclass(frozen=True)
class End:
    """How a job ended: ``how`` is ``finished``, ``failed``, with why, or ``stopped``."""

    job: Job
    how: str
    failure: Failure | None = None


class Source(Protocol):
    """Where jobs come from and their ends go to. It is asked by several threads at a time."""

    def next(self) -> Job | None:
        """A job that nobody has yet; None: there are no more."""

    def hopeless(self, job: Job, message: dict[str, Any]) -> bool:
        """Told of an epoch of a job with a ``figure``: whether that is to be ended."""

    def ended(self, end: End) -> None:
        """Told how a job has ended."""


class Workers:
    """Processes that work through a list of jobs, each at one at a time.

    A process that dies is replaced, and its run is taken up where it was saved.

    Args:
        count: processes.
        threads: of the kernels in each; NumPy's own have one, so that no bit depends on their number.
        plugins: files of local plugins, which the processes use as well.
        note: told what a worker has to say to the user. It is called in other threads.
    """

    def __init__(self, count: int, threads: int, plugins: Sequence[str], note: Callable[[str], None]) -> None:
        self._count, self._note = count, note
        self._how = {"plugins": list(plugins)}
        self._environment = {**os.environ, **dict.fromkeys(BLAS, "1"), "PELLUCID_NUM_THREADS": str(threads)}
        self._processes: dict[int, subprocess.Popen[str]] = {}
        self.stopping = False

    def start(self, source: Source) -> SimpleQueue[End | BaseException | None]:
        """Begin; where the end of each job appears, and None as often as there are workers when these have ended. What
        the source raises appears there, too, and ends a worker."""
        ends = SimpleQueue[End | BaseException | None]()

        def serve(number: int) -> None:
            try:
                while not self.stopping and (job := source.next()) is not None:
                    end = self._done(number, job, source)
                    source.ended(end)
                    ends.put(end)
            except BaseException as error:  # for the leader
                ends.put(error)
            finally:
                self._end(number)
                ends.put(None)

        for number in range(self._count):
            threading.Thread(target=serve, args=(number,), daemon=True).start()
        return ends

    def stop(self) -> None:
        """Have every worker save its run and end; what has not begun is left."""
        self.stopping = True
        for process in list(self._processes.values()):
            _close(process)

    def kill(self) -> None:
        """End all of them at once."""
        self.stopping = True
        for process in list(self._processes.values()):
            process.kill()

    def _done(self, number: int, job: Job, source: Source) -> End:
        """One job, by as many processes as it takes."""
        folder = RunFolder(Path(job["folder"]))
        deaths, before = 0, _steps(folder)
        while True:
            answer = self._asked(number, job, source)
            if answer.get("end") == "stopped" and not self.stopping:  # by a signal of somebody else's
                continue
            if "end" in answer:
                failure = Failure(answer["type"], answer["message"]) if answer["end"] == "failed" else None
                return End(job, answer["end"], failure)
            if folder.summary.exists():  # it died when all was done
                return End(job, "finished")
            if self.stopping:
                return End(job, "stopped")
            now = _steps(folder)
            deaths, before = 1 if now != before else deaths + 1, now
            if deaths == MOST_DEATHS:
                failure = _killed(int(answer["code"]))
                with suppress(OSError, PellucidError):  # it is told in any case
                    write_failure(folder.path, failure)
                return End(job, "failed", failure)

    def _asked(self, number: int, job: Job, source: Source) -> dict[str, Any]:
        """A worker's answer; of one that has died, its exit code."""
        process = self._process(number)
        assert process.stdin is not None and process.stdout is not None
        _tell(process, job)
        for line in process.stdout:
            message = json.loads(line)
            if "note" in message:
                self._note(message["note"])
            elif "epoch" in message:
                _tell(process, {"hopeless": source.hopeless(job, message)})
            else:
                return dict(message)
        self._processes.pop(number, None)
        _close(process)
        process.stdout.close()
        return {"code": process.wait()}

    def _process(self, number: int) -> subprocess.Popen[str]:
        process = self._processes.get(number)
        if process is None:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                encoding="utf-8", env=self._environment,
            )  # fmt: skip
            self._processes[number] = process
            _tell(process, sys.path)
            _tell(process, self._how)
            if self.stopping:  # told while it was started
                _close(process)
        return process

    def _end(self, number: int) -> None:
        process = self._processes.pop(number, None)
        if process is not None:
            _close(process)
            try:
                process.wait(ENDING)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()


def _tell(process: subprocess.Popen[str], order: Any) -> None:
    """One line for a worker, which may be gone, or have been told to stop."""
    assert process.stdin is not None
    with suppress(OSError, ValueError):
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()


def _close(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.close()


def _steps(folder: RunFolder) -> int:
    """How far a run is saved, in steps."""
    try:
        return int(read_header(folder.checkpoint, "checkpoint").document["progress"]["steps"])
    except (PellucidError, OSError, KeyError):
        return 0


def _killed(code: int) -> Failure:
    if code >= 0:
        how = f"ended with exit code {code}"
    else:
        how = f"was killed by {Signals(-code).name}" if -code in {*Signals} else f"was killed by signal {-code}"
    remedy = "Most likely the memory was used up: smaller batches, a smaller model or fewer --workers need less."
    remedy = remedy if code == -9 else "Train it alone to see why: pellucid train with the settings of this run."
    return Failure("Killed", f"Its process {how}, {MOST_DEATHS} times without a step of progress. {remedy}")
