"""Sweeps that are killed, in short form and, among the slow tests, fifty times; also: python -m tests.faults sweeps."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")


def test_the_short_form() -> None:
    from tests.faults import sweeps

    sweeps.main(sweeps.SHORT, 0)


@pytest.mark.slow
def test_fifty_kills() -> None:
    from tests.faults import sweeps

    said = sweeps.main(sweeps.COUNT, 1)
    assert f"sweep killed {sweeps.COUNT} times" in said and "search killed" in said
