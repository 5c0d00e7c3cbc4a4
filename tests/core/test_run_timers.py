"""Run.on_time: called about every so many seconds, whatever a step takes, and without a change of bits."""

from __future__ import annotations

import pellucid as pl
import pytest
from pellucid.training import run as run_module

from tests.saving.support import everything, small_data, small_model, small_trainer


class Timer(pl.Callback):
    """Asks to be called, on a clock that a step moves on."""

    def __init__(self, seconds: float, step_takes: float, clock: dict[str, float]) -> None:
        self.seconds, self.step_takes, self.clock = seconds, step_takes, clock
        self.steps: list[int] = []

    def on_run_start(self, run: pl.Run) -> None:
        run.on_step(self.tick)
        run.on_time(lambda run: self.steps.append(run.step), self.seconds)

    def tick(self, run: pl.Run) -> None:
        self.clock["now"] += self.step_takes


@pytest.mark.parametrize(
    ("seconds", "step_takes", "expected"),
    [
        (1.0, 0.25, [4, 8, 12, 16, 20, 24, 28]),
        (1.0, 3.0, list(range(1, 29))),  # never more than once after a step
        (0.0, 0.25, list(range(1, 29))),
        (5.0, 0.25, [20]),
        (100.0, 0.25, []),
    ],
)
def test_follows_the_clock(
    monkeypatch: pytest.MonkeyPatch, seconds: float, step_takes: float, expected: list[int]
) -> None:
    clock = {"now": 50.0}
    monkeypatch.setattr(run_module, "perf_counter", lambda: clock["now"])
    timer = Timer(seconds, step_takes, clock)
    small_trainer(callbacks=[timer]).fit(small_data(), epochs=4, batch_size=16)
    assert timer.steps == expected


@pytest.mark.parametrize("seconds", [0.0, 0.001, 1e6])
def test_does_not_change_the_bits(seconds: float) -> None:
    class Look(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_time(lambda run: None, seconds)

    def trained(*callbacks: pl.Callback) -> dict:
        trainer = small_trainer(small_model(backend="cython"), schedule=None, callbacks=callbacks)
        trainer.fit(small_data(1000), epochs=3, batch_size=13)
        return everything(trainer)

    assert trained(Look()) == trained()
