"""docs/results.md is what the committed logs say, and what it says of a log is right."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from studies.goals import page as results_page, said
from studies.goals.goal import SMALL, goals


def test_the_page_and_the_logs_agree() -> None:
    assert results_page.PAGE.read_text(encoding="utf-8") == results_page.page(), "run: python -m studies.goals.page"


def test_every_logged_training_is_of_a_goal_and_its_seeds_are_whole() -> None:
    known, seeds = {**goals(), **goals(SMALL)}, dict[str, set[int]]()
    for log in results_page.logs():
        assert log["goal"] in known and len(log["commit"]) == 10 and log["seconds"] > 0
        assert log["seed"] not in seeds.setdefault(log["goal"], set())
        seeds[log["goal"]].add(log["seed"])
    assert seeds and all(its == set(range(len(its))) for its in seeds.values())


def test_a_page_of_other_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = next(log for log in results_page.logs() if log["goal"] == "iris")
    made = [{**log, "seed": seed, "figures": {"accuracy": value}} for seed, value in enumerate((0.9, 0.95))]
    made += [{**log, "seed": 9, "short": True}]
    (tmp_path / "some.jsonl").write_text("\n".join(map(json.dumps, made)))
    (tmp_path / "votes.json").write_text(json.dumps({"iris": {"size": 2, "mean": 0.96, "groups": {"0+1": 0.96}}}))
    monkeypatch.setattr(results_page, "LOGS", tmp_path)
    monkeypatch.setattr(results_page.logs, "__defaults__", (tmp_path,))
    noted = replace(goals(SMALL)["iris"], note="it was looked at twice.")
    monkeypatch.setattr(results_page, "goals", lambda folder=None: {"iris": noted} if folder == SMALL else {})
    text = results_page.page()
    assert f"{noted.title}: it was looked at twice.\n" in text
    assert "**92.50 ± 3.54 %** | 2 | ≥ 96 %: not reached" in text and "2 networks that average" in text


def test_an_experiment_in_words() -> None:
    known = goals()
    permuted, cnn, vae = (known[name].sections for name in ("mnist_permuted", "mnist_cnn", "vae_dynamic"))
    assert said.model(permuted) == ("dense network", "784-1000-500-250-250-10, batch norm, relu")
    assert said.regularisation(permuted) == "noise 0.3 on each layer" and said.dropout(permuted) == "–"
    assert said.model(cnn) == ("convolutional network", "3x3: 1 × 32, 2 × 64, 2 × 128; batch norm")
    assert said.regularisation(cnn) == "labels smoothed 0.05, decay 0.05, elastic, random affine"
    assert said.model(vae)[0] == "VAE" and said.rate(vae) == "0.001 (adam, cosine)"
