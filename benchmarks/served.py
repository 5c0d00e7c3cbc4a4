"""Served: a contestant in a process of its own, which answers each line of JSON with one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from benchmarks.environment import ROOT, child_environment


class Served:
    """A process that takes its turns.

    Args:
        words: the command.
        threads: how many its environment allows.
    """

    def __init__(self, words: Sequence[str], threads: int) -> None:
        self.process = subprocess.Popen(
            words, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=child_environment(threads)
        )

    def ask(self, **message: Any) -> Any:
        """What it answers, after it has done what the message says."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        """It leaves when its standard input does."""
        self.process.communicate()
