"""Targets of files: labels of classes or numbers to be predicted, found out and said, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(targets: list[Any], path: str = "d.csv") -> str:
    Path(path).write_text("a,y\n" + "".join(f"{i}.5,{target}\n" for i, target in enumerate(targets)))
    return path


def files(targets: list[Any], **arguments: Any) -> pl.Files:
    return pl.Files(written(targets), target="y", validation=0, test=0, **arguments)


PRICES = [200_000 + 947 * i for i in range(50)]


@pytest.mark.parametrize(
    ("targets", "classes"),
    [
        ([0, 1, 1], ("0", "1")),
        ([*range(12)] * 2, tuple(map(str, range(12)))),
        ([*range(40)] * 2, tuple(map(str, range(40)))),
        (["b", "a", "b", "10", "9", "9", "a", "10"], ("10", "9", "a", "b")),
        (["01", "1"] * 2, ("01", "1")),
    ],
)
def test_labels_that_go_without_saying(targets: list[Any], classes: tuple[str, ...]) -> None:
    data = files(targets)
    split = data.splits().train
    assert split.classes == classes and [classes[label] for label in split.y] == list(map(str, targets))
    assert data.decided() == {"header": True, "target": "y", "classify": True}


@pytest.mark.parametrize("targets", [[1001, 1003, 1002] * 3, [-1, 1] * 3, [*range(1, 31)] * 2, [5, 10, 9] * 2])
def test_different_numbers_are_classes_which_is_said(targets: list[int]) -> None:
    with pytest.warns(pl.PellucidWarning, match="target 'y': .* taken as labels of the classes .*classify = false"):
        split = files(targets).splits().train
    assert split.classes == tuple(map(str, sorted(set(targets))))
    assert [int(split.classes[label]) for label in split.y] == targets
    assert files(targets, classify=True).splits().train.classes == split.classes
    assert files(targets, classify=False).splits().train.y.tolist() == targets


def test_prices_are_numbers_which_is_said() -> None:
    with pytest.warns(pl.PellucidWarning, match="50 different values in 50 rows: .* numbers to be predicted, not"):
        split = files(PRICES).splits().train
    assert split.classes is None and split.y.dtype == np.float64 and split.y.tolist() == PRICES
    data = files(PRICES, classify=False)
    assert data.splits().train.classes is None and data.decided()["classify"] is False


@pytest.mark.parametrize(
    ("targets", "arguments", "message"),
    [
        (["yes"] * 4, {}, "all 4 samples are of the class 'yes', so there is nothing to tell apart"),
        ([3] * 4, {}, "all 4 samples are of the class '3'"),
        ([3] * 4, {"classify": True}, "all 4 samples are of the class '3'"),
        (PRICES * 3, {}, "50 different values in 150 rows, such as 200000, .* classify = true or classify = false"),
        (["ann", "bob", "eve"], {}, "3 different values in 3 rows, such as ann, bob, eve: these look like names"),
        (["1_000", "2_000"], {"classify": False}, "the targets must be numbers. Received: texts such as '1_000'"),
        ([1.5, 1, 2, 2], {"classify": True}, r"class labels must be whole numbers. Received: 1\.5"),
    ],
)
def test_no_guess(targets: list[Any], arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(pl.DataError, match=message):
        files(targets, **arguments).splits()


@pytest.mark.parametrize("train", [[1001, 1003, 1002], ["1001", "1003", "x"]])
def test_labels_are_numbered_alike_in_every_file(train: list[Any]) -> None:
    arguments: dict[str, Any] = {"target": 1, "validation": 0, "classify": True}
    splits = pl.Files(written(train * 2), test=written([1003, 1001], "t.csv"), **arguments).splits()
    assert [splits.classes[label] for label in splits.test.y] == ["1003", "1001"]
    with pytest.raises(pl.DataError, match=r"t.csv, row 1 .*unknown class '1004'"):
        pl.Files("d.csv", test=written([1001, 1004], "t.csv"), **arguments).splits()


def test_numbers_count_classes_that_have_words_for_names() -> None:
    np.savez("d.npz", x=np.zeros((4, 1)), y=np.array(["no", "yes"] * 2))
    np.savez("t.npz", x=np.zeros((2, 1)), y=np.array([1, 0]))
    assert pl.load_dataset("files", train="d.npz", test="t.npz", validation=0).test.y.tolist() == [1, 0]


@pytest.mark.parametrize(("y", "classes"), [([True, False] * 2, ("False", "True")), ([[0, 1]] * 4, None)])
def test_targets_of_an_npz(y: list[Any], classes: tuple[str, ...] | None) -> None:
    np.savez("d.npz", x=np.zeros((4, 1)), y=np.array(y))
    data = pl.Files("d.npz", validation=0, test=0)
    split = data.splits().train
    assert split.classes == classes and split.y.tolist() == [*map(int, y)] if classes else split.y.tolist() == y
    assert data.decided() == {"classify": True}
