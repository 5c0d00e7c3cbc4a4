"""The leader of a sweep's workers: what it says to them, and what follows from each answer and each death."""

from __future__ import annotations

import io
import json
import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pellucid.basics.errors import ConfigError
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.sweeps import workers
from pellucid.workbench.sweeps.folder import Failure, read_failure
from pellucid.workbench.sweeps.workers import End, Workers

JOB: dict[str, Any] = {"folder": "run", "figure": "validation_loss"}


class Process:
    """A worker that says what it is told to, and keeps what it hears."""

    def __init__(self, *said: dict[str, Any], code: int = 0, hangs: bool = False) -> None:
        self.stdin = SimpleNamespace(write=self._write, flush=self._flush, close=self._close)
        self.heard, self.did = "", list[str]()
        self.stdout = io.StringIO("".join(json.dumps(each) + "\n" for each in said))
        self._code, self._hangs = code, hangs

    def _write(self, text: str) -> None:
        self.heard += text

    def _flush(self) -> None:
        self.did.append("flush")

    def _close(self) -> None:
        self.did.append("close")

    def wait(self, seconds: float | None = None) -> int:
        self.did.append(f"wait {seconds}")
        if self._hangs and seconds is not None:
            raise subprocess.TimeoutExpired("worker", seconds)
        return self._code

    def kill(self) -> None:
        self.did.append("kill")

    @property
    def orders(self) -> list[Any]:
        return [json.loads(line) for line in self.heard.splitlines()]


class Source:
    """Gives jobs, and finds hopeless what has a value above 1."""

    def __init__(self, *jobs: Any) -> None:
        self.jobs, self.messages, self.ends, self._lock = list(jobs), list[Any](), list[End](), threading.Lock()

    def next(self) -> Any:
        with self._lock:
            job = self.jobs.pop(0) if self.jobs else None
            if isinstance(job, Exception):
                raise job
            return job

    def hopeless(self, job: Any, message: dict[str, Any]) -> bool:
        self.messages.append((job, message))
        return bool(message["value"] > 1)

    def ended(self, end: End) -> None:
        self.ends.append(end)


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def leader(notes: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workers:
    monkeypatch.chdir(tmp_path)
    return Workers(2, 3, ["a.py"], notes.append)


def test_each_epoch_is_answered_and_each_note_passed_on(leader: Workers, notes: list[str]) -> None:
    epochs = [{"epoch": 1, "value": 0.5}, {"epoch": 2, "value": 1.5}]
    process, source = Process({"note": "hm"}, *epochs, {"end": "finished"}, {"note": "late"}), Source()
    leader._processes[7] = process  # type: ignore[assignment]
    assert leader._asked(7, JOB, source) == {"end": "finished"}
    assert process.orders == [JOB, {"hopeless": False}, {"hopeless": True}] and process.did == ["flush"] * 3
    assert source.messages == [(JOB, epoch) for epoch in epochs] and notes == ["hm"] and leader._processes


def test_of_a_worker_that_has_died_the_exit_code_is_told(leader: Workers) -> None:
    process = Process({"note": "hm"}, code=-9)
    leader._processes[7] = process  # type: ignore[assignment]
    assert leader._asked(7, JOB, Source()) == {"code": -9}
    assert process.did == ["flush", "close", "wait None"] and process.stdout.closed and not leader._processes


def test_a_process_is_started_once_and_told_where_and_how(leader: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []

    def start(command: list[str], **options: Any) -> Any:
        started.append((command, options))
        return Process()

    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(sys, "path", ["one", "two"])
    process: Any = leader._process(0)
    assert id(leader._process(0)) == id(process) != id(leader._process(1)) and len(started) == 2
    assert process.orders == [["one", "two"], {"plugins": ["a.py"]}] and "close" not in process.did
    (command, options), _ = started
    assert command[1:3] == ["-P", "-c"] and "from pellucid.workbench.sweeps.worker import main; main()" in command[3]
    variables = {name: options["env"][name] for name in (*workers.BLAS, "PELLUCID_NUM_THREADS")}
    assert variables == {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
                         "PELLUCID_NUM_THREADS": "3"}  # fmt: skip
    assert options["text"] is True and options["stdin"] == options["stdout"] == subprocess.PIPE
    leader.stopping = True
    late: Any = leader._process(2)
    assert late.did[-1] == "close"


def test_nobody_waits_for_threads_of_workers(leader: Workers) -> None:
    class Noting(Source):
        def next(self) -> None:
            self.messages.append(threading.current_thread().daemon)

    source = Noting()
    ends = leader.start(source)
    assert [ends.get(timeout=60) for _ in range(2)] == [None, None] and source.messages == [True, True]


@pytest.mark.parametrize(("ended", "did"), [("stop", "close"), ("kill", "kill")])
def test_who_was_stopped_or_killed_begins_no_other_job(leader: Workers, ended: str, did: str) -> None:
    processes, source = [Process(), Process()], Source(JOB, JOB)
    leader._processes.update(enumerate(processes))  # type: ignore[arg-type]
    getattr(leader, ended)()
    assert [process.did for process in processes] == [[did], [did]] and leader.stopping
    leader._processes.clear()
    ends = leader.start(source)
    assert [ends.get(timeout=60) for _ in range(2)] == [None, None] and source.jobs == [JOB, JOB]


def answered(leader: Workers, monkeypatch: pytest.MonkeyPatch, answers: list[Any], steps: list[int]) -> list[str]:
    """Let a worker answer so, and its run have been saved after so many steps each time somebody looks."""
    asked: list[str] = []

    def ask(number: int, job: Any, source: Any) -> Any:
        asked.append(job["folder"])
        answer = answers.pop(0)
        return answer() if callable(answer) else answer

    monkeypatch.setattr(leader, "_asked", ask)
    monkeypatch.setattr(workers, "_steps", lambda folder: steps.pop(0))
    return asked


def test_a_run_that_does_not_get_on_is_given_up_after_three_deaths(
    leader: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answered(leader, monkeypatch, [{"code": -9}] * 9, [0, 0, 0, 4, 4, 4, 4])
    end = leader._done(0, JOB, Source())
    assert len(asked) == 5 and end.how == "failed" and end.failure == read_failure(Path("run"))
    assert end.failure == Failure(
        "Killed", "Its process was killed by SIGKILL, 3 times without a step of progress. Most likely the memory was "
        "used up: smaller batches, a smaller model or fewer --workers need less.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "how"), [(3, "ended with exit code 3"), (0, "ended with exit code 0"), (-11, "was killed by SIGSEGV"),
                      (-63, "was killed by signal 63")],
)  # fmt: skip
def test_how_a_process_has_died(code: int, how: str) -> None:
    told = f"Its process {how}, 3 times without a step of progress. Train it alone to see why: pellucid train with the"
    assert workers._killed(code) == Failure("Killed", f"{told} settings of this run.")


def test_how_a_job_ends(leader: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = {"end": "failed", "type": "DataError", "message": "no"}
    answered(leader, monkeypatch, [{"end": "stopped"}, {"end": "finished"}, failed], [0] * 9)
    assert leader._done(0, JOB, Source()) == End(JOB, "finished")  # somebody else had stopped it: it was taken up again
    assert leader._done(0, JOB, Source()) == End(JOB, "failed", Failure("DataError", "no"))

    def dies() -> Any:
        leader.stopping = True
        return {"code": -15}

    answered(leader, monkeypatch, [dies, {"end": "stopped"}], [0] * 9)
    assert leader._done(0, JOB, Source()) == End(JOB, "stopped")
    assert leader._done(0, JOB, Source()) == End(JOB, "stopped")
    leader.stopping = False
    Path("run").mkdir()
    RunFolder(Path("run")).write_summary({})
    answered(leader, monkeypatch, [{"code": -9}], [0] * 9)
    assert leader._done(0, JOB, Source()) == End(JOB, "finished")  # it died when all was done


def test_jobs_are_worked_through_and_each_worker_says_its_end(leader: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []

    def done(number: int, job: Any, source: Any) -> End:
        assert threading.current_thread().daemon  # a leader that fails is not kept by them
        return End(job, "finished")

    monkeypatch.setattr(leader, "_done", done)
    monkeypatch.setattr(leader, "_end", ended.append)
    source = Source({"folder": "a"}, {"folder": "b"}, {"folder": "c"})
    ends = leader.start(source)
    told = [ends.get(timeout=30) for _ in range(5)]
    assert told.count(None) == 2 and sorted(ended) == [0, 1]
    assert sorted(end.job["folder"] for end in told if isinstance(end, End)) == ["a", "b", "c"]
    assert sorted(end.job["folder"] for end in source.ends) == ["a", "b", "c"]
    with pytest.raises(queue.Empty):
        ends.get(timeout=0.01)
    error = ConfigError("all have failed")
    ends = leader.start(Source(error, error))
    assert [ends.get(timeout=30) for _ in range(4)].count(error) == 2
    leader.stopping = True
    idle = Source({"folder": "a"})
    ends = leader.start(idle)
    assert [ends.get(timeout=30), ends.get(timeout=30)] == [None, None] and len(idle.jobs) == 1


def test_workers_are_stopped_killed_and_ended(leader: Workers) -> None:
    one, two = Process(), Process(hangs=True)
    leader._processes.update({0: one, 1: two})  # type: ignore[dict-item]
    leader.stop()
    assert leader.stopping and one.did == two.did == ["close"]
    leader.kill()
    assert one.did == two.did == ["close", "kill"]
    for number in (0, 1, 2):
        leader._end(number)
    assert one.did[2:] == ["close", "wait 30.0"] and two.did[2:] == ["close", "wait 30.0", "kill", "wait None"]
    assert one.stdout.closed and two.stdout.closed and not leader._processes
