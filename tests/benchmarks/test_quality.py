"""The quality cases run in their short form, and the harness says truly what was reached."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.quality import harness
from benchmarks.quality.__main__ import RESULTS, main
from benchmarks.quality.harness import Case, Goal, load_cases


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(load_cases()))
@pytest.mark.filterwarnings("ignore:The warm-up of the cosine schedule takes")  # short forms end before it does
def test_the_short_form_of_every_case(name: str, tmp_path: Path) -> None:
    document = load_cases()[name].run(tmp_path, quick=True)
    assert document["goals"], "a case without a goal promises nothing"


def test_committed_results_are_those_of_cases_that_exist() -> None:
    for path in RESULTS.glob("*.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        assert document["case"] in load_cases()
        assert not document["quick"]
        assert [goal["met"] for goal in document["goals"]] == [
            goal.verdict(document["figures"])["met"] for goal in load_cases()[document["case"]].goals
        ]


@pytest.fixture
def accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(out: Path, quick: bool) -> dict[str, Any]:
        (out / "picture.txt").write_text("seen")
        return {"accuracy": 0.5 if quick else 0.9, "chance": 0.6}

    goals = (Goal("accuracy", ">=", 0.9), Goal("accuracy", ">", "chance"))
    monkeypatch.setattr(harness, "load_cases", lambda: {"ann/test": Case("ann/test", measure, goals)})


@pytest.mark.usefixtures("accuracy")
def test_a_long_run_leaves_its_figures_with_the_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ann", "--out", str(tmp_path / "out"), "--results", str(tmp_path / "results")]) == 0
    document = json.loads((tmp_path / "results" / "ann-test.json").read_text())
    assert document["figures"] == {"accuracy": 0.9, "chance": 0.6}
    assert [goal["met"] for goal in document["goals"]] == [True, True]
    assert document["machine"]["cores"] >= 1
    assert document["versions"]["pellucid-ann"]
    assert (tmp_path / "out" / "ann-test" / "picture.txt").exists()
    assert "met    accuracy > chance (0.9 against 0.6)" in capsys.readouterr().out


@pytest.mark.usefixtures("accuracy")
def test_a_missed_goal_is_said_and_a_short_run_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--out", str(tmp_path), "--results", str(tmp_path / "results")]
    assert main(["ann/test", "--quick", *options]) == 0
    assert "MISSED accuracy >= 0.9 (0.5 against 0.9)" in capsys.readouterr().out
    assert not (tmp_path / "results").exists()


@pytest.mark.usefixtures("accuracy")
def test_an_unknown_case_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["van"]) == 2
    assert "There is no quality case 'van'" in capsys.readouterr().err
