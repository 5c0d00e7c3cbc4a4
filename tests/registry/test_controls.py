"""The controls of every view, for the models that it is tried on: their names, bounds and where they stand at first.

A slider that begins elsewhere or goes further shows something else to everybody, and no figure that a test could hold
against it. Whoever means it writes the list anew: ``python -m tests.registry.test_controls``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from pellucid.registry.registry import default_registry

from tests.registry.lists import ours, write, written

LIST = Path(__file__).with_name("controls.txt")


def controls() -> Iterator[str]:
    """``view vendor/name N: Control(field=value, …), …``, N counting the models that it is tried on."""
    for entry in ours("view"):
        view: Any = default_registry().load(entry)()
        for number, opened in enumerate(view.tried_on()):
            yield f"view {entry.name} {number}: {', '.join(map(_told, view.controls(opened)))}"


def _told(control: Any) -> str:
    given = (f"{field.name}={_plain(getattr(control, field.name))}" for field in fields(control))
    return f"{type(control).__name__}({', '.join(given)})"


def _plain(value: Any) -> str:
    """Arrays by their shapes, and numbers as far as every machine has the same."""
    if isinstance(value, np.ndarray):
        return f"array{value.shape}"
    if isinstance(value, float | np.floating):
        return f"{value:.3g}"
    if isinstance(value, list | tuple):
        shown = ", ".join(map(_plain, value[:3])) + (f", … {len(value)}" if len(value) > 3 else "")
        return f"[{shown}]"
    return repr(value)


def test_every_control_is_as_written() -> None:
    expected, found = written(LIST), list(controls())
    assert len(found) > 10
    assert found == expected, f"If this is meant: python -m {__name__}"


if __name__ == "__main__":
    write(LIST, controls())
