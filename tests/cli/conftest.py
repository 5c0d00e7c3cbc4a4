"""Fixtures for the tests of the command line: it runs in processes of its own, as for its users."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CORE = Path(__file__).parents[2] / "core"
Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed plugins, which the commands see."""
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(site: Path) -> dict[str, str]:
    ours = ("PELLUCID_", "OPENBLAS_", "OMP_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(site), str(CORE)])}


@pytest.fixture
def pellucid(environment: dict[str, str], tmp_path: Path) -> Command:
    """``pellucid("show", "dense", code=0)`` runs a command and checks its exit code."""

    def run(*words: str, code: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "pellucid", *words], env={**environment, **variables}, cwd=tmp_path, text=True,
            capture_output=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == code, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture
def pellucid_json(pellucid: Command) -> Callable[..., Any]:
    """The same with ``--json``; returns what was printed, as data."""
    return lambda *words, **settings: json.loads(pellucid(*words, "--json", **settings).stdout)
