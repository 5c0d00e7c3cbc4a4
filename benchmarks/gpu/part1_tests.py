"""Part 1: the backend's own tests, on the card."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from benchmarks.environment import ROOT
from benchmarks.gpu.report import tell

FOLDER, PREFIX = Path("tests/components"), "test_cupy_"


def files(of: tuple[str, ...]) -> list[Path]:
    """The tests of the backend and of the plugins' kernels, which are named after the plugin."""
    found = sorted(path.relative_to(ROOT) for path in (ROOT / FOLDER).glob(f"{PREFIX}*.py"))
    return [path for path in found if not of or path.stem.removeprefix(PREFIX) in of]


def main(small: bool, of: tuple[str, ...] = ()) -> bool:
    """Run them; a test that fails is named."""
    chosen = files(of)
    if not chosen:
        return True
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "filterwarnings=default",
        "--import-mode=importlib", "-rf", "--tb=short", "--maxfail=40",
        *map(str, chosen),
    ]  # fmt: skip
    if small:
        command += ["-k", "test_no_rows or joined or far_out or carried"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    failures, counts = [], {}
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        if line.startswith("FAILED "):
            failures.append(line[7:].strip()[:300])
        for count, word in re.findall(r"(\d+) (passed|failed|skipped|error)", line):
            counts[word] = int(count)
    process.stdout.close()
    ok = process.wait() == 0
    name = ", ".join(path.stem.removeprefix(PREFIX) for path in chosen)
    tell(name=f"tests: {name}", ok=ok, failures=failures, **counts)
    return ok
