"""How runs begin and go on: folders, data, files; and that what hangs on a run does not end it."""

from __future__ import annotations

import errno
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pellucid as pl
import pytest
from pellucid.workbench.experiments.folder import RunFolder, new_path

from tests.experiments.support import Shell

WHEN = datetime(2026, 1, 31, 9, 30)


def test_a_folder_of_a_run_that_was_killed_at_its_start_is_resumed(pellucid: Shell) -> None:
    pellucid("train", "iris.toml", "--out", "whole", "--quiet")
    RunFolder(Path("run")).create()
    Path("run/.pellucid-0123456789abcdef.partial").touch()
    RunFolder(Path("run")).check_free()  # nothing stands there yet
    Path("run/experiment.toml").write_bytes(Path("whole/experiment.toml").read_bytes())
    message = pellucid.refused("train", "iris.toml", "--out", "run")
    assert "continue the run in it: pellucid train --resume --out run" in message
    Path("run/metrics.jsonl").touch()
    pellucid("train", "--resume", "--out", "run", "--quiet")
    assert "was ended before its first checkpoint: it begins anew, with the same settings" in pellucid.err
    assert Path("run/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()


def test_a_run_without_its_checkpoint_is_not_begun_anew(pellucid: Shell) -> None:
    pellucid("train", "iris.toml", "--out", "run", "--quiet")
    Path("run/checkpoint.safetensors").unlink()
    assert "checkpoint.safetensors is missing" in pellucid.refused("train", "--resume", "--out", "run")


def test_names_of_folders_are_taken_by_making_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with new_path("ann/ann", "core/files", WHEN) as first, new_path("ann/ann", "core/files", WHEN) as second:
        assert [path.name for path in (first, second)] == [f"ann-files-20260131-093000{end}" for end in ("", "-2")]
        (second / "experiment.toml").touch()
    assert not first.exists() and second.exists()
    with pytest.raises(ZeroDivisionError), new_path("ann/ann", "core/files", WHEN) as third:
        assert third == first
        raise ZeroDivisionError
    assert not third.exists(), "data that does not suit leaves nothing behind"


def test_data_that_was_exchanged_is_noticed(pellucid: Shell) -> None:
    rows = [f"{i % 7},{i % 5},{'pq'[i % 2]}\n" for i in range(40)]
    data = Path("data.csv")
    data.write_text("a,b,y\n" + "".join(rows))
    settings = ("--set", "data.target=y", "--set", "train.epochs=1", "--quiet", "--out", "run")
    pellucid("train", "--model", "ann", "--dataset", "data.csv", *settings)
    data.write_text("a,b,y\n" + "".join(["0.25,0,p\n", *rows[1:]]))
    message = pellucid.refused("train", "--resume", "--out", "run", "--set", "train.epochs=2")
    assert "cannot be continued with other data: its " in message
    data.write_text("a,b,y\n" + "".join(rows))
    pellucid("train", "--resume", "--out", "run", "--set", "train.epochs=2", "--quiet")


def test_files_of_a_run_are_found_from_everywhere(pellucid: Shell, tmp_path: Path, monkeypatch: Any) -> None:
    for name, number in (("train", 40), ("test", 10)):
        rows = "".join(f"{i % 7},{i % 5},{'pq'[i % 2]}\n" for i in range(number))
        Path(f"{name}.csv").write_text("a,b,y\n" + rows)
    settings = ("--set", "data.test=test.csv", "--set", "data.target=y", "--set", "train.epochs=1", "--out", "run")
    pellucid("train", "--model", "ann", "--dataset", "train.csv", *settings)
    assert str(tmp_path) not in pellucid.err, "that is nothing which was found out"
    figures = json.loads(Path("run/summary.json").read_text())["test"]
    monkeypatch.chdir(Path("/"))
    assert figures.items() <= pellucid.json("evaluate", tmp_path / "run").items()


def test_a_figure_that_cannot_be_measured_is_refused_before_the_first_epoch(pellucid: Shell) -> None:
    settings = ("--set", "data.validation=0", "--set", "train.callbacks=['best_epoch']", "--out", "run")
    assert "there are no validation data" in pellucid.refused("train", "iris.toml", *settings)
    assert not Path("run").exists()


@pytest.mark.parametrize("draws", [True])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left"), ValueError("no font"), pl.CheckpointError("full")]
)
def test_a_picture_that_fails_hides_no_figures(
    pellucid: Shell, monkeypatch: pytest.MonkeyPatch, draws: bool, error: Exception
) -> None:
    def draw(*_: Any) -> None:
        raise error

    monkeypatch.setattr("pellucid.workbench.experiments.curves.draw", draw)
    out = pellucid("train", "iris.toml", "--out", "run", "--quiet")
    assert "best epoch" in out
    assert f"curves.png is not drawn: {type(error).__name__}: {error}. The run is complete without it." in pellucid.err


def test_figures_that_cannot_be_written_are_written_later(pellucid: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    append, calls = RunFolder.append_epochs, []

    def full(self: RunFolder, records: list[dict[str, Any]]) -> None:
        calls.append(len(records))
        if len(calls) in (2, 3):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, records)

    monkeypatch.setattr(RunFolder, "append_epochs", full)
    pellucid("train", "iris.toml", "--out", "run", "--quiet")
    assert pellucid.err.count("lacks 1 of 2 epochs so far, because it cannot be written: No space left on device") == 1
    assert calls == [1, 1, 2, 3, 1]
    assert [record["epoch"] for record in RunFolder(Path("run")).epochs()] == [1, 2, 3, 4, 5]


def test_of_a_line_that_is_not_written_no_part_is_left(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.append_epochs([{"epoch": 1}])

    def records() -> Any:
        yield {"epoch": 2}
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"):
        folder.append_epochs(records())
    assert folder.epochs() == [{"epoch": 1}]


def test_the_last_checkpoint_of_a_finished_run_may_fail(pellucid: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid.saving.checkpoint import save_checkpoint

    def full_at_the_end(trainer: pl.Trainer, path: Path) -> None:
        if trainer.epochs == 5:
            raise pl.CheckpointError("Cannot write: No space left on device.")
        save_checkpoint(trainer, path)

    monkeypatch.setattr("pellucid.standard.callbacks.checkpoint.save_checkpoint", full_at_the_end)
    assert "best epoch" in pellucid("train", "iris.toml", "--out", "run", "--quiet")
    assert "No space left on device. The run has come to its end all the same" in pellucid.err
    assert Path("run/model.safetensors").exists() and Path("run/summary.json").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    errors, mkdir = [PermissionError(13, "Permission denied")], Path.mkdir

    def refused(self: Path, **how: bool) -> None:
        if errors:
            raise errors.pop()
        mkdir(self, **how)

    monkeypatch.setattr(Path, "mkdir", refused)
    told = r"Cannot make the run folder runs/a-b-20260131-093000: Permission denied\. Choose another --out"
    with pytest.raises(pl.ConfigError, match=told), new_path("a", "b", WHEN):
        pass
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").touch()
    with pytest.raises(pl.ConfigError, match=r"Cannot make .* Choose another --out"), new_path("a", "b", WHEN):
        pass
    (tmp_path / "runs").unlink()
    tried: list[Path] = []

    def counted(self: Path, *words: int, **how: bool) -> None:
        tried.append(self)
        assert len(tried) < 9, "it is tried without end"
        mkdir(self, *words, **how)

    (tmp_path / "runs").symlink_to(tmp_path / "nowhere")
    monkeypatch.setattr(Path, "mkdir", counted)
    with pytest.raises(pl.ConfigError, match="Cannot make folders in runs, which is a file"), new_path("a", "b", WHEN):
        pass
    (tmp_path / "runs").unlink()
    with new_path("a/model", "b", WHEN) as path:
        assert str(path) == "runs/model-b-20260131-093000" and path.is_dir()
    assert not (tmp_path / "runs").exists()
