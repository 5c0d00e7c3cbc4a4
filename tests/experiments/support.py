"""Runs the command line in this process or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pellucid.workbench.cli import main

IRIS = """
[data]
type = "iris"

[model]
type = "ann"
hidden = [8]

[optimizer]
type = "adam"
lr = 0.02

[train]
epochs = 5
batch_size = 16
seed = 0
"""


class Shell:
    """Calls ``pellucid …`` and keeps what it said."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: object, code: int = 0) -> str:
        """Standard output; the exit code must be the one given."""
        got = main([str(word) for word in words])
        captured = self._capsys.readouterr()
        self.out, self.err = captured.out, captured.err
        assert got == code, self.err
        return self.out

    def json(self, *words: object) -> Any:
        return json.loads(self(*words, "--json"))

    def refused(self, *words: object) -> str:
        """The one message of a command that must not be carried out."""
        self(*words, code=2)
        assert "Traceback" not in self.err
        assert self.err.startswith("pellucid: ")
        return self.err


def process(*words: object, cwd: Path, **options: Any) -> subprocess.Popen[str]:
    """The command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pellucid", *map(str, words)], cwd=cwd, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"}, **options,
    )  # fmt: skip
