"""Fixture for tests that read what stands in a figure, and do not look at it."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def unseen_figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures that are saved, as empty files: rendering takes longest, and the tests of single figures do it."""
    figure, figures = pytest.importorskip("matplotlib.figure").Figure, list[Any]()

    def empty(self: Any, file: Any, **named: Any) -> None:
        figures.append(self)
        file.write(b"\x89PNG")

    monkeypatch.setattr(figure, "savefig", empty)
    return figures
