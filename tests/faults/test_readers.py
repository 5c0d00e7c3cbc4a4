"""The short form: loads while two processes save, and while one copies."""

from __future__ import annotations

from tests.faults import readers


def test_a_load_is_complete_or_told_that_the_file_is_being_written() -> None:
    assert "no signal" in readers.main(readers.SHORT, 0)
