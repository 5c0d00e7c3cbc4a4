"""Schedules at known points, against another way to write them, without a plan and beyond it, and in a run."""

from __future__ import annotations

from math import cos, log, pi
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError, PellucidWarning
from pellucid.standard.schedules.constant import Constant, ScaledRate
from pellucid.standard.schedules.cosine import Cosine
from pellucid.standard.schedules.exponential import ExponentialRate
from pellucid.standard.schedules.inverse_time import InverseTime
from pellucid.standard.schedules.linear import LinearRate
from pellucid.standard.schedules.one_cycle import OneCycle
from pellucid.standard.schedules.step import StepRate
from pellucid.standard.schedules.warmup import Warmup


def of(schedule: Any, steps: Any, total: int = 12) -> list[float]:
    return [schedule(step, total) for step in steps]


def test_inverse_time() -> None:
    assert of(InverseTime(0.5), (0, 1, 2, 8)) == pytest.approx([1, 2 / 3, 1 / 2, 1 / 5])
    assert of(InverseTime(1.0, every=10), (0, 10, 25)) == pytest.approx([1, 1 / 2, 1 / 3.5])
    assert of(InverseTime(0.5), (0, 8), total=0) == pytest.approx([1, 1 / 5])  # it needs no plan


def test_step() -> None:
    assert of(StepRate(), (0, 5, 6, 8, 9, 99)) == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])
    assert of(StepRate(0.5, every=3), (0, 2, 3, 5, 6, 60)) == pytest.approx([1, 1, 0.5, 0.5, 0.25, 0.5**20])
    assert of(StepRate(at=[0.25], steps=8), (1, 2, 7)) == pytest.approx([1, 0.1, 0.1])
    assert of(StepRate(0.5, every=3), (6,), total=0) == [0.25]
    assert of(StepRate(at=[0.07]), (6, 7), total=100) == [1, 0.1]  # 0.07 · 100 is more than 7, as it is rounded
    assert all(StepRate(at=[k / n])(k, n) == 0.1 for n in (10, 97, 1000, 60_000) for k in range(1, n, 1 + n // 97))


def test_exponential_falls_evenly_on_a_logarithmic_scale() -> None:
    falls = np.diff([log(ExponentialRate(0.01)(step, 12)) for step in range(20)])
    np.testing.assert_allclose(falls, log(0.01) / 12, rtol=1e-12)
    assert of(ExponentialRate(0.9, steps=1), (0, 1, 7)) == pytest.approx([1, 0.9, 0.9**7])


def test_linear() -> None:
    assert of(LinearRate(), (0, 3, 12, 99)) == pytest.approx([1, 0.75, 0, 0])
    assert of(LinearRate(start=0.25, final=1.0, steps=3), (0, 1, 3, 9)) == pytest.approx([0.25, 0.5, 1, 1])


def test_one_cycle_rises_and_falls_along_two_cosines() -> None:
    schedule = OneCycle(rise=0.25, start=0.04, final=0.001)
    expected = [0.04 + 0.96 * (1 - cos(pi * s / 3)) / 2 for s in range(3)]
    expected += [0.001 + 0.999 * (1 + cos(pi * (s - 3) / 9)) / 2 for s in range(3, 13)]
    assert of(schedule, range(13)) == pytest.approx(expected, rel=1e-12)
    assert schedule(3, 12) == 1.0 and schedule(50, 12) == pytest.approx(0.001)


def test_a_warm_up_before_a_cosine_is_the_cosine_with_a_warm_up() -> None:
    around, own = Warmup(4, Cosine(final=0.1)), Cosine(warmup=4, final=0.1)
    assert of(around, range(20)) == of(own, range(20))
    given, same = Warmup(4, Cosine(steps=8)), Cosine(warmup=4, steps=12)
    assert of(given, range(12), total=999) == of(same, range(12), total=999)
    assert of(Warmup(4), range(6)) == [0.25, 0.5, 0.75, 1, 1, 1]
    assert of(Warmup(4, StepRate(0.5, every=2)), range(4, 10)) == [1, 1, 0.5, 0.5, 0.25, 0.25]
    assert Warmup(10)(3, 5) == pytest.approx(0.4)  # a run that is shorter than its warm-up
    assert Warmup(10, Cosine())(10, 5) == 1.0


def test_scaled() -> None:
    assert of(ScaledRate(Cosine(), 0.25), (0, 6, 12)) == pytest.approx([0.25, 0.125, 0])
    twice = ScaledRate(ScaledRate(LinearRate(), 0.5, since=3), 0.5, since=6)
    assert of(twice, (0, 2, 3, 5, 6, 9)) == pytest.approx([1, 10 / 12, 4.5 / 12, 3.5 / 12, 1.5 / 12, 0.75 / 12])


@pytest.mark.parametrize(
    "schedule", [LinearRate(), ExponentialRate(), OneCycle(), StepRate(), Warmup(2, LinearRate())], ids=repr
)
def test_without_a_plan_it_stays_as_it_is_and_says_so(schedule: Any) -> None:
    with pytest.warns(PellucidWarning, match=r"schedule does not know how many steps .* so the learning rate stays"):
        assert schedule(1000, 0) == (0.04 if isinstance(schedule, OneCycle) else 1.0)


@pytest.mark.parametrize("around", [
    lambda of: of, lambda of: {"type": "warmup", "steps": 1, "schedule": of},
    lambda of: {"type": "scaled", "by": 0.5, "schedule": {"type": "scaled", "by": 0.5, "schedule": of}},
], ids=["alone", "warmup", "scaled"])  # fmt: skip
def test_warnings_point_to_the_call_whatever_stands_around_a_schedule(around: Any) -> None:
    model, data = pl.build("dense", units=2, input_shape=(2,), seed=0), (np.ones((8, 2)), np.ones((8, 2)))
    over = pl.Trainer(model, loss="mse", schedule=around({"type": "linear", "steps": 1}), seed=0)
    single = pl.Trainer(model, loss="mse", schedule=around("linear"), seed=0)
    with pytest.warns(PellucidWarning, match="is over after|leaves this call|how many steps there will be") as found:
        over.fit(data, epochs=3, verbose=False)
        single.train_step(*data)
        single.train_step(*data)
    assert len(found) >= 2 and {warning.filename for warning in found} == {__file__}


@pytest.mark.parametrize("name", ["linear", "one_cycle", "step", "exponential"])
def test_a_second_fit_that_little_is_left_for_is_told(name: str) -> None:
    model = pl.build("dense", units=2, input_shape=(2,), seed=0)
    trainer = pl.Trainer(model, loss="mse", schedule=name, seed=0)
    data = (np.ones((8, 2)), np.ones((8, 2)))
    trainer.fit(data, epochs=60, verbose=False)
    with pytest.warns(PellucidWarning, match=f"The {name} schedule leaves this call of fit at most") as found:
        trainer.fit(data, epochs=1, verbose=False)
    assert {warning.filename for warning in found} == {__file__}


def test_a_linear_schedule_that_is_over_says_so() -> None:
    with pytest.warns(PellucidWarning, match="The linear schedule is over after the 6 'steps'"):
        assert LinearRate(steps=6)(6, 0) == 0.0


def test_a_warm_up_longer_than_the_plan_is_told() -> None:
    with pytest.warns(PellucidWarning, match=r"warm-up takes 100 steps, .* ends after 4: no more than 0\.04 of"):
        Warmup(100).starts(0, 4)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: StepRate(at=(0.5, 0.25)), r"The 'at' of StepRate must ascend, as \(0\.5, 0\.75\) does"),
    (lambda: StepRate(at=(1.5,)), r"The 'at' of StepRate must be a float in \(0, 1\)"),
    (lambda: StepRate(every=0), r"The 'every' of StepRate must be an int in \[1, inf\)"),
    (lambda: LinearRate(steps=0), r"The 'steps' of LinearRate must be an int in \[1, inf\)"),
    (lambda: ExponentialRate(0.0), r"The 'decay' of ExponentialRate must be a float in \(0, 1\]"),
    (lambda: OneCycle(rise=1.0), r"The 'rise' of OneCycle must be a float in \(0, 1\)"),
    (lambda: Warmup(0), r"The 'steps' of Warmup must be an int in \[1, inf\)"),
    (lambda: Warmup(3, "cosin"), "schedule: .*cosin.*Did you mean"),
    (lambda: ScaledRate(Constant(), -1.0), r"The 'by' of ScaledRate must be a float in \[0, inf\)"),
    (lambda: InverseTime(-0.5), r"The 'decay' of InverseTime must be a float in \[0, inf\)"),
])  # fmt: skip
def test_arguments_are_checked(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
