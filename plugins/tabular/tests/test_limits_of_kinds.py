"""What columns and targets are taken for, exactly at the limits and one beside them."""

from __future__ import annotations

import datetime
import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest
from pellucid import ConfigError, DataError, PellucidWarning
from pellucid_tabular import kinds, targets
from pellucid_tabular.column import Column
from pellucid_tabular.dataset import Table
from pellucid_tabular.kinds import Asked
from pellucid_tabular.schema import Schema, column_number
from pellucid_tabular.targets import Target, decide_target

NAN = float("nan")


def only(cells: Any, name: str = "c", **asked: Any) -> Column:
    (column,) = Schema.of({name: cells}, **asked).columns
    return column


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(kinds, "FEW", 4)
    return 4


# -- columns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("different", [3, 4, 5, 6])
@pytest.mark.parametrize("rows", [6, 9, 10, 11, 12, 13])
def test_many_texts_are_left_out_where_more_than_half_of_the_rows_differ(few: int, different: int, rows: int) -> None:
    texts = [f"t{min(i, different - 1)}" for i in range(rows)]
    column = only(texts)
    if different > few and different > rows / 2:
        what = "identifier" if different == rows else "free text"
        assert (column.kind, column.why) == (
            "left_out", f"{what}: {different} different texts in {rows} rows, such as 't0'",
        )  # fmt: skip
    else:
        assert (column.kind, column.why) == ("category", f"texts, {different} different")
    with_gaps = only([*texts, None, "?"])  # rows without a value do not count
    assert (with_gaps.kind, with_gaps.why) == (column.kind, column.why)


@pytest.mark.parametrize("most", [2, 3, 4])
def test_the_most_frequent_texts_are_kept_and_of_equal_ones_the_first(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "MOST_CATEGORIES", most)
    column = only([*"cccbbaad"] * 4)
    assert column.categories == {2: ("a", "c"), 3: ("a", "b", "c"), 4: ("a", "b", "c", "d")}[most]
    more = "" if most == 4 else f"; the {most} most frequent are kept, the others count as unseen"
    assert column.why == f"texts, 4 different{more}"


@pytest.mark.parametrize("wrong", [1, 2])
def test_nine_of_ten_numbers_are_numbers_with_mistakes(few: int, wrong: int) -> None:
    cells = [*map(str, range(10 - wrong))] + ["lots"] * wrong
    if wrong == 1:
        with pytest.raises(DataError, match=r"row 9 .*expected a number\. Received: 'lots'"):
            only(cells)
    else:
        assert only(cells).kind == "left_out"
    few_different = [*"1234"] * 9 + ["lots"]
    assert only(few_different).kind == "category", "so few may be codes"
    with pytest.raises(DataError, match=r"row 36 .*Received: 'lots'"):
        only([*few_different, "5"])


@pytest.mark.parametrize(
    "name", ["id", "ID", "customer_id", "customer-id", "a.row", "my no", "Kundennr", "IDX", "rowId", "uuid"]
)
def test_whole_different_numbers_under_such_a_name_call_the_rows(few: int, name: str) -> None:
    told = "identifier: 4 rows, 4 different whole numbers"
    for cells in ([7, 9, 8, 1], ["7", "9", "8", "1"], [7.0, 9.0, 8.0, 1.0], [7, 9, 8, 1, None]):
        column = only(cells, name)
        assert (column.kind, column.why) == ("left_out", told)
    for cells in ([7, 9, 8], [7, 9, 8, 8], [7, 9, 8, 1.5]):
        assert only(cells, name).kind == "number"
    assert only([7, 9, 8, 1], name, kinds={name: "number"}).kind == "number"


@pytest.mark.parametrize("name", ["paid", "idea", "price", "nrx", "grid", "note", "rows"])
def test_other_names_are_no_identifiers(few: int, name: str) -> None:
    assert only([7, 9, 8, 1], name).kind == "number"


def test_a_first_column_without_a_name_that_counts_the_rows_calls_them(few: int) -> None:
    for cells in ([0, 1, 2, 3], [1, 2, 3, 4], ["1", "2", "3", "4"]):
        assert only(cells, "0").kind == "left_out"
        assert only(cells, "1").kind == "number"
    for cells in ([2, 3, 4, 5], [0, 1, 2, 4], [3, 2, 1, 0], [1, 3, 2, 4]):
        assert only(cells, "0").kind == "number"


@pytest.mark.parametrize(
    "cells", [["x", "x"], [2.5, 2.5], ["1", "1.0"], [True, True], [datetime.date(2000, 1, 1)] * 2, [3, 3]]
)
def test_a_constant_is_left_out_and_one_row_or_a_gap_is_none(cells: list[Any]) -> None:
    assert only(cells).kind == "left_out" and only(cells).why.startswith("constant: ")
    assert only(cells).why.endswith("in every row")
    assert only(cells[:1]).kind != "left_out" and only([*cells, None]).kind != "left_out"
    assert only(cells, categorical=["c"]).kind == "category"
    assert only([None, None], categorical=["c"]).why == "all values are missing" == only(["?", ""]).why


def test_minus_is_a_value_beside_plus_unless_the_user_says_what_is_missing() -> None:
    assert only(["+", "-", "--", "+"]).categories == ("+", "-", "--") and only(["+", "-"]).missing is not None
    assert only(["a", "-", "b"]).categories == ("a", "b") and only(["a", "-"]).missing is None
    assert only(["+", "-", "b"], missing=["x"]).categories == ("+", "b")


def test_texts_beside_numbers_are_counted() -> None:
    assert only(["1", "2", "x"] * 3).why == "2 numbers, and texts such as 'x', 3 different"
    assert only(["1", "y", "x"] * 3).why == "1 numbers, and texts such as 'x', 3 different"
    assert only(["01", "2", "3"] * 3).why == "codes with zeros in front, 3 different"
    assert only(["01", "2", "x"] * 3).why == "2 numbers, and texts such as 'x', 3 different"


def test_categories_that_are_numbers_stand_in_their_order_and_codes_as_texts() -> None:
    assert only(["10", "9", "2.0", "-1"], categorical=["c"]).categories == ("-1", "2", "9", "10")
    assert only(["10", "9", "02"], categorical=["c"]).categories == ("02", "10", "9")
    assert only(["10", "9", "a"] * 9).categories == ("10", "9", "a")
    assert only([True, False, True], categorical=["c"]).categories == ("False", "True")


def test_of_several_ways_the_comma_before_three_digits_stands_between_thousands_unless_something_says_else() -> None:
    def written(cells: list[str], **asked: Any) -> tuple[str, str]:
        column = only(cells, **asked)
        return column.written, column.why

    both = ["1,234", "2,500"]
    thousands = "numbers; the comma is taken to stand between thousands: three digits follow it everywhere"
    decimals = "numbers; the comma stands before decimals, as semicolons separate the fields"
    assert written(both) == ("1,234.5", thousands)
    assert written(both, semicolons=True) == ("0,5", decimals)
    assert written(both, decimal=",") == ("0,5", "numbers, written as 0,5")
    assert written(both, decimal=".") == ("1,234.5", "numbers, written as 1,234.5")
    assert written(["1,5", "2"]) == ("0,5", "numbers, written as 0,5")
    assert written(["1.5", "2"]) == ("", "numbers")


def test_dates_of_one_reading_are_no_question() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert only(["01 May 2000", "02 May 2000"]).why == "dates, %d %b %Y"  # by the short name and by the whole one
        assert only(["13/01/2000", "01/02/2000"]).why == "dates, %d/%m/%Y"
        assert only(["01/01/2000", "02/02/2000"]).written == "%d/%m/%Y"
        falling = only(["03/01/2000", "02/01/2000", "01/02/2000"])
    assert falling.why == ("dates, %m/%d/%Y: by it, and by no other that fits, the rows stand in the order of time")
    with pytest.warns(PellucidWarning, match=r"the table, column 'c': dates such as '01/02/2000' may be read as"):
        assert only([None, "01/02/2000", "03/01/2000", "02/02/2000"]).why == (
            "dates, %d/%m/%Y; %m/%d/%Y would fit, too: the day is taken to stand before the month"
        )


def test_columns_are_called_by_names_or_by_numbers_from_either_end() -> None:
    names = ["a", "2", "b"]
    assert [column_number(which, names, "t") for which in (0, 1, 2, -1, -3, "a", "b", "2", "0")] == [
        0,
        1,
        2,
        2,
        0,
        0,
        2,
        1,
        0,
    ]
    for wrong in (3, -4, "c", "3", True, None, 1e9):
        with pytest.raises(ConfigError, match=r"t has no column .*numbered 0 to 2: a, 2, b"):
            column_number(wrong, names, "t")  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"Received twice: a, c\."):
        Schema(tuple(Column(name, "number") for name in "abcac"))


# -- targets ---------------------------------------------------------------------------------------------------------


def told(cells: Any, classify: bool | None = None, **asked: Any) -> tuple[Target, list[str]]:
    series = pl.Series(cells, dtype=pl.Float64) if isinstance(cells[0], int | float) else pl.Series(cells)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = decide_target(Asked("y", **asked), series, classify)
    return found, [str(each.message) for each in caught]


@pytest.mark.parametrize("different", [3, 4, 5])
@pytest.mark.parametrize("each", [1.5, 2.0, 3.0])
def test_few_whole_numbers_of_two_rows_each_are_classes(
    different: int, each: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "FEW", 4)
    monkeypatch.setattr(targets, "MANY", 4)
    cells = [i % different for i in range(round(each * different))]
    found, said = told(cells)
    if different <= 4 and each >= 2:
        assert found.classes == tuple(map(str, range(different))) and not said
        assert found.why == f"{different} different numbers" and found.column.kind == "category"
        assert told([cell + 1 for cell in cells])[1] != [], "labels that do not count from 0 are said"
    else:
        assert found.classes is None and found.why == f"{different} different numbers"
        assert [message for message in said if "not as labels" in message] == (said if different <= 4 else [])
        assert len(said) == (different <= 4)
    assert told([cell + 0.5 for cell in cells])[0].classes is None and not told([cell + 0.5 for cell in cells])[1]


def test_two_different_numbers_are_classes_whatever_they_are() -> None:
    found, said = told([1.5, -2.5, 1.5, -2.5])
    assert found.classes == ("-2.5", "1.5") and not said
    assert told([3.0, 4.0, 3.0, NAN])[1] == [
        f"the table, {row_0}, column 'y': the class '4' has one row: it stands in "
        "one part of the data only, so nothing tells whether it is learned. Add rows of it, or remove it."
    ]


row_0 = "row 0 (counted from 0)"


def test_what_the_user_says_of_targets_holds() -> None:
    numbers, said = told([0, 1] * 4, classify=False)
    assert (numbers.classes, numbers.why, said) == (None, "said by the user", [])
    classes, said = told([0.5, 1.5, 2.5] * 3, classify=True)
    assert (classes.classes, classes.why, said) == (("0.5", "1.5", "2.5"), "said by the user", [])
    assert told(["b", "a", "b", "a"])[0].why == "2 different texts"
    assert told(["10", "9", "10", "9"])[0].classes == ("9", "10"), "by their size"
    assert told(["1,5", "10,5", "2,5"] * 2, classify=True)[0].classes == ("1,5", "2,5", "10,5")
    assert told(["01", "2", "01", "2"])[0].classes == ("01", "2")
    assert told([30.0, -4.0, 2.5] * 2, classify=True)[0].classes == ("-4", "2.5", "30")
    assert told(["2", "2.0", "10", "10"])[0].classes == ("2", "10"), "of one number there is one class"


@pytest.mark.parametrize(
    "by_size",
    [("-1,500", "200", "1,000"), ("30", "1'000", "20'000"), ("-5", "7,5", "1.000,5"), ("9", "1 000", "1 000,5"),
     ("1", "1,0", "2"), ("2,5", "10", "100,25"), ("-inf", "-2.5", "1000", "inf"), ("400", "1.234,5", "2.000.000")],
)  # fmt: skip
def test_classes_that_are_numbers_stand_by_their_size_however_they_are_written(by_size: tuple[str, ...]) -> None:
    for cells in (by_size, by_size[::-1]):
        assert told([*cells] * 2, classify=True)[0].classes == by_size
        labels = Target(told([*cells] * 2, classify=True)[0].column, by_size).values(pl.Series(by_size), "t", str)
        assert labels.tolist() == [*range(len(by_size))]


@pytest.mark.parametrize(("cells", "fits"), [("aabbcc", True), ("aabbc", False), ("ab", True), ("aabc", False)])
def test_classes_have_two_rows_each_on_average_or_name_the_rows(cells: str, fits: bool) -> None:
    if fits:
        assert told([*cells])[0].classes == tuple(sorted(set(cells)))
        return
    with pytest.raises(DataError, match=rf"Received: 3 different values in {len(cells)} rows, such as 'a'"):
        told([*cells])


def test_a_class_that_training_has_not_is_named_with_its_row() -> None:
    target = told(["a", "b", "a", "b"])[0]
    cells = pl.Series(["b", None, "a", "c"])
    with pytest.raises(DataError, match=r"t, row 3 .*, column 'y': expected one of the classes.*a, b\. Received: 'c'"):
        target.values(cells, "t", lambda row: f"row {row} (counted from 0)")
    np.testing.assert_array_equal(target.values(cells[:3], "t", str), [1, NAN, 0])


def test_several_targets_of_0_and_1_are_answers_each() -> None:
    def kinds_of(**y: Any) -> list[str]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = Table({"x": [*range(8)], **y}, target=[*y])
            table.load(np.random.default_rng(0))
        return [target.column.kind for target in table.known().targets]

    bits, words, values = [0, 1] * 4, ["no", "yes"] * 4, [*range(8)]
    assert kinds_of(a=bits, b=words) == ["boolean", "boolean"] == kinds_of(a=["0.0", "1.0"] * 4, b=["1", "0"] * 4)
    assert kinds_of(a=[0.0, 1.0, NAN, 1.0] * 2, b=words) == ["boolean", "boolean"]
    assert kinds_of(a=[0, 2] * 4, b=values) == ["number", "number"] == kinds_of(a=[1] * 7 + [3], b=values)
    assert kinds_of(a=["0", "1.0"] * 4, b=["0", "3"] * 4) == ["number", "number"]
