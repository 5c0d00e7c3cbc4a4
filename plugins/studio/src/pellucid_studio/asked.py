"""What pages may ask: every message is read here, with its types, sizes and bounds; all else is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, NamedTuple

MOST_BYTES = 512 * 1024
"""Of a message or of a body of JSON: 2,000 points and a large network."""
MOST_LEVELS = 40
MOST_VALUES = 60
"""Values of a view's controls."""
Check = Callable[[Any], bool]


class Refused(ValueError):
    """A message that is none; the text says why."""


class Asked(NamedTuple):
    """A message that was read.

    Attributes:
        do: what is to be done.
        given: the rest, each of its type and within its bounds.
    """

    do: str
    given: dict[str, Any]


def is_int(low: int, high: int) -> Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def is_number(low: float, high: float) -> Check:
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and low <= value <= high
    )


def is_text(most: int) -> Check:
    return lambda value: isinstance(value, str) and len(value) <= most


def is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def is_table(value: Any) -> bool:
    return isinstance(value, dict)


def one_of(*values: Any) -> Check:
    return lambda value: any(value is each or (type(value) is type(each) and value == each) for each in values)


def either(*checks: Check) -> Check:
    return lambda value: any(check(value) for check in checks)


def _is_values(value: Any) -> bool:
    return isinstance(value, dict) and len(value) <= MOST_VALUES and all(len(key) <= 100 for key in value)


RUN = either(is_int(0, 1_000), one_of("live"))
MESSAGES: dict[str, dict[str, tuple[Check, bool]]] = {
    "build": {"sections": (is_table, True)},
    **{do: {} for do in ("train", "pause", "step", "reset", "sample", "open", "ping")},
    "speed": {"steps": (either(one_of(None), is_number(0.1, 1e6)), True)},
    "watch": {"surface": (is_bool, False), "units": (is_bool, False), "every": (is_int(1, 60), False),
              "sample": (is_int(0, 1_000_000), False)},
    "view": {"id": (is_int(0, 1 << 31), True), "view": (is_text(100), True), "run": (RUN, True),
             "values": (_is_values, True)},
    "leave": {"id": (is_int(0, 1 << 31), True)},
}  # fmt: skip
"""What a message may hold beside ``do``: the check of each key, and whether it must be there."""


def read_message(text: Any) -> Asked:
    """A message of a page.

    Raises:
        Refused: no JSON, too long, too deep, no such message, or another key or value than it may hold.
    """
    table = read_table(text)
    do = table.pop("do", None)
    if not isinstance(do, str) or do not in MESSAGES:
        raise Refused(f"'do' must be one of {', '.join(MESSAGES)}.")
    return Asked(do, checked(table, MESSAGES[do], do))


def read_table(text: Any) -> dict[str, Any]:
    """A JSON object.

    Raises:
        Refused: it is none, or longer or deeper than any that is meant.
    """
    if not isinstance(text, str | bytes) or len(text) > MOST_BYTES:
        raise Refused(f"expected a JSON object of at most {MOST_BYTES:,} bytes.")
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused("expected a JSON object.") from None
    if not isinstance(value, dict):
        raise Refused("expected a JSON object.")
    _check_values(value)
    return value


def checked(table: dict[str, Any], wanted: dict[str, tuple[Check, bool]], where: str) -> dict[str, Any]:
    """The table, if it holds what it must and nothing that it may not.

    Raises:
        Refused: otherwise.
    """
    for key, value in table.items():
        if key not in wanted:
            raise Refused(f"{where}: no such key: {key[:40]!r}. Allowed: {', '.join(wanted) or 'none'}.")
        if not wanted[key][0](value):
            raise Refused(f"{where}: the value of {key!r} is of the wrong type or out of its bounds.")
    for key, (_, needed) in wanted.items():
        if needed and key not in table:
            raise Refused(f"{where}: {key!r} is missing.")
    return table


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _check_values(value: Any) -> None:
    """Raise Refused where tables stand too deep in each other, a number is too large, or a text is no Unicode."""
    values: list[tuple[int, Any]] = [(0, value)]
    while values:
        level, value = values.pop()
        if level > MOST_LEVELS:
            raise Refused(f"more than {MOST_LEVELS} levels of lists or tables in each other.")
        if isinstance(value, dict):
            values += [(level + 1, each) for item in value.items() for each in item]
        elif isinstance(value, list):
            values += [(level + 1, item) for item in value]
        elif isinstance(value, int) and abs(value) > 1 << 53:
            raise Refused("a whole number of more than 53 bits.")
        elif isinstance(value, float) and not math.isfinite(value):
            raise Refused("a number that is not finite.")
        elif isinstance(value, str) and ("\0" in value or any(0xD800 <= ord(c) < 0xE000 for c in value)):
            raise Refused("a text with a character that no text has.")
