"""The short form: a few kills, saves side by side, refused calls of the system."""

from __future__ import annotations

from tests.faults import writers


def test_a_file_is_whole_and_what_is_said_of_it_is_true() -> None:
    assert "none failed" in writers.main(writers.SHORT, 0)
