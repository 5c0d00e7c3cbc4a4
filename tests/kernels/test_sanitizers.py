"""A short form of `make sanitize`: odd shapes and bad arguments under the sanitizers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels.rebuild import kernel_tests

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("sanitize.py")
SHORT = "(random_shapes and 17) or (test_dense and relu) or out_of_range or (every_op and not sanitizers) or of_many"
SHORT += " or (is_the_reference and 2-7) or (sizes5 and 2-0)"  # of pellucid-cnn
SHORT += " or (is_the_reference and 3-lstm) or (is_the_reference and 2-gru)"  # of pellucid-recurrent
SHORT += " or ((tabular or transformer) and (is_the_reference or quarter_of_a_turn or far_out))"
SHORT = f"({SHORT}) and not avx2"  # plain code, and vectors of the largest size; `make sanitize` takes all three


def test_the_short_run_takes_tests_of_every_extension() -> None:
    command = kernel_tests("--collect-only", "-q", "-k", SHORT)
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT).stdout
    for extension in (ROOT / "ext", *ROOT.glob("plugins/*/ext")):
        tests = extension.parent.relative_to(ROOT) / "tests"
        assert re.search(rf"^{re.escape(str(tests))}/\S*: \d+$", said, re.MULTILINE), tests


@pytest.mark.slow
@pytest.mark.skipif("LD_PRELOAD" in os.environ, reason="this is the sanitized run itself")
@pytest.mark.skipif(shutil.which("gcc") is None, reason="the sanitizers come with gcc")
def test_a_short_run_under_the_sanitizers_is_clean() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "-x", "-k", SHORT], capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert " passed" in done.stdout
