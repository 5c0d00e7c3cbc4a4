"""Attention: what is seen, what is refused, and the trace that opens it. That it is right is the kit's affair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest

MULTI = "transformer/multi_head_attention"


def attend(x: Any, *more: Any, **config: Any) -> Any:
    shapes = [part.shape[1:] for part in (x, *more)]
    model = pl.build({"type": MULTI, **config}, input_shape=shapes if more else shapes[0], seed=3, dtype="float64")
    return model, model.predict((x, *more) if more else x)


def test_a_query_that_sees_nothing_gives_zeros_and_sends_no_gradient() -> None:
    x, mask = np.random.default_rng(0).normal(size=(3, 5, 8)), np.ones((3, 5), bool)
    mask[1] = False
    model, y = attend(x, mask, heads=2)
    assert (y[1] == 0).all()
    assert (y[0] != 0).any()
    ctx = pl.Context(model.runtime.ops, training=True, dtype="float64")
    dx, no_gradient = model.backward(ctx, model.forward(ctx, x, mask) + 1)
    assert (dx[1] == 0).all()
    assert (dx[0] != 0).any()
    assert no_gradient is None


def test_padding_is_as_if_it_were_not_there() -> None:
    x, mask = np.random.default_rng(1).normal(size=(2, 6, 8)), np.arange(6) < [[4], [6]]
    np.testing.assert_allclose(attend(x, mask, heads=2)[1][0, :4], attend(x[:1, :4], heads=2)[1][0], atol=1e-12)


def test_causal_is_the_mask_of_what_came_before() -> None:
    x = np.random.default_rng(2).normal(size=(2, 6, 8))
    before = np.broadcast_to(np.tril(np.ones((6, 6), bool)), (2, 6, 6))
    np.testing.assert_allclose(attend(x, heads=2, causal=True)[1], attend(x, before, heads=2)[1], atol=1e-12)


def test_rotary_tells_distances_and_not_places() -> None:
    """Scores depend on how far a key is from the query, so a text that begins later gives the same."""
    x, mask = np.random.default_rng(3).normal(size=(1, 9, 8)), np.arange(9)[None] >= 3
    late = attend(x, mask, heads=2, rotary=100.0)[1][:, 3:]
    np.testing.assert_allclose(late, attend(x[:, 3:], heads=2, rotary=100.0)[1], atol=1e-12)


def test_positions_one_after_another_give_what_all_at_once_give() -> None:
    x = np.random.default_rng(4).normal(size=(2, 7, 8))
    model, whole = attend(x, heads=4, kv_heads=2, causal=True, rotary=100.0)
    ops = model.runtime.ops
    cache = model.new_cache(ops, 2, 7)
    parts = [model.extend(ops, x[:, a:b], cache) for a, b in ((0, 3), (3, 4), (4, 7))]
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, atol=1e-12)
    with pytest.raises(pl.DataError, match="holds 7 and has no room for 1 more"):
        model.extend(ops, x[:, :1], cache)
    with pytest.raises(pl.ConfigError, match="Set causal = true"):
        attend(x, heads=2)[0].new_cache(ops, 2, 7)


@pytest.mark.parametrize(("where", "said"), [
    ("model.scores", "Q[1,0,4,0]·K[1,0,1,0]"), ("model.P", "E[1,0,4,1]/total[1,0,4,0]"),
    ("model.mix", "Σₖ P[1,0,4,k]·V[1,0,k,1]"), ("model.seen", "m[1,1]"), ("model.Q", "q[1,4,1]"),
])  # fmt: skip
def test_the_trace_opens_each_head(where: str, said: str) -> None:
    x, mask = np.random.default_rng(5).normal(size=(2, 5, 8)), np.ones((2, 5), bool)
    model, _ = attend(x, mask, heads=2, causal=True, rotary=100.0)
    assert said in str(model.trace((x, mask)).why(where, (1, 0, 4, 1)))


@pytest.mark.parametrize(("shapes", "config", "error", "said"), [
    ((8,), {}, pl.ShapeError, "needs sequences of 2 axes"),
    ((5, 9), {}, pl.ShapeError, "divides the features of a position evenly between its 2 heads"),
    ([(5, 8), (4,)], {}, pl.ShapeError, "one mask, which says what is seen: of shape (5,)"),
    ([(5, 8), (5, 4)], {}, pl.ShapeError, "Received: (5, 4)"),
    ((5, 8), {"kv_heads": 3}, pl.ConfigError, "among the divisors of heads"),
    ((5, 6), {"rotary": 10000.0}, pl.ShapeError, "Give an even head_size"),
    ([(5, 8), (4, 8)], {"cross": True, "causal": True}, pl.ConfigError, "no position is before or behind"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(shapes: Any, config: dict[str, Any], error: type, said: str) -> None:
    with pytest.raises(error) as caught:
        pl.build({"type": MULTI, "heads": 2, **config}, input_shape=shapes)
    assert said in str(caught.value)


def test_empty_sequences_and_masks_of_other_lengths_are_refused() -> None:
    open_ended = pl.build({"type": MULTI, "heads": 2}, input_shape=[(None, 8), (None,)], seed=0)
    with pytest.raises(pl.ShapeError, match="at least one position"):
        open_ended.predict((np.zeros((2, 0, 8)), np.zeros((2, 0), bool)))
    with pytest.raises(pl.ShapeError, match="needs a mask of shape"):
        open_ended.predict((np.zeros((2, 5, 8)), np.zeros((2, 4), bool)))
