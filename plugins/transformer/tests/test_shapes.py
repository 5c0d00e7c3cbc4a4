"""Which shapes layers of sequences take, one condition after the other, before there are data and when they come."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_transformer.layers.block import TransformerBlock
from pellucid_transformer.layers.pooling import Pooling
from pellucid_transformer.layers.positions import Positions
from pellucid_transformer.layers.scaled_dot_product import ScaledDotProductAttention

DENSE = {"type": "core/dense", "units": 4}


def test_pooling_takes_sequences_and_a_mask_of_their_positions() -> None:
    for x, more in (((5, 3), ()), ((None, 3), ()), ((5, 3), ((5,),)), ((5, 3), ((None,),)), ((None, 3), ((5,),))):
        assert Pooling().output_shape(x, *more) == (3,)
    for x in ((3,), (5, None), (2, 5, 3), ()):
        with pytest.raises(pl.ShapeError, match="Pooling needs sequences, samples of 2 axes"):
            Pooling().output_shape(x)
    for more in (((4,),), ((5,), (5,)), ((5, 3),), ((),)):
        with pytest.raises(pl.ShapeError, match=r"Pooling takes beside its sequences a mask of shape \(5,\)"):
            Pooling().output_shape((5, 3), *more)
    assert [Pooling().output_interval(ends) for ends in ((-1.0, 2.0), (1.0, 2.0), (-2.0, -1.0))] == [
        (-1.0, 2.0), (0.0, 2.0), (-2.0, 0.0),
    ]  # fmt: skip


@pytest.mark.parametrize("take", ["mean", "first"])
def test_what_is_pooled_is_what_the_mask_shows(take: Any) -> None:
    model = pl.build(Pooling(take), input_shape=[(None, 2), (None,)], seed=0, dtype="float64")
    x = np.random.default_rng(0).normal(size=(4, 3, 2))
    mask = np.array([[0, 1, 1], [1, 1, 1], [0, 0, 0], [0, 0, 1]], bool)
    rows = [part[there] for part, there in zip(x, mask, strict=True)]
    expected = [(row.mean(axis=0) if take == "mean" else row[0]) if len(row) else np.zeros(2) for row in rows]
    np.testing.assert_allclose(model.predict((x, mask)), expected, atol=1e-15)
    for wrong in ((4, 2), (3, 3), (4, 4)):
        with pytest.raises(pl.ShapeError, match=r"needs a mask of shape \(4, 3\) for an input of shape \(4, 3, 2\)"):
            model.forward(pl.Context(pl.require_runtime(model).ops), x, np.ones(wrong, bool))


def test_places_are_as_many_as_there_were_made() -> None:
    for x in ((5, 3), (None, 3), (1, 3)):
        assert Positions(5).output_shape(x) == x
    with pytest.raises(pl.ShapeError, match=r"knows 5 positions\. Received: sequences of 6\."):
        Positions(5).output_shape((6, 3))
    for x in ((3,), (5, None), (2, 5, 3), ()):
        with pytest.raises(pl.ShapeError, match="Positions needs sequences, samples of 2 axes"):
            Positions(5).output_shape(x)


@pytest.mark.parametrize("form", ["learned", "sinusoidal"])
def test_places_go_on_where_a_text_has_come_to(form: Any) -> None:
    model: Any = pl.build(Positions(6, form), input_shape=(None, 4), seed=0)
    ops, x = model.runtime.ops, np.random.default_rng(0).normal(size=(2, 6, 4)).astype("float32")
    cache = model.new_cache(ops, 2, 6)
    parts = [model.extend(ops, x[:, a:b], cache) for a, b in ((0, 2), (2, 3), (3, 6))]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), model.predict(x), rtol=1e-6)
    with pytest.raises(pl.ShapeError, match=r"knows 6 positions\. Received: sequences of 7\."):
        model.extend(ops, x[:, :1], cache)


def test_queries_keys_and_values_fit_together() -> None:
    layer = ScaledDotProductAttention(4, kv_heads=2)  # of two numbers each: queries of 8, keys and values of 4
    fine: Any = [((3, 8), (5, 4), (5, 4)), ((None, 8), (None, 4), (5, 4)), ((3, 8), (5, 4), (None, 4))]
    for q, k, v, *more in (*fine, (*fine[0], (5,)), (*fine[0], (3, 5))):
        assert layer.output_shape(q, k, v, *more) == q
    for q, k, v in (((3, 7), (5, 4), (5, 4)), ((3, 8), (5, 8), (5, 8)), ((3, 8), (5, 4), (5, 8)),
                    ((3, 8), (5, 8), (5, 4)), ((3, 8), (5, 4), (6, 4)), ((3, 4), (5, 4), (5, 4))):  # fmt: skip
        with pytest.raises(
            pl.ShapeError, match=r"needs queries of 4 heads, \(T, 4·d\), and keys and values of 2, \(S, 2·d"
        ):
            layer.output_shape(q, k, v)
    model: Any = pl.build(layer, input_shape=[(None, 8), (None, 4), (None, 4)], seed=0)
    ctx, zeros = pl.Context(model.runtime.ops), lambda steps, width: np.zeros((2, steps, width), "f4")
    assert model.forward(ctx, zeros(3, 8), zeros(5, 4), zeros(5, 4)).shape == (2, 3, 8)
    with pytest.raises(pl.ShapeError, match=r"needs a value for each key\. Received: 5 keys, 6 values\."):
        model.forward(ctx, zeros(3, 8), zeros(5, 4), zeros(6, 4))


@pytest.mark.parametrize(
    ("arguments", "shapes", "said"),
    [
        ({"heads": 2, "attention": DENSE}, [(5, 4), (5,)], "attention of this TransformerBlock, Dense, takes no mask"),
        ({"heads": 2}, [(5, 4), (5,), (5,)], r"takes beside its sequences one mask\. Received: 3 inputs"),
        ({"heads": 3}, [(5, 4)], r"attention \(MultiHeadAttention\) of TransformerBlock: .*evenly between its 3 heads"),
        ({"heads": 2, "attention": {**DENSE, "units": 3}}, [(5, 4)],
         r"must keep the shape of their input, \(5, 4\)\. Received: \(5, 3\) from attention \(Dense\)"),
        ({"heads": 2, "feed_forward": {**DENSE, "units": 5}}, [(5, 4)], r"Received: \(5, 5\) from feed_forward"),
    ],
    ids=str,
)  # fmt: skip
def test_the_layers_of_a_block_keep_the_shape(arguments: dict[str, Any], shapes: Any, said: str) -> None:
    block: Any = pl.create("layer", "transformer/transformer_block", **arguments)
    assert TransformerBlock(2).output_shape((None, 4), (None,)) == (None, 4)
    for call in (block.output_shape, block.build):
        with pytest.raises(pl.ShapeError, match=said):
            call(*shapes)


@pytest.mark.parametrize(("told", "meant"), [
    ({"heads": 4}, {"heads": 2}), ({"kv_heads": 1}, {"heads": 2}), ({"causal": True}, {"heads": 2}),
    ({"rotary": 10.0}, {"heads": 2}),
])  # fmt: skip
def test_a_block_is_told_one_thing_of_its_attention(told: dict[str, Any], meant: dict[str, Any]) -> None:
    attention: Any = pl.create("layer", "transformer/multi_head_attention", **meant)
    ((name, value),) = told.items()
    with pytest.raises(pl.ConfigError, match=rf"told two things of its attention: {name} = {value}, and a layer with"):
        TransformerBlock(**{"heads": 2, "attention": attention, **told})
    assert TransformerBlock(2, attention=attention).attention is attention


def test_and_of_its_feed_forward_layer() -> None:
    own: Any = pl.create("layer", "transformer/feed_forward", hidden=5)
    for told, said in (({"hidden": 6}, "hidden = 6"), ({"hidden": 5, "activation": "relu"}, "activation = 'relu'")):
        with pytest.raises(pl.ConfigError, match=f"two things of its feed_forward: {said}, and a layer with"):
            TransformerBlock(2, feed_forward=own, **told)  # type: ignore[arg-type]
    assert TransformerBlock(2, 5, feed_forward=own).feed_forward is own


@pytest.mark.parametrize(("width", "hidden"), [
    (1, 8), (3, 8), (4, 16), (6, 16), (7, 24), (12, 32), (16, 48), (64, 176), (768, 2048),
])  # fmt: skip
def test_a_gated_layer_is_eight_thirds_as_wide_in_steps_of_eight(width: int, hidden: int) -> None:
    gated: Any = pl.build("transformer/swiglu", input_shape=(width,), seed=0)
    assert gated.weight.shape == (width, 2 * hidden) and gated.output_weight.shape == (hidden, width)
    plain: Any = pl.build("transformer/feed_forward", input_shape=(width,), seed=0)
    assert plain.weight.shape == (width, 4 * width) and plain.output_weight.shape == (4 * width, width)
    for name in ("feed_forward", "swiglu"):
        told: Any = pl.build(f"transformer/{name}", hidden=5, input_shape=(width,), seed=0)
        assert told.output_weight.shape == (5, width)


@pytest.mark.parametrize("wanted", [(True, True), (True, False), (False, True)])
def test_where_two_sequences_meet_each_gets_its_gradient(wanted: tuple[bool, bool]) -> None:
    """Against central differences of a weighted sum of the outputs."""
    config = {"type": "transformer/multi_head_attention", "heads": 2, "cross": True, "kv_heads": 1}
    model: Any = pl.build(config, input_shape=[(3, 4), (5, 6)], seed=1, dtype="float64", backend="reference")
    rng = np.random.default_rng(0)
    given, dy = [rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 5, 6))], rng.normal(size=(2, 3, 4))
    ctx = pl.Context(model.runtime.ops, training=True, dtype="float64", needs_dx=wanted)
    model.forward(ctx, *given)
    for found, x, there in zip(model.backward(ctx, dy), given, wanted, strict=True):
        if not there:
            continue
        for place in ((0, 0, 0), (1, 2, 3), (0, 1, 2)):
            ends = []
            for step in (1e-6, -1e-6):
                x[place] += step
                ends.append(float((model.predict(tuple(given)) * dy).sum()))
                x[place] -= step
            assert found[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-7)
