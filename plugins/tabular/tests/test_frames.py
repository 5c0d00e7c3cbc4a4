"""Anybody's tables as columns of polars: every type of cell and column, what is missing, what is refused."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from pellucid import DataError
from pellucid_tabular.column import Column
from pellucid_tabular.frames import columns_of, is_frame, is_missing, text_of, without_mask

NAN = float("nan")
DAY = datetime.date(2000, 1, 2)
MOMENT = datetime.datetime(2000, 1, 2, 6)
EAST = datetime.timezone(datetime.timedelta(hours=6))
HOURS = datetime.timedelta(hours=6)


def only(cells: Any) -> pl.Series:
    (series,) = columns_of({"c": cells}, None, "the table").values()
    return series


@pytest.mark.parametrize(
    ("cells", "kind", "expected"),
    [
        (["a", None, "b"], pl.String, ["a", None, "b"]),
        ([True, None, np.bool_(False)], pl.Boolean, [True, None, False]),
        ([1, 2.5, None], pl.Float64, [1, 2.5, None]),
        ([Decimal("1.5"), np.int8(3), np.float32(0.5), NAN], pl.Float64, [1.5, 3, 0.5, None]),
        ([], pl.Float64, []),
        ([None, None], pl.Float64, [None, None]),
        ([HOURS, None, -HOURS], pl.Float64, [0.25, None, -0.25]),
        ([np.timedelta64(12, "h"), np.timedelta64("NaT", "h")], pl.Float64, [0.5, None]),
        ([DAY, None], pl.Datetime("us"), [datetime.datetime(2000, 1, 2), None]),
        ([MOMENT, DAY], pl.Datetime("us"), [MOMENT, datetime.datetime(2000, 1, 2)]),
        ([MOMENT.replace(tzinfo=EAST), MOMENT], pl.Datetime("us"), [datetime.datetime(2000, 1, 2), MOMENT]),
        ([np.datetime64("2000-01-02T06"), np.datetime64("NaT")], pl.Datetime("us"), [MOMENT, None]),
        ([True, 1], pl.String, ["True", "1"]),
        (["a", 2.0, 1.5, 3, None, False], pl.String, ["a", "2", "1.5", "3", None, "False"]),
        (["a", DAY], pl.String, ["a", "2000-01-02"]),
        ([HOURS, 1.0], None, r"row 0 \(counted from 0\): expected a number.*Received: timedelta"),
        ([1, [2]], None, r"column 'c', row 1 \(counted from 0\): expected a number.*Received: list"),
        ([1, 10**400], None, "expected numbers of 64 bits"),
        (np.array([1, 2], np.uint8), pl.Int64, [1, 2]),
        (np.array([1, 2**64 - 1], np.uint64), pl.Float64, [1, 2.0**64]),
        (np.array([1.5, NAN], np.float16), pl.Float64, [1.5, NAN]),
        (np.array([1.5, NAN], np.float32), pl.Float64, [1.5, NAN]),
        (np.array([True, False]), pl.Boolean, [True, False]),
        (np.array(["2000-01-02T06", "NaT"], "datetime64[h]"), pl.Datetime("us"), [MOMENT, None]),
        (np.array(["a", "b"]), pl.String, ["a", "b"]),
        (np.array([6, 12], "timedelta64[h]"), pl.Float64, [0.25, 0.5]),
        (pl.Series(["a", None]), pl.String, ["a", None]),
        (pl.Series(["a", None], dtype=pl.Categorical), pl.Categorical, ["a", None]),
        (pl.Series(["a", None], dtype=pl.Enum(["b", "a"])), pl.Categorical, ["a", None]),
        (pl.Series([None, None], dtype=pl.Null), pl.Float64, [None, None]),
        (pl.Series([1, None], dtype=pl.Int8), pl.Int64, [1, None]),
        (pl.Series([1, None], dtype=pl.UInt32), pl.Int64, [1, None]),
        (pl.Series([1, 2**64 - 1], dtype=pl.UInt64), pl.Float64, [1, 2.0**64]),
        (pl.Series([0.5, None], dtype=pl.Float32), pl.Float64, [0.5, None]),
        (pl.Series([Decimal("0.5"), None]), pl.Float64, [0.5, None]),
        (pl.Series([DAY, None]), pl.Datetime("us"), [datetime.datetime(2000, 1, 2), None]),
        (pl.Series([MOMENT.replace(tzinfo=EAST)]).dt.convert_time_zone("Asia/Tokyo"), pl.Datetime("us"),
         [datetime.datetime(2000, 1, 2)]),
        (pl.Series([HOURS, None]), pl.Float64, [0.25, None]),
        (pl.Series([datetime.time(18), None]), pl.Float64, [0.75, None]),
        (pl.Series([object(), None], dtype=pl.Object), None, "Received: object"),
        (pl.Series([["a"]]), None, "expected numbers, texts, truth values or dates. Received: List"),
        (range(2), pl.Float64, [0, 1]),
        (("a", "b"), pl.String, ["a", "b"]),
    ],
)  # fmt: skip
def test_every_kind_of_cells(cells: Any, kind: Any, expected: Any) -> None:
    if kind is None:
        with pytest.raises(DataError, match=expected):
            only(cells)
        return
    series = only(cells)
    assert series.dtype == kind
    found = series.to_list()
    assert found == expected or repr(found) == repr(expected)


@pytest.mark.parametrize("missing", [None, NAN, np.float32("nan"), np.datetime64("NaT"), np.timedelta64("NaT", "h")])
def test_what_is_missing_is_missing_beside_anything(missing: Any) -> None:
    assert is_missing(missing)
    for cell in (1.5, "a", True, DAY, MOMENT, HOURS, np.datetime64("2000-01-02"), np.timedelta64(1, "D")):
        assert not is_missing(cell) and only([cell, missing]).to_list()[1] is None
        assert only([cell, missing]).to_list()[0] is not None
    assert not any(map(is_missing, ("", 0, 0.0, False, "nan", [], np.float64(0))))


def test_the_missing_of_pandas_is_missing_and_its_types_are_read() -> None:
    pandas = pytest.importorskip("pandas")
    assert is_missing(pandas.NA) and is_missing(pandas.NaT)
    for values, kind, expected in (
        (pandas.Series([1, None], dtype="Int64"), pl.Float64, [1.0, NAN]),
        (pandas.Series([1, 2], dtype="int8"), pl.Int64, [1, 2]),
        (pandas.Series([1.5, None], dtype="Float32"), pl.Float64, [1.5, NAN]),
        (pandas.Series(["a", None]), pl.String, ["a", None]),
        (pandas.Series(["b", None, "a"], dtype="category"), pl.Categorical, ["b", None, "a"]),
        (pandas.Series([True, None], dtype="boolean"), pl.Boolean, [True, None]),
        (pandas.Series(pandas.to_datetime(["2000-01-02 06:00", None])), pl.Datetime("us"), [MOMENT, None]),
        (pandas.Series([Decimal("0.5"), None], dtype=object), pl.Float64, [0.5, None]),
    ):  # fmt: skip
        for table in ({"c": values}, pandas.DataFrame({"c": values})):
            (series,) = columns_of(table, None, "t").values()
            assert series.dtype == kind and repr([NAN if x != x else x for x in series.to_list()]) == repr(expected)


def test_texts_of_cells() -> None:
    assert [*map(text_of, (1.0, 1.5, np.float32(2), 3, "a", True, 1e300, -0.5))] == [
        "1", "1.5", "2", "3", "a", "True", "1e+300", "-0.5",
    ]  # fmt: skip


# -- tables ----------------------------------------------------------------------------------------------------------


def columns(table: Any, names: Any = None) -> dict[str, list[Any]]:
    return {name: series.to_list() for name, series in columns_of(table, names, "the table").items()}


def test_all_kinds_of_tables_have_the_same_columns() -> None:
    expected = {"a": [1, 2], "b": ["x", "y"]}
    frame = pl.DataFrame(expected)
    for table in (
        expected,
        frame,
        frame.lazy(),
        [{"a": 1, "b": "x"}, {"b": "y", "a": 2}],
        frame.to_dict(as_series=True),
    ):
        assert columns(table) == expected
    rows: Any
    for rows in ([[1, "x"], [2, "y"]], ([1, "x"], (2, "y")), np.array([[1, "x"], [2, "y"]], object)):
        assert columns(rows) == {"0": [1, 2], "1": ["x", "y"]}
        assert columns(rows, ["a", "b"]) == expected
    assert columns({3: [1], "x": [2]}) == {"3": [1], "x": [2]} == columns([{3: 1, "x": 2}])
    assert columns(np.empty((0, 2))) == {"0": [], "1": []} == {**columns(np.zeros((0, 2), object))}
    assert columns([np.array([1.0, 2.0]), [3, 4]]) == {"0": [1, 3], "1": [2, 4]}
    assert is_frame(frame) and is_frame(frame.lazy()) and not is_frame(expected) and not is_frame([1])


@pytest.mark.parametrize(
    ("table", "names", "told"),
    [
        ([{"a": 1}, {"a": 2, "b": 3}], None, "row 1: expected the columns of row 0: a. Received: a, b"),
        ([{"a": 1, "b": 2}, {"a": 2}], None, "row 1: expected the columns of row 0: a, b. Received: a"),
        ({"a": [1], 1: [2], "1": [3]}, None, "has two columns called '1'"),
        ({"a": [1], "b": [1, 2]}, None, "must be of one length. Received: a 1, b 2"),
        ([[1, 2], [3]], None, "all of one length, shape (N, columns). Received: (2, "),
        ([1, 2, 3], None, "shape (N, columns). Received: (3,)"),
        (["ab", "cd"], None, "shape (N, columns). Received: (2,)"),
        ([], None, "shape (N, columns). Received: (0,)"),
        (np.zeros(3), None, "Received: (3,)"), (np.zeros((2, 2, 2)), None, "Received: (2, 2, 2)"),
        (np.zeros((2, 3)), ["a", "b"], "must have the 2 columns a, b. Received: shape (2, 3)"),
        ("a,b", None, "Received: str"), (3, None, "Received: int"), (None, None, "Received: NoneType"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(table: Any, names: Any, told: str) -> None:
    with pytest.raises(DataError, match=re.escape(told)):
        columns_of(table, names, "the table")


def test_what_is_masked_is_missing() -> None:
    masked = np.ma.masked_array([[1, 2], [3, 4]], mask=[[False, True], [False, False]])
    found = without_mask(masked)
    assert found.dtype == np.float64 and repr(found.tolist()) == "[[1.0, nan], [3.0, 4.0]]"
    texts = np.ma.masked_array(["a", "b"], mask=[True, False])
    assert without_mask(texts).tolist() == [None, "b"]
    plain = np.zeros(2)
    assert without_mask(plain) is plain
    assert masked[0, 0] == 1 and repr(columns(masked)) == "{'0': [1.0, 3.0], '1': [nan, 4.0]}"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["a", "b", "c"], ["a", None, "c"]), ([1, 2, 3], [1, None, 3]), ([0.5, 2.0, 3.0], [0.5, None, 3.0]),
        ([True, False, True], [True, None, True]), (np.array(["a", 2, None], object), ["a", None, None]),
        (np.array(["2000-01-02T06"] * 3, "datetime64[h]"), [MOMENT, None, MOMENT]),
        (np.array(["2000-01-02T06"] * 3, "datetime64[ns]"), [MOMENT, None, MOMENT]),
        (np.array([6, 12, 24], "timedelta64[h]").astype("timedelta64[ns]"), [0.25, None, 1.0]),
        (np.array([2**52 + 1, 5, 7]), [2**52 + 1, None, 7]),
    ],
)  # fmt: skip
def test_masked_cells_are_missing_however_a_table_holds_them(cells: Any, expected: list[Any]) -> None:
    masked = np.ma.masked_array(cells, mask=[False, True, False])
    assert only(masked).to_list() == expected
    for table in (masked.reshape(3, 1), list(masked.reshape(3, 1))):
        (series,) = columns_of(table, None, "the table").values()
        assert [None if is_missing(cell) else cell for cell in series] == expected


@pytest.mark.parametrize("kind", ["datetime64[ns]", "timedelta64[ns]", "int64", "bool", "float32", "U3", "object"])
def test_an_array_of_which_nothing_is_masked_is_what_it_is(kind: str) -> None:
    plain = np.array([[1, 0], [0, 1]]).astype(kind)
    masked = np.ma.masked_array(plain, mask=np.zeros((2, 2), bool))
    assert repr(columns(masked)) == repr(columns(plain))
    assert repr(only(masked[:, 0])) == repr(only(plain[:, 0]))


def test_a_frame_of_two_columns_with_one_name_is_refused() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame([[1, 2, 3]], columns=["a", "b", "a"])
    with pytest.raises(DataError, match=r"(?s)the table cannot be read as a table: .*'a' 2 times"):
        columns(table)
    with pytest.raises(DataError, match="the table has two columns called '1'"):
        columns(pandas.DataFrame([[1, 2]], columns=["1", 1]))
    assert columns(pandas.DataFrame([[1, 2]], columns=["0", 1])) == {"0": [1], "1": [2]}


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_moments_of_any_unit_and_zone_are_days_of_utc(unit: Any, zone: str | None) -> None:
    cells = pl.Series([MOMENT, None]).cast(pl.Datetime(unit))
    if zone is not None:
        cells = cells.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    for given in (cells, cells.to_frame("c")["c"], cells.to_list()):
        found = Column("c", "date").coded(only(given), "t").tolist()
        assert found[0] == 10958.25 and np.isnan(found[1]), "30 years with seven leap days, a day, six hours"
    if zone is None:
        assert Column("c", "date").coded(only(cells.to_numpy()), "t").tolist()[0] == 10958.25


@pytest.mark.parametrize("n", [1, 2])
def test_columns_of_other_frames_are_those_of_polars(n: int) -> None:
    pandas = pytest.importorskip("pandas")
    values: dict[str, list[Any]] = {"i": [3, 1], "f": [0.5, NAN], "b": [True, False], "s": ["x", "y"]}
    table = {name: cells[:n] for name, cells in values.items()}
    frame = pandas.DataFrame(table)
    found, expected = columns_of(frame, None, "t"), columns_of(pl.DataFrame(table), None, "t")
    assert [series.dtype for series in found.values()] == [series.dtype for series in expected.values()]
    assert repr({name: series.to_list() for name, series in found.items()}) == repr(table)
    for name in table:
        assert only(frame[name]).dtype == found[name].dtype and repr(only(frame[name]).to_list()) == repr(table[name])
