"""Tables that are given to a studio: by which name each is known, what is refused, and what becomes of those before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio import table
from pellucid_studio.table import MOST_COLUMNS, TABLES, OwnTable, give

ROWS = b"a,b,c\n" + b"1.5,0,0.5\n2.5,1,6.5\n" * 5


@pytest.fixture(autouse=True)
def _no_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Each test begins without tables, reads numbers alone, and keeps them in a folder of its own."""

    class Folder:
        """Where tables lie."""

        name = str(tmp_path)

    monkeypatch.setattr(table, "reader_of", lambda path: None)
    monkeypatch.setattr(table, "_FOLDER", [Folder])
    before = dict(TABLES)
    TABLES.clear()
    yield
    TABLES.clear()
    TABLES.update(before)


def lying(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.rglob("*.*") if path.is_file())


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("flowers.csv", "flowers.csv"), ("flowers.TSV", "flowers.TSV"), ("flowers.txt", "flowers.txt"),
        ("flowers.xlsx", "flowers.xlsx.csv"), ("flowers", "flowers.csv"), ("../../my t.csv", "my_t.csv"),
        ("a/b/c.csv", "c.csv"), ("Größe (2).csv", "Größe__2_.csv"), ("", "table.csv"), ("...", "table.csv"),
        ("-.csv", "csv.csv"), (".hidden.csv", "hidden.csv"), ("--x.csv--", "x.csv"), ("..", "table.csv"),
        ("n" * 56 + ".csv", "n" * 56 + ".csv"), ("n" * 57 + ".csv", "n" * 56 + ".csv"),
        ("1" + "n" * 57 + "9.csv", "n" * 55 + "9.csv"),
    ],
)  # fmt: skip
def test_a_table_is_known_by_the_end_of_its_name_in_plain_letters(
    name: str, known: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OwnTable, "splits", lambda self, seed: None)  # whoever reads it
    assert give(name, ROWS) == known and list(TABLES) == [known]
    assert TABLES[known].name == known and TABLES[known].read_bytes() == ROWS and lying(tmp_path) == [known]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_so_many_columns_are_taken_and_no_more(mark: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert MOST_COLUMNS == 1_000
    monkeypatch.setattr(table, "MOST_COLUMNS", 3)
    rows = ROWS.replace(b",", mark.encode())
    try:
        assert give("t.csv", rows) == "t.csv"
    except pl.DataError as error:  # of a mark that the reader of numbers does not know
        assert mark != "," and "columns, in the studio" not in str(error)
    with pytest.raises(pl.DataError, match=r"t\.csv, line 1: expected at most 3 columns.*Received: 4\."):
        give("t.csv", mark.join("abcd").encode() + b"\n1\n")
    more_below = b"a\n" + mark.join("1234").encode() + b"\n"
    with pytest.raises(pl.DataError) as refused:
        give("u.csv", more_below)
    assert "in the studio" not in str(refused.value)


def test_the_tables_that_were_given_first_are_let_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(table, "MOST_TABLES", 3)
    for name in "abc":
        give(f"{name}.csv", ROWS)
    assert list(TABLES) == ["a.csv", "b.csv", "c.csv"] and lying(tmp_path) == ["a.csv", "b.csv", "c.csv"]
    give("a.csv", ROWS)
    assert lying(tmp_path) == ["a.csv", "b.csv", "c.csv"]
    give("d.csv", ROWS)
    assert len(TABLES) == 3 and sorted(TABLES) == lying(tmp_path) == ["b.csv", "c.csv", "d.csv"]


def test_a_table_of_the_same_name_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    give("t.csv", ROWS)
    first = TABLES["t.csv"]
    give("t.csv", ROWS + b"3,3,3.5\n")
    assert TABLES["t.csv"].read_bytes() == ROWS + b"3,3,3.5\n" and not first.exists() and lying(tmp_path) == ["t.csv"]


def test_what_cannot_be_read_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(pl.DataError):
        give("t.csv", b"no numbers\nat all\n")
    assert not TABLES and lying(tmp_path) == []
    give("t.csv", ROWS)
    kept = TABLES["t.csv"]
    with pytest.raises(pl.DataError) as refused:
        give("t.csv", b"no numbers\nat all\n")
    assert {"t.csv": kept} == TABLES and kept.read_bytes() == ROWS and lying(tmp_path) == ["t.csv"]
    assert str(tmp_path) not in str(refused.value) and "t.csv" in str(refused.value)


def test_its_rows_are_divided_and_its_last_column_is_the_target_unless_another_is_named() -> None:
    give("t.csv", ROWS)
    splits = OwnTable("t.csv").splits(0)
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [6, 2, 2]
    whole = OwnTable("t.csv").load(np.random.default_rng(0))
    assert np.asarray(whole.x).tolist() == [[1.5, 0], [2.5, 1]] * 5 and np.asarray(whole.y).tolist() == [0.5, 6.5] * 5
    for target in ("a", 0):
        whole = OwnTable("t.csv", target=target).load(np.random.default_rng(0))
        assert (
            np.asarray(whole.x).tolist() == [[0, 0.5], [1, 6.5]] * 5 and np.asarray(whole.y).tolist() == [1.5, 2.5] * 5
        )


def test_transforms_are_those_of_its_reader_unless_others_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    give("t.csv", ROWS)
    whole = OwnTable("t.csv").load(np.random.default_rng(0))
    asked: list[Any] = []

    class Reader:
        """A reader that proposes something."""

        transforms = ("scale",)

        def load(self, rng: Any) -> pl.Split:
            return whole

    def create(*given: Any, **named: Any) -> Reader:
        asked.append((given, named))
        return Reader()

    monkeypatch.setattr(table, "create", create)
    monkeypatch.setattr(table, "reader_of", lambda path: "tabular/table")
    plain, own = OwnTable("t.csv", target="b"), OwnTable("t.csv", transforms=("standardize",))
    for each in (plain, own):
        assert each.load(np.random.default_rng(0)) is whole
    assert tuple(plain.transforms) == ("scale",) and tuple(own.transforms) != ("scale",)
    assert asked[0] == (("dataset", "tabular/table"), {"train": str(TABLES["t.csv"]), "target": "b"})


def test_a_table_that_nobody_has_given_is_refused_with_those_that_were() -> None:
    give("t.csv", ROWS)
    with pytest.raises(pl.ConfigError, match=r"given to this studio: t\.csv\. Received: '/etc/passwd'\."):
        OwnTable("/etc/passwd")
