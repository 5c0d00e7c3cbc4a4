"""The short form of the mutants."""

from __future__ import annotations

from tests.faults import mutants


def test_no_mutant_gives_anything_but_what_was_saved_or_one_error() -> None:
    assert "refused" in mutants.main(mutants.SHORT, 0)
