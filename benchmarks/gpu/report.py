"""What a part says: results as lines that the command picks out of everything else that is printed."""

from __future__ import annotations

import json
from typing import Any

MARK = "RESULT "


def tell(**result: Any) -> None:
    """One result, at once: what comes later may fail."""
    print(MARK + json.dumps(result), flush=True)


def heard(line: str) -> dict[str, Any] | None:
    """The result in a line of output, if it holds one."""
    if not line.startswith(MARK):
        return None
    try:
        result = json.loads(line[len(MARK) :])
    except ValueError:
        return None
    return result if isinstance(result, dict) else None
