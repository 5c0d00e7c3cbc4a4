"""The ready experiments, shorter, by the command line: from a text to a run folder that takes texts."""

from __future__ import annotations

import json
import tomllib
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.workbench.cli import main

pytest.importorskip("pellucid_datasets")
EXPERIMENTS = Path(__file__).resolve().parents[1] / "experiments"
SMALL = ("model.width=32", "model.layers=1", "model.heads=2", "model.context=32", "data.context=32")


@pytest.fixture(autouse=True)
def _no_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing them takes longer than the short trainings here."""
    monkeypatch.setattr("pellucid.workbench.experiments.training.draw_curves", lambda *_: None)


def train(name: str, out: Path, *settings: str) -> dict[str, Any]:
    options = [word for setting in settings for word in ("--set", setting)]
    assert main(["train", str(EXPERIMENTS / f"{name}.toml"), "--out", str(out), "--quiet", *options]) == 0
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return summary


def test_every_experiment_is_tested() -> None:
    assert {path.stem for path in EXPERIMENTS.glob("*.toml")} == {"shakespeare", "shakespeare_best"}


@pytest.mark.parametrize("name", ["shakespeare", "shakespeare_best"])
def test_a_short_form_learns_and_its_run_takes_texts(name: str, tmp_path: Path) -> None:
    settings = ("data.of={type='shakespeare', first=20000}", "data.windows=960", "train.epochs=1", "schedule.warmup=5")
    summary = train(name, tmp_path / "run", *SMALL, *settings, "optimizer.lr=5e-3")
    assert summary["validation"]["loss"] < 3.2 < log(65)
    model = pl.load(tmp_path / "run" / "model.safetensors")
    (tokenizer,) = model.runtime.transforms
    scores = model.predict(["To be, or not", "O"])
    assert scores.shape == (2, 13, tokenizer.size) and np.isfinite(scores).all()
    np.testing.assert_allclose(model.predict("O")[0, 0], scores[1, 0], atol=1e-5)  # what stands behind is not seen
    assert main(["evaluate", str(tmp_path / "run"), "--split", "validation"]) == 0


def test_a_table_of_texts_from_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Trained, evaluated on its own data and on a file; asked about the lines of a text."""
    words = ["today", "now", "here", "there", "again", "at", "last", "in", "the", "end", "as", "always"]
    rows = [f"{text} {word},{kind}" for text, kind in (("we see it", "yes"), ("it is dark", "no")) for word in words]
    (tmp_path / "seen.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    (tmp_path / "lines.txt").write_text("we see it now\nit is dark at last\n")
    (tmp_path / "texts.toml").write_text(
        f"data = {{type = 'labelled_texts', train = '{tmp_path / 'seen.csv'}', tokenizer = 'characters'}}\n"
        "model = {type = 'sequence_classifier', width = 16, layers = 1, heads = 2}\nsampler = 'by_length'\n"
        "optimizer = {type = 'adamw', lr = 1e-2}\ntrain = {epochs = 15, batch_size = 4, seed = 0}\n"
    )
    run = str(tmp_path / "run")
    assert main(["train", str(tmp_path / "texts.toml"), "--out", run, "--quiet"]) == 0
    for more in ([], ["--data", str(tmp_path / "seen.csv")]):
        capsys.readouterr()
        assert main(["evaluate", run, *more, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["accuracy"] == 1.0
    assert main(["predict", run, str(tmp_path / "lines.txt")]) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()[1:]] == ["yes", "no"]


def test_a_text_file_is_the_data_set_of_a_language_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first thing to try: train on a file, evaluate on another, and ask what comes next."""
    (tmp_path / "seen.txt").write_text("the cat sat on the mat. " * 60)
    (tmp_path / "other.txt").write_text("the mat sat on the cat. " * 10)
    (tmp_path / "asked.txt").write_text("the ca\nthe cat sat o\n")
    words = [f"--set={each}" for each in (*SMALL[:3], "train.epochs=10", "optimizer.lr=1e-2", "train.seed=0")]
    run, seen = str(tmp_path / "run"), str(tmp_path / "seen.txt")
    assert main(["train", "--model", "language_model", "--dataset", seen, "--out", run, *words]) == 0
    data = tomllib.loads((tmp_path / "run" / "experiment.toml").read_text(encoding="utf-8"))["data"]
    assert data["type"] == "transformer/running_text"
    capsys.readouterr()
    assert main(["evaluate", run, "--data", str(tmp_path / "other.txt"), "--json"]) == 0
    assert 0 < json.loads(capsys.readouterr().out)["loss"] < log(15)
    assert main(["predict", run, str(tmp_path / "asked.txt"), "--probabilities", "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["class"], second["class"]) == ("t", "n")
    assert "␣" in first["probabilities"] and sum(first["probabilities"].values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_two_thousand_steps_reach_what_nanogpt_reaches(tmp_path: Path) -> None:
    assert train("shakespeare", tmp_path / "run")["validation"]["loss"] <= 1.88
