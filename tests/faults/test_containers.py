"""A few of the combinations that ``make faults`` tries all of."""

from __future__ import annotations

from tests.faults import containers


def test_every_container_in_every_place_with_every_kind_of_layer() -> None:
    assert containers.main(containers.SHORT, 0)
