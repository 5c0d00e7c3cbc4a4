"""JSON that every program can read: without NaN and infinity, which JSON does not have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any


def plain(value: Any) -> Any:
    """A value as strict JSON has it: NaN and infinity become null."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def to_json(value: Any, *, indent: int | None = None) -> str:
    """A value as a JSON text; what JSON does not know, such as a path, becomes its own text."""
    return json.dumps(plain(value), ensure_ascii=False, indent=indent, default=str, allow_nan=False)
