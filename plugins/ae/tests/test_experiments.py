"""The ready experiments are what their files say; their figures on the real digits stand in benchmarks/quality."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pellucid.workbench.experiments.experiment import check, prepare
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.sections import read_sections
from pellucid.workbench.experiments.training import train

EXPERIMENTS = Path(__file__).resolve().parents[1] / "experiments"


@pytest.mark.parametrize("name", sorted(path.stem for path in EXPERIMENTS.glob("*.toml")))
def test_an_experiment_runs_as_it_stands_in_its_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pellucid.workbench.experiments.training.draw_curves", lambda *_: None)
    rng = np.random.default_rng(0)
    brightness = rng.uniform(size=(400, 1)).astype(np.float32)
    np.savez(tmp_path / "x.npz", x=np.clip(brightness + rng.normal(0, 0.1, (400, 784)).astype(np.float32), 0, 1))
    sections = read_sections(EXPERIMENTS / f"{name}.toml")
    check(sections)
    sections["data"] = {"type": "files", "train": str(tmp_path / "x.npz"), "transforms": []}
    sections["train"]["epochs"] = 4
    summary = train(prepare(check(sections)), RunFolder(tmp_path / "run"), verbose=False)
    assert isinstance(summary, dict)
    assert summary["chosen_by"] == "validation_reconstruction_error"
    losses = [epoch["loss"] for epoch in RunFolder(tmp_path / "run").epochs()]
    assert losses == sorted(losses, reverse=True)
