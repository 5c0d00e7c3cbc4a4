"""What is the progress of a run, and what its history: each part of both, in what is written as in what is read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pellucid import CheckpointError
from pellucid.saving.checkpoint import _wrong_history, _wrong_progress, restore_checkpoint, save_checkpoint
from pellucid.saving.files import _take_over

from tests.saving.support import small_data, small_trainer

GOOD: dict[str, Any] = {
    "steps": 7, "epochs": 2, "position": 32, "optimizer_steps": 7, "totals": {"loss": [1.5, 32.0]},
    "plan": {"rows": 103, "batch_size": 32, "epochs": 3, "steps": 12},
}  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        {}, {"steps": 0, "epochs": 0, "position": 0, "optimizer_steps": 0}, {"position": 103}, {"totals": [0.0, 0.0]},
        {"totals": {"loss": [-1.5, 0.0], "part": [0.0, 1.0]}}, {"plan": {}, "position": 0},
        {"plan": {"rows": 0, "batch_size": 0}, "position": 10**6}, {"plan": {"rows": 32, "batch_size": 1}},
    ],
)  # fmt: skip
def test_progress_that_fits_is_not_refused(other: dict[str, Any]) -> None:
    assert _wrong_progress({**GOOD, **other}) is None


@pytest.mark.parametrize(
    ("other", "told"),
    [
        *[({name: wrong}, f"its 'progress.{name}' must be an int of at least 0, and is {wrong!r}")
          for name in ("steps", "epochs", "position", "optimizer_steps") for wrong in (-1, 1.0, True, None, "3")],
        *[({"totals": {"loss": [1.0, 2.0], "part": wrong}}, "its 'progress.totals', part, must be a sum of losses")
          for wrong in ([1.0], [1.0, 2.0, 3.0], [1, 2.0], [1.0, -1.0], [float("nan"), 1.0], [1.0, float("inf")], 3.0)],
        ({"totals": [1.0, -1.0]}, "its 'progress.totals', loss, must be"),
        *[({"plan": wrong}, "its 'progress.plan' must hold")
          for wrong in ({"rows": 103}, {"batch_size": 32}, {**GOOD["plan"], "more": 1}, {**GOOD["plan"], "rows": -1},
                        {**GOOD["plan"], "steps": 1.0})],
        ({"position": 104}, "its place in the epoch, 104, lies behind the end of 103 rows"),
        ({"plan": {}, "position": 1}, "its place in the epoch, 1, lies behind the end of 0 rows"),
    ],
)  # fmt: skip
def test_what_is_no_progress(other: dict[str, Any], told: str) -> None:
    assert str(_wrong_progress({**GOOD, **other})).startswith(told)


@pytest.mark.parametrize(
    ("records", "told"),
    [
        ([], None), ([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 1, "more": "x"}], None),
        ([{"epoch": 1, "loss": float("nan")}], None), ({}, "its history is no list of epochs"),
        ([{"epoch": 1, "loss": 1.0}, 3], "its history is no list of epochs"),
        (None, "its history is no list of epochs"),
        ([{"epoch": 1, "loss": 1.0}, {"epoch": 2}], "its history lacks the number or the loss of epoch 2"),
        ([{"loss": 1.0}], "its history lacks the number or the loss of epoch 1"),
        ([{"epoch": -1, "loss": 1.0}], "its history lacks"), ([{"epoch": 1, "loss": True}], "its history lacks"),
        ([{"epoch": 1.0, "loss": 1.0}], "its history lacks"), ([{"epoch": 1, "loss": "1"}], "its history lacks"),
    ],
)  # fmt: skip
def test_a_history_is_a_list_of_epochs_with_number_and_loss(records: Any, told: str | None) -> None:
    found = _wrong_history(records)
    assert found is None if told is None else str(found).startswith(told)


@pytest.mark.parametrize("what", ["progress", "history"])
def test_neither_is_written_that_could_not_be_read_again(what: str, tmp_path: Path) -> None:
    trainer = small_trainer(callbacks=[])
    trainer.fit(small_data(), epochs=1, batch_size=32, verbose=False)
    save_checkpoint(trainer, tmp_path / "good.safetensors")
    restore_checkpoint(small_trainer(callbacks=[]), tmp_path / "good.safetensors")
    if what == "progress":
        trainer.epochs = -1
    else:
        trainer.history.records.append({"epoch": 2})
    with pytest.raises(CheckpointError, match="cannot be saved, because it could not be read again: its "):
        save_checkpoint(trainer, tmp_path / "bad.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["good.safetensors"]


@pytest.mark.skipif(not hasattr(os, "fchown"), reason="files have no owners here")
@pytest.mark.parametrize("refused", [False, True])
def test_a_file_has_the_owner_and_the_rights_of_the_one_that_it_replaces(
    refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its group cannot be had, that group's rights are those of all others."""
    mine, asked = tmp_path.stat(), list[Any]()

    def changed(*given: Any) -> None:
        asked.append(given)
        if refused:
            raise PermissionError

    monkeypatch.setattr(os, "fchown", changed)
    with (tmp_path / "new").open("wb") as file:
        there: Any = SimpleNamespace(st_mode=0o100664, st_uid=mine.st_uid + 1, st_gid=mine.st_gid + 1)
        _take_over(file.fileno(), there)
        assert asked == [(file.fileno(), mine.st_uid + 1, -1), (file.fileno(), -1, mine.st_gid + 1)]
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == (0o644 if refused else 0o664)
        asked.clear()
        _take_over(file.fileno(), SimpleNamespace(st_mode=0o100600, st_uid=mine.st_uid, st_gid=mine.st_gid))  # type: ignore[arg-type]
        assert asked == [] and stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600
