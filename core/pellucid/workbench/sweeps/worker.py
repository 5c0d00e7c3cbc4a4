"""A worker of a sweep: a process that trains one run after another, as it is told on its standard input.

It is told in lines of JSON, and answers so on what its standard output was: first how it is to work, then runs; notes
in between, and one line with the end of each. Where its input ends, whoever leads the sweep has asked it to stop, or is
gone: a run under way is saved and left, and the process ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from math import isfinite
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TextIO

from pellucid.basics.errors import ConfigError, PellucidError, PellucidWarning, raised
from pellucid.training.run import Callback, Run
from pellucid.workbench.experiments.experiment import check, prepare
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.sections import read_sections
from pellucid.workbench.experiments.training import train
from pellucid.workbench.local import ACTIVE, local_plugins
from pellucid.workbench.sweeps.folder import FAILURE, Failure, write_failure

PATIENCE = 10.0
"""Seconds that the process which trained a run before is given to end, if it was told to."""
_MOST_LETTERS = 8_000
Note = Callable[[str], None]
Hopeless = Callable[[int, float], bool]


def main() -> None:
    """Work until there is no more to do."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what a plugin prints is no answer
    for name in ("SIGINT", "SIGHUP"):  # of a terminal, whose Ctrl-C the leader hears; it tells its workers
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    jobs: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
    how = json.loads(sys.stdin.readline())
    verdicts: SimpleQueue[bool] = SimpleQueue()
    busy = threading.Event()
    threading.Thread(target=_listen, args=(sys.stdin, jobs, verdicts, busy), daemon=True).start()

    def note(text: str) -> None:
        _say(answers, {"note": text})

    def hopeless(epoch: int, value: float) -> bool:
        _say(answers, {"epoch": epoch, "value": value})
        return verdicts.get()

    with ExitStack() as held:
        if how["plugins"]:
            held.enter_context(local_plugins(*how["plugins"]))
        warnings.showwarning = _as_note(note)
        while (job := jobs.get()) is not None:
            end = work(job, note, hopeless)
            busy.clear()
            _say(answers, end)


def _listen(
    orders: TextIO, jobs: SimpleQueue[dict[str, Any] | None], verdicts: SimpleQueue[bool], busy: threading.Event
) -> None:  # fmt: skip
    for line in orders:
        order = json.loads(line)
        if "hopeless" in order:
            verdicts.put(order["hopeless"])
        else:
            busy.set()  # until its end is told: there is no moment between
            jobs.put(order)
    jobs.put(None)
    verdicts.put(False)
    if busy.is_set():
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the leader says that it stops
        os.kill(os.getpid(), signal.SIGTERM)  # which a training takes as the wish to be saved and left


def _say(answers: TextIO, message: dict[str, Any]) -> None:
    try:
        answers.write(json.dumps(message) + "\n")
    except OSError:  # nobody listens any more; what counts stands in the folders
        os._exit(1)


def _as_note(note: Note) -> Callable[..., None]:
    shown = warnings.showwarning

    def told(message: Warning | str, category: type[Warning], *place: Any, **further: Any) -> None:
        if issubclass(category, PellucidWarning):
            note(f"warning: {message}")
        else:
            shown(message, category, *place, **further)

    return told


def work(job: dict[str, Any], note: Note, hopeless: Hopeless = lambda epoch, value: False) -> dict[str, Any]:
    """Train a run, from where it stands; how it ended: ``finished``, ``stopped`` or ``failed`` with a type and a
    message, which then stand in its folder, too.

    Args:
        job: ``folder``, ``sections``, ``threads``, ``pictures``; ``figure``, if somebody is to be asked whether it goes
            on after each epoch.
        hopeless: is asked, with the epoch and that figure of it.
    """
    folder, notes = RunFolder(Path(job["folder"])), list[str]()
    try:
        stopped = _train(folder, job, notes.append, hopeless)
    except MemoryError as error:
        failure = Failure("MemoryError", f"There is not enough memory. {error} Make the model or the batches smaller.")
    except PellucidError as error:
        failure = Failure(type(error).__name__, str(error))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # of a plugin, of the disk
        failure = Failure(type(error).__name__, raised(error)[:_MOST_LETTERS])
    else:
        for text in notes:  # of one that has failed its failure says all
            note(text)
        return {"end": "stopped" if stopped else "finished"}
    try:
        write_failure(folder.path, failure)
    except (OSError, PellucidError) as error:
        note(f"{folder.path / FAILURE} cannot be written: {error}")
    return {"end": "failed", **vars(failure)}


def _train(folder: RunFolder, job: dict[str, Any], note: Note, hopeless: Hopeless) -> bool:
    """Whether the run was stopped before its end."""
    if folder.path.exists():
        _wait_for_lock(folder)
        (folder.path / FAILURE).unlink(missing_ok=True)
    if folder.summary.exists():
        return False
    begun = folder.experiment.exists()
    sections = read_sections(folder.experiment) if begun else dict(job["sections"])
    sections.pop("plugins", None)
    sections["train"] = {**sections.get("train", {}), "threads": job["threads"]}
    prepared = prepare(check(sections))
    if ACTIVE:
        prepared.resolved["plugins"] = [str(file) for file in ACTIVE.values()]
    if job.get("figure"):
        prepared.trainer.callbacks.append(Asking(job["figure"], hopeless))
    outcome = train(prepared, folder, resume=begun, verbose=False, note=note, pictures=job["pictures"])
    return isinstance(outcome, signal.Signals)


class Asking(Callback):
    """Asks after each epoch whether the run is hopeless, and ends it if it is.

    Args:
        figure: by which that is judged, a column of the history; where it is no number, nobody is asked.
        hopeless: is asked.
    """

    def __init__(self, figure: str, hopeless: Hopeless) -> None:
        self.figure = figure
        self.hopeless = hopeless

    def on_epoch_end(self, run: Run) -> None:
        value = run.history[-1].get(self.figure)
        if isinstance(value, int | float) and isfinite(value) and self.hopeless(run.epoch, float(value)):
            run.stop("it was behind the other trials of its search")


def _wait_for_lock(folder: RunFolder) -> None:
    """Wait for a process that trained the run and is about to end, as its leader has.

    Raises:
        ConfigError: it goes on.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with folder.lock():
                return
        except ConfigError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
