"""An evaluation in the folder of its run: the document, what its files are called, and what of them is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import DataError
from pellucid.workbench.evaluation.classes import Confusion
from pellucid.workbench.evaluation.evaluation import Evaluation
from pellucid.workbench.evaluation.writing import document, markdown, read, write
from pellucid.workbench.experiments.reading import read_at_most

PLAIN = Evaluation("r", None, "test", 2, {"loss": 1.0})


def test_the_document_has_the_figures_first_and_the_rest_in_details() -> None:
    confusion = Confusion(np.array([[1050, 350], [0, 4]]), ("no", "yes"))
    told = document(Evaluation("r", "iris", None, 1404, {"loss": 0.5, "f1": 0.25}, penalty=0.125, confusion=confusion))
    assert list(told) == ["run", "data", "split", "loss", "f1", "details"]
    assert (told["run"], told["data"], told["split"], told["loss"], told["f1"]) == ("r", "iris", None, 0.5, 0.25)
    details = told["details"]
    assert (details["figures"], details["samples"], details["penalty"]) == (["loss", "f1"], 1404, 0.125)
    assert details["confusion"] == {"counts": [[1050, 350], [0, 4]], "classes": ("no", "yes")}
    assert "outcome" not in details and document(PLAIN)["details"]["confusion"] is None


@pytest.mark.parametrize(
    ("data", "split", "name"),
    [
        (None, "test", "evaluation"), (None, "validation", "evaluation-validation"),
        (None, "train", "evaluation-train"), ("iris", "test", "evaluation-iris"),
        ("a/my data.v2.csv", None, "evaluation-my-data.v2"),
        ("ann/x y", "train", "evaluation-ann-x-y-train"),
    ],
)  # fmt: skip
def test_what_an_evaluation_is_called(tmp_path: Path, data: str | None, split: Any, name: str) -> None:
    found = Evaluation("r", data, split, 2, {"loss": 1.0})
    for _ in range(2):  # it replaces its like
        assert write(found, tmp_path) == tmp_path / f"{name}.json"
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"{name}.json", f"{name}.md"]
    told = read(tmp_path / f"{name}.json")
    assert told is not None and (told["data"], told["split"], told["loss"]) == (data, split, 1.0)
    assert (tmp_path / f"{name}.md").read_text() == markdown(found)


def test_what_is_none_of_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").write_text("[]")
    (tmp_path / "evaluation-2.json").write_text('{"data": "other", "split": "test", "details": {}}')
    assert write(PLAIN, tmp_path).name == "evaluation-3.json"
    assert (tmp_path / "evaluation.json").read_text() == "[]"


@pytest.mark.parametrize("content", [b"[", b"[]", b'{"details": []}', b"{}", b"\xff", b"[" * 100_000])
def test_a_file_that_is_no_evaluation_is_refused(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path / "evaluation.json") is None
    (tmp_path / "evaluation.json").write_bytes(content)
    with pytest.raises(DataError, match=r"evaluation\.json cannot be read: .*\. Remove it, and write it again") as said:
        read(tmp_path / "evaluation.json")
    assert ".." not in str(said.value) and str(said.value).endswith(f"pellucid evaluate {tmp_path}.")


def test_no_more_is_read_of_a_file_than_tells_that_it_is_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(PLAIN, tmp_path)
    size = path.stat().st_size
    monkeypatch.setattr("pellucid.workbench.evaluation.writing.MOST", size)
    assert read(path) is not None
    monkeypatch.setattr("pellucid.workbench.evaluation.writing.MOST", size - 1)
    with pytest.raises(DataError, match="it is no evaluation"):
        read(path)
    assert len(read_at_most(path, 10)) == 11 and len(read_at_most(path, size)) == size
