"""The ready experiments run as they stand in their files, by the command line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.workbench.cli import main

EXPERIMENTS = Path(__file__).resolve().parents[1] / "experiments"
LEAST_ACCURACY = {"half_moons": 0.98, "iris": 0.9, "mnist": 0.95}
"""On the test set; mnist after one epoch instead of all."""


def train(name: str, out: Path, *options: str) -> dict[str, Any]:
    assert main(["train", str(EXPERIMENTS / f"{name}.toml"), "--out", str(out), "--quiet", *options]) == 0
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return summary


def test_every_experiment_is_tested() -> None:
    assert {path.stem for path in EXPERIMENTS.glob("*.toml")} == set(LEAST_ACCURACY)


@pytest.mark.parametrize("name", sorted(LEAST_ACCURACY))
def test_an_experiment_reaches_its_accuracy(name: str, tmp_path: Path) -> None:
    options = ("--set", "train.epochs=1", "--set", "data.validation=1000") if name == "mnist" else ()
    summary = train(name, tmp_path / "run", *options)
    assert summary["test"]["accuracy"] >= LEAST_ACCURACY[name]
    assert summary["model"] == "ann/ann"
    assert summary["chosen_by"] == "validation_accuracy"


def test_the_saved_model_gives_the_figure_again(tmp_path: Path) -> None:
    summary = train("iris", tmp_path / "run")
    model = pl.load(tmp_path / "run" / "model.safetensors")
    with (tmp_path / "run" / "experiment.toml").open("rb") as file:
        seed = tomllib.load(file)["data"]["seed"]
    test = pl.load_dataset("iris", seed=seed).test
    accuracy = float(np.mean(model.predict(test.x).argmax(axis=1) == test.y))
    assert accuracy == pytest.approx(summary["test"]["accuracy"], abs=1e-12)
