"""JSON that every program can read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from pellucid.saving.files import to_json


def test_what_is_not_finite_becomes_null() -> None:
    text = to_json({"a": [float("nan"), 1.5], 2: (float("-inf"), np.float64("nan")), "path": Path("x")})
    assert json.loads(text) == {"a": [None, 1.5], "2": [None, None], "path": "x"}
