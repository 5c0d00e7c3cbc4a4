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


def by_hand(model: Any, x: Any, context: Any, mask: Any, heads: int, kv_heads: int, rotary: float | None) -> Any:
    """Row by row, head by head; mask (N, T, S)."""
    held = {param.name: np.asarray(param.data) for param in model.parameters()}
    z, width = context @ held["weight"] + held.get("bias", 0), held["output_weight"].shape[0]
    size = width // heads
    crossing = "query_weight" in held
    q = x @ held["query_weight"] + held.get("query_bias", 0) if crossing else z[..., :width]
    k, v = np.split(z[..., 0 if crossing else width :], 2, axis=-1)

    def turned(numbers: Any, t: int) -> Any:
        if rotary is None:
            return numbers
        pairs = (numbers[: size // 2] + 1j * numbers[size // 2 :]) * np.exp(
            1j * t * rotary ** (-2 * np.arange(size // 2) / size)
        )
        return np.concatenate([pairs.real, pairs.imag])

    o = np.zeros((*x.shape[:2], width))
    for n, t, h in np.ndindex(*x.shape[:2], heads):
        own, seen = slice(h * size, (h + 1) * size), np.flatnonzero(mask[n, t])
        shared = slice(h * kv_heads // heads * size, (h * kv_heads // heads + 1) * size)
        query = turned(q[n, t, own], t)
        e = np.exp([query @ turned(k[n, s, shared], s) / np.sqrt(size) for s in seen])
        o[n, t, own] = (e / e.sum()) @ v[n, seen, shared]
    return o @ held["output_weight"] + held.get("output_bias", 0)


@pytest.mark.parametrize("config", [
    {}, {"heads": 1}, {"heads": 4, "kv_heads": 2}, {"heads": 4, "kv_heads": 1, "head_size": 4}, {"causal": True},
    {"use_bias": False, "head_size": 3}, {"rotary": 50.0}, {"rotary": 50.0, "kv_heads": 1, "causal": True},
    {"cross": True}, {"cross": True, "heads": 4, "kv_heads": 2, "use_bias": False},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("masked", ["", "keys", "pairs"])
def test_each_head_takes_the_mean_that_its_definition_says(config: dict[str, Any], masked: str) -> None:
    rng, config = np.random.default_rng(6), {"heads": 2, **config}
    x, context = rng.normal(size=(2, 4, 8)), rng.normal(size=(2, 5, 3))
    context = context if config.get("cross") else x
    seen = np.broadcast_to(rng.uniform(size=(2, 1 if masked == "keys" else 4, context.shape[1])) < 0.6,
                           (2, 4, context.shape[1])).copy() | (not masked)  # fmt: skip
    seen[..., 0] = True
    given = [seen[:, 0] if masked == "keys" else seen] if masked else []
    model, _ = attend(x, *[context] * ("cross" in config), *given, **config)
    for param in model.parameters():
        param.data[...] += rng.normal(0, 0.3, param.shape)
    y = model.predict((x, *[context] * ("cross" in config), *given) if "cross" in config or given else x)
    if config.get("causal"):
        seen &= np.tril(np.ones((4, 4), bool))
    expected = by_hand(model, x, context, seen, config["heads"], config.get("kv_heads", config["heads"]),
                       config.get("rotary"))  # fmt: skip
    np.testing.assert_allclose(y, expected, atol=1e-12)


def test_what_there_is_not_is_none() -> None:
    x, context = np.zeros((1, 2, 4)), np.zeros((1, 3, 2))
    alone, _ = attend(x, heads=2)
    assert alone.query_weight is None and alone.query_bias is None and not alone.masked and alone.takes_mask
    crossing, _ = attend(x, context, heads=2, cross=True, use_bias=False)
    assert crossing.bias is None and crossing.query_bias is None and crossing.output_bias is None
    assert crossing.integer_inputs == () and not crossing.takes_mask
    masked, _ = attend(x, context, np.ones((1, 3), bool), heads=2, cross=True)
    assert masked.integer_inputs == (2,) and attend(x, np.ones((1, 2), bool), heads=2)[0].integer_inputs == (1,)


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
