"""Running a program that must succeed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class Failed(Exception):
    """A step of the release check failed; the message says which and why."""


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    """Standard output of a program; its environment has nothing of pellucid's but what is given here.

    Raises:
        Failed: it ended with an error; with all that it wrote.
    """
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PELLUCID_", "COVERAGE_", "PYTHONPATH"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=inherited | environment, capture_output=True, text=True
    )
    if done.returncode:
        raise Failed(f"{' '.join(str(part) for part in command)}\n{done.stdout}\n{done.stderr}")
    return done.stdout
