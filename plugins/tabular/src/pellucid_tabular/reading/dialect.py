"""How a text is divided into fields: separator, quotes, comments; found out from its first lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pellucid import DataError

from pellucid_tabular.cells import MARKS, NUMBERS

SEPARATORS = (",", ";", "\t", "|", " ")
"""A space stands for runs of spaces and tabs."""
SAID = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "spaces"}
COMMENTS = ("#", "%", "//")
_SAMPLE = 1 << 18
"""Bytes that are looked at."""
_LINES = 500
_AS_SEEN = 0.25
_NUMBER = re.compile("|".join(pattern.strip("^$") for pattern in NUMBERS.values()))


@dataclass(frozen=True)
class Dialect:
    """
    Attributes:
        separator: one of :data:`SEPARATORS`, or another character.
        quote: ``'"'``, ``"'"``, or empty: there is none.
        comment: what lines that are no rows begin with; empty: there are none.
        why: how the separator was found out.
    """

    separator: str
    quote: str
    comment: str
    why: str


def find_dialect(data: bytes, separator: str | None, quote: str | None, comment: str | None) -> Dialect:
    """What fits the first lines best; None finds out.

    The separator is the one that divides most lines into equally many fields, more than one, and leaves fields without
    another separator in them; if none does so to most lines, the table has a single column.
    """
    lines = _first_lines(data)
    if comment is None:
        comment = _comment(lines)
    if comment:
        lines = [line for line in lines if not line.startswith(comment)]
    quotes = ('"', "'", "") if quote is None else (quote,)
    separators = SEPARATORS if separator is None else (separator,)
    best: tuple[tuple[float, ...], str, str, int, float] | None = None
    for each in separators:
        seen = [q for q in quotes if not q or quote is not None or _opens(lines, each, q)]
        for q in seen:
            score, fields = _score(lines, each, q)
            share = score[0]
            if not q and len(seen) > 1:  # they are meant, unless rows come out far better without
                score = (score[0] - _AS_SEEN, *score[1:])
            if best is None or score > best[0]:
                best = (score, each, q, fields, share)
    assert best is not None
    _, found, q, fields, share = best
    if separator is not None:
        return Dialect(separator, q, comment, "said by the user")
    if fields < 2 or share < 0.5:
        single = next((each for each in quotes if not each or _opens(lines, ",", each)), "")
        unused = next((s for s in ("\t", "|", ";", ",") if all(s not in line for line in lines)), ",")
        return Dialect(unused, single, comment, "no separator divides the lines into equally many fields: one column")
    return Dialect(found, q, comment, f"it divides {share:.0%} of the first lines into {fields} fields")


def split_lines(text: str, separator: str, quote: str) -> Iterator[list[str]]:
    """Fields without spaces around them, by Python's own reader: for the first lines."""
    if separator == " ":
        text, separator = one_separator(text.encode(), quote).decode(), "\t"
    settings = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE, "quotechar": None}
    reader = csv.reader(text.split("\n"), delimiter=separator, skipinitialspace=True, **settings)
    rows = iter(reader)
    while True:
        try:
            fields = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(f"Line {reader.line_num} is no row of a table: {error}.") from error
        if any(field.strip() for field in fields):
            yield [field.strip() for field in fields]


def one_separator(data: bytes, quote: str) -> bytes:
    """Runs of spaces and tabs as one tab each, and none at the ends of lines; those within quotes stay."""
    data = re.sub(rb"(?m)^[ \t]+|[ \t]+$", b"", data)
    if not quote or quote.encode() not in data:
        return re.sub(rb"[ \t]+", b"\t", data)
    q = re.escape(quote.encode())
    return re.sub(rb"(%b[^%b]*%b)|[ \t]+" % (q, q, q), lambda found: found[1] or b"\t", data)


def no_spaces_before_quotes(data: bytes, separator: str, quote: str) -> bytes:
    """A field that is quoted begins with its quote: what a separator and spaces precede is no part of it."""
    s, q = re.escape(separator.encode()), re.escape(quote.encode())
    if not quote or not re.search(rb"(?m)(^|%b) +%b" % (s, q), data):
        return data
    return re.sub(rb"(%b[^%b]*%b)|(?m:^|(?<=%b)) +(?=%b)" % (q, q, q, s, q), rb"\1", data)


def _first_lines(data: bytes) -> list[str]:
    sample = data[:_SAMPLE]
    if len(data) > _SAMPLE:
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    lines = [line for line in sample.decode(errors="replace").split("\n") if line.strip()]
    return lines[:_LINES]


def _comment(lines: list[str]) -> str:
    """What the first line begins with, if it is a mark of comments; not if every line does."""
    for mark in COMMENTS:
        if lines and lines[0].startswith(mark) and not all(line.startswith(mark) for line in lines):
            return mark
    return ""


def _opens(lines: list[str], separator: str, quote: str) -> bool:
    """Whether a field begins and ends with this quote."""
    s = "[ \t]" if separator == " " else re.escape(separator)
    q = re.escape(quote)
    quoted = re.compile(rf"(?m)(^|{s})[ \t]*{q}(?:[^{q}]|{q}{q})*{q}[ \t]*({s}|$)")
    texts = ["\n".join(lines)] if quote == '"' else lines  # an apostrophe is seldom closed in another line
    return any(quoted.search(text) for text in texts)


def _score(lines: list[str], separator: str, quote: str) -> tuple[tuple[float, ...], int]:
    """((share of rows of equally many fields, share of fields without another separator), fields)."""
    try:
        rows = list(split_lines("\n".join(lines), separator, quote))
    except DataError:
        return (0.0, 0.0, 0.0), 0
    counts = Counter(len(row) for row in rows[1:] or rows)
    fields, often = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    if fields < 2:
        return (0.0, 0.0, float(bool(quote))), fields
    cells = [cell for row in rows for cell in row if len(row) == fields]
    return (often / len(rows[1:] or rows), sum(map(_clean, cells)) / max(len(cells), 1), float(bool(quote))), fields


def _clean(cell: str) -> bool:
    if cell in MARKS or _NUMBER.fullmatch(cell):
        return True
    return not any(separator in cell for separator in SEPARATORS[:-1]) and cell[:1] not in ("'", '"')
