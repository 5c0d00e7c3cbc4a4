"""Part 1: the backend's own tests, on the card."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from benchmarks.environment import ROOT
from benchmarks.gpu.report import tell

FILES = ("test_cupy_backend.py", "test_cupy_cnn.py", "test_cupy_plans.py")


def main(small: bool) -> bool:
    """Run them; a test that fails is named."""
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "filterwarnings=default",
        "--import-mode=importlib", "-rf", "--tb=short", "--maxfail=40",
        *(str(Path("tests/components") / name) for name in FILES),
    ]  # fmt: skip
    if small:
        command += ["-k", "test_no_rows or joined"]
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
    tell(name="the backend's tests", ok=ok, failures=failures, **counts)
    return ok
