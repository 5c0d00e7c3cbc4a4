"""The context of a call: children, scratch, streams of random numbers, updates of states."""

from __future__ import annotations

import numpy as np
import pytest
from pellucid.interfaces.context import Context
from pellucid.interfaces.parameters import State
from pellucid.ops.backends import get_ops
from pellucid.ops.random import mix


@pytest.fixture
def ctx():
    return Context(get_ops("reference"), training=True, seed=4)


def test_a_call_site_has_one_context_and_another_site_another(ctx):
    assert ctx.child(0) is ctx.child(0)
    assert ctx.child(0) is not ctx.child(1)
    assert ctx.child(0).path == "/0"
    ctx.child(0).saved = 3
    assert not hasattr(ctx.child(1), "saved")


def test_which_gradients_a_call_site_wants_is_said_anew_or_stays(ctx):
    """A layer may be asked for the gradient of its input in one step, and not in the next."""
    assert ctx.child(0).needs_dx == ctx.child(0, needs_dx=None).needs_dx == ctx.needs_dx
    assert ctx.child(0, needs_dx=(False,)).needs_dx == (False,)
    assert ctx.child(0).needs_dx == (False,)
    assert ctx.child(0, needs_dx=(True, False)).needs_dx == (True, False)
    assert ctx.child(1, needs_dx=(False,)).needs_dx == (False,)


def test_scratch_is_reused_while_shape_and_dtype_are_the_same(ctx):
    first = ctx.scratch("y", (3, 4))
    assert ctx.scratch("y", (3, 4)) is first
    assert ctx.scratch("z", (3, 4)) is not first
    assert ctx.scratch("y", (3, 5)).shape == (3, 5)
    assert ctx.scratch("n", (2,), np.int64).dtype == np.int64
    assert first.dtype == np.float32


def test_random_numbers_depend_on_seed_step_site_name_and_row_only():
    ops = get_ops("reference")

    def numbers(seed=1, step=0, site=0, name="", rows=4, offset=0):
        ctx = Context(ops, training=True, seed=seed)
        ctx.begin(step, 0, row_offset=offset)
        return ctx.child(site).normal((rows, 3), name).copy()

    base = numbers()
    np.testing.assert_array_equal(numbers(), base)
    np.testing.assert_array_equal(np.concatenate([numbers(rows=1), numbers(rows=3, offset=1)]), base)
    for other in (numbers(seed=2), numbers(step=1), numbers(site=1), numbers(name="b")):
        assert (other != base).all()


def test_the_same_step_key_after_streams_were_first_used_at_a_later_step():
    ops = get_ops("reference")
    early, late = Context(ops, training=True, seed=1), Context(ops, training=True, seed=1)
    early.uniform((2, 2))
    for ctx in (early, late):
        ctx.begin(7, 0)
    np.testing.assert_array_equal(early.uniform((2, 2)), late.uniform((2, 2)))


def test_in_evaluation_random_numbers_belong_to_the_sample():
    ops = get_ops("reference")
    ctx = Context(ops, training=False, seed=1)
    ctx.begin(0, 0, index=np.array([5, 2, 9]))
    together = ctx.uniform((3, 4)).copy()
    ctx.begin(0, 0, index=np.array([9]))
    np.testing.assert_array_equal(ctx.uniform((1, 4)), together[2:])


def test_the_generator_is_keyed_by_step_and_path(ctx):
    first = ctx.child(0).rng.random(3)
    again = Context(get_ops("reference"), training=True, seed=4)
    np.testing.assert_array_equal(again.child(0).rng.random(3), first)
    assert (again.child(1).rng.random(3) != first).all()
    again.begin(1, 0)
    assert (again.child(0).rng.random(3) != first).all()


def test_updates_compose_and_wait_for_the_commit(ctx):
    state = State("running", (2,), 0.0)
    state.data = np.zeros(2, np.float32)
    value = np.array([1.0, 2.0], np.float32)
    ctx.child(0).update(state, value, 0.5)
    value[:] = 3.0  # what was handed over was copied
    ctx.begin(0, 0, micro=1)
    ctx.child(0).update(state, value, 0.5)
    assert (state.data == 0).all()
    ctx.commit()
    np.testing.assert_allclose(state.data, [1.75, 2.0])
    ctx.update(state, value)
    ctx.discard()
    ctx.commit()
    np.testing.assert_allclose(state.data, [1.75, 2.0])


def test_a_twin_shares_the_run_but_no_memory(ctx):
    twin = ctx.twin()
    ctx.begin(3, 2)
    assert (twin.step, twin.epoch) == (3, 2)
    assert twin.scratch("y", (2,)) is not ctx.scratch("y", (2,))


def test_mix_is_the_splitmix64_finalizer():
    # The first outputs of the reference splitmix64 generator from seed 1234567 (Vigna, splitmix64.c).
    state, expected = 1234567, [6457827717110365317, 3203168211198807973, 9817491932198370423]
    for value in expected:
        state = (state + 0x9E3779B97F4A7C15) % (1 << 64)
        assert mix(state) == value


def test_an_update_counts_by_the_rows_of_its_batch():
    ctx = Context(get_ops("reference"), training=True, dtype="float64")
    whole, halves, replaced = (State(name, (2,), 0.0) for name in ("whole", "halves", "replaced"))
    for state in (whole, halves, replaced):
        state.data = np.zeros(2)
    value = np.array([1.0, 2.0])
    ctx.update(whole, value, 0.1)
    for micro in range(2):
        ctx.begin(0, 0, micro=micro, share=0.5)
        assert ctx.child("layer").batch_share == 0.5
        ctx.update(halves, value, 0.1)
    ctx.update(replaced, value)
    ctx.commit()
    np.testing.assert_allclose(whole.data, 0.1 * value, rtol=1e-12)
    np.testing.assert_allclose(halves.data, whole.data, rtol=1e-12)
    np.testing.assert_array_equal(replaced.data, value)
