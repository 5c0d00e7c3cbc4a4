"""Which code gave a result: the commit of the checkout, or of the tree that a bundle was made of."""

from __future__ import annotations

import subprocess

from benchmarks.environment import ROOT


def commit() -> str:
    """Ten letters of its hash; a bundle, which has no git, says it in a file."""
    said = ROOT / "COMMIT"
    if said.exists():
        return said.read_text(encoding="utf-8").strip()
    asked = subprocess.run(["git", "rev-parse", "--short=10", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return asked.stdout.strip() or "unknown"
