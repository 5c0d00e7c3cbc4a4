"""The ready experiments: the small one as it stands, those of digits on a few of them, all by the command line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
import tomli_w
from pellucid.workbench.cli import main
from pellucid_diffusion.sampling import sample

EXPERIMENTS = Path(__file__).resolve().parents[1] / "experiments"
SMALL = {
    "glyphs_latent": {"model": {"hidden": 16, "blocks": 1, "autoencoder_epochs": 1}},
    "mnist_latent": {"model": {"hidden": 16, "blocks": 1, "autoencoder_epochs": 1}},
    "mnist_unet": {"model": {"channels": [4, 8]}},
}
"""What is made smaller, beside the data."""


@pytest.fixture(autouse=True)
def _no_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing them takes longer than the short trainings here."""
    monkeypatch.setattr("pellucid.workbench.experiments.training.draw_curves", lambda *_: None)


def train(experiment: Path, out: Path, *options: str) -> dict[str, Any]:
    assert main(["train", str(experiment), "--out", str(out), "--quiet", *options]) == 0
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return summary


def few_digits(name: str, folder: Path) -> Path:
    """The experiment with 40 digits as its data."""
    sections = tomllib.loads((EXPERIMENTS / f"{name}.toml").read_text(encoding="utf-8"))
    flat = sections["data"].get("flat", True)
    digits = pl.load_dataset("mnist", flat=flat).test
    np.savez(folder / "digits.npz", x=digits.x[:40], y=digits.y[:40].astype(str))
    sections["data"] = {
        "type": "files", "train": str(folder / "digits.npz"), "validation": 0, "test": 10,
        "transforms": sections["data"].get("transforms", []),
    }  # fmt: skip
    for section, settings in SMALL[name].items():
        sections[section] |= settings
    path = folder / f"{name}.toml"
    path.write_text(tomli_w.dumps(sections), encoding="utf-8")
    return path


def test_every_experiment_is_tested() -> None:
    assert {path.stem for path in EXPERIMENTS.glob("*.toml")} == {"half_moons", *SMALL}


def test_noise_becomes_two_half_moons(tmp_path: Path) -> None:
    options = ("--set", "train.epochs=40", "--set", "model.hidden=64", "--set", "data.n=2000")
    summary = train(EXPERIMENTS / "half_moons.toml", tmp_path / "run", *options)
    assert (summary["model"], summary["chosen_by"]) == ("diffusion/mlp_denoiser", None)
    assert {"loss", "low_noise", "middle_noise", "high_noise"} == set(summary["test"])
    model, labels = pl.load(tmp_path / "run" / "model.safetensors"), np.arange(400) % 2
    points, t = sample(model, labels=labels), np.linspace(0, np.pi, 500)
    upper = np.stack([np.cos(t), np.sin(t)], axis=1)
    lower = np.stack([1 - np.cos(t), 0.5 - np.sin(t)], axis=1)
    for label, moon in ((0, upper), (1, lower)):
        apart = np.linalg.norm(points[labels == label][:, None] - moon[None], axis=2)
        assert np.mean(apart.min(axis=1)) < 0.15  # points on the moon that was asked for,
        assert np.mean(apart.min(axis=0)) < 0.15  # and everywhere on it


@pytest.mark.parametrize("name", sorted(SMALL))
def test_digits_are_trained_on_and_drawn(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    short = ["--set", "schedule.warmup=0"] if name == "mnist_unet" else []  # it has one step, and warms up for 200
    summary = train(few_digits(name, tmp_path), run, "--set", "train.epochs=1", *short)
    assert summary["chosen_by"] is None and np.isfinite(summary["test"]["loss"])
    out = tmp_path / "page.png"
    capsys.readouterr()
    assert main(["generate", str(run), "--text", "17 39", "--steps", "3", "--output", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["characters"] == 4 and out.exists()
    assert main(["generate", str(run), "--text", "1a", "--output", str(tmp_path / "no.png")]) == 2
    assert "cannot draw a. Characters that it can: 0 1 2" in capsys.readouterr().err
