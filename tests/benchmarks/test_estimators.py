"""The benchmark of the estimators lets both do the same work, and shows it."""

from __future__ import annotations

import pytest

from benchmarks import estimators


@pytest.mark.filterwarnings("ignore")
def test_everyone_has_a_turn() -> None:
    found = estimators.measured((8,), 2, rows=400, many=500, epochs=2, calls=3)
    assert set(found) == {"fit", "one row", "its probabilities", "many rows"}
    assert all(len(times) == 2 and min(times) > 0 for of in found.values() for times in of.values())
    machine = {"processor": "this", "cores": 2}
    text = estimators.as_markdown({"machine": machine, "cases": {"8": found}, "default": [2e-5, 3e-5]})
    assert "| 8 | one row | " in text and "25 µs, within the limit" in text


@pytest.mark.filterwarnings("ignore")
def test_both_learn_the_same() -> None:
    x, y = estimators.table(2_000)
    ours, theirs = (made.fit(x, y) for made in estimators.contestants((32,), epochs=30).values())
    assert ours.n_iter_ == theirs.n_iter_ == 30
    assert abs(ours.score(x, y) - theirs.score(x, y)) < 0.05
