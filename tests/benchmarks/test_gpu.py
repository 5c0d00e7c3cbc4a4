"""The verification of the GPU backend, on its stand-in: it runs, survives its own parts, and travels in a bundle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.environment import ROOT
from benchmarks.gpu import __main__ as command, bundle
from benchmarks.gpu.backend import STAND_IN
from benchmarks.gpu.part1_tests import PREFIX, files
from benchmarks.gpu.part2_conformance import vendors
from benchmarks.gpu.part3_parity import difference, subjects
from benchmarks.gpu.report import heard
from benchmarks.gpu.summary import as_markdown
from tests.archives import unpack
from tests.checkout import tracked
from tests.fake_cupy import COMPILER

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler to compile the kernels with")


def results(out: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((out / "results.json").read_text())
    return document


@needs_compiler
@pytest.mark.slow
def test_the_dry_run_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STAND_IN, "1")
    assert command.main([str(tmp_path), "--small"]) == 0, (tmp_path / "log.txt").read_text()
    document = results(tmp_path)
    assert {number: part["verdict"] for number, part in document["parts"].items()} == dict.fromkeys("123456", "passed")
    assert all(part["results"] for part in document["parts"].values())
    summary = (tmp_path / "summary.md").read_text()
    assert "the stand-in on the CPU" in summary and "| case dry/16 |" in summary and "MNIST" in summary


def test_a_part_that_fails_leaves_the_others_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STAND_IN, "1")
    broken = {"1": ("no_such_module", 60), "3": ("part3_parity", 60), "4": ("part4_learning", 0.2)}
    monkeypatch.setattr(command, "PARTS", command.PARTS | broken)
    assert command.main([str(tmp_path), "--small", "--part", "1", "--part", "4", "--part", "3"]) == 1
    parts = results(tmp_path)["parts"]
    assert parts["1"]["verdict"] == "failed" and parts["1"]["results"] == []
    assert parts["4"]["verdict"] == "out of time"
    assert parts["3"]["verdict"] == "passed" and len(parts["3"]["results"]) > 10
    assert "Nothing came of it." in (tmp_path / "summary.md").read_text()


def test_a_second_call_adds_to_what_the_first_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STAND_IN, "1")
    (tmp_path / "results.json").write_text(json.dumps({"parts": {"2": {"results": [], "verdict": "passed"}}}))
    assert command.main([str(tmp_path), "--small", "--part", "3"]) == 0
    assert set(results(tmp_path)["parts"]) == {"2", "3"}


def test_no_plugin_is_forgotten() -> None:
    """What is verified follows from what is installed, and from the tests that there are."""
    installed = {path.parent.name for path in (ROOT / "plugins").glob("*/pyproject.toml")}
    assert {"core", *installed} <= set(vendors(small=False, of=()))
    assert vendors(small=False, of=("tabular", "core")) == ["core", "tabular"]
    assert {path.stem.removeprefix(PREFIX) for path in files(())} >= {"backend", "plans", "cnn", "transformer"}
    assert [path.name for path in files(("recurrent",))] == ["test_cupy_recurrent.py"]
    names = [name for name, *_ in subjects(small=False, of=("transformer",))]
    assert any("contrastive" in name for name in names) and not any("core/" in name for name in names)


def test_what_is_printed_beside_the_results_is_no_result() -> None:
    assert heard('RESULT {"name": "x"}') == {"name": "x"}
    assert heard("RESULT {broken") is None and heard("RESULT 3") is None and heard("anything") is None


def test_the_summary_says_what_failed() -> None:
    row = {"name": "layer acme/sine[0]", "dtype": "float32", "ok": False, "error": None, "tolerance": 1e-5}
    row["why"] = "Boom"
    part = {"verdict": "failed", "seconds": 1.0, "results": [row]}
    text = as_markdown({"machine": {"card": "A Card"}, "date": "today", "parts": {"3": part}})
    assert "# pellucid on a GPU: A Card" in text and "0 of 1 within tolerance" in text and "**failed**: Boom" in text


def test_a_difference_is_relative_and_sees_nan() -> None:
    import numpy as np

    a = np.array([1.0, 200.0])
    assert difference(a, a) == 0.0
    assert difference(a + 0.02, a) == pytest.approx(1e-4)
    assert difference(np.array([1.0, np.nan]), a) == float("inf") == difference(a[:1], a)


@pytest.mark.slow
def test_the_bundle_installs_without_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracked()  # what the bundle is made of
    archive = tmp_path / "bundle.tar.gz"
    monkeypatch.setattr(bundle, "MISSING", ())  # is asked of a registry; this environment has it
    assert bundle.main([str(archive)]) == 0
    assert archive.stat().st_size < bundle.LARGEST
    unpack(archive, tmp_path)
    unpacked = tmp_path / "pellucid-gpu"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PELLUCID_", "COVERAGE_", "PYTHONPATH"))}
    environment |= {STAND_IN: "1", "PYTHON": sys.executable, "PIP_NO_INDEX": "1"}
    script = str(unpacked / "benchmarks" / "gpu" / "run.sh")
    done = subprocess.run(
        [script, str(tmp_path / "out"), "--small", "--part", "3"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert results(tmp_path / "out")["parts"]["3"]["verdict"] == "passed"
    python = unpacked / "environment" / "bin" / "python"
    where = subprocess.run(
        [str(python), "-c", "import pellucid; print(pellucid.__file__)"], capture_output=True, text=True, check=True
    )
    assert str(unpacked) in where.stdout and str(ROOT) not in where.stdout.replace(str(unpacked), "")
