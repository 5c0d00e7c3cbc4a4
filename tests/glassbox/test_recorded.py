"""What is recorded of small steps, explained and put on a page, is what was looked through line by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.glassbox.recorded import STEPS, WAYS, written


def parts(text: str) -> dict[str, list[str]]:
    """The lines of each step by its name."""
    return {part.split("\n", 1)[0]: part.splitlines()[1:] for part in text.split("== ")[1:]}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_what_was_looked_through(way: str) -> None:
    held, now = parts(Path(__file__).with_name(f"{way}.txt").read_text(encoding="utf-8")), parts(written(way))
    for step in STEPS:
        assert now[step.__name__] == held[step.__name__], "If this is meant: python -m tests.glassbox.recorded"
