"""For tests that read what stands in a figure, and do not look at it: ``unseen_figures``, and figures as lines of text
(``tests/told_figures.py``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.told_figures import told

Figures = Mapping[str, Callable[[Path], object]]
"""Names of figures -> what draws them into a file."""


@contextmanager
def unrendered() -> Iterator[list[Any]]:
    """The figures that are saved, as empty files: rendering takes longest, and the tests of single figures do it."""
    figures = list[Any]()

    def empty(self: Any, file: Any, **named: Any) -> None:
        figures.append(self)
        file.write(b"\x89PNG")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytest.importorskip("matplotlib.figure").Figure, "savefig", empty)
        yield figures


@pytest.fixture
def unseen_figures() -> Iterator[list[Any]]:
    with unrendered() as figures:
        yield figures


def lines_of(draw: Callable[[Path], object], folder: Path) -> list[str]:
    """What stands in the one figure that is drawn."""
    with unrendered() as figures:
        assert not draw(folder / "figure.png"), "it says why there is no figure"
    (figure,) = figures
    return told(figure)


def write(figures: Figures, approved: Path, folder: Path) -> None:
    """The texts of figures anew, and pictures of them to look at before one believes a text."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in figures.items():
        (approved / f"{name}.txt").write_text("\n".join(lines_of(draw, folder)) + "\n", encoding="utf-8")
        draw(folder / f"{name}.png")
