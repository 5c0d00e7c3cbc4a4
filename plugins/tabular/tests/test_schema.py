"""What columns are, found out from their cells; any table with these columns as numbers."""

from __future__ import annotations

import datetime
import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from pellucid import ConfigError, DataError, PellucidWarning
from pellucid_tabular.schema import Column, Schema

NAN = float("nan")


def only(cells: Any, **asked: Any) -> Column:
    (column,) = Schema.of({"c": cells}, **asked).columns
    return column


def codes(cells: Any, **asked: Any) -> list[float]:
    values: list[float] = Schema.of({"c": cells}, **asked).coded({"c": cells})[:, 0].tolist()
    return values


def same(found: list[float], expected: list[float]) -> bool:
    return np.allclose(found, expected, rtol=1e-15, equal_nan=True)


@pytest.mark.parametrize(
    ("cells", "kind", "expected"),
    [
        (["1", " 2.5", "?", "-1e3"], "number", [1, 2.5, NAN, -1000]),
        (["b", "a", "NA", " a"], "category", [1, 0, NAN, 0]),
        (["yes", "no", "-", "Yes "], "category", [2, 1, NAN, 0]),  # three different words
        (["yes", "no", "null", "no"], "boolean", [1, 0, NAN, 0]),
        (["f", "t", "t"], "boolean", [0, 1, 1]),
        (["FALSE", "TRUE", ""], "boolean", [0, 1, NAN]),
        (["+", "-", "+"], "category", [0, 1, 0]),  # no missing value, as plus stands beside it
        (["1970-01-02", "1969-12-31", ""], "date", [1, -1, NAN]),
        (["1970-01-01 12:00", "1970-01-02T00:00:00"], "category", [0, 1]),
        (["1970-01-01 12:00", "1970-01-02 18:00"], "date", [0.5, 1.75]),
        (["1970-01-01T12:00:00+02:00", "1970-01-01T12:00:00Z"], "date", [10 / 24, 0.5]),
        (["31.12.1970", "1.1.1970"], "date", [364, 0]),
        (["31/12/1970", "01/02/1970"], "date", [364, 31]),
        (["12/31/1970", "01/02/1970"], "date", [364, 1]),
        (["1 Jan 1970", "31 Dec 1970"], "date", [0, 364]),
        (["01", "02", "10"], "category", [0, 1, 2]),
        (["1,5", "2", "0,25"], "number", [1.5, 2, 0.25]),
        (["1.234,5", "2.000"], "number", [1234.5, 2000]),
        (["1,234.5", "12,000,000"], "number", [1234.5, 12e6]),
        (["1 234", "12"], "number", [1234, 12]),
        (["1'234.5", "12"], "number", [1234.5, 12]),
        ([True, False, None], "boolean", [1, 0, NAN]),
        ([1, 2.5, None], "number", [1, 2.5, NAN]),
        ([1.0, NAN, np.float32(2)], "number", [1, NAN, 2]),
        ([datetime.date(1970, 1, 3), None, datetime.datetime(1970, 1, 1, 6)], "date", [2, NAN, 0.25]),
        (np.array(["1970-01-03", "NaT"], "datetime64[s]"), "date", [2, NAN]),
        ([datetime.timedelta(hours=6), None, datetime.timedelta(2)], "number", [0.25, NAN, 2]),
        (pl.Series(["a", "b", None], dtype=pl.Categorical), "category", [0, 1, NAN]),
        (["a", 1, 2.0], "category", [2, 0, 1]),
        (["x", "x", "x"], "left_out", [NAN] * 3),
        ([2.0, 2.0], "left_out", [NAN] * 2),
        (["?", "", None], "left_out", [NAN] * 3),
        (["x", "x", ""], "category", [0, 0, NAN]),  # that one is missing says something
    ],
)
def test_kinds_and_codes(cells: Any, kind: str, expected: list[float]) -> None:
    assert only(cells).kind == kind
    assert only(cells).why
    assert same(codes(cells), expected)


def test_identifiers_and_free_text_are_left_out() -> None:
    for name, cells in (
        ("customer_id", range(100, 200)), ("CustomerID", range(100)), ("0", range(1, 101)),
        ("0", [f"a{i}" for i in range(100)]), ("note", [f"text {i % 70}" for i in range(100)]),
    ):  # fmt: skip
        (column,) = Schema.of({name: list(cells)}).columns
        assert column.kind == "left_out" and ("identifier" in column.why or "free text" in column.why)
    for name, cells in (("x", range(100)), ("0", range(0, 200, 2)), ("paid", range(100))):
        (column,) = Schema.of({name: list(cells)}).columns
        assert column.kind == "number"
    (column,) = Schema.of({"id": list(range(100))}, kinds={"id": "number"}).columns
    assert column.kind == "number" and column.why == "said by the user"


def test_the_most_frequent_texts_of_very_many_are_categories() -> None:
    cells = [f"t{i:04}" for i in range(1200) for _ in range(3)] + ["t1199"] * 5
    column = only(cells)
    assert len(column.categories) == 1000 and "t1199" in column.categories and "t1100" not in column.categories
    assert "the others count as unseen" in column.why
    assert column.coded(pl.Series(["t1100", "t1199", None]), "t").tolist()[:2] == [-1, 999]


def test_columns_that_the_user_knows_better() -> None:
    assert only([3, 1, 3], categorical=["c"]).categories == ("1", "3")
    assert only([3, 1, 3], categorical=[0]).categories == ("1", "3")
    assert only(["3.0", "1.0", "10"], categorical=[-1]).categories == ("1", "3", "10")
    assert same(codes([3.0, 1.0, NAN], categorical=["c"]), [1, 0, NAN])
    assert only(["1/2/2000", "3/4/2000"], dates={"c": "%m/%d/%Y"}).written == "%m/%d/%Y"
    assert same(codes(["7", "-999", "NA"], missing=["-999"]), [7, NAN, NAN])
    assert only(["NA", "EU", "EU"], not_missing=["NA"]).categories == ("EU", "NA")
    assert same(codes(["1,234", "2,000"], decimal=","), [1.234, 2])
    assert same(codes(["1,234", "2,000"], semicolons=True), [1.234, 2])
    assert same(codes(["1,234", "2,000"]), [1234, 2000])
    with pytest.raises(ConfigError, match=r"has no column 'k'\. Did you mean|has no column 'k'"):
        only([1, 2], categorical=["k"])
    with pytest.raises(ConfigError, match="kind of column 'c' must be one of number, category"):
        only([1, 2], kinds={"c": "text"})
    with pytest.raises(DataError, match=r"row 1 .*, column 'c': expected a date.*Received: 'x'"):
        only(["2000-01-01", "x"], kinds={"c": "date"})


def test_dates_that_may_be_read_in_two_ways() -> None:
    with pytest.warns(
        PellucidWarning, match=r"'01/02/2000' may be read as %d/%m/%Y, %m/%d/%Y.*dates = \{'c' = '%m/%d/%Y'\}"
    ):
        column = only(["01/02/2000", "03/01/2000", "02/02/2000"])
    assert column.written == "%d/%m/%Y" and "would fit, too" in column.why
    column = only(["01/02/2000", "02/01/2000", "03/01/2000"])  # by days of January and February the rows are in order
    assert column.written == "%m/%d/%Y" and "order of time" in column.why


# -- other tables ----------------------------------------------------------------------------------------------------

TABLE: dict[str, list[Any]] = {
    "n": [1.5, 2.0, None, 4.0], "t": ["a", "b", "a", None], "b": [True, False, True, None],
    "d": [datetime.date(2020, 1, day) for day in (1, 2, 3, 4)], "k": [1, 1, 1, 1],
}  # fmt: skip


def test_any_table_with_the_same_columns() -> None:
    schema = Schema.of(TABLE)
    x = schema.coded(TABLE)
    assert x.shape == (4, 5) and x.dtype == np.float64
    rows = [dict(zip(TABLE, row, strict=True)) for row in zip(*TABLE.values(), strict=True)]
    lists = [list(row.values()) for row in rows]
    shuffled = {name: TABLE[name] for name in reversed(TABLE)}
    texts = {name: [None if c is None else str(c) for c in cells] for name, cells in TABLE.items()}
    array = np.array(lists, object)
    for other in (rows, lists, array, shuffled, pl.DataFrame(TABLE), pl.DataFrame(TABLE).lazy(), texts):
        assert np.array_equal(schema.coded(other), x, equal_nan=True)
    without = {name: cells for name, cells in TABLE.items() if name != "k"}  # nothing is learned from it
    assert np.array_equal(schema.coded(without), x, equal_nan=True)


def test_frames_of_pandas_and_pyarrow() -> None:
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    schema = Schema.of(TABLE)
    x = schema.coded(TABLE)
    frame = pandas.DataFrame(TABLE)
    typed = frame.assign(
        t=frame["t"].astype("category"), n=frame["n"].astype("Float64"), d=pandas.to_datetime(frame["d"])
    )
    for other in (frame, typed, typed.convert_dtypes(), pyarrow.table(TABLE)):
        assert np.array_equal(schema.coded(other), x, equal_nan=True)
        assert Schema.of(other).names == schema.names
    assert [column.kind for column in Schema.of(typed).columns] == [column.kind for column in schema.columns]


def test_numbers_of_rows_are_identifiers() -> None:
    for name in ("Kundennr", "Rechnungsnummer", "customerId", "row_no"):
        (column,) = Schema.of({name: list(range(1000, 1040))}).columns
        assert column.kind == "left_out" and "identifier" in column.why
    (column,) = Schema.of({"price": list(range(1000, 1040))}).columns
    assert column.kind == "number"


def test_unseen_texts_and_numbers_as_they_are_written_elsewhere() -> None:
    schema = Schema.of({"t": ["a", "b", "b"], "code": [3, 1, 3], "n": ["1,5", "2,5", "3"]}, categorical=["code"])
    x = schema.coded({"t": ["b ", "c", "?"], "code": ["3.0", 7, "1"], "n": ["0,5", 1.25, None]})
    assert np.array_equal(x, [[1, 1, 0.5], [-1, -1, 1.25], [NAN, 0, NAN]], equal_nan=True)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"n": [1], "t": ["a"], "b": [True]}, r"new must have the columns .*: n, t, b, d\. It lacks: d\."),
        ({**TABLE, "m": TABLE["n"]}, "It has, and must not: m"),
        ({**TABLE, "n": ["1", "2", "x", "3"]}, r"new, row 2 \(counted from 0\), column 'n': expected a number. .*'x'"),
        ({**TABLE, "n": [1, 2, float("inf"), 3]}, "row 2 .*, column 'n': expected a finite number. Received: inf"),
        ({**TABLE, "b": [1, 0, 2, 1]}, "row 2 .*, column 'b': expected 'true' or 'false'. Received: 2"),
        ({**TABLE, "d": ["2020-01-01", "2020-13-01", "", ""]}, "row 1 .*, column 'd': expected a date. .*'2020-13-01'"),
        ({**TABLE, "d": [1, 2, 3, 4]}, "column 'd': expected a date. Received: 1.0. So are 3 more"),
        ({**TABLE, "n": TABLE["d"]}, "column 'n': expected a number"),
        ({**TABLE, "n": [[1], [2], [3], [4]]}, "column 'n'.*expected a number, a text.*Received: list"),
        ({**TABLE, "n": [1]}, "must be of one length"),
        ([{"n": 1}, {"m": 1}], "row 1: expected the columns of row 0"),
        ([[1, 2], [3]], "must have one sample a row, all of one length"),
        (np.zeros((2, 3)), r"must have the 5 columns n, t, b, d, k\. Received: shape \(2, 3\)"),
        (3, "must be a frame of pandas, polars or pyarrow"),
    ],
)  # fmt: skip
def test_other_tables_are_refused(other: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Schema.of(TABLE).coded(other, "new")


def test_arrays_of_numbers() -> None:
    x = np.array([[1.0, NAN], [2.0, 5.0], [4.0, 5.0]])
    schema = Schema.of(x, names=["a", "b"])
    assert schema.names == ("a", "b") and np.array_equal(schema.coded(x), x, equal_nan=True)
    assert schema.coded(x) is not x
    masked = np.ma.masked_array([[1.0, 7.0]], mask=[[False, True]])
    assert np.array_equal(schema.coded(masked), [[1, NAN]], equal_nan=True)
    with pytest.raises(DataError, match=r"column '0', row 0 .*expected a number, a text.*Received: complex"):
        Schema.of(np.array([[1j], [2]]))
    with pytest.raises(DataError, match=r"column 'b': expected a finite number\. Received: inf"):
        schema.coded(np.array([[1.0, np.inf]]))
    with pytest.raises(DataError, match=r"must have the 2 columns a, b\. Received: shape \(1, 3\)"):
        schema.coded(np.zeros((1, 3)))


def test_a_schema_is_plain_json() -> None:
    schema = Schema.of(TABLE, missing=["-999"])
    config = json.loads(json.dumps(schema.to_config()))
    assert Schema.from_config(config) == schema
    assert config[1]["categories"] == ["a", "b"]
    with pytest.raises(DataError, match="Received twice: a"):
        Schema((Column("a", "number"), Column("a", "date")))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("x", "are a list of tables"),
        ([{"name": "a"}], "a table with 'name' and 'kind'"),
        ([{"name": "a", "kind": "text"}], "'kind' of column 'a' must be one of number"),
        ([{"name": "a", "kind": "number", "x": 1}], "a table with 'name' and 'kind'"),
        ([{"name": "a", "kind": "category", "categories": "ab"}], "'categories' of column 'a' must be a list of texts"),
        ([{"name": 3, "kind": "number"}], "'name' of column 3 must be text"),
    ],
)
def test_what_is_no_schema(config: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Schema.from_config(config)


def test_a_text_among_few_different_numbers_is_seen() -> None:
    column = only(["1.5", "2.5"] * 30 + ["2,5"])
    assert column.kind == "category" and column.why == "2 numbers, and texts such as '2,5', 3 different"
    assert only(["a", "b", "c"] * 9).why == "texts, 3 different"


@pytest.mark.parametrize("few", [["1.5", "2.5"] * 10, ["1,5", "2,5"] * 10, ["1", "2"] * 10, [*map(str, range(99))]])
@pytest.mark.parametrize("infinite", ["inf", "-Infinity", "+INF"])
def test_an_infinite_value_among_numbers_is_a_number(few: list[str], infinite: str) -> None:
    cells = [*few, infinite, "", few[0]]
    column = only(cells)
    assert column.kind == "number"
    with pytest.raises(DataError, match=rf"row {len(few)} .*, column .c.: expected a finite number. Received: -?inf\."):
        column.coded(pl.Series(cells), "the table")
    assert only([infinite, "sup"] * 9).kind == "category"  # no numbers beside it


@pytest.mark.parametrize("cells", [np.array([1.0, np.nan, 0.0]), pl.Series([1.0, NAN, 0.0]), pl.Series([1, None, 0])])
def test_numbers_with_gaps_are_truth_values_and_codes(cells: Any) -> None:
    """As pandas holds whole numbers of which some are missing: a column of floats."""
    for schema in (Schema.of({"c": [True, False, None]}), Schema.of({"c": [1, 0, None]}, categorical=["c"])):
        assert same(schema.coded({"c": cells})[:, 0].tolist(), [1, NAN, 0])
    assert same(Schema.of({"c": cells}, categorical=["c"]).coded({"c": cells})[:, 0].tolist(), [1, NAN, 0])
