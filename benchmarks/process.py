"""Process: a contestant's child process, seen from the harness."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from benchmarks.environment import PEERS_PYTHON, ROOT, child_environment, compiled_preload
from benchmarks.peer import CONTESTANTS


class ContestantError(Exception):
    """A contestant's process has ended, or computes something else than the others."""


class Process:
    """Starts a contestant and exchanges messages with it; see ``worker.py``.

    Attributes:
        versions: of the distributions that it uses.
    """

    def __init__(self, name: str, threads: int) -> None:
        contestant = CONTESTANTS[name]
        self.name, self.threads = name, threads
        preload = compiled_preload(contestant.preload) if contestant.preload else None
        self._process = subprocess.Popen(
            [python_of(name), "-m", "benchmarks.worker", name, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env=child_environment(threads, preload),
        )  # fmt: skip
        self.versions: dict[str, str] = {}

    def receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ContestantError(f"{self.name} ended with code {self._process.wait()}; its message stands above.")
        message: dict[str, Any] = json.loads(line)
        return message

    def ask(self, **message: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        return self.receive()

    def close(self) -> None:
        """End the process; it leaves when its standard input does."""
        with self._process:
            pass


def python_of(name: str) -> str:
    """The interpreter of a contestant: this one, or that of the benchmarks' own environment if it has been made."""
    here = CONTESTANTS[name].here or not PEERS_PYTHON.exists()
    return sys.executable if here else str(PEERS_PYTHON)
