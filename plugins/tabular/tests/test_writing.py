"""Another table than the one a model was trained on may be written otherwise: the same numbers, or an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_tabular.columns import Columns
from pellucid_tabular.dataset import Table
from pellucid_tabular.schema import Schema

RNG = np.random.default_rng(0)
ROWS = [
    (
        20 + i % 40,
        round(float(v), 2),
        round(1000 * float(w) + 1000, 1),
        ("Köln", "Zürich", "Rome")[i % 3],
        f"2020-03-{1 + i % 28:02}",
        round(float(v + w), 3),
    )
    for i, (v, w) in enumerate(RNG.uniform(0, 9, size=(60, 2)))
]
NAMES = ("age", "weight", "income", "city", "since", "size")


def thousands(value: Any, decimal: str) -> str:
    mark = "," if decimal == "." else "."
    return f"{value:,}".replace(",", "\0").replace(".", decimal).replace("\0", mark)


def written(
    path: Path, separator: str = ",", decimal: str = ".", encoding: str = "utf-8", header: bool = True,
    grouped: bool = False, rows: Any = ROWS, names: Any = NAMES,
) -> Path:  # fmt: skip
    lines = [separator.join(names)] if header else []
    for row in rows:
        cells = [
            (thousands(c, decimal) if grouped else str(c).replace(".", decimal)) if isinstance(c, int | float) else c
            for c in row
        ]
        lines.append(separator.join(f'"{cell}"' if separator in cell else cell for cell in cells))
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


HOW: list[dict[str, Any]] = [
    {}, {"separator": ";", "decimal": ","}, {"decimal": ","}, {"separator": "\t", "decimal": ",", "encoding": "utf-16"},
    {"separator": ";", "decimal": ",", "grouped": True, "encoding": "cp1252"},
    {"grouped": True, "encoding": "utf-8-sig"},
    {"separator": ";", "header": False}, {"separator": "|", "decimal": ",", "header": False},
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*has no names of columns")
@pytest.mark.parametrize("trained", range(len(HOW)))
def test_every_way_to_write_a_table_is_read_by_the_model_of_every_other(trained: int, tmp_path: Path) -> None:
    how = HOW[trained]
    train = written(tmp_path / "train.csv", **how)
    named = how.get("header", True)
    target: Any = "size" if named else 5
    table = Table(str(train), target=target, classify=False)
    whole = table.load(np.random.default_rng(0))
    transform = table.transforms[0]
    assert isinstance(transform, Columns)
    for i, other in enumerate(HOW):
        path = written(tmp_path / f"{i}.csv", **other, rows=ROWS[:7])
        one = written(tmp_path / f"one{i}.csv", **other, rows=[row[:-1] for row in ROWS[3:4]], names=NAMES[:-1])
        np.testing.assert_allclose(transform.read_file(one, targets=False).x, whole.x[3:4], err_msg=str(other))
        if named and not other.get("header", True):
            with pytest.raises(pl.DataError, match="no names of columns, and so must have the 5 columns"):
                transform.read_file(path)
            continue
        found = transform.read_file(path)
        np.testing.assert_allclose(found.x, whole.x[:7], err_msg=str(other))
        np.testing.assert_allclose(np.ravel(found.y), np.ravel(whole.y)[:7])


def test_the_sign_before_decimals_is_that_of_the_whole_table(tmp_path: Path) -> None:
    schema = Schema.of({"a": ["0.5", "1.25", "3"], "b": ["1.5", "2.25", "4"]})

    def read(a: str, b: str) -> Any:
        return schema.coded({"a": [a, a], "b": [b, b]})[0].tolist()

    assert read("1,234", "0,5") == [1.234, 0.5] and read("1,234", "1,000.5") == [1234, 1000.5]
    assert read("1.234", "0,5") == [1234, 0.5] and read("1,234,567", "1,234") == [1234567, 1234]
    assert read("1,234", "1.5") == [1234, 1.5], "a column that is written as it was may tell"
    for cells in (("1,234", "2"), ("1,234", "2.345")):
        with pytest.raises(pl.DataError, match=r"row 0.*column 'a'.*'1,234', whose sign may stand before decimals"):
            read(*cells)
    german = Schema.of({"a": ["0,5", "1,25", "3"]})
    assert german.coded({"a": ["0.123"]}).tolist() == [[0.123]]
    with pytest.raises(pl.DataError, match=r"'1\.234', whose sign may stand"):
        german.coded({"a": ["1.234"]})
    with pytest.raises(pl.DataError, match=r"expected a number written as '0,5'\. Received: 'x'"):
        german.coded({"a": ["x"]})
    path = tmp_path / "one.csv"
    path.write_text("a;b\n1,234;2\n")
    table = Table({"a": [0.5, 1.5, 2.5] * 9, "b": [1.5, 2.5, 9.0] * 9, "c": ["y", "n", "y"] * 9}, target="c")
    table.load(np.random.default_rng(0))
    assert table.split_of(path).x.tolist() == [[1.234, 2.0]], "semicolons, so the comma stands before decimals"
    path.write_text("a;b\n1,234;1.5\n")
    assert table.split_of(path).x.tolist() == [[1234.0, 1.5]], "a point before decimals says more than semicolons"


def test_a_table_without_names_is_taken_by_places_which_is_said(tmp_path: Path) -> None:
    table = Table(str(written(tmp_path / "train.csv")), target="size")
    table.load(np.random.default_rng(0))
    with pytest.warns(pl.PellucidWarning, match="has no names of columns: they are taken by their places"):
        table.split_of(written(tmp_path / "bare.csv", header=False))
    with pytest.raises(pl.DataError, match=r"must have the 6 columns age, .* or the 5 columns"):
        table.split_of(written(tmp_path / "few.csv", header=False, rows=[row[:3] for row in ROWS], names=NAMES[:3]))


def test_codes_are_those_of_the_table_however_they_are_written() -> None:
    schema = Schema.of({"a": ["0.5", "1.5"] * 9}, categorical=["a"])
    assert schema.coded({"a": ["1,5", "0,5", "7"]}).ravel().tolist() == [1, 0, -1]
