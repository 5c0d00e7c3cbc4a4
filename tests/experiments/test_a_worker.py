"""A worker of a sweep alone: the orders that it hears, what it answers, and how its jobs end."""

from __future__ import annotations

import io
import json
import os
import queue
import signal
import sys
import threading
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pellucid.basics.errors import DataError, PellucidWarning
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.sweeps import worker
from pellucid.workbench.sweeps.folder import Failure, read_failure
from pellucid.workbench.sweeps.worker import Asking

WORKER = "pellucid.workbench.sweeps.worker"
JOB: dict[str, Any] = {"folder": "run", "figure": "validation_loss"}


@pytest.fixture
def notes() -> list[str]:
    return []


def listened(monkeypatch: pytest.MonkeyPatch, lines: list[Any], *, busy: bool) -> tuple[list[Any], ...]:
    """(jobs, verdicts, signals to itself) after these orders."""
    jobs: Any = queue.SimpleQueue()
    verdicts: Any = queue.SimpleQueue()
    event, killed = threading.Event(), list[Any]()
    if busy:
        event.set()
    monkeypatch.setattr(f"{WORKER}.os.kill", lambda process, number: killed.append((process, number)))
    monkeypatch.setattr("sys.stderr", None)
    worker._listen(io.StringIO("".join(json.dumps(line) + "\n" for line in lines)), jobs, verdicts, event)
    if sys.stderr is not None:
        sys.stderr.close()
    return *([each.get() for _ in range(each.qsize())] for each in (jobs, verdicts)), killed


def test_orders_are_jobs_and_verdicts_and_their_end_is_the_wish_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = [JOB, {"hopeless": True}, {"hopeless": False}]
    jobs, verdicts, killed = listened(monkeypatch, orders, busy=False)
    assert jobs == [JOB, None] and verdicts == [True, False, False]
    assert killed == [(os.getpid(), signal.SIGTERM)]
    assert listened(monkeypatch, [], busy=True) == ([None], [False], killed)
    assert listened(monkeypatch, [], busy=False) == ([None], [False], [])


def test_a_worker_works_until_there_is_no_more_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answers alone stand on what was standard output: there is a line for each note, epoch and end."""
    answers, doubled, ignored, after = io.StringIO(), list[Any](), list[Any](), threading.Event()
    answers.close = lambda: None  # type: ignore[method-assign]
    asked: list[Any] = []

    before = {*threading.enumerate()}

    def work(job: Any, note: Any, hopeless: Any) -> dict[str, Any]:
        assert [thread.daemon for thread in threading.enumerate() if thread not in before] == [True]  # ends with us
        note("hm")
        asked.append(hopeless(3, 0.5))
        warnings.warn("careful", PellucidWarning, stacklevel=1)
        return {"end": "finished", "of": job["folder"]}

    def opened(descriptor: int, mode: str, **how: Any) -> io.StringIO:
        doubled.append((descriptor, mode, how))
        return answers

    class Orders:
        """How to work, and two jobs; then nothing, until both are done."""

        def __init__(self) -> None:
            self._lines = iter([{"folder": "a"}, {"hopeless": True}, {"folder": "b"}, {"hopeless": False}])

        def readline(self) -> str:
            return '{"plugins": []}\n'

        def __iter__(self) -> Any:
            yield from (json.dumps(line) + "\n" for line in self._lines)
            after.wait(30)

    system = SimpleNamespace(
        fdopen=opened,
        dup=lambda descriptor: descriptor + 90, dup2=lambda one, other: doubled.append((one, other)),
        kill=lambda *words: doubled.append("killed"), getpid=os.getpid, devnull=os.devnull, _exit=os._exit,
    )  # fmt: skip
    monkeypatch.setattr(f"{WORKER}.os", system)
    monkeypatch.setattr(worker, "work", work)
    monkeypatch.setattr("sys.stdin", Orders())
    monkeypatch.setattr(f"{WORKER}.signal.signal", lambda *words: ignored.append(words))
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    jobs = SimpleNamespace(get=iter([{"folder": "a"}, {"folder": "b"}, None]).__next__, put=lambda job: None)
    queues = iter([jobs, queue.SimpleQueue()])
    monkeypatch.setattr(f"{WORKER}.SimpleQueue", lambda: next(queues))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        try:
            worker.main()
        finally:
            after.set()
            for thread in {*threading.enumerate()} - before:  # while what it may call is still a stand-in
                thread.join(5)
    each = [{"note": "hm"}, {"epoch": 3, "value": 0.5}, {"note": "warning: careful"}]
    expected = [*each, {"end": "finished", "of": "a"}, *each, {"end": "finished", "of": "b"}]
    assert [json.loads(line) for line in answers.getvalue().splitlines()] == expected
    assert doubled == [(91, "w", {"encoding": "utf-8", "buffering": 1}), (2, 1)] and asked == [True, False]
    signals = [getattr(signal, name) for name in ("SIGINT", "SIGHUP") if hasattr(signal, name)]
    assert ignored == [(number, signal.SIG_IGN) for number in signals]


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (MemoryError("Much."), Failure("MemoryError", "There is not enough memory. Much. Make the model or the batches "
                                                      "smaller.")),
        (DataError("none"), Failure("DataError", "none")),
        (ZeroDivisionError("x" * 9000), Failure("ZeroDivisionError", f"ZeroDivisionError: {'x' * 7981}")),
        (SystemExit(3), Failure("SystemExit", "SystemExit: 3")),
    ],
)  # fmt: skip
def test_a_job_that_fails_says_why_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, notes: list[str], error: BaseException, failure: Failure
) -> None:
    def train(folder: RunFolder, job: Any, note: Any, hopeless: Any) -> bool:
        note("of the data")
        raise error

    monkeypatch.setattr(worker, "_train", train)
    job = {"folder": str(tmp_path / "run")}
    assert worker.work(job, notes.append) == {"end": "failed", **vars(failure)}
    assert read_failure(tmp_path / "run") == failure and not notes
    (tmp_path / "file").touch()
    assert worker.work({"folder": str(tmp_path / "file")}, notes.append)["end"] == "failed"
    assert len(notes) == 1 and notes[0].startswith(f"{tmp_path / 'file' / 'failure.json'} cannot be written: ")
    monkeypatch.setattr(worker, "_train", lambda *words: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        worker.work(job, notes.append)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_job_that_ends_passes_its_notes_on(monkeypatch: pytest.MonkeyPatch, notes: list[str], stopped: bool) -> None:
    def train(folder: RunFolder, job: Any, note: Any, hopeless: Any) -> bool:
        assert hopeless(1, 2.0) is False
        note("of the data")
        return stopped

    monkeypatch.setattr(worker, "_train", train)
    assert worker.work({"folder": "run"}, notes.append) == {"end": "stopped" if stopped else "finished"}
    assert notes == ["of the data"]


@pytest.mark.parametrize(
    ("value", "asked"), [(0.5, [(4, 0.5)]), (2, [(4, 2.0)]), (None, []), (float("nan"), []), ("x", [])]
)
@pytest.mark.parametrize("hopeless", [False, True])
def test_a_figure_that_is_no_number_is_no_reason_to_ask(value: Any, asked: list[Any], hopeless: bool) -> None:
    questions, stopped = list[Any](), list[str]()

    def answer(epoch: int, figure: float) -> bool:
        questions.append((epoch, figure))
        return hopeless

    callback = Asking("loss", answer)
    run: Any = SimpleNamespace(history=[{"loss": 9.0}, {"loss": value}], epoch=4, stop=stopped.append)
    callback.on_epoch_end(run)
    assert questions == asked and len(stopped) == (hopeless and len(asked))
    run.history[-1].clear()
    callback.on_epoch_end(run)
    assert questions == asked
