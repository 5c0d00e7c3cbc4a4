"""Large tables are worked on in blocks: small blocks of a small one come to the same."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from pellucid_tabular.columns import Columns
from pellucid_tabular.estimators import distinct as distinct_module, tables
from pellucid_tabular.estimators.distinct import distinct
from pellucid_tabular.reading import rows
from pellucid_tabular.reading.rows import rows_of

from plugins.tabular.tests.test_columns import COLUMNS, coded

ALL = 1 << 62


def scanned(data: bytes, chunk: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    monkeypatch.setattr(rows, "_CHUNK", chunk)
    found = rows_of(data, ",", '"', "#")
    texts = [found.text(row) for row in range(len(found))]
    return texts, found.fields.tolist(), found.lines.tolist(), found.comments, found.is_open


@pytest.mark.parametrize("seed", range(40))
def test_a_text_in_chunks_has_the_same_rows(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(seed)
    data = "".join(draw.choices(['"', ",", "\n", "a", "#", " ", '"a"', '"b,\nc"', "1,2\n"], k=120)).encode()
    whole = scanned(data, ALL, monkeypatch)
    assert all(scanned(data, chunk, monkeypatch) == whole for chunk in (1, 2, 3, 7, 50, len(data), len(data) + 1))


def test_a_text_in_chunks_is_divided_as_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b'# old\n\na,b\n"x,\ny",2\n3,4\n#n\n5,"6'
    for chunk in (1, 4, ALL):
        texts, fields, lines, comments, is_open = scanned(data, chunk, monkeypatch)
        assert texts == ["a,b", '"x,\ny",2', "3,4", '5,"6'] and fields == [2, 2, 2, 2] and lines == [3, 4, 6, 8]
        assert comments == (b"# old",) and is_open


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_that_occur_again_are_found_in_blocks(weighted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 3, (500, 3)).astype(np.float64), rng.integers(0, 2, 500).astype(np.float64)
    x[rng.random(x.shape) < 0.05] = np.nan
    weight = rng.integers(0, 4, 500).astype(np.float64) if weighted else None
    found = []
    for block in (1, 10, 3 * 499, ALL):
        monkeypatch.setattr(distinct_module, "BLOCK", block)
        found.append(distinct(x, y, weight))
    table = np.column_stack([x, y])[np.flatnonzero(np.ones(500) if weight is None else weight)]
    assert len(found[-1].rows) == len({row.tobytes() for row in table + 0.0}) < 300
    for other in found:
        for ours, expected in zip(other, found[-1], strict=True):
            np.testing.assert_array_equal(ours, expected)


def test_other_rows_of_equal_keys_are_told_apart_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distinct_module, "_keys", lambda x, y: np.zeros(len(x), np.uint64))
    monkeypatch.setattr(distinct_module, "BLOCK", 2)
    x = np.array([[1.0], [1.0], [2.0], [2.0], [2.0], [1.0]])
    found = distinct(x, None, None)
    assert x[found.rows, 0].tolist() == [1.0, 2.0, 1.0] and found.weight is not None
    assert found.weight.tolist() == [2.0, 3.0, 1.0]


@pytest.mark.parametrize(("weight", "total"), [(None, None), ([2.0, 0.5, 1.0], None), ([0.0, 3.0, 0.0], None)])
def test_of_one_row_however_often_it_stands_there_all_weigh_the_same(weight: list[float] | None, total: Any) -> None:
    found = distinct(np.ones((3, 2)), np.zeros(3), None if weight is None else np.array(weight))
    assert len(found.rows) == len(found.keys) == 1 and found.weight is total


def test_columns_are_made_ready_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x, transform = coded(60), Columns(COLUMNS, marks=["age"])
    transform.fit(x)
    monkeypatch.setattr("pellucid_tabular.columns.BLOCK", ALL)
    whole, order = transform.apply(x), np.random.default_rng(0).permutation(len(x))
    for block in (1, 2 * x.shape[1], 3 * x.shape[1] + 1, x.size - 1):
        monkeypatch.setattr("pellucid_tabular.columns.BLOCK", block)
        np.testing.assert_array_equal(transform.apply(x), whole)
        monkeypatch.setattr(tables, "BLOCK", block)
        np.testing.assert_array_equal(tables.ready(transform, x, order), whole[order])
    assert tables.ready(transform, x, order[:0]).shape == (0, whole.shape[1])
