"""Arrays and numbers as the page reads them."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import numpy as np

HostArray = np.ndarray[Any, Any]


def packed(array: Any) -> dict[str, Any]:
    """``{"shape", "type", "data"}``: little-endian bytes in base64, as float32, int32 or uint8."""
    array = np.asarray(array)
    kind = "u1" if array.dtype.kind in "b" or array.dtype == np.uint8 else "i4" if array.dtype.kind in "iu" else "f4"
    data = np.ascontiguousarray(array, f"<{kind}" if kind != "u1" else np.uint8)
    return {"shape": list(array.shape), "type": kind, "data": base64.b64encode(data.tobytes()).decode("ascii")}


def number(value: Any) -> float | None:
    """A number that JSON has a word for; None for what is infinite or not a number."""
    value = float(value)
    return value if math.isfinite(value) else None


def text_of(message: dict[str, Any]) -> str:
    """A message as JSON.

    Raises:
        ValueError: a number in it is infinite or not a number, which JSON has no word for.
    """
    return json.dumps(message, separators=(",", ":"), allow_nan=False)
