"""Fields of a form for the columns of a table: of each kind, with samples and without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio.export.columns import column_inputs, columns_of, targets_of
from pellucid_studio.export.demo import Demo
from pellucid_studio.export.describe import Description

NAN = np.nan


def field(column: dict[str, Any], *values: float) -> dict[str, Any]:
    """Of this column alone, with samples of these values; without any, where there are none."""
    x = np.array(values, np.float32)[:, None] if values else None
    (found,) = column_inputs([{"name": "c", **column}], x)
    assert found.pop("name") == "c"
    return found


def choices(*texts: str) -> list[list[Any]]:
    return [[text, i] for i, text in enumerate(texts)]


def test_a_number_goes_from_the_lowest_percent_to_the_highest_and_stands_in_the_middle() -> None:
    found = field({"kind": "number"}, *range(101))
    assert found == {"kind": "number", "low": 1.0, "high": 99.0, "value": 50.0, "missing": True}
    assert field({"kind": "number"}, NAN, *range(101), NAN) == found


def test_where_all_samples_have_one_number_the_field_is_one_wide() -> None:
    assert field({"kind": "number"}, 3.0, 3.0) == {
        "kind": "number", "low": 3.0, "high": 4.0, "value": 3.0, "missing": True
    }  # fmt: skip
    narrow = field({"kind": "number"}, 3.0, 3.5)
    assert (narrow["low"], narrow["high"]) == pytest.approx((3.005, 3.495))


@pytest.mark.parametrize("values", [(), (NAN,), (NAN, NAN)])
def test_where_nothing_is_known_of_a_number_it_has_no_bounds(values: tuple[float, ...]) -> None:
    assert field({"kind": "number"}, *values) == {
        "kind": "number", "low": None, "high": None, "value": 0.0, "missing": True
    }  # fmt: skip


@pytest.mark.parametrize("time", [True, False])
def test_a_date_stands_at_the_middle_one_or_in_2024(time: bool) -> None:
    column = {"kind": "date", "time": time}
    assert field(column, 10.0, NAN, 30.5, 12.0) == {"kind": "date", "value": 12.0, "time": time}
    nothing = field(column, NAN)
    assert nothing == field(column) and nothing["time"] is time
    assert str(np.datetime64(int(nothing["value"]), "D")).startswith("2024-")


def test_a_category_stands_at_the_most_frequent_and_may_be_another_or_missing() -> None:
    column = {"kind": "category", "categories": ("red", "green", "blue")}
    found = field(column, 0, 2, 1, 2, -1, -1, -1, NAN)
    assert found == {
        "kind": "choice", "options": [*choices("red", "green", "blue"), ["another", -1], ["missing", None]], "value": 2
    }  # fmt: skip
    for values in ((), (NAN,), (-1.0,)):
        assert field(column, *values) == {**found, "value": 0}
    assert field(column, 0, 0, 1)["value"] == 0


def test_a_truth_value_is_yes_or_no_and_nothing_else() -> None:
    found = field({"kind": "boolean"}, 1, 1, 0)
    assert found == {"kind": "choice", "options": [*choices("no", "yes"), ["missing", None]], "value": 1}
    named = field({"kind": "boolean", "categories": ["off", "on"]})
    assert named["options"] == [*choices("off", "on"), ["missing", None]] and named["value"] == 0


def test_a_column_that_was_left_out_is_not_to_be_set() -> None:
    expected = {"kind": "choice", "options": [["not used", None]], "value": None}
    assert field({"kind": "left_out"}) == field({"kind": "left_out"}, 1.0, 2.0) == expected


def test_each_column_has_a_field_of_its_own_samples() -> None:
    columns = [{"name": "a", "kind": "number"}, {"name": "b", "kind": "boolean"}]
    a, b = column_inputs(columns, np.array([[1.0, 1.0], [5.0, 1.0], [3.0, 0.0]]))
    assert (a["name"], a["value"], b["name"], b["value"]) == ("a", 3.0, "b", 1)


def test_columns_and_targets_are_those_of_the_tables_own_transform() -> None:
    pytest.importorskip("pellucid_tabular")
    day = {"kind": "date", "why": "dates", "written": "%Y-%m-%d"}
    columns: list[dict[str, Any]] = [
        {"name": "size", "kind": "number", "why": "numbers"},
        {"name": "kind", "kind": "category", "why": "texts", "categories": ["a", "b"]},
        {"name": "day", **day}, {"name": "hour", **day},
    ]  # fmt: skip
    targets = [{"name": "price", "kind": "number", "why": "numbers"}]
    model = pl.build("ann", input_shape=(2,), hidden=[4], outputs=2, seed=0)
    table = pl.create("transform", "tabular/columns", columns=columns, targets=targets, times=["hour"])
    pl.require_runtime(model).transforms = [table]
    assert columns_of(model) == [{**column, "time": column["name"] == "hour"} for column in columns]
    assert targets_of(model) == ["price"]
    x = np.array([[3.0, 1.0, 5.0, 6.0], [5.0, 1.0, 7.0, 8.0]])
    page = Demo(model, Description(), pl.Split(x, np.arange(2)), 0, None, "ignored")
    assert page.targets == ["price"] and page.told()["inputs"] == column_inputs(columns_of(model) or [], x)
    assert [each["value"] for each in page.told()["inputs"]] == [4.0, 1, 6.0, 7.0]
    pl.require_runtime(model).transforms = [pl.create("transform", "standardize"), table]
    assert columns_of(model) is None and targets_of(model) == []


def test_another_model_has_no_columns() -> None:
    model = pl.build("ann", input_shape=(2,), hidden=[4], outputs=2, seed=0)
    assert columns_of(model) is None and targets_of(model) == []
    x = np.random.default_rng(0).normal(size=(20, 2))
    split = pl.Split(x, np.arange(20) % 2)
    data = pl.Splits(split, split, split, transforms=["standardize"])
    pl.Trainer(model, loss="softmax_cross_entropy", seed=0).fit(data, epochs=1, verbose=False)
    assert columns_of(model) is None and targets_of(model) == []
