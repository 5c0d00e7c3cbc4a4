"""A few rows are looked up cell by cell: the same numbers and errors as the way of a whole table, which is not gone."""

from __future__ import annotations

import datetime
from decimal import Decimal
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from pellucid import DataError
from pellucid_tabular import raw
from pellucid_tabular.column import Column
from pellucid_tabular.raw import EXACT, Reader
from pellucid_tabular.schema import Schema

COLUMNS: dict[str, Column] = {
    "number": Column("c", "number"),
    "comma": Column("c", "number", written="0,5"),
    "marked": Column("c", "number", missing=("", "-999")),
    "category": Column("c", "category", ("1", "2.5", "NA!", "red", "true")),
    "marked category": Column("c", "category", ("NA", "red"), missing=("", "none")),
    "boolean": Column("c", "boolean", ("no", "yes")),
    "plain boolean": Column("c", "boolean", ("false", "true")),
    "date": Column("c", "date"),
    "iso": Column("c", "date", written="%Y-%m-%d"),
    "american": Column("c", "date", written="%m/%d/%Y"),
    "left out": Column("c", "left_out"),
}
CELLS: list[Any] = [
    None, nan, inf, 0.0, 1.0, 1.5, 0, 1, 2, 7, EXACT, -EXACT, EXACT + 1, 1e308, True, False, np.float32(2.5),
    np.int64(1), np.bool_(True), Decimal("1.5"), "", "?", "NA", "none", "-999", "1", "2.5", "1.0", " red ", "red",
    "blue", "blue!", "NA!", "yes", "no", "Yes", "true", "0.5", "0,5", "x", "2003-02-01", "2003-13-01", "20030201",
    "2003-W05-6", "01/02/2003", datetime.date(2003, 2, 1), datetime.datetime(2003, 2, 1, 12),
    np.datetime64("2003-02-01"), datetime.date(1969, 12, 31),
]  # fmt: skip


def told(reader: Reader, rows: Any) -> Any:
    """The coded rows, or that they are refused."""
    try:
        return reader(rows)
    except DataError:
        return "refused"


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_cell_alone_is_read_as_in_a_table(kind: str) -> None:
    schema = Schema((COLUMNS[kind],))
    for cell in CELLS:
        try:
            expected: Any = schema.coded({"c": [cell]})
        except DataError:
            expected = "refused"
        for rows in ({"c": cell}, [{"c": cell}], [[cell]], [(cell,)]):
            np.testing.assert_array_equal(told(Reader(schema), rows), expected, err_msg=repr(cell))


PLAIN: list[tuple[str, Any, float]] = [
    ("number", 1.5, 1.5), ("number", nan, nan), ("number", 3, 3), ("number", EXACT, EXACT), ("number", -EXACT, -EXACT),
    ("number", None, nan), ("category", "red", 3), ("category", 1, 0), ("category", "blue", -1), ("category", "?", nan),
    ("marked category", "NA", 0), ("marked category", "none", nan), ("boolean", "yes", 1), ("boolean", "no", 0),
    ("boolean", True, 1), ("boolean", False, 0), ("boolean", "NA", nan), ("date", "1970-01-03", 2),
    ("iso", "1969-12-31", -1), ("american", datetime.date(1970, 1, 2), 1), ("left out", "anything", nan),
]  # fmt: skip
"""Cells that a look tells of."""


@pytest.mark.parametrize(("kind", "cell", "number"), PLAIN)
def test_plain_cells_do_not_go_the_way_of_a_table(
    kind: str, cell: Any, number: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Schema, "coded", None)
    reader = Reader(Schema((COLUMNS[kind],)))
    for count in (1, 2, raw.FEW):
        for rows in ([{"c": cell}] * count, [[cell]] * count):
            np.testing.assert_array_equal(reader(rows), [[number]] * count)


def test_more_than_a_few_rows_are_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, coded = Reader(Schema((COLUMNS["number"],))), Schema.coded
    called: list[int] = []

    def noted(schema: Schema, rows: Any, *where: Any) -> Any:
        called.append(len(rows))
        return coded(schema, rows, *where)

    monkeypatch.setattr(Schema, "coded", noted)
    monkeypatch.setattr(raw, "FEW", 3)
    for count in (1, 3, 4, 5):
        assert np.array_equal(reader([[1.5]] * count), [[1.5]] * count)  # type: ignore[arg-type]
    assert called == [4, 5]


def test_rows_are_found_by_their_names_and_targets_may_be_among_them() -> None:
    schema = Schema((Column("a", "number"), Column("b", "boolean"), Column("n", "left_out")))
    reader = Reader(schema, ("y",))
    expected = [[1.5, 1, nan]]
    good: list[Any] = [
        {"n": 7, "b": True, "a": 1.5}, {"a": 1.5, "b": True, "n": 7, "y": 2}, {"y": "?", "b": True, "a": 1.5, "n": 0},
        {"a": 1.5, "b": True}, {"a": 1.5, "b": True, "y": 3},
    ]  # fmt: skip
    for row in good:
        for count in (1, 2, 17):
            np.testing.assert_array_equal(reader([row] * count), expected * count)
        np.testing.assert_array_equal(reader(row), expected)
        np.testing.assert_array_equal(reader({name: [cell] * 2 for name, cell in row.items()}), expected * 2)
    bad: list[Any] = [{"a": 1.5, "n": 7}, {"a": 1.5, "b": True, "n": 7, "z": 2}, {"a": 1.5, "b": True, "n": 7, "Y": 2}]
    for row in bad:
        for count in (1, 2, 17):
            with pytest.raises(DataError, match="must have the columns of the table"):
                reader([row] * count)
    for lengths in ([2], [4], [3, 2], [3, 4]):
        with pytest.raises(DataError):
            reader([[1.5, True, 7, 8][:length] for length in lengths])


def test_a_column_that_is_called_as_a_target_is_a_feature() -> None:
    reader = Reader(Schema((Column("a", "number"), Column("y", "number"))), ("y",))
    assert reader([{"a": 1.0, "y": 2.0}]).tolist() == [[1, 2]]  # type: ignore[union-attr]
    frame = pytest.importorskip("polars").DataFrame({"a": [1.0], "y": [2.0]})
    assert reader(frame).tolist() == [[1, 2]]  # type: ignore[union-attr]


def test_what_is_no_table_is_left_to_others() -> None:
    reader = Reader(Schema((Column("a", "number"),)))
    for array in (np.zeros((2, 1)), np.zeros((2, 1), int), np.zeros((2, 1), bool), np.zeros((2, 1), np.uint8)):
        assert reader(array) is None
    assert reader(3) is None and reader("a") is None
    masked = np.ma.masked_array([[1.0], [2.0]], mask=[[True], [False]])
    np.testing.assert_array_equal(reader(np.array([["1.5"], [None]], object)), [[1.5], [nan]])
    np.testing.assert_array_equal(reader(np.array([["1.5"], ["?"]])), [[1.5], [nan]])
    assert reader(masked) is None
