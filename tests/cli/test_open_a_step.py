"""pellucid trace, why and certify open a step of a run: the step that the run has made, or would have made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.saving.reading import opened
from pellucid.workbench.cli import main
from pellucid.workbench.cli.commands.why import parse_cell
from pellucid.workbench.experiments.opened import parse_rows, trace_of_run

Run = Callable[..., str]
SETTINGS = ("train.epochs=3", "train.seed=3", "train.backend=reference", "model.hidden=[6]", "train.accumulate=2",
            "schedule.type=cosine", "schedule.warmup=1")  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of six steps."""
    path = tmp_path_factory.mktemp("runs") / "iris"
    words = [word for setting in SETTINGS for word in ("--set", setting)]
    assert main(["train", "--model", "ann", "--dataset", "iris", "--out", str(path), *words]) == 0
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        found = main(words)
        shown = capsys.readouterr()
        assert found == code, shown.err
        return shown.err if code == 2 else shown.out

    return run


def _weights(folder: Path) -> dict[str, np.ndarray]:
    with opened(folder / "checkpoint.safetensors", "checkpoint") as file:
        return {
            name.partition("/")[2]: array for name, array in file.tensors().items() if name.startswith("parameters/")
        }


def test_a_step_of_the_run_is_the_one_that_it_made(folder: Path) -> None:
    """The last one leads to the weights of the checkpoint, to the bit."""
    notes: list[str] = []
    trace = trace_of_run(folder, step=6, note=notes.append)
    assert trace.setting.step == 5 and trace.setting.sizes == (26,)
    after = _weights(folder)
    assert after
    for name, array in after.items():
        assert trace[f"{name}.new"].tobytes() == array.tobytes()
    assert notes == ["The last checkpoint is of step 6: step 6 is reached from the beginning of the run."]
    assert [trace_of_run(folder, step=n).setting.step for n in (1, 3)] == [0, 2]


def test_the_step_behind_the_checkpoint_begins_with_its_weights(folder: Path) -> None:
    notes: list[str] = []
    trace = trace_of_run(folder, note=notes.append)
    assert trace.setting.step == 6
    for name, array in _weights(folder).items():
        assert trace[name].tobytes() == array.tobytes()
    assert notes == ["The run ended after step 6: this is the step that would have followed."]


def test_nothing_in_the_folder_changes(folder: Path) -> None:
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    trace_of_run(folder)
    trace_of_run(folder, step=4, rows="0:3")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_rows_take_the_place_of_the_batch(folder: Path) -> None:
    trace = trace_of_run(folder, step=4, rows="0:3,7")
    whole = trace_of_run(folder, step=4)
    assert trace["x"].shape == (4, 4) and trace["lr"] == whole["lr"]
    assert trace["layers.1.weight"].tobytes() == whole["layers.1.weight"].tobytes()


def test_trace_prints_a_table_of_the_step(folder: Path, run: Run) -> None:
    shown = run("trace", str(folder), "--step", "2")
    for phase in ("before", "forward", "loss", "backward", "update"):
        assert f"\n{phase} " in shown
    line = next(line for line in shown.splitlines() if line.startswith("layers.1.weight.grad "))
    assert line.split()[1] == "4x6" and all(float(word) is not None for word in line.split()[2:6])
    assert "layers.2.x " not in shown and "layers.2.x " in run("trace", str(folder), "--step", "2", "--all")
    assert f"pellucid why {folder} 'layers.1.weight.grad[0,0]'" in shown
    assert max(map(len, shown.splitlines()[1:-3])) <= 100


def test_json_holds_the_same(folder: Path, run: Run) -> None:
    told = json.loads(run("trace", str(folder), "--step", "2", "--json"))
    trace = trace_of_run(folder, step=2)
    assert told["step"] == 2
    for row in told["quantities"]:
        assert row["shape"] == list(trace[row["name"]].shape) and row["origin"] == trace.quantity(row["name"]).origin
        assert row["max"] == pytest.approx(float(trace[row["name"]].max()))


def test_a_trace_is_saved_and_read_again(folder: Path, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "step.safetensors"
    assert f"written: {path}" in run("trace", str(folder), "--save", str(path))
    assert not pl.diff(pl.load_trace(path), trace_of_run(folder))
    assert "layers.1.z[0,0] = " in run("why", str(path), "layers.1.z[0,0]", "--depth", "1")


def test_a_page_of_it_is_written(folder: Path, run: Run, tmp_path: Path) -> None:
    page = tmp_path / "step.html"
    assert f"written: {page}" in run("trace", str(folder), "--html", str(page), "--rows", "0:4")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_no_file_is_overwritten(folder: Path, run: Run) -> None:
    model = folder / "model.safetensors"
    before = model.read_bytes()
    assert "exists already" in run("trace", str(folder), "--save", str(model), code=2)
    assert model.read_bytes() == before


def test_why_gives_a_chain(folder: Path, run: Run) -> None:
    shown = run("why", str(folder), "layers.1.weight.grad[3, 5]", "--step", "2")
    trace = trace_of_run(folder, step=2)
    first, second, *_ = shown.split("\n\n")
    assert first == str(trace.why("layers.1.weight.grad", (3, 5)))
    assert second.startswith(("layers.1.dz[", "micro."))
    told = json.loads(run("why", str(folder), "loss", "--step", "2", "--depth", "1", "--json"))
    assert told["whys"][0]["name"] == "loss" and told["whys"][0]["value"] == float(trace["loss"])
    assert sum(term["value"] for term in told["whys"][0]["terms"]) == pytest.approx(float(trace["loss"]), rel=1e-5)


def test_certify_ends_with_1_where_something_is_wrong(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "all that could be checked is right" in run("certify", str(folder), "--cells", "20", "--rows", "0:8")
    told = json.loads(run("certify", str(folder), "--cells", "20", "--rows", "0:8", "--json"))
    assert told["passed"] is True and told["cells"] >= 4
    right = pl.Dense.backward

    def wrong(self: Any, ctx: Any, dy: Any) -> Any:
        return right(self, ctx, 2 * dy)

    monkeypatch.setattr(pl.Dense, "backward", wrong)
    assert "are wrong" in run("certify", str(folder), "--cells", "20", "--rows", "0:8", code=1)


@pytest.mark.parametrize(("words", "message"), [
    (("trace", "{}", "--step", "0"), "counted from 1. Received: 0"),
    (("trace", "{}", "--step", "7"), "has no step 7: it ends after step 6"),
    (("trace", "{}", "--rows", "0:500"), "The training data has"),
    (("trace", "{}", "--rows", "many"), "--rows takes numbers of rows from 0"),
    (("trace", "{}none"), "does not exist. Give the folder of a run"),
    (("trace", "{}/model.safetensors"), "must hold a trace. Received: a model"),
    (("trace", "{}", "--stop", "2"), "Did you mean '--step'?"),
    (("why", "{}", "layers.1.weihgt.grad[0,0]"), "Did you mean 'layers.1.weight.grad'?"),
    (("why", "{}", "layers.1.weight.grad"), "Give one index for each axis"),
    (("why", "{}", "layers.1.weight.grad[9,9]"), "has no cell (9, 9)"),
    (("why", "{}", "layers.1.weight.grad[a]"), "A number of a step is named by"),
    (("why", "{}", "loss", "--depth", "0"), "--depth must be at least 1"),
    (("certify", "{}", "--cells", "-1"), "cells"),
])  # fmt: skip
def test_mistakes_end_with_2_and_the_remedy(words: tuple[str, ...], message: str, folder: Path, run: Run) -> None:
    assert message in run(*(word.format(folder) for word in words), code=2)


def test_a_run_that_comes_out_otherwise_now_is_not_called_the_same(folder: Path, tmp_path: Path, run: Run) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in folder.iterdir():
        content = file.read_bytes()
        copy.joinpath(file.name).write_bytes(
            content.replace(b"seed = 3", b"seed = 4") if file.suffix == ".toml" else content
        )
    assert "Epoch 1 of the run" in run("trace", str(copy), "--step", "5", code=2)


def test_words_are_read() -> None:
    assert parse_cell("layers.0.z[3, -7]") == ("layers.0.z", (3, -7))
    assert parse_cell(" loss ") == ("loss", ()) and parse_cell("layers.0#2.y[0]") == ("layers.0#2.y", (0,))
    assert parse_rows("0:4, 10", 20) == [0, 1, 2, 3, 10] and parse_rows("18:", 20) == [18, 19]
    for text in ("", "a", "1:2:3", "-1", "4:4", "20", "0:21"):
        with pytest.raises(pl.DataError):
            parse_rows(text, 20)
    with pytest.raises(pl.DataError, match=r"names no row.* Received: 5:2"):
        parse_rows("5:2", 20)
