"""What a recorder keeps in a run folder: it goes on where a run goes on, is read again, and drawn."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.flight.recording import Parts, Recording
from pellucid.workbench.cli import main
from pellucid.workbench.experiments.opened import trace_of_run

TOML = """
[data]
type = "iris"
[model]
type = "ann"
hidden = [6]
[train]
epochs = {epochs}
seed = 3
backend = "reference"
[[train.callbacks]]
type = "recorder"
every = 2
keep = ["statistics", "everything"]
anchors = 5
"""


def _trained(folder: Path, epochs: int) -> Path:
    file = folder.with_suffix(".toml")
    file.write_text(TOML.format(epochs=epochs))
    assert main(["train", str(file), "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run of two epochs, six steps, and one of five."""
    path = tmp_path_factory.mktemp("runs")
    return _trained(path / "short", 2), _trained(path / "long", 5)


def _equal(one: Path, other: Path) -> None:
    first, second = Recording(one / "recorder"), Recording(other / "recorder")
    assert first.steps().tolist() == second.steps().tolist() and set(first) == set(second)
    for name in first:
        assert np.array_equal(first[name], second[name]), name
    assert list(Parts(one / "recorder").anchors()) == list(Parts(other / "recorder").anchors())


def test_a_run_that_goes_on_goes_on_recording(runs: tuple[Path, Path], tmp_path: Path) -> None:
    short, long = runs
    shutil.copytree(short, tmp_path / "again")
    assert main(["train", "--resume", "--out", str(tmp_path / "again"), "--set", "train.epochs=5"]) == 0
    _equal(tmp_path / "again", long)


def test_what_was_recorded_behind_the_checkpoint_is_made_again(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """As of a run that was killed a while after its last checkpoint."""
    short, long = runs
    shutil.copytree(long, tmp_path / "killed")
    for name in ("checkpoint.safetensors", "metrics.jsonl"):
        shutil.copy(short / name, tmp_path / "killed" / name)
    for name in ("model.safetensors", "summary.json", "curves.png", "recorder.png"):
        (tmp_path / "killed" / name).unlink(missing_ok=True)
    assert main(["train", "--resume", "--out", str(tmp_path / "killed")]) == 0
    _equal(tmp_path / "killed", long)


def test_it_is_read_by_open_run_and_drawn(runs: tuple[Path, Path]) -> None:
    pytest.importorskip("matplotlib")
    _, long = runs
    recorder = pl.open_run(long).recorder
    assert recorder.steps().tolist() == [2, 4, 6, 8, 10, 12, 14] and recorder["loss"].shape == (7,)
    assert recorder["layers.1.y.histogram"].shape == (7, 32)
    assert (long / "recorder.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_without_says_how(tmp_path: Path) -> None:
    with pytest.raises(pl.DataError, match=r"recorder holds nothing.*\[\[train.callbacks\]\]"):
        Recording(tmp_path / "recorder")


def test_a_step_is_reached_from_the_nearest_anchor(runs: tuple[Path, Path]) -> None:
    """It holds what was recorded of that step, to the bit."""
    _, long = runs
    assert list(Parts(long / "recorder").anchors()) == [5, 10, 15]
    recorder, notes = pl.open_run(long).recorder, list[str]()
    places = {4: "the beginning of the run", 8: "the anchor after step 5", 12: "the anchor after step 10"}
    for step, place in places.items():
        trace = trace_of_run(long, step=step, note=notes.append)
        assert notes.pop().endswith(f"step {step} is reached from {place}.")
        assert float(trace["loss"]) == recorder.at(step)["loss"]
        assert recorder.at(step)["layers.1.y.max"] == trace["layers.1.y"].max()
