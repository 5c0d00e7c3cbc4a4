"""The journal of a search: Optuna's, in a file that processes of several machines may share."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from pellucid.basics.errors import ConfigError, DataError
from pellucid.basics.suggest import said
from pellucid.workbench.sweeps.draws import Draw
from pellucid.workbench.sweeps.sweep import Search

JOURNAL = "journal.log"
_LEADERS = "leaders"
_STARTUP = 5
"""Trials that are trained to their end before any is measured against them."""


def optuna() -> Any:
    """Optuna, which a search needs.

    Raises:
        ConfigError: it is not installed, or cannot be imported.
    """
    try:
        import optuna  # slow and optional
    except ImportError as error:
        raise ConfigError(
            f"A search ([sweep.search]) is led by Optuna, which cannot be imported: {error}. Install it: pip install "
            "'pellucid[optuna]'. Without it [sweep.random] draws settings."
        ) from error
    optuna.logging.set_verbosity(logging.WARNING)
    return optuna


def open_study(folder: Path, search: Search, higher: bool) -> Any:
    """The study in a folder, made if there is none.

    The journal is locked by a file that is made with O_EXCL, which is exclusive on network file systems too (NFS from
    version 3 on), where locks of the kernel may not be. Who is killed while holding it costs the others half a minute.
    """
    package = optuna()
    path = str(folder / JOURNAL)
    storages = package.storages.journal
    lock = storages.JournalFileOpenLock(path)
    with held(lock):
        _mend(Path(path))
    storage = package.storages.JournalStorage(storages.JournalFileBackend(path, lock_obj=lock))
    with held(asking(folder)):  # or two processes would make it at the same time
        return package.create_study(
            storage=storage, study_name="sweep", direction="maximize" if higher else "minimize", load_if_exists=True,
            pruner=package.pruners.MedianPruner(n_startup_trials=_STARTUP) if search.prune == "median" else
            package.pruners.NopPruner(),
        )  # fmt: skip


def sampler(search: Search, number: int) -> Any:
    """What proposes trial ``number``: its random numbers depend on the seed and that number alone, so that a search of
    one worker that is broken off goes on as if it had not been."""
    package, seed = optuna(), (search.seed * 1_000_003 + number) % (1 << 32)
    if search.sampler == "random":
        return package.samplers.RandomSampler(seed=seed)
    return package.samplers.TPESampler(seed=seed, constant_liar=True)


def asking(folder: Path) -> Any:
    """The lock under which trials are counted and begun."""
    return optuna().storages.journal.JournalFileOpenLock(str(folder / "asking"))


@contextmanager
def held(lock: Any) -> Iterator[None]:
    """Within: this process holds a lock of Optuna's."""
    lock.acquire()
    try:
        yield
    finally:
        with suppress(RuntimeError):  # somebody has thought this process dead: it has waited for half a minute
            lock.release()


def _mend(journal: Path) -> None:
    """Take away half a line that a killed process has left, behind which no other could be read.

    Raises:
        DataError: a whole line is none of a journal.
    """
    if not journal.exists():
        return
    content = journal.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(journal, whole)
    for number, line in enumerate(content[:whole].splitlines(), 1):
        try:
            json.loads(line)
        except ValueError as error:
            raise DataError(
                f"{journal}, line {number}: expected an entry of Optuna's journal, a JSON object. Received: "
                f"{said(line.decode(errors='replace')):.80}. Take this line away, and "
                "call the same again: the other lines and the runs are as they were."
            ) from error


def proposed(trial: Any, ranges: Mapping[str, Draw]) -> dict[str, Any]:
    """What a trial proposes, as settings: path -> value. What it has proposed before, it does again."""
    return {path: _proposed(trial, path, draw) for path, draw in ranges.items()}


def _proposed(trial: Any, path: str, draw: Draw) -> Any:
    if draw.kind == "choice":  # lists and tables by their JSON
        names = [_name(value) for value in draw.values]
        return draw.values[names.index(trial.suggest_categorical(path, names))]
    suggest = trial.suggest_int if draw.kind in ("int", "log_int") else trial.suggest_float
    return draw.rounded(suggest(path, *draw.values, log=draw.kind.startswith("log_")))


def _name(value: Any) -> Any:
    return json.dumps(value, sort_keys=True, default=str) if isinstance(value, list | dict) else value


class Leaders:
    """Who leads a search: each process has a file of its own, locked for as long as it lives.

    Attributes:
        own: the name of this one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / _LEADERS
        self._held = ExitStack()
        self._known: dict[str, bool] = {}
        self.own = f"{_host()}-{uuid4().hex[:8]}"

    def __enter__(self) -> Leaders:
        self._folder.mkdir(exist_ok=True)
        self._take(self.own)
        return self

    def __exit__(self, *raised: object) -> None:
        self._held.close()

    def inherits(self, owner: str) -> bool:
        """Whether this process answers for what a leader of this machine has begun that is gone. Each of those is
        answered for by one process, which holds its lock from then on."""
        host, _, number = owner.rpartition("-")
        if owner == self.own or not number.isalnum():
            return False  # it is under way, or none of our names
        if host != _host():
            return False  # not every network file system tells of locks on other machines
        return self._known.get(owner) or self._take(owner)

    def _take(self, owner: str) -> bool:
        if os.name == "nt":
            return owner == self.own
        import fcntl

        file = self._held.enter_context(open(self._folder / owner, "ab"))  # noqa: SIM115, PTH123
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # it lives; or there are no locks here, and nobody can tell
            file.close()
            return owner == self.own
        self._known[owner] = True
        return True


def _host() -> str:
    import socket

    return "".join(letter if letter.isalnum() else "_" for letter in socket.gethostname()) or "host"
