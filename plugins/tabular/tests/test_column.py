"""One column by itself: its cells as numbers whatever their type, what is said of a wrong one, its configuration."""

from __future__ import annotations

import datetime
import re
from typing import Any

import numpy as np
import polars as pl
import pytest
from pellucid import ConfigError, DataError
from pellucid_tabular.column import Column, as_texts

NAN = float("nan")
DAY = datetime.date(1970, 1, 11)


def coded(column: Column, cells: Any) -> list[float]:
    series = cells if isinstance(cells, pl.Series) else pl.Series(cells)
    values: list[float] = column.coded(series, "t").tolist()
    return values


def same(found: list[float], expected: list[float]) -> bool:
    return np.array_equal(np.array(found, float), np.array(expected, float), equal_nan=True)


WORDS = ["false", "true", "0", "1", "0.0", "1.0", "FALSE", "True"]


@pytest.mark.parametrize(
    ("column", "cells", "expected"),
    [
        (Column("c", "number"), ["1.5", " 2 ", "?", None], [1.5, 2, NAN, NAN]),
        (Column("c", "number"), [1, 2], [1, 2]), (Column("c", "number"), [True, None], [1, NAN]),
        (Column("c", "number", written="0,5"), ["1,5", "2.5", "3"], [1.5, 2.5, 3]),
        (Column("c", "number", written="1.234,5"), ["1.234,5", "2,5"], [1234.5, 2.5]),
        (Column("c", "number", missing=("", "x")), ["1", "x", ""], [1, NAN, NAN]),
        (Column("c", "boolean", ("no", "yes")), [*WORDS, "NO", "yes"], [0, 1] * 5),
        (Column("c", "boolean"), WORDS, [0, 1] * 4),
        (Column("c", "boolean", ("F", "T")), ["f", "T", None, "?"], [0, 1, NAN, NAN]),
        (Column("c", "boolean"), [0.0, 1.0, NAN], [0, 1, NAN]), (Column("c", "boolean"), [True, False], [1, 0]),
        (Column("c", "date"), ["1970-01-11", "11.1.1970", "1970-01-11 06:00", None], [10, 10, 10.25, NAN]),
        (Column("c", "date", written="%m/%d/%Y"), ["01/11/1970", "2/1/1970"], [10, 31]),
        (Column("c", "date", written="%m/%d/%Y"), ["01/11/1970", "1970-02-01", ""], [10, 31, NAN]),
        (Column("c", "date"), [DAY, None], [10, NAN]), (Column("c", "date"), [NAN, NAN], [NAN, NAN]),
        (Column("c", "date"), [datetime.datetime(1970, 1, 1, 12)], [0.5]),
        (Column("c", "category", ("1", "2.5", "a", "true")), ["a", " 1 ", "1.0", "2,5", "b", "?", "True"],
         [2, 0, 0, 1, -1, NAN, -1]),
        (Column("c", "category", ("1", "2.5", "a", "true")), [1.0, 2.5, 3.0, NAN], [0, 1, -1, NAN]),
        (Column("c", "category", ("1", "2.5", "a", "true")), [1, 2], [0, -1]),
        (Column("c", "category", ("1", "false", "TRUE")), [True, False, None], [2, 1, NAN]),
        (Column("c", "category", ("03", "3")), ["03", "3", "3.0", "03.0"], [0, 1, 1, 1]),
        (Column("c", "category"), ["a", None], [-1, NAN]),
        (Column("c", "category", ("1970-01-11 00:00:00.000000",)), [datetime.datetime(1970, 1, 11)], [0]),
        (Column("c", "left_out"), ["a", "b"], [NAN, NAN]),
    ],
    ids=repr,
)  # fmt: skip
def test_cells_are_numbers(column: Column, cells: Any, expected: list[float]) -> None:
    assert same(coded(column, cells), expected)
    if isinstance(cells[0], str):
        assert same(coded(column, pl.Series(cells, dtype=pl.Categorical)), expected)


@pytest.mark.parametrize(
    ("column", "cells", "told"),
    [
        (Column("c", "number"), ["1", "x", "y"],
         "t, row 1 (counted from 0), column 'c': expected a number. Received: 'x'. So are 1 more cells of this column. "
         "Correct the cell; or if 'x' stands for a missing value, say so: missing = ['x']"),
        (Column("c", "number"), ["x"], "Received: 'x'. Correct the cell"),
        (Column("c", "number", written="0,5"), ["x"], "expected a number written as '0,5'. Received"),
        (Column("c", "number"), [DAY, DAY], "row 0 (counted from 0), column 'c': expected a number. Received: dat"),
        (Column("c", "number"), ["1", "y" * 61], f"Received: '{'y' * 60}…'."),
        (Column("c", "number"), ["1", "y" * 60], f"Received: '{'y' * 60}'."),
        (Column("c", "number"), [1.0, -np.inf], "row 1 (counted from 0), column 'c': expected a finite number. Recei"),
        (Column("c", "number"), [1.0, -np.inf], "Received: -inf. Fill in the value"),
        (Column("c", "number"), ["1e400"], "expected a finite number. Received: inf"),
        (Column("c", "boolean"), ["no"], "expected 'true' or 'false'. Received: 'no'"),
        (Column("c", "boolean", ("no", "yes")), [2.0, 1.0], "row 0 (counted from 0), column 'c': expected 'yes' or 'n"),
        (Column("c", "boolean"), [NAN, 2.0], "Received: 2.0. Give the column as it was in the table that the model"),
        (Column("c", "boolean"), [DAY], "expected 'true' or 'false'"),
        (Column("c", "date"), ["soon"], "expected a date. Received: 'soon'"),
        (Column("c", "date"), [NAN, 1.0], "row 1 (counted from 0), column 'c': expected a date. Received: 1.0"),
        (Column("c", "date", written="%m/%d/%Y"), ["11.1.1970"], "expected a date written as '%m/%d/%Y'. Received: '1"),
    ],
    ids=repr,
)  # fmt: skip
def test_the_first_wrong_cell_is_told(column: Column, cells: Any, told: str) -> None:
    with pytest.raises(DataError, match=re.escape(told)):
        coded(column, cells)


def test_places_of_rows_are_told_as_the_reader_of_the_table_calls_them() -> None:
    with pytest.raises(DataError, match=r"^a\.csv, line 12, column 'c': expected a number\. Received: 'x'"):
        Column("c", "number").coded(pl.Series(["1", "x"]), "a.csv", lambda row: f"line {row + 11}")


def test_texts_are_what_cells_say() -> None:
    for cells, expected in (
        ([" a", None, "b "], ["a", None, "b"]), ([1.0, 2.5, NAN, None], ["1", "2.5", None, None]),
        ([3, None], ["3", None]),
        ([True, None, False], ["True", None, "False"]), ([DAY], ["1970-01-11"]), ([1e300, 0.1], ["1e+300", "0.1"]),
    ):  # fmt: skip
        assert as_texts(pl.Series(cells)).to_list() == expected
    assert as_texts(pl.Series(["a", None], dtype=pl.Categorical)).to_list() == ["a", None]


@pytest.mark.parametrize("written", ["", "0,5"])
@pytest.mark.parametrize("why", ["", "numbers"])
@pytest.mark.parametrize("categories", [(), ("a", "b")])
@pytest.mark.parametrize("missing", [None, (), ("", "-")])
def test_a_configuration_holds_what_is_not_as_usual(written: str, why: str, categories: Any, missing: Any) -> None:
    column = Column("c", "category", categories, why, written, missing)
    config = column.to_config()
    expected: dict[str, Any] = {"name": "c", "kind": "category"}
    expected |= {"written": written} if written else {}
    expected |= {"why": why} if why else {}
    expected |= {"categories": list(categories)} if categories else {}
    expected |= {"missing": list(missing)} if missing is not None else {}
    assert config == expected and Column.from_config(config) == column


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (None, "A column of a table is a table with"), ([], "is a table with"), ({}, "is a table with"),
        ({"kind": "number"}, "is a table with"), ({"name": "c"}, "is a table with"),
        ({"name": "c", "kind": "number", "also": 1}, "is a table with"),
        ({"name": "c", "kind": "numbers"}, "The 'kind' of column 'c' must be one of number, category"),
        ({"name": 1, "kind": "number"}, "The 'name' of column 1 must be text. Received: 1."),
        ({"name": "c", "kind": "number", "why": 1}, "The 'why' of column 'c' must be text"),
        ({"name": "c", "kind": "number", "written": None}, "The 'written' of column 'c' must be text"),
        ({"name": "c", "kind": "number", "categories": "ab"}, "The 'categories' of column 'c' must be a list of texts"),
        ({"name": "c", "kind": "number", "categories": [1]}, "The 'categories' of column 'c' must be a list of texts"),
        ({"name": "c", "kind": "number", "missing": 3}, "The 'missing' of column 'c' must be a list of texts"),
    ],
)  # fmt: skip
def test_other_configurations_are_refused(config: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        Column.from_config(config)
