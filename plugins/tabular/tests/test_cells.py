"""What the text of a cell means: every mark, pair of words, way to write a number and format of dates, by itself."""

from __future__ import annotations

import datetime
import random
from math import inf, nan
from typing import Any

import numpy as np
import polars as pl
import pytest
from pellucid import DataError
from pellucid_tabular import cells
from pellucid_tabular.cells import (
    MARKS,
    NUMBERS,
    TRUTHS,
    as_days,
    as_numbers,
    canonical,
    cleaned,
    date_formats,
    in_days,
    marks_of,
    truth_words,
    ways_of_writing,
)
from pellucid_tabular.dates import FARTHEST, calendar, waves

EPOCH = datetime.datetime(1970, 1, 1)


def numbers(texts: list[str], written: str) -> list[float | None]:
    return as_numbers(pl.Series(texts, dtype=pl.String), written).to_list()


# -- missing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", MARKS)
def test_every_mark_stands_for_a_missing_value_with_spaces_around_it_too(mark: str) -> None:
    texts = pl.Series([mark, f" {mark} ", f"x{mark}", None])
    assert cleaned(texts).to_list() == [None, None, f"x{mark}", None]
    assert cleaned(texts, ["-999"]).to_list() == [mark, mark, f"x{mark}", None]


def test_marks_are_the_usual_ones_with_some_more_and_without_some() -> None:
    assert marks_of((), ()) is None
    assert marks_of(("-999",), ()) == (*MARKS, "-999")
    assert marks_of((), ("NA", "?", "sup")) == tuple(mark for mark in MARKS if mark not in ("NA", "?"))
    assert marks_of((), ("",)) == MARKS, "an empty cell holds nothing, whatever is said"


# -- numbers ---------------------------------------------------------------------------------------------------------

WRITTEN = {
    "0.5": {"0.5": 0.5, "5.": 5, ".5": 0.5, "+3": 3, "-1e3": -1000, "1E-2": 0.01},
    "0,5": {"0,5": 0.5, "5,": 5, ",5": 0.5, "+3": 3, "-1,5e3": -1500, "1E-2": 0.01},
    "1,234.5": {"1,234.5": 1234.5, "-12,345,678": -12345678, "123": 123, "1234": 1234, "5.": 5, "+100,000.": 100000},
    "1.234,5": {"1.234,5": 1234.5, "-12.345.678": -12345678, "123": 123, "1234": 1234, "5,": 5, "+100.000,": 100000},
    "1 234.5": {"1 234.5": 1234.5, "-12\u00a0345\u202f678": -12345678, "123": 123, "5.25": 5.25},
    "1 234,5": {"1 234,5": 1234.5, "-12\u00a0345\u202f678": -12345678, "123": 123, "5,25": 5.25},
    "1'234.5": {"1'234.5": 1234.5, "-12’345'678": -12345678, "123": 123, "5.25": 5.25},
}  # fmt: skip
GROUPED = ["1_234", "1,23", "1,2345", "0,123.5", "12,34,567", "1,234,56.5", ",234", "1.5.5"]
"""No numbers whose thousands a comma separates."""


@pytest.mark.parametrize("written", NUMBERS)
def test_numbers_are_read_as_they_are_written(written: str) -> None:
    assert set(WRITTEN) == set(NUMBERS)
    own = WRITTEN[written]
    assert numbers([*own], written) == [*own.values()]
    assert numbers(["", "x", "1x", "x1", "--1", "1e", "1-"], written) == [None] * 7
    assert numbers(["inf", "-Inf", "+INFINITY"], written) == [inf, -inf, inf]


@pytest.mark.parametrize("written", [way for way in NUMBERS if len(way) > 3])
def test_groups_of_other_than_three_digits_are_no_thousands(written: str) -> None:
    group, sign = written[1], written[-2]
    wrong = [text.replace(",", "g").replace(".", sign).replace("g", group) for text in GROUPED]
    assert numbers(wrong, written) == [None] * len(wrong)


def test_the_ways_that_hold_in_most_rows_are_found() -> None:
    def ways(texts: dict[str, int], decimal: str | None = None) -> dict[str, int]:
        return ways_of_writing(pl.Series([*texts]), pl.Series([*texts.values()]), decimal)

    assert ways({"1.5": 2, "3": 4}) == {"0.5": 6}
    assert ways({"1.5": 2, "inf": 1}) == {"0.5": 3}
    assert ways({"x": 2, "y": 3}) == {} == ways({"inf": 5})
    assert ways({"x": 9, "3": 1}) == {"0.5": 1}, "none holds more"
    assert ways({"1,5": 2, "3": 4}) == {"0,5": 6, "1.234,5": 6, "1 234,5": 6}
    assert ways({"1,5": 2, "3": 4, "-inf": 7}) == {"0,5": 13, "1.234,5": 13, "1 234,5": 13}
    assert ways({"1,234": 2}) == {"0,5": 2, "1,234.5": 2, "1.234,5": 2, "1 234,5": 2}
    assert ways({"1,234": 2, "1,5": 1, "x": 1}) == {"0,5": 3, "1.234,5": 3, "1 234,5": 3}
    assert ways({"1.234": 2}, ",") == {"1.234,5": 2}
    assert ways({"1,234": 2}, ".") == {"1,234.5": 2}
    assert ways({"1'000": 1, "2": 1}) == {"1'234.5": 2}
    assert ways({"1.5": 5, "1,5": 4, "2": 1}) == {"0.5": 6}


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("3.0", "3"), ("3", "3"), ("+3.", "3"), ("-0.50", "-0.5"), ("1e3", "1000"), ("+007", "+007"), ("007", "007"),
        ("0.5", "0.5"), ("0", "0"), ("0.0", "0"), ("x", "x"), ("1,5", "1,5"), ("", ""), ("-2", "-2"),
        ("9007199254740991", "9007199254740991"), ("9007199254740992", "9007199254740992.0"),
        ("-9007199254740992", "-9007199254740992.0"),
    ],
)  # fmt: skip
def test_a_number_has_one_text(text: str, short: str) -> None:
    assert canonical(text) == short


# -- truth values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("no", "yes"), TRUTHS)
def test_both_words_of_a_pair_in_any_order_and_letters_are_no_and_yes(no: str, yes: str) -> None:
    for texts in ([no, yes], [yes, no], [no.upper(), yes.title()], [yes.upper(), no]):
        by_word = {text.lower(): text for text in texts}
        assert truth_words(texts) == (by_word[no], by_word[yes])
    assert truth_words([no]) is None and truth_words([no, "perhaps"]) is None
    assert truth_words([no, yes, yes.upper()]) is None and truth_words([yes, yes.upper()]) is None


# -- dates -----------------------------------------------------------------------------------------------------------

DAYS = [datetime.datetime(1970, 12, 31), datetime.datetime(2024, 2, 29), datetime.datetime(2031, 10, 17)]
"""The last day of a year, a leap day, and one whose day can be no month."""
TIMES = [datetime.timedelta(hours=13, minutes=5), datetime.timedelta(hours=0, minutes=30, seconds=9)]


def in_order(moments: list[datetime.datetime]) -> list[float]:
    return [(moment - EPOCH) / datetime.timedelta(days=1) for moment in moments]


@pytest.mark.parametrize("form", cells._DAYS)
@pytest.mark.parametrize("plain", [False, True])
def test_every_format_of_days_is_found_and_read(form: str, plain: bool) -> None:
    texts = [day.strftime(form) for day in DAYS]
    if plain:  # without zeros in front
        texts = [text.replace("/0", "/").replace(" 0", " ").removeprefix("0") for text in texts]
    series = pl.Series(texts)
    assert form in date_formats(series)
    np.testing.assert_allclose(as_days(series, form).to_list(), in_order(DAYS), rtol=0, atol=1e-9)
    assert date_formats(pl.Series([*texts, "31/31/2000"])) == [] == date_formats(pl.Series([*texts, "soon"]))


@pytest.mark.parametrize("joint", ["T", " ", ", "])
@pytest.mark.parametrize("time", ["%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p"])
def test_every_format_of_times_is_found_and_read(time: str, joint: str) -> None:
    moments = [day + (TIMES[i % 2] if "S" in time else TIMES[0]) for i, day in enumerate(DAYS)]
    for form in ("%Y-%m-%d", "%d.%m.%y", "%m/%d/%Y"):
        texts = pl.Series([moment.strftime(form + joint + time) for moment in moments])
        found = date_formats(texts)
        assert len(found) == 1 and found[0].startswith(form + joint)
        np.testing.assert_allclose(as_days(texts, found[0]).to_list(), in_order(moments), rtol=0, atol=1e-9)


def test_a_zone_is_taken_off_and_fractions_of_seconds_count() -> None:
    texts = pl.Series(["2000-01-01T12:00:00+06:00", "2000-01-01T00:00:00.250Z", "1999-12-31T23:30:00-0030"])
    (form,) = date_formats(texts)
    assert as_days(texts, form).to_list() == pytest.approx([10957.25, 10957 + 0.25 / 86400, 10957.0], abs=1e-9)


def test_a_year_of_four_digits_is_none_of_two() -> None:
    assert date_formats(pl.Series(["13/2/2003"])) == ["%d/%m/%Y"] and date_formats(pl.Series(["13/2/03"])) == [
        "%d/%m/%y"
    ]
    assert as_days(pl.Series(["13/2/03", "13/2/2003", "13/2/20031"]), "%d/%m/%Y").to_list() == [None, 12096.0, None]
    assert date_formats(pl.Series(["13/2/03", "13/2/2003"])) == [] == date_formats(pl.Series([], dtype=pl.String))


def test_the_last_of_many_texts_may_be_no_date(monkeypatch: pytest.MonkeyPatch) -> None:
    days = [(EPOCH + datetime.timedelta(days=i)).strftime("%d/%m/%Y") for i in range(20)]
    for looked_at in (1, 19, 20, 21):
        monkeypatch.setattr(cells, "_LOOKED_AT", looked_at)
        assert date_formats(pl.Series(days)) == ["%d/%m/%Y"]
        assert date_formats(pl.Series([*days, "40/01/2000"])) == []


def test_moments_of_any_type_are_days() -> None:
    moments = [datetime.datetime(1969, 12, 31, 18), datetime.datetime(2000, 1, 1, 0, 0, 1)]
    for unit in ("us", "ms", "ns"):
        series = pl.Series(moments, dtype=pl.Datetime(unit))
        assert in_days(series).to_list() == pytest.approx(in_order(moments), abs=1e-9)
    assert in_days(pl.Series([moment.date() for moment in moments])).to_list() == [-1.0, 10957.0]


def test_the_calendar_is_that_of_datetime() -> None:
    draw = random.Random(0)
    ordinals = [1, 2, 719163, 719162, 3652059, *(draw.randrange(1, 3652060) for _ in range(300))]
    dates = [datetime.date.fromordinal(ordinal) for ordinal in ordinals]
    days = np.array([ordinal - 719163 + draw.random() * 0.99 for ordinal in ordinals])[:, None]
    year, angles = calendar(np.concatenate([days, np.full_like(days, nan), days[::-1]], axis=1))
    circle = 2 * np.pi
    lengths = [365 + (d.year % 4 == 0 and (d.year % 100 != 0 or d.year % 400 == 0)) for d in dates]
    parts: list[Any] = [
        [(d.month - 1) / 12 for d in dates],
        [d.weekday() / 7 for d in dates],
        [(d.timetuple().tm_yday - 1) / length for d, length in zip(dates, lengths, strict=True)],
    ]
    for j, part in enumerate(parts):
        np.testing.assert_allclose(angles[:, 3 * j], circle * np.array(part), atol=1e-12)
        np.testing.assert_allclose(angles[:, 3 * j + 2], circle * np.array(part)[::-1], atol=1e-12)
        assert np.isnan(angles[:, 3 * j + 1]).all()
    assert year[:, 0].tolist() == [d.year for d in dates] == year[::-1, 2].tolist() and np.isnan(year[:, 1]).all()
    wave = waves(angles)
    np.testing.assert_allclose(wave[:, 0], np.sin(angles[:, 0]))
    np.testing.assert_allclose(wave[:, 1], np.cos(angles[:, 0]))
    assert (wave[:, [2, 3, 8, 9]] == 0).all() and wave.shape == (305, 18)


def test_days_that_no_calendar_reaches_are_named() -> None:
    for sign in (1, -1):
        assert calendar(np.array([[sign * FARTHEST]]))[0].shape == (1, 1)
        far = np.array([[0.0, nan], [1.0, sign * (FARTHEST + 1)]])
        with pytest.raises(DataError, match=r"Received: -?1000000001\.0 in row 1 \(counted from 0\), date 1"):
            calendar(far)
    assert calendar(np.zeros((0, 1)))[0].shape == (0, 1)
