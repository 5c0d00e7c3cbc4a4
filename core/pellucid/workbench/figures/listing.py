"""Drawn: which figures were written, and why others were not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Drawn:
    """What came of drawing.

    Attributes:
        files: what was written.
        left_out: names of files that were not, each with the reason.
    """

    files: tuple[Path, ...]
    left_out: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        return {"drawn": [str(file) for file in self.files], "not_drawn": dict(self.left_out)}

    def __str__(self) -> str:
        names = ", ".join(file.name for file in self.files)
        first = f"figures in {self.files[0].parent}: {names}" if names else "no figure was drawn"
        return "\n".join([first, *(f"  {name} is not drawn: {why}." for name, why in self.left_out.items())])
