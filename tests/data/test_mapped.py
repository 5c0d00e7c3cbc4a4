"""Samples in mapped files: the bits of the same arrays in memory, blocks, parts, what is refused, memory that is given
back."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError
from pellucid.standard.mapped.dataset import Mapped
from pellucid.standard.mapped.file import MappedFile
from pellucid.standard.mapped.rows import MappedRows
from pellucid.workbench.cli import main

X = np.random.default_rng(0).integers(0, 256, (1000, 6), dtype=np.uint8)
Y = (X[:, 0].astype(int) + X[:, 1] > 255).astype(np.int64)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    return tmp_path


def mapped(files: Path, **how: Any) -> Mapped:
    return Mapped(str(files / "x.npy"), str(files / "y.npy"), **how)


def rows_of(part: Any) -> list[int]:
    """Which rows of X these are."""
    known = {bytes(row): i for i, row in enumerate(X)}
    return [known[bytes(row)] for row in part.take(np.arange(len(part))).x]


def test_every_row_is_in_one_part_and_parts_are_whole_blocks(files: Path) -> None:
    splits = mapped(files).splits(3)
    parts = [rows_of(part) for part in (splits.train, splits.validation, splits.test)]
    assert sorted(row for part in parts for row in part) == list(range(1000))
    size = 1000 // 64
    for part in parts:
        assert {row // size for row in part}.isdisjoint(
            row // size for other in parts if other is not part for row in other
        )
    assert 100 <= len(parts[1]) <= 100 + size and 85 < len(parts[2]) <= 100 + size
    np.testing.assert_array_equal(splits.train.labels, Y[parts[0]])
    again, other = mapped(files).splits(3), mapped(files).splits(4)
    assert rows_of(again.test) == parts[2] != rows_of(other.test)


def test_as_a_whole_it_is_all_rows_in_their_order_with_labels_or_without(files: Path) -> None:
    for labels in (str(files / "y.npy"), None):
        whole = Mapped(str(files / "x.npy"), labels).load(np.random.default_rng(0))
        assert rows_of(whole) == list(range(1000))
        assert (whole.labels is None) == (labels is None)
        np.testing.assert_array_equal(whole.take(np.array([999, 0])).x, X[[999, 0]])


def test_an_epoch_visits_each_row_once_in_mixed_blocks(files: Path) -> None:
    x, y = MappedFile(files / "x.npy"), MappedFile(files / "y.npy")
    rows = MappedRows(x, y, rows_of_block=30, blocks=np.arange(34), mixed=4)
    order = rows.order(np.random.default_rng(0), epoch=0, batch_size=8)
    assert sorted(order) == list(range(1000))
    sizes, start = [], 0
    for group in range(9):  # four blocks at a time, the last of 10 rows somewhere
        stop = start + sum(30 if block < 33 else 10 for block in _first_blocks(order[start : start + 120], 4))
        assert len({row // 30 for row in order[start:stop]}) == (4 if group < 8 else 2)
        sizes.append(stop - start)
        start = stop
    assert sum(sizes) == 1000
    assert np.abs(np.diff(order)).mean() > 30  # mixed, not one after the other
    assert (rows.order(np.random.default_rng(0), epoch=0, batch_size=8) == order).all()
    assert (rows.order(np.random.default_rng(1), epoch=1, batch_size=8) != order).any()


def _first_blocks(rows: Any, n: int) -> list[int]:
    return list(dict.fromkeys(row // 30 for row in rows))[:n]


class _As(pl.Sampler):
    """The order of mapped rows, for arrays."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def order(self, rng: Any, data: Any, *, epoch: int, batch_size: int) -> Any:
        return self.rows.order(rng, epoch=epoch, batch_size=batch_size)


def test_training_has_the_bits_of_arrays_in_memory(files: Path) -> None:
    splits = mapped(files).splits(0)
    in_memory = splits.train.take(np.arange(len(splits.train)))
    held = splits.validation.take(np.arange(len(splits.validation)))
    trained = []
    for data, sampler, validation in (
        (splits.train, None, splits.validation),
        (in_memory, _As(splits.train), held),
    ):
        model = pl.build("ann", input_shape=(6,), hidden=[8], outputs=2, seed=0)
        trainer = pl.Trainer(model, metrics=["accuracy"], sampler=sampler, seed=0)
        trainer.fit(data, validation=validation, epochs=3, verbose=False)
        trained.append((model.runtime.arena.data.tobytes(), trainer.history.records))
    assert trained[0] == trained[1]


def test_from_the_command_line(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(files)
    (files / "mapped.toml").write_text(
        '[data]\ntype = "mapped"\nx = "x.npy"\ny = "y.npy"\nclasses = ["low", "high"]\n'
        'transforms = [{type = "scale", factor = 0.00392156862745098}]\n'
        '[model]\ntype = "ann"\nhidden = [16]\n[optimizer]\ntype = "adam"\nlr = 0.01\n'
        "[train]\nepochs = 4\nbatch_size = 8\nseed = 0\n"
    )
    assert main(["train", "mapped.toml", "--out", "run", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] > 0.85
    assert main(["train", "--resume", "--out", "run", "--set", "train.epochs=5", "--quiet"]) == 0
    np.save("x.npy", X[::-1])
    assert main(["train", "--resume", "--out", "run", "--set", "train.epochs=6", "--quiet"]) == 2
    assert "its training" in capsys.readouterr().err
    assert main(["show-data", "mapped", "--set", "x=x.npy", "--set", "y=y.npy"]) == 0
    assert "1,000 rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X[:, 0], Y, r"x\.npy must have one sample a row, shape \(N, …\)\. Received: shape \(1000,\)"),
        (np.asfortranarray(X), Y, r"holds its columns one after the other \(Fortran's order\)"),
        (X, Y[:-1], r"one row for each sample\. Received: 1,000 and 999 rows"),
        (X[:0], Y[:0], r"must have one row for each sample\. Received: shape \(0, 6\)"),
    ],
)
def test_arrays_that_do_not_go_are_refused(tmp_path: Path, x: Any, y: Any, message: str) -> None:
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    with pytest.raises(DataError, match=message):
        mapped(tmp_path).splits()


def test_damaged_and_missing_files_are_refused(files: Path) -> None:
    with pytest.raises(DataError, match=r"Cannot read .*z\.npy: No such file"):
        Mapped(str(files / "z.npy")).splits()
    whole = (files / "x.npy").read_bytes()
    (files / "x.npy").write_bytes(whole[:-1])
    with pytest.raises(DataError, match="is truncated or damaged: shape"):
        mapped(files).splits()
    (files / "x.npy").write_text("no array")
    with pytest.raises(DataError, match="is no array in NumPy's format"):
        mapped(files).splits()
    np.save(files / "x.npy", np.array([[{}]]), allow_pickle=True)
    with pytest.raises(DataError, match="holds Python objects"):
        mapped(files).splits()


@pytest.mark.parametrize("wrong", [{"block": 0.0}, {"mixed": -1.0}, {"validation": 1.0}])
def test_wrong_arguments_are_refused(files: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"The '{next(iter(wrong))}' of Mapped must be"):
        mapped(files, **wrong)


def test_parts_that_leave_nothing_are_refused(files: Path) -> None:
    whole = mapped(files, validation=0, test=0).splits()
    assert [len(part) for part in (whole.train, whole.validation, whole.test)] == [1000, 0, 0]
    with pytest.raises(DataError, match=r"500 for validation and 500 for the test leave none to train on"):
        mapped(files, validation=0.5, test=0.5).splits()


@pytest.mark.parametrize(
    ("block", "row_bytes", "n", "rows"),
    [
        (4.0, 1024, 10**6, 4096),  # 4 MiB
        (0.5, 1024, 10**6, 512), (4.0, 3000, 10**6, 1398),  # 1398.1
        (4.0, 1024, 64 * 4096, 4096), (4.0, 1024, 64 * 4096 - 1, 4095),  # 64 blocks at least
        (4.0, 1024, 63, 1), (1.0, 2**21, 10**6, 1),  # a row at least
    ],
)  # fmt: skip
def test_how_many_rows_are_read_in_one_piece(block: float, row_bytes: int, n: int, rows: int) -> None:
    file: Any = SimpleNamespace(row_bytes=row_bytes, array=range(n))
    assert Mapped("x.npy", block=block)._block_rows(file) == rows


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_given_back(tmp_path: Path) -> None:
    """A pass over 64 MiB never holds more of the file than two groups of 4 MiB and a batch."""
    array = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint8, (16_384, 4096))
    array[:] = np.arange(256, dtype=np.uint8)[None, :].repeat(16, axis=1)
    array.flush()
    del array
    rows = Mapped(str(tmp_path / "x.npy"), block=0.5, mixed=4.0, validation=0, test=0).splits().train
    order, most = rows.order(np.random.default_rng(0), epoch=0, batch_size=64), 0
    for start in range(0, len(order), 64):
        rows.take(order[start : start + 64])
        if start % 512 == 0:
            most = max(most, _mapped_kib(tmp_path / "x.npy"))
    assert 500 < most < 16_000, most


def _mapped_kib(path: Path) -> int:
    """How much of a file's mapping this process holds in memory."""
    lines = Path("/proc/self/smaps").read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.endswith(str(path)))
    return int(next(line for line in lines[at:] if line.startswith("Rss:")).split()[1])
