"""The short form of what asks for too much."""

from __future__ import annotations

from tests.faults import limits


def test_what_asks_for_too_much_is_refused_at_once() -> None:
    assert "refused" in limits.main(limits.SHORT, seed=0)
