"""The trainer's thread, by calls in this one: what is asked for is followed in turn, and the planned end moves on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio import runner as module
from pellucid_studio.experiment import Ready
from pellucid_studio.look import Look
from pellucid_studio.runner import MOST_ORDERS, SECONDS, SHARE, UNWATCHED, Runner, _Left, _row

X = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32)


class Thread:
    """One that never starts."""

    def __init__(self, **given: Any) -> None:
        assert given["daemon"] is True

    def start(self) -> None:
        pass

    def join(self, seconds: float | None = None) -> None:
        pass


@pytest.fixture
def heard() -> list[Look]:
    """Looks that were told."""
    return []


@pytest.fixture
def runner(heard: list[Look], monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Of three batches an epoch and two epochs, in this thread."""
    threading = SimpleNamespace(Thread=Thread, Event=module.threading.Event)
    monkeypatch.setattr(module, "threading", threading)
    part = pl.Split(X, np.arange(12) % 2)
    splits = pl.Splits(part, part, part)
    model = pl.build({"type": "dense", "units": 2}, input_shape=(2,), seed=0)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=0)
    trainer.fit(splits, epochs=0, batch_size=4, verbose=False)
    return Runner(Ready({}, {}, trainer, splits, 2, 4), lambda runner, look: heard.append(look))


def work(runner: Runner, *orders: Any) -> None:
    """Follow these and end."""
    for order in (*orders, None):
        runner._orders.put(order)
    runner._work()


def test_first_it_tells_where_it_stands(runner: Runner, heard: list[Look]) -> None:
    work(runner)
    assert [(look.step, look.loss) for look in heard] == [(0, None)] and runner.state == "paused"
    assert runner.untraced == "No step has been taken yet. Take one, and open it."


def test_steps_are_told_one_by_one_with_what_they_have_changed(runner: Runner, heard: list[Look]) -> None:
    work(runner, "step", "step", "pause")
    assert [look.step for look in heard] == [0, 1, 2] and runner.state == "paused" and runner.untraced == ""
    for look, before in zip(heard[1:], heard, strict=False):
        assert look.loss is not None and look.gradient is not None and look.before is not None
        np.testing.assert_array_equal(look.before, before.weights)
        assert (look.before != look.weights).any()
    assert runner.trace is not None and float(runner.trace["loss"]) == heard[2].loss


@pytest.mark.parametrize("limit", [None, 1e6])
def test_a_step_that_no_recorder_can_keep_is_looked_at_all_the_same(
    limit: float | None, runner: Runner, heard: list[Look], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a slow training, too, whose gate stands around every step and looks now and then."""
    monkeypatch.setattr("pellucid_studio.look.MOST_BYTES", 100)
    runner.limit(limit)
    runner.gate.stays = limit is not None
    work(runner, "step", "step", "sample")
    assert runner.trace is None and "limit" in runner.untraced and runner.state == "paused"
    for look, before in zip(heard[1:], heard, strict=False):
        assert look.step == before.step + 1 and look.loss is not None and look.gradient is not None
        np.testing.assert_array_equal(look.before, before.weights)
    run = runner.ready.trainer.run
    assert run is not None and not run.openers and not run.gradient_observers


def test_a_step_that_fails_leaves_no_gate(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(batch: pl.Batch) -> None:
        raise pl.DataError("no")

    monkeypatch.setattr(runner.ready.trainer, "step", fails)
    monkeypatch.setattr(runner, "_close_loop", lambda: None)
    work(runner, "step")
    run = runner.ready.trainer.run
    assert runner.state == "failed" and run is not None and not run.openers and not run.gradient_observers


def test_behind_the_planned_end_there_follow_as_many_epochs_again(runner: Runner, heard: list[Look]) -> None:
    ends = []
    for _ in range(2):
        work(runner, *["step"] * 7)
        ends.append((heard[-1].step, heard[-1].epoch, runner.state))
    assert ends == [(6, 2, "ended"), (12, 4, "ended")]
    work(runner, "train")
    assert (heard[-1].step, heard[-1].epoch, runner.state) == (18, 6, "ended")
    assert heard[-1].loss is not None and runner.trace is not None
    assert float(runner.trace["loss"]) == pytest.approx(heard[-1].loss)
    work(runner, "step", "train")
    assert (heard[-1].step, heard[-1].epoch, runner.state) == (24, 8, "ended")


def test_one_sample_after_the_other_is_taken_of_a_batch(runner: Runner, heard: list[Look]) -> None:
    seen = []
    for _ in range(5):
        work(runner, "sample")
        assert runner.trace is not None
        seen.append(np.asarray(runner.trace["x"]))
    assert [each.shape for each in seen] == [(1, 2)] * 5
    assert len({each.tobytes() for each in seen}) == 5
    assert [look.position for look in heard[1::2]] == [4, 4, 4, 4, 8]
    work(runner, "step", "sample")
    assert heard[-1].position == 4 and heard[-1].epoch == 1 and runner.trace["x"].shape == (1, 2)


def test_samples_end_with_the_plan_too(runner: Runner, heard: list[Look]) -> None:
    work(runner, *["sample"] * 25)
    assert heard[-1].step == 24 and runner.state == "ended" and heard[-1].epoch == 2
    work(runner, "sample")
    assert heard[-1].step == 25 and runner.state == "paused"


def test_so_many_orders_wait_and_no_more(runner: Runner) -> None:
    for number in range(MOST_ORDERS + 5):
        runner.do("sample")
        assert runner._orders.qsize() == min(number + 1, MOST_ORDERS)
    assert runner._awake.is_set()


def test_who_leaves_waits_for_nothing(runner: Runner, heard: list[Look]) -> None:
    runner.do("train")
    runner.leave()
    runner._work()
    assert [look.step for look in heard] == [0] and runner.ready.trainer.steps == 0
    with pytest.raises(_Left):
        runner._wait()
    with pytest.raises(_Left):
        runner._due(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raised", "text"),
    [
        (pl.DataError("no data"), "no data"),
        (MemoryError(), "There is not enough memory for this step. Make the network or the batches smaller."),
        (SystemExit(3), "SystemExit: 3. This is a mistake in pellucid or in a plugin."),
    ],
)
def test_what_fails_is_told_in_words_and_nothing_follows(
    raised: BaseException, text: str, runner: Runner, heard: list[Look], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise raised

    monkeypatch.setattr(runner, "_step", fails)
    work(runner, "sample", "step", "sample", "train")
    assert runner.state == "failed" and runner.failure == runner.untraced == text
    assert [look.step for look in heard] == [0, 1, 1] and runner._loop is None and runner._batch is None


# -- a training that goes on -------------------------------------------------------------------------------------------


class Run:
    """What a gate and timers are given to; a training of so many steps."""

    total_steps, step = 6, 0

    def __init__(self) -> None:
        self.timers: list[tuple[Any, float]] = []
        self.traced: list[tuple[Any, int]] = []

    def on_time(self, observer: Any, seconds: float) -> None:
        self.timers.append((observer, seconds))

    def on_trace(self, opener: Any, every: int = 1) -> None:
        self.traced.append((opener, every))


@pytest.fixture
def puts(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each step that a gate was put around is traced."""
    put: list[bool] = []
    monkeypatch.setattr(runner.gate, "put_in", lambda run, traced=False: put.append(traced))
    return put


def test_a_training_is_looked_at_now_and_then_and_its_last_step_traced(runner: Runner, puts: list[bool]) -> None:
    run: Any = Run()
    runner._started(run)
    assert run.timers == run.traced == puts == []
    runner.state = "training"
    runner._started(run)
    assert run.timers == [(runner._due, SECONDS)] and run.traced == [(runner.gate.last, 6)] and puts == []
    over: Any = Run()
    over.step = 6
    runner.steps_a_second = 2.0
    runner._started(over)
    assert over.traced == [] and puts == [False] and runner.gate.stays is True


def test_looks_take_no_more_than_their_share_of_the_time(
    runner: Runner, puts: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [50.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    run: Any = Run()
    for watched, cost, apart in ((True, 0.0, 0.0), (False, 0.0, UNWATCHED), (True, 0.5, 0.5 / SHARE - SECONDS),
                                 (False, 0.5, 0.5 / SHARE - SECONDS), (False, 0.001, UNWATCHED)):  # fmt: skip
        runner.watched, runner.gate.cost = watched, cost
        now[0] += 1000.0
        runner._due(run)
        looks = len(puts)
        now[0] += apart * 0.999
        runner._due(run)
        assert len(puts) == looks + (apart == 0.0)
        now[0] += apart * 0.002
        runner._due(run)
        assert len(puts) == looks + 1 + (apart == 0.0)
    assert not any(puts) and runner.gate.stays is False


@pytest.mark.parametrize(("order", "ends"), [("pause", True), ("step", True), ("sample", True), ("train", False)])
def test_whatever_is_asked_for_of_a_training_ends_it_with_a_step_that_is_traced(
    order: Any, ends: bool, runner: Runner, puts: list[bool]
) -> None:
    runner._next_look = float("inf")
    run: Any = Run()
    runner._due(run)
    assert puts == []
    runner.do(order)
    runner._due(run)
    assert puts == [True] * ends and runner.gate.traced == ends and runner._orders.empty()


def test_a_slow_training_waits_before_each_step(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    now, waited = [100.0], []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        now[0] += seconds
        return False

    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    monkeypatch.setattr(runner, "_awake", SimpleNamespace(wait=wait, clear=lambda: None, set=lambda: None))
    runner.state = "training"
    runner.limit(4.0)
    taken = []
    for took in (0.0, 0.125, 0.0, 1.0, 0.0):
        runner._wait()
        taken.append(now[0])
        now[0] += took
    assert taken == [100.0, 100.0, 100.25, 100.5, 101.5] and waited == [0.125, 0.25]
    runner.limit(0.4)
    waited.clear()
    runner._wait()
    runner._wait()
    assert now[0] == 104.0 and waited == [1.0, 1.0, 0.5]
    runner.do("pause")
    waited.clear()
    runner._wait()
    assert waited == [] and runner.gate.traced
    runner.gate.stays = True
    runner.limit(None)
    runner._wait()
    assert runner.gate.stays is False and waited == []


def test_one_sample_of_a_batch_has_its_target_weight_and_number() -> None:
    x, y, weight, index = np.arange(8.0).reshape(4, 2), np.arange(4), np.arange(4.0) / 4, np.arange(10, 14)
    one = _row(pl.Batch((x, {"a": 2 * x}), y, weight, index), 2)
    assert one.x[0].tolist() == [[4.0, 5.0]] and one.x[1]["a"].tolist() == [[8.0, 10.0]]
    assert one.y.tolist() == [2] and one.weight.tolist() == [0.5] and one.index.tolist() == [12] and len(one) == 1
    plain = _row(pl.Batch(x, None, None, index), 0)
    assert plain.y is None and plain.weight is None and np.asarray(plain.x).tolist() == [[0.0, 1.0]]
