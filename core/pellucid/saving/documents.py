"""What a header holds beside arrays: JSON with NaN and infinity, of limited depth, the same when it is read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from pellucid.basics.errors import CheckpointError

MAX_DEPTH = 200
"""How deeply a document may be nested in lists and tables; configurations have a lower limit, 75 layers."""
MAX_NUMBERS = 1 << 20
"""In one array in a document, where each takes up to 25 bytes of text; arrays proper are kept as tensors."""
_HINT = "Look at the configuration and the metadata of the model, and at what callbacks return from state()."


def as_json(value: Any, where: str = "", depth: int = 1) -> Any:
    """A value in the types that JSON has, so that what is read again equals it.

    Numbers and arrays of NumPy's become Python's, tuples become lists.

    Raises:
        CheckpointError: there is something that JSON cannot hold, or would give back as something else.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, where)
    if isinstance(value, int):
        try:
            return int(str(int(value)))
        except ValueError as error:
            raise _refused(where, f"a number of {value.bit_length()} bits, more than Python writes") from error
    if isinstance(value, float):
        return float(value)
    if depth > MAX_DEPTH and isinstance(value, Mapping | list | tuple | np.ndarray):
        raise _refused(where, f"tables and lists nested more than {MAX_DEPTH} deep; at most so many are read again")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise _refused(where, f"a table with the key {key!r:.80} ({type(key).__name__}); keys are texts")
        return {_text(key, where): as_json(item, f"{where}.{key}", depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item, f"{where}.{i}", depth + 1) for i, item in enumerate(value)]
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufU":
        if value.dtype.itemsize > 8 and value.dtype.kind == "f":
            raise _refused(where, f"a number of type {value.dtype}, of which digits would be lost")
        if value.size > MAX_NUMBERS:
            raise _refused(where, f"an array of {value.size:,} numbers, too many for the header of a file")
        plain = value.dtype.kind != "U" and depth + value.ndim <= MAX_DEPTH  # nothing in it need be looked at
        return value.tolist() if plain else as_json(value.tolist(), where, depth)
    raise _refused(where, f"{value!r:.80} ({type(value).__name__})")


def _text(value: str, where: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _refused(where, f"{value!r:.80}, which is no Unicode text") from error
    return str.__str__(value)


def _refused(where: str, what: str) -> CheckpointError:
    place = f" at {where.lstrip('.'):.80}" if where else ""
    return CheckpointError(
        f"A file can hold numbers, texts, truth values, None, and lists and tables of these. Received: {what}{place}. "
        f"{_HINT}"
    )


def to_text(facts: Any, **form: Any) -> str:
    """Facts as JSON, in which NaN and infinity stay what they are; of what :func:`as_json` gave, or a file."""
    return json.dumps(facts, **form)


def parse(text: str | bytes) -> Any:
    """What a JSON text says.

    Raises:
        ValueError: it is none, nested deeper than what is written, or holds texts that are no Unicode.
    """
    try:
        text = text if isinstance(text, str) else text.decode()
        parsed = json.loads(text)
        _check(parsed, escapes="\\u" in text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return parsed


def _check(parsed: Any, *, escapes: bool) -> None:
    """Level by level, as a header may hold millions of items; an escape may stand for half a character."""
    level = [parsed]
    for _ in range(MAX_DEPTH + 2):  # the document is one deeper than what is in it
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif escapes and isinstance(value, str):
                value.encode()
        if not below:
            return
        level = below
    raise ValueError("nested too deeply")
