"""The comparison on real tables: places and pairs over common seeds; a contestant runs in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.tables.report import better, errors_of, means, ranks as places, report
from benchmarks.tables.spread import calibration_error, halves, together

ROOT = Path(__file__).resolve().parents[2]


def line(method, table, seed, error):
    return {"method": method, "table": table, "seed": seed, "error": error, "seconds": 1.0, "rows": 100}


LINES = [
    line("pellucid ensemble", "wine", 0, 0.1),
    line("pellucid ensemble", "wine", 1, 0.3),
    line("CatBoost", "wine", 0, 0.2),
    line("CatBoost", "wine", 1, 0.1),
    line("pellucid ensemble", "pima", 0, 0.2),
    line("CatBoost", "pima", 0, 0.2),
    line("CatBoost", "pima", 1, 0.9),  # nobody to compare with
]


def test_means_are_over_common_seeds():
    found = means(errors_of(LINES), ("pellucid ensemble", "CatBoost"))
    assert found["wine"] == pytest.approx({"pellucid ensemble": 0.2, "CatBoost": 0.15})
    assert found["pima"] == pytest.approx({"pellucid ensemble": 0.2, "CatBoost": 0.2})


def test_places_of_equals_are_shared_and_each_table_counts_once():
    found = places(errors_of(LINES), ("pellucid ensemble", "CatBoost"))
    assert found == pytest.approx({"pellucid ensemble": 1.5, "CatBoost": 1.5})
    assert better(errors_of(LINES), "pellucid ensemble", "CatBoost") == (0, 2)
    assert better(errors_of(LINES), "CatBoost", "pellucid ensemble") == (1, 2)


def test_the_report_names_the_best_of_each_table():
    text = report(LINES)
    assert "| wine | 100 | 2 | 20.00 % | **15.00 %** |" in text
    assert "pellucid ensemble better than CatBoost on 0 of 2 tables" in text


def test_who_has_done_few_splits_is_held_against_ours_in_a_table_of_its_own():
    text = report([*LINES, line("TabM", "wine", 1, 0.2)])
    first, second = text.split("\n\n| table")
    assert "TabM" not in first and "CatBoost" not in second
    assert "| wine | 100 | 1 | 30.00 % | **20.00 %** |" in second
    assert "pellucid ensemble better than TabM on 0 of 1 tables" in second
    assert second.endswith("* left out, as not all have done them: pima")
    assert "not everywhere, so not shown: TabM" in report([each for each in LINES if each["method"] == "CatBoost"]
                                                         + [line("TabM", "wine", 1, 0.2)])  # fmt: skip


@pytest.mark.slow
def test_a_contestant_runs_and_what_is_done_is_not_done_again(tmp_path):
    results = tmp_path / "lines.jsonl"
    command = [
        sys.executable, "-m", "benchmarks.tables", "--data", str(tmp_path), "--results", str(results), "--seeds", "0",
        "--tables", "wisconsin", "--methods", "HistGradientBoosting,pellucid mlp", "--python", sys.executable,
    ]  # fmt: skip
    for _ in range(2):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        found = [json.loads(text) for text in results.read_text().splitlines()]
        assert [one["method"] for one in found] == ["HistGradientBoosting", "pellucid mlp"], done.stderr
        assert all(one["error"] < 0.1 for one in found)
    assert "average rank" in done.stdout


def test_what_a_spread_says_of_errors():
    spread, error = np.array([0.1, 0.2, 0.3, 0.4]), np.array([1.0, 2.0, 4.0, 8.0])
    assert halves(spread, error) == (1.5, 6.0)
    assert together(spread, error) == pytest.approx(1) and together(spread, -error) == pytest.approx(-1)
    assert together(np.ones(4), error) == 0


def test_calibration_error():
    sure, right = np.full(10, 0.75), np.array([1.0] * 5 + [0.0] * 5)
    assert calibration_error(sure, right) == pytest.approx(0.25)
    assert calibration_error(np.array([0.65, 1.0]), np.array([0.0, 1.0])) == pytest.approx(0.325)
