"""What is no initializer, no layer and no mask is refused where it is given, not where it would be used."""

from __future__ import annotations

from typing import Any

import pellucid as pl
import pytest
from pellucid_transformer.layers.arguments import check_given_mask, check_heads, check_mask, check_some, width_of
from pellucid_transformer.layers.attention import MultiHeadAttention
from pellucid_transformer.layers.block import TransformerBlock
from pellucid_transformer.layers.embedding import Embedding
from pellucid_transformer.layers.feed_forward import FeedForward, SwiGLU
from pellucid_transformer.layers.positions import Positions

INITS: tuple[tuple[Any, dict[str, Any]], ...] = (
    (MultiHeadAttention, {"heads": 1}), (FeedForward, {}), (SwiGLU, {}), (Embedding, {"vocabulary": 2, "units": 2}),
    (Positions, {"longest": 2}),
)  # fmt: skip
LAYER = MultiHeadAttention(1)


@pytest.mark.parametrize(("layer", "others"), INITS, ids=lambda each: getattr(each, "__name__", ""))
def test_an_initializer_is_one_or_its_name(layer: Any, others: dict[str, Any]) -> None:
    for name in ("init", "output_init") if layer in (MultiHeadAttention, FeedForward, SwiGLU) else ("init",):
        said = rf"The '{name}' of {layer.__name__} must be an initializer,? (or )?its name"
        for wrong in (0.5, ["zeros"]):
            with pytest.raises(pl.ConfigError, match=said):
                layer(**others, **{name: wrong})


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        ("norm", 3, "a layer's name, or a table with its type. Received: 3"),
        ("attention", "transformer/multi_head_attention", "a layer or None. Received: 'transformer/multi_head"),
        ("feed_forward", {"type": "dense"}, "a layer or None. Received: "),
    ],
)
def test_the_parts_of_a_block_are_layers(name: str, wrong: Any, said: str) -> None:
    with pytest.raises(pl.ConfigError) as refused:
        TransformerBlock(2, **{name: wrong})
    assert str(refused.value).startswith(f"The '{name}' of TransformerBlock must be {said}")


@pytest.mark.parametrize("more", [(), ((5,),), ((None,),), ((3, 5),)])
def test_one_mask_of_keys_or_of_pairs_may_stand_beside_sequences(more: Any) -> None:
    check_mask(LAYER, 3, 5, more)


@pytest.mark.parametrize("more", [((3,),), ((5, 3),), ((),), ((5, 5),), ((5,), (5,)), ((1, 3, 5),)])
def test_other_masks_are_refused_with_both_shapes(more: Any) -> None:
    with pytest.raises(pl.ShapeError, match=r"of shape \(5,\), a truth value for each key, or \(3, 5\), one for each"):
        check_mask(LAYER, 3, 5, more)


def test_a_mask_that_comes_has_the_lengths_of_its_batch() -> None:
    check_given_mask(LAYER, 2, 3, 5, (2, 5))
    check_given_mask(LAYER, 2, 3, 5, (2, 3, 5))
    for shape in ((2, 3), (5,), (1, 5), (2, 5, 3), (2, 5, 5)):
        with pytest.raises(pl.ShapeError, match=r"mask of shape \(2, 5\) or \(2, 3, 5\) here\. Received: \("):
            check_given_mask(LAYER, 2, 3, 5, shape)


def test_sequences_have_a_position_at_least() -> None:
    check_some(LAYER, 1, 1)
    for queries, keys in ((0, 1), (1, 0), (0, 0)):
        with pytest.raises(pl.ShapeError, match=rf"Received: {queries} queries and {keys} keys\."):
            check_some(LAYER, queries, keys)


def test_positions_may_vary_and_their_numbers_may_not() -> None:
    assert width_of(LAYER, (None, 4), "sequences") == width_of(LAYER, (3, 4), "sequences") == 4
    for shape in ((3, None), (4,), (2, 3, 4), ()):
        with pytest.raises(pl.ShapeError, match=r"needs sequences of 2 axes, \(positions, features\)"):
            width_of(LAYER, shape, "sequences")


def test_heads_of_keys_divide_those_of_queries() -> None:
    for heads, kv_heads in ((6, None), (6, 1), (6, 3), (6, 6)):
        check_heads(LAYER, heads, kv_heads)
    for heads, kv_heads in ((6, 4), (3, 6)):
        with pytest.raises(pl.ConfigError, match=rf"Received: heads={heads}, kv_heads={kv_heads}\."):
            check_heads(LAYER, heads, kv_heads)
    for heads, kv_heads in ((0, None), (6, 0)):
        with pytest.raises(pl.ConfigError, match=r"heads' of MultiHeadAttention must be an int in \[1, inf\)"):
            check_heads(LAYER, heads, kv_heads)
