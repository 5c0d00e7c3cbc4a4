"""The benchmark of the recorder measures what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from pellucid.glassbox.flight.recording import Recording

from benchmarks import recorder


def test_everyone_has_a_turn_and_the_recorders_record(tmp_path: Path) -> None:
    found = recorder.measured(2, "sgd", tmp_path, steps=4, epochs=3)
    assert list(found) == list(recorder.WITH) and all(len(times) == 2 and min(times) > 0 for times in found.values())
    assert len(Recording(tmp_path / "1")) == 3 and len(Recording(tmp_path / "2")) == 36


def test_a_ratio_has_an_interval() -> None:
    value, low, high = recorder.ratio([2.0, 2.2, 2.4], [1.0, 1.0, 1.0])
    assert value == pytest.approx(2.2) and low <= value <= high
