"""language_model: a decoder that says at each position which token comes next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pellucid import Dense, Example, Layer, Normal, Stack, Transposed, check_bool

from pellucid_transformer.models.body import STD, Places, body


def language_model(
    vocabulary: int,
    width: int = 128,
    layers: int = 4,
    heads: int = 4,
    context: int = 64,
    *,
    hidden: int | None = None,
    norm: str | Mapping[str, Any] = "core/layer_norm",
    norm_first: bool = True,
    activation: str = "gelu",
    positions: Places = "learned",
    kv_heads: int | None = None,
    dropout: float = 0.0,
    use_bias: bool = True,
    tied: bool = True,
) -> Layer:
    """A decoder as GPT-2 is one: ``[embedding, positions, (block) × layers, norm, head]``; position t sees 0 … t.

    Args:
        vocabulary: V, how many tokens there are.
        width: D, numbers of each position.
        layers: blocks.
        heads: of each block's attention.
        context: the most positions that it sees.
        hidden: numbers inside of each feed-forward layer; None: 4 D, for ``"swiglu"`` 8/3 D.
        norm: a layer's name or configuration: ``"core/layer_norm"``, ``"transformer/rms_norm"``.
        norm_first: whether norms stand before attention and feed-forward layers, or behind the sums.
        activation: of the feed-forward layers, ``"gelu"``, ``"relu"``, or ``"swiglu"`` for layers with a gate.
        positions: ``"learned"``, ``"sinusoidal"`` (both added), or ``"rotary"`` (queries and keys are turned).
        kv_heads: heads of keys and values; None: ``heads``.
        dropout: fraction that is dropped in training behind embedding, attention and feed-forward layer.
        use_bias: whether attention and feed-forward layers have biases.
        tied: whether the head's weights are the embedding's, transposed.

    Shapes: tokens (N, T) integers, T ≤ context -> logits (N, T, V). A target is a token for each position. Sequences of
    different length end in the label that the loss ignores: ``{"type": "softmax_cross_entropy", "ignore": -1}``.

    Source: Radford et al., Language Models are Unsupervised Multitask Learners, 2019.
    """
    check_bool(language_model, "tied", tied)
    parts = body(
        language_model, vocabulary, width, layers, heads, context, hidden=hidden, norm=norm, norm_first=norm_first,
        activation=activation, positions=positions, kv_heads=kv_heads, dropout=dropout, use_bias=use_bias, causal=True,
    )  # fmt: skip
    head = Transposed(parts[0], use_bias=False) if tied else Dense(vocabulary, use_bias=False, init=Normal(STD))
    model = Stack([*parts, head])
    model.context = context  # how long a text may be that goes on
    model.default_objective = {"type": "core/supervised", "loss": "core/softmax_cross_entropy"}
    return model


language_model.reads = {".txt": "transformer/running_text"}  # type: ignore[attr-defined]
# What the conformance kit builds; a class would say this in its body.
language_model.examples = (  # type: ignore[attr-defined]
    Example({"vocabulary": 5, "width": 4, "layers": 1, "heads": 2, "context": 6}, (("int", 5, 4),)),
    Example({"vocabulary": 4, "width": 4, "layers": 2, "heads": 2, "kv_heads": 1, "positions": "rotary",
             "norm": "transformer/rms_norm", "activation": "swiglu", "use_bias": False, "tied": False},
            (("int", 4, None),)),
    Example({"vocabulary": 4, "width": 4, "layers": 1, "heads": 1, "context": 5, "positions": "sinusoidal",
             "norm_first": False, "hidden": 3, "activation": "relu", "dropout": 0.1}, (("int", 4, 5),)),
)  # fmt: skip
