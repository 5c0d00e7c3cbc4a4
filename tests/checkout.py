"""What git knows of this repository, for tests that need it; from a tarball, or without git, they are skipped."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WITH_NEW_FILES = ("--cached", "--others", "--exclude-standard")


def tracked(*options: str, root: Path = ROOT) -> list[str]:
    """The files that git lists, relative to the root.

    Args:
        options: of ``git ls-files``.
        root: of the repository.
    """
    try:
        listing = subprocess.run(["git", "ls-files", "-z", *options], cwd=root, capture_output=True)
    except FileNotFoundError:
        pytest.skip("git is not installed, and only git knows which files belong to the repository")
    names = [name for name in listing.stdout.decode().split("\0") if name]
    # In a tarball that was unpacked inside of another repository git answers, too: with none of our files.
    if listing.returncode or "pyproject.toml" not in names:
        pytest.skip(f"{root} is no git checkout, and only git knows which files belong to the repository")
    return names
