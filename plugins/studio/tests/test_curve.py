"""The curve of losses: its points and those of the ends of epochs, what is left out, and what a page does not know."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pellucid_studio.frames import FEW, Curve
from pellucid_studio.look import Look


def look(
    step: int, epoch: int = 0, *, loss: float | None = 9.0, totals: tuple[float, float] = (0.0, 0.0), record: Any = None
) -> Look:
    return Look(step, epoch, 0, loss, totals, record, np.zeros(1), (), None, None, (), (), 0.0)


def ended(loss: float, validation: float) -> dict[str, float]:
    return {"loss": loss, "validation_loss": validation}


def told(curve: Curve, known: tuple[int, int, int] = (0, 0, 0)) -> dict[str, Any]:
    return curve.since(*known)[0]


def test_the_validation_of_each_epoch_stands_at_the_first_look_after_its_end() -> None:
    curve = Curve()
    curve.add(look(3))
    assert "validation" not in told(curve)
    curve.add(look(12, 1, record=ended(2.0, 4.0)))
    curve.add(look(15, 1, record=ended(2.0, 4.0)))
    curve.add(look(22, 2, record=ended(1.0, 3.0)))
    curve.add(look(32, 3, record={"loss": 0.5}))
    curve.add(look(42, 4, record=ended(0.25, float("nan"))))
    assert told(curve)["validation"] == {"steps": [12, 22, 42], "loss": [4.0, 3.0, None]}


def test_a_curve_that_begins_with_a_trained_network_has_its_validation() -> None:
    curve = Curve()
    curve.add(look(50, 5, record=ended(2.0, 4.0)))
    assert told(curve) == {"from": 0, "steps": [50], "loss": [2.0], "validation": {"steps": [50], "loss": [4.0]}}


def test_a_page_is_told_of_both_curves_what_it_does_not_know() -> None:
    curve = Curve()
    curve.add(look(10, 1, record=ended(2.0, 4.0)))
    _, known = curve.since(0, 0)
    assert known == (0, 1, 1)
    assert curve.since(*known) == ({"from": 1, "steps": [], "loss": []}, known)
    curve.add(look(14, 1, totals=(2.0, 4.0), record=ended(2.0, 4.0)))
    new, known = curve.since(*known)
    assert new == {"from": 1, "steps": [14], "loss": [0.5]} and known == (0, 2, 1)
    curve.add(look(20, 2, record=ended(1.0, 3.0)))
    assert curve.since(*known) == (
        {"from": 2, "steps": [20], "loss": [1.0], "validation": {"steps": [20], "loss": [3.0]}}, (0, 3, 2),
    )  # fmt: skip
    assert told(curve, (1, 2, 1)) == told(curve)
    assert told(curve)["validation"] == {"steps": [10, 20], "loss": [4.0, 3.0]}


def test_of_too_many_points_every_second_one_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Curve, "MOST", 4)
    curve = Curve()
    for number in range(1, 5):
        curve.add(look(number, totals=(float(number**2), float(number))))
    assert told(curve)["steps"] == [1, 2, 3, 4] and told(curve)["loss"] == [9.0, 3.0, 5.0, 7.0]
    assert curve.version == 0
    curve.add(look(5, totals=(25.0, 5.0)))
    assert told(curve)["steps"] == [1, 3, 5] and told(curve)["loss"] == [9.0, 5.0, 9.0]
    assert curve.version == 1 and curve.since(0, 4)[0]["from"] == 0


def test_of_too_many_epochs_every_second_one_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Curve, "MOST", 4)
    curve = Curve()
    for epoch in range(1, 5):
        curve.add(look(7, epoch, record=ended(1.0, float(epoch))))
    assert told(curve)["validation"] == {"steps": [7, 7, 7, 7], "loss": [1.0, 2.0, 3.0, 4.0]} and curve.version == 0
    curve.add(look(7, 5, record=ended(1.0, 5.0)))
    assert told(curve)["validation"] == {"steps": [7, 7, 7], "loss": [1.0, 3.0, 5.0]} and curve.version == 1
    assert told(curve)["steps"] == [7]


@pytest.mark.parametrize(
    ("steps", "record", "loss"),
    [(1, 2.0, 9.0), (FEW - 1, 2.0, 9.0), (FEW, 2.0, 2.0), (FEW + 1, 2.0, 2.0), (FEW, None, 9.0)],
)
def test_the_first_look_of_an_epoch_shows_its_step_where_it_follows_closely_and_else_the_epoch_before(
    steps: int, record: float | None, loss: float
) -> None:
    curve = Curve()
    curve.add(look(10, 0, loss=1.0))
    curve.add(look(10 + steps, 1, totals=(30.0, 10.0), record=None if record is None else {"loss": record}))
    assert told(curve)["loss"] == [1.0, loss]


def test_without_new_rows_the_point_is_the_loss_of_its_step() -> None:
    curve = Curve()
    curve.add(look(1, totals=(8.0, 4.0), loss=2.0))
    curve.add(look(2, totals=(8.0, 4.0), loss=3.0))
    curve.add(look(3, totals=(9.0, 4.5), loss=5.0))
    assert told(curve)["loss"] == [2.0, 3.0, 2.0]


def test_what_has_no_loss_and_what_lies_behind_adds_no_point() -> None:
    curve = Curve()
    curve.add(look(0, loss=None))
    assert told(curve) == {"from": 0, "steps": [], "loss": []}
    curve.add(look(4))
    curve.add(look(4, loss=1.0))
    curve.add(look(3, loss=1.0))
    assert told(curve)["steps"] == [4]
    curve.add(look(5, totals=(float("inf"), 1.0)))
    assert told(curve)["loss"] == [9.0, None]
