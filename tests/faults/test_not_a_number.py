"""The short form of tests/faults/not_a_number.py."""

from __future__ import annotations

from tests.faults import not_a_number


def test_none_is_saved_and_all_are_told() -> None:
    not_a_number.main(not_a_number.SHORT, seed=0)
