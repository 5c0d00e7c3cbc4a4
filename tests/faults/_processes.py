"""Processes that programs of faults start, kill and look at: forks of this one, which need no second to begin."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

COMPLETE = ("experiment.toml", "metrics.jsonl", "checkpoint.safetensors", "model.safetensors", "summary.json")
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.truncate")


def started(action: Callable[[], int], out: int | None = None, err: int | None = None, encoding: str = "utf-8") -> int:
    """The number of a process that does this, and ends with the code that it returns.

    Args:
        out, err: descriptors of its standard output and error; -1: none; None: nowhere.
    """
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        streams = []
        for number, given in ((1, out), (2, err)):
            if given is None:
                given = os.open(os.devnull, os.O_WRONLY)
            if given < 0:
                os.close(number)
                streams.append(None)
                continue
            os.dup2(given, number)
            streams.append(open(number, "w", encoding=encoding, closefd=False, buffering=1))  # noqa: SIM115
        sys.stdout, sys.stderr = streams  # type: ignore[assignment]
        sys.__stdout__, sys.__stderr__ = streams  # type: ignore[misc]
        code = action()
    finally:
        os._exit(code)


def ended(pid: int) -> int:
    """The exit code of a process, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def ready() -> None:
    """Import here what each process would import for itself."""
    import pellucid as pl
    import pellucid.standard.callbacks.checkpoint
    import pellucid.workbench.cli.commands.train
    import pellucid.workbench.experiments.training

    pl.build("ann", input_shape=(2,), outputs=2, seed=0)
    pl.names("callback")


def pellucid(*words: object) -> int:
    """The command line in this process, without pictures, which take longer than all else."""
    from pellucid.workbench.cli import main
    from pellucid.workbench.experiments import training

    training.draw_curves = lambda *_: None  # type: ignore[assignment]
    return main([str(word) for word in words])


def kill_at(number: int, folder: Path) -> None:
    """Have this process killed when it does something to a file in ``folder`` for the n-th time; at 0, never.

    Python tells its audit hooks of every file that it opens, renames or removes.
    """
    told = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal told
        if number and event in EVENTS and str(arguments[0]).startswith(str(folder)):
            told += 1
            if told == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def check(condition: bool, said: str) -> None:
    """AssertionError with these words, in optimized Python, too."""
    if not condition:
        raise AssertionError(said)


def names(folder: Path) -> list[str]:
    """What stands in a folder, none if there is no folder."""
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
