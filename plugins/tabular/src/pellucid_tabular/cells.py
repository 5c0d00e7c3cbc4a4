"""What the text of a cell means: marks of missing values, numbers as people write them, dates, yes and no."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

from pellucid_tabular.slow import pl

MARKS = (
    "", "?", "-", "--", ".", "NA", "N/A", "na", "n/a", "n.a.", "N.A.", "#N/A", "#NA", "<NA>", "nan", "NaN", "NAN",
    "-nan", "NaT", "null", "Null", "NULL", "None", "none", "NONE", "missing", "Missing", "MISSING", "\\N",
)  # fmt: skip
"""Texts that stand for a value that is not there, if nothing else is said."""

TRUTHS = (
    ("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y"), ("off", "on"), (".false.", ".true."),
    ("falsch", "wahr"), ("nein", "ja"), ("non", "oui"), ("faux", "vrai"),
)  # fmt: skip
"""Pairs of words for no and yes, in small letters: a column that holds both words of a pair and no other is of truth
values."""

WHOLE = r"^[+-]?\d+$"
CODE = r"^[+-]?0\d+$"
"""A number that loses something as such: the zeros in front."""

NUMBERS = {
    "0.5": r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$",
    "0,5": r"^[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?$",
    "1,234.5": r"^[+-]?(\d+|[1-9]\d{0,2}(,\d{3})+)(\.\d*)?$",
    "1.234,5": r"^[+-]?(\d+|[1-9]\d{0,2}(\.\d{3})+)(,\d*)?$",
    "1 234.5": r"^[+-]?(\d+|[1-9]\d{0,2}([ \u00a0\u202f]\d{3})+)(\.\d*)?$",
    "1 234,5": r"^[+-]?(\d+|[1-9]\d{0,2}([ \u00a0\u202f]\d{3})+)(,\d*)?$",
    "1'234.5": r"^[+-]?(\d+|[1-9]\d{0,2}(['’]\d{3})+)(\.\d*)?$",
}
"""Ways to write numbers, each called by an example, and what they look like."""
INFINITE = r"^[+-]?[iI](nf|NF)(inity|INITY)?$"
"""Among numbers, in whatever way these are written, this is one, too: one that no network can take."""

_DAYS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y",
    "%d-%b-%Y", "%b %d, %Y", "%b %d %Y", "%d %B %Y", "%B %d, %Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%b-%y",
    "%d-%m-%y", "%m-%d-%y", "%a %b %d %Y",
)  # fmt: skip
_TIMES = ("", "%H:%M", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p", "%H:%M:%S%.f%#z")
_LIKE_DATE = r"^(\w{3},? )?(\d{1,4}|[A-Za-z]{3,9})[-/. ](\d{1,2}|[A-Za-z]{3,9})[-/., ]+\d{2,4}(\D.*)?$"
_MICROSECONDS = 86_400_000_000
"""Of a day."""
_LOOKED_AT = 500
"""Different texts by which formats are ruled out before all are parsed."""


def marks_of(missing: Sequence[str], not_missing: Sequence[str]) -> tuple[str, ...] | None:
    """The usual marks with some more and without some; None: the usual ones."""
    usual = tuple(mark for mark in MARKS if mark not in not_missing or not mark)
    return (*usual, *missing) if missing or not_missing else None


def cleaned(texts: pl.Series, missing: Sequence[str] | None = None) -> pl.Series:
    """The texts without spaces around them, and null where one stands for a missing value."""
    marks = pl.Series(list(MARKS if missing is None else missing), dtype=pl.String)
    texts = texts.str.strip_chars()
    return texts.set(texts.is_in(marks.implode()), None)


def canonical(text: str) -> str:
    """A number as it is written shortest, ``"3"`` for 3.0 and 3.00, ``"03"`` for itself: frames hold either."""
    if re.match(CODE, text) or not re.match(NUMBERS["0.5"], text):
        return text
    value = float(text)
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


# -- numbers ---------------------------------------------------------------------------------------------------------


def as_numbers(texts: pl.Series, written: str = "0.5") -> pl.Series:
    """Float64, null where a text is none or no number that is written so."""
    if written != "0.5":
        texts = texts.set(~texts.str.contains(f"{NUMBERS[written]}|{INFINITE}"), None)
        if len(written) > len("0.5"):
            texts = texts.str.replace_all("[" + {" ": " \u00a0\u202f", "'": "'’"}.get(written[1], written[1]) + "]", "")
        if written[-2] == ",":
            texts = texts.str.replace(",", ".", literal=True)
    return texts.cast(pl.Float64, strict=False)


def ways_of_writing(texts: pl.Series, rows: pl.Series, decimal: str | None = None) -> dict[str, int]:
    """In which ways the most of these texts are numbers, and in how many rows; the plain one alone where it does.
    Beside numbers infinite ones count.

    Args:
        texts, rows: different texts, none null, and how many rows hold each.
        decimal: the sign that is known to stand before decimals.
    """

    def holding(written: str) -> int:
        return int(rows.filter(texts.str.contains(NUMBERS[written])).sum())

    plain = holding("0.5") if decimal != "," else 0
    found = {"0.5": plain} if plain else {}
    infinite = int(rows.filter(texts.str.contains(INFINITE)).sum()) if plain < int(rows.sum()) else 0
    if plain + infinite < int(rows.sum()):
        for written in NUMBERS:
            if written != "0.5" and decimal in (None, written[-2]) and (count := holding(written)) > plain:
                found[written] = count
    best = max(found.values(), default=0)
    return {written: count + infinite for written, count in found.items() if count == best}


# -- dates -----------------------------------------------------------------------------------------------------------


def date_formats(texts: pl.Series) -> list[str]:
    """All formats by which every one of these texts, none null, is a date or a date with a time of day."""
    if not len(texts) or not texts.str.contains(_LIKE_DATE).all():
        return []
    some = texts.unique(maintain_order=True).head(_LOOKED_AT)
    joints = ("T", " ", ", ") if some.str.contains(":", literal=True).any() else ("",)
    found = []
    for day, (joint, time) in product(_DAYS, [(j, t) for j in joints for t in _TIMES if bool(j) == bool(t)]):
        written = day + joint + time
        if not as_days(some, written).null_count() and not as_days(texts, written).null_count():
            found.append(written)
    short = [written for written in found if "%y" in written]
    return [written for written in found if written not in short] or short  # 1/2/2003 is no date of the year 20


def as_days(texts: pl.Series, written: str) -> pl.Series:
    """Days since 1970-01-01 as Float64, the time of day as a fraction; null where a text is no such date."""
    zone = "z" in written.rpartition("%")[2]
    moments = texts.str.to_datetime(
        written, strict=False, exact=True, time_unit="us", time_zone="UTC" if zone else None
    )
    days = in_days(moments)
    if "%Y" in written:  # of four digits, and no year 20 for 2/3/20
        days = days.set(~texts.str.contains(r"(^|\D)\d{4}(\D|$)"), None)
    return days


def in_days(moments: pl.Series) -> pl.Series:
    """Moments or dates of polars' as days since 1970-01-01."""
    if moments.dtype == pl.Date:
        return moments.cast(pl.Int32).cast(pl.Float64)
    return moments.cast(pl.Datetime("us")).cast(pl.Int64).cast(pl.Float64) / _MICROSECONDS


# -- truth values ----------------------------------------------------------------------------------------------------


def truth_words(texts: Sequence[str]) -> tuple[str, str] | None:
    """The two different texts as (no, yes), if that is what they say in one of the languages."""
    low = sorted(texts, key=str.lower)
    for no, yes in TRUTHS:
        if {text.lower() for text in texts} == {no, yes} and len(texts) == 2:
            return (low[0], low[1]) if low[0].lower() == no else (low[1], low[0])
    return None
