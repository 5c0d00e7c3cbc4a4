"""Recorded plans: the same bits as the calls they were made of, safe, and one for each thread."""

from __future__ import annotations

import gc
import threading
import weakref
from functools import partial
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import DataError, PellucidError
from pellucid.ops.kernels import native
from pellucid.standard.ops.cython import CythonOps

from tests.kernels.cases import GROUPS, Draw, dense_calls

OPS = CythonOps()


class Network:
    """A training step of a small network on fixed arrays."""

    def __init__(self, seed: int = 0, batch: int = 20) -> None:
        d = Draw(seed)
        self.data, self.labels = d.floats(200, 30), d.rng.integers(0, 5, 200)
        self.order, self.cursor, self.index = d.rng.permutation(200), np.zeros((), np.int64), np.empty(batch, np.int64)
        self.x, self.target = np.empty((batch, 30), np.float32), np.empty(batch, np.int64)
        self.flat, self.grad, self.m, self.v = d.floats(155), *(np.zeros(155, np.float32) for _ in range(3))
        self.y, self.dy = np.empty((batch, 5), np.float32), np.empty((batch, 5), np.float32)
        self.loss, self.t, self.hyper = np.zeros(()), np.zeros((), np.int64), np.array([1e-2, 0.0])

    def step(self) -> bool:
        weight, bias = self.flat[:150].reshape(30, 5), self.flat[150:]
        OPS.next_rows(self.order, self.cursor, self.index)
        OPS.gather(self.data, self.index, self.x)
        OPS.gather(self.labels, self.index, self.target)
        OPS.dense_forward(self.x, weight, bias, "identity", self.y, None)
        OPS.softmax_cross_entropy(self.y, self.target, None, self.loss, self.dy)
        OPS.dense_backward(self.dy, self.x, weight, self.y, None, "identity", None,
                           self.grad[:150].reshape(30, 5), self.grad[150:], None)  # fmt: skip
        finite = OPS.guard_finite(self.loss)
        OPS.increment(self.t)
        OPS.adam(self.flat, self.grad, self.m, self.v, self.hyper, self.t, 0.9, 0.999, 1e-8, False)
        return finite


def test_a_replay_gives_the_bits_of_the_calls(simd: str, threads: int) -> None:
    eager, recorded = Network(), Network()
    result, plan = OPS.record(recorded.step)
    assert result is True and plan is not None
    assert plan.run() and plan.run(5)
    for _ in range(7):
        eager.step()
    np.testing.assert_array_equal(eager.flat, recorded.flat)
    assert eager.loss == recorded.loss and recorded.t == 7


@pytest.mark.parametrize("group", GROUPS)
def test_every_op_can_be_recorded(group: str, simd: str) -> None:
    for call in GROUPS[group](Draw(4), 8, 11):
        before = call.run(OPS)
        _, plan = OPS.record(lambda call=call: getattr(OPS, call.op)(*call.arguments))
        assert plan is not None and plan.run(), call
        if call.op in ("gather", "mse", "softmax_forward", "batch_norm_forward", "random_normal", "dropout"):
            for ours, theirs in zip(before, call.arguments, strict=True):
                if isinstance(ours, np.ndarray):
                    np.testing.assert_array_equal(ours, theirs)
    for call in dense_calls(Draw(4), 8, 11, 5, "silu"):
        assert OPS.record(lambda call=call: getattr(OPS, call.op)(*call.arguments))[1] is not None


def test_hyper_parameters_are_read_when_replayed() -> None:
    network = Network()
    _, plan = OPS.record(network.step)
    network.hyper[0] = 0.0
    before = network.flat.copy()
    assert plan.run()
    np.testing.assert_array_equal(network.flat, before)


def test_a_label_out_of_range_stops_the_replay_before_the_update() -> None:
    network = Network()
    _, plan = OPS.record(network.step)
    before = network.flat.copy()
    network.labels[:] = 99
    assert plan.run(10) is False
    assert np.isnan(network.loss) and network.t == 1
    np.testing.assert_array_equal(network.flat, before)


def test_rows_out_of_range_stop_the_replay() -> None:
    network = Network()
    _, plan = OPS.record(network.step)
    with pytest.raises(DataError, match="row number out of range, in call 1"):
        plan.run(10)  # the order holds ten batches, and one is used
    network.order[:] = 10**9
    network.cursor[...] = 0
    with pytest.raises(DataError, match="call 2"):
        plan.run()


def test_a_plan_keeps_its_arrays_alive() -> None:
    x = np.ones(1000, np.float32)
    alive = weakref.ref(x)
    _, plan = OPS.record(partial(OPS.scale, x, 2.0))
    del x
    gc.collect()
    assert plan.run(3) and alive()[0] == 16
    del plan
    gc.collect()
    assert alive() is None


def test_plans_do_not_nest() -> None:
    x = np.ones(4, np.float32)

    def nested() -> None:
        OPS.scale(x, 2.0)
        OPS.record(lambda: OPS.scale(x, 2.0))

    with pytest.raises(PellucidError, match="recorded in this thread already"):
        OPS.record(nested)
    assert not native.is_recording()
    assert OPS.record(lambda: OPS.scale(x, 2.0))[1] is not None


def test_an_exception_ends_the_recording() -> None:
    with pytest.raises(ZeroDivisionError):
        OPS.record(lambda: 1 / 0)
    assert not native.is_recording()


def test_what_a_plan_cannot_replay_gives_none() -> None:
    double, single = np.ones((3, 3)), np.ones((3, 3), np.float32)
    y = np.empty((3, 3), np.float32)
    assert OPS.record(lambda: OPS.softmax_forward(double, np.empty((3, 3))))[1] is None, "fell back: another dtype"
    assert OPS.record(lambda: OPS.softmax_forward(single.T[:, ::-1], y))[1] is None, "fell back: strided"
    assert OPS.record(lambda: None)[1] is None, "nothing was called"
    assert OPS.record(lambda: OPS.fill(OPS.asarray([1.0, 2.0], np.float32), 0.0))[1] is None, "made from a list"


def test_a_transposed_copy_is_replayed_as_tied_weights_need_it() -> None:
    weight, transposed = np.arange(12, dtype=np.float32).reshape(3, 4), np.zeros((4, 3), np.float32)
    plan = OPS.record(lambda: OPS.copy(weight.T, transposed))[1]
    assert plan is not None
    weight *= 2
    plan.run()
    np.testing.assert_array_equal(transposed, weight.T)


def test_zeros_made_while_recording_are_zeros_in_every_replay() -> None:
    kept: list[Any] = []

    def accumulate() -> None:
        total = OPS.zeros((5,), np.float32)
        OPS.add_scaled(total, np.ones(5, np.float32), 1.0)
        kept.append(total)

    _, plan = OPS.record(accumulate)
    assert plan.run(4)
    np.testing.assert_array_equal(kept[0], 1)


def test_threads_record_and_replay_plans_of_their_own(simd: str) -> None:
    alone = [Network(seed) for seed in range(6)]
    for network in alone:
        for _ in range(9):
            network.step()
    together = [Network(seed) for seed in range(6)]
    plans: list[Any] = [None] * 6
    start = threading.Barrier(6)

    def work(i: int) -> None:
        start.wait()
        plans[i] = OPS.record(together[i].step)[1]
        plans[i].run(8)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.flat, other.flat)


def test_a_plan_runs_in_one_thread_at_a_time() -> None:
    x = np.ones(1 << 20, np.float32)
    _, plan = OPS.record(lambda: OPS.scale(x, 1.0))
    refused: list[Exception] = []
    finished = threading.Event()

    def first() -> None:
        plan.run(2000)
        finished.set()

    worker = threading.Thread(target=first)
    worker.start()
    while not finished.is_set() and not refused:
        try:
            plan.run()
        except PellucidError as error:
            refused.append(error)
    worker.join()
    assert refused and "running in another thread" in str(refused[0])


def test_a_plan_tells_what_it_keeps_and_what_its_calls_point_to() -> None:
    x = np.ones(40, np.float32)
    (_, plan), taken = native.memory_taken(lambda: OPS.record(lambda: OPS.add_scaled(np.zeros_like(x), x, 2.0)))
    ((out, given),) = plan.kept
    assert given is x
    assert (out.ctypes.data, out.nbytes) in taken
    assert {x.ctypes.data, out.ctypes.data} <= set(plan.words[0])
    assert plan.run() and (out == 4).all()


def test_memory_that_is_given_back_while_somebody_looks_is_nobodys() -> None:
    _, taken = native.memory_taken(lambda: [np.ones(300) for _ in range(5)] and None)
    assert len({address for address, size in taken if size == 2400}) == 5


def test_a_number_in_a_call_has_no_gap_behind_it() -> None:
    """In a gap lies what the stack held: with half of an address there the word looks like one, now and then."""
    out, x, bits = np.ones(5, np.float32), np.ones(5, np.float32), int(np.float64(0.1).view(np.int64))
    for op in (OPS.fill, OPS.scale, partial(OPS.add_scaled, x), partial(OPS.lerp, x)):
        _, plan = native.record(partial(op, out, 0.1))
        assert plan is not None and plan.words[0][-1] == bits
