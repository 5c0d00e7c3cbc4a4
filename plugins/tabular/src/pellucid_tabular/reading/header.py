"""Whether the first row holds the names of the columns, found out by what stands below it; and the names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pellucid import DataError, listed

from pellucid_tabular.cells import MARKS, NUMBERS

_NUMBER = re.compile("|".join(f"(?:{pattern.strip('^$')})" for pattern in NUMBERS.values()))
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]\d.*)?")
_NAMELESS = re.compile(r"|Unnamed: \d+")
"""The second is what pandas calls a column without a name."""


def has_names(
    first: Sequence[str], below: Sequence[Sequence[str]], known: Sequence[str] | None, where: str
) -> tuple[bool, str]:
    """Whether the first row holds names, and why that was decided.

    A word above numbers or dates is a name. A number above numbers is a value if it lies among them; if none does, or
    they count 0, 1, 2, …, the numbers are names. A word that returns in its column is a value, if nothing speaks for
    names.

    Args:
        first, below: the first row, and those that follow, as many as are looked at.
        known: names of columns that are known from another table.

    Raises:
        DataError: it may be either: a word stands above numbers, and a number among its like.
    """
    if known and len(set(known) & set(first)) >= max(1, len(known) - 1):
        return True, "it holds the names that are known"
    if not below:
        only = all(text and not _is_value(text) for text in first)
        return only, "it is the only row, and holds " + ("words" if only else "values")
    words: list[str] = []
    numbers_in: list[str] = []
    numbers_out: list[str] = []
    returns = 0
    for i, text in enumerate(first):
        column = [row[i] for row in below if i < len(row) and row[i] not in MARKS]
        are_values = sum(map(_is_value, column))
        if text in MARKS:
            continue
        if _is_value(text):
            value = _value(text)
            others = [number for number in map(_value, column) if number is not None]
            inside = value is None or not others or min(others) <= value <= max(others)
            (numbers_in if inside and column else numbers_out).append(text)
        elif column and are_values >= 0.9 * len(column):
            words.append(text)
        else:
            returns += text in column
    said = [text for text in first if text]
    if len(said) > 2 and _counted(said, first):
        return True, "its numbers count the columns"
    if words and numbers_in:
        if len(numbers_in) == 1 and len(words) > 2:
            return True, f"words such as {words[0]!r} stand above numbers"
        raise DataError(
            f"{where}, column '{words[0]}': expected names of columns or values. Received what may be either: "
            f"{listed(first)}. '{words[0]}' stands above numbers, '{numbers_in[0]}' among its like. Say which: "
            "header = true or header = false."
        )
    if words:
        return True, f"words such as {words[0]!r} stand above numbers"
    if numbers_in:
        return False, f"{numbers_in[0]!r} stands among values of its like"
    if numbers_out:
        names = len(numbers_out) > 1 and len(set(numbers_out)) == len(numbers_out) and not returns
        whole = all(re.fullmatch(r"[+-]?\d+", text) for text in numbers_out)
        if names and whole:
            return True, f"its numbers, such as {numbers_out[0]}, lie outside of what stands below them"
        return False, f"{numbers_out[0]!r} is a number, as what stands below it"
    if returns:
        return False, "its words return below"
    return True, "its words do not return below"


def names_of(first: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names of columns from a row of names, each of its own; and what was changed, in words.

    A column without a name is called by its number; of two with one name the second is called ``name.1``.
    """
    names: dict[str, None] = {}  # a list takes the square of the time
    said = []
    for i, text in enumerate(first):
        name, more = text if text else str(i), 0
        while name in names:
            more += 1
            name = f"{text or i}.{more}"
        if text and name != text:
            said.append(f"column {i} is called {name!r}, as there is another {text!r}")
        names[name] = None
    return list(names), said


def is_nameless(text: str) -> bool:
    return bool(_NAMELESS.fullmatch(text))


def _counted(said: Sequence[str], first: Sequence[str]) -> bool:
    """Whether numbers follow each other: 0, 1, 2 or 1990, 1991, …; a number in front of them may be missing."""
    if not all(re.fullmatch(r"\d{1,9}", text) for text in said):
        return False
    numbers = [int(text) for text in said]
    return (
        numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        and (numbers[0] in (0, 1) or numbers[0] > 1000)
        and len(first) - len(said) <= 1
    )


def _is_value(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text) or _DATE.fullmatch(text))


def _value(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return float(text)
    except ValueError:
        return (
            float(re.sub(r"[^\d,.eE+-]", "", text).replace(",", "."))
            if text.count(",") + text.count(".") == 1
            else None
        )
