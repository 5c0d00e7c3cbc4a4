"""sequence_encoder, sequence_classifier, sentence_encoder: every position sees all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pellucid import Dense, Example, Layer, Normal, Stack, check_bool, check_choice, check_int

from pellucid_transformer.imports.bert import from_bert
from pellucid_transformer.layers.pooling import Pooling, Unit
from pellucid_transformer.models.body import STD, Places, body

LOSSES = {
    "classification": "core/softmax_cross_entropy", "answers": "core/binary_cross_entropy", "regression": "core/mse",
}  # fmt: skip


def sequence_encoder(
    vocabulary: int,
    width: int = 128,
    layers: int = 4,
    heads: int = 4,
    context: int = 128,
    *,
    outputs: int | None = None,
    hidden: int | None = None,
    norm: str | Mapping[str, Any] = "core/layer_norm",
    norm_first: bool = True,
    activation: str = "gelu",
    positions: Places = "learned",
    kv_heads: int | None = None,
    dropout: float = 0.0,
    use_bias: bool = True,
) -> Layer:
    """An encoder as BERT is one: ``[embedding, positions, block × layers, norm, (dense)]``, a vector for each position.

    Args:
        vocabulary: V, how many tokens there are.
        width: D, numbers of each position.
        layers: blocks.
        heads: of each block's attention.
        context: the most positions that it sees.
        outputs: classes, to be told apart at each position by a dense layer at the end; None: the vectors are given.
        hidden, norm, activation, positions, kv_heads, dropout, use_bias: as for ``language_model``.
        norm_first: whether norms stand before attention and feed-forward layers, with one at the end, or behind the
            sums, with one behind the embedding, as in BERT.

    Shapes: tokens (N, T) integers, T ≤ context, and optional mask (N, T), which positions there are -> (N, T, D), or
    (N, T, outputs), trained with softmax and cross-entropy over the positions.

    Source: Devlin et al., BERT, 2019.
    """
    parts = body(
        sequence_encoder, vocabulary, width, layers, heads, context, hidden=hidden, norm=norm, norm_first=norm_first,
        activation=activation, positions=positions, kv_heads=kv_heads, dropout=dropout, use_bias=use_bias, causal=False,
    )  # fmt: skip
    if outputs is not None:
        check_int(sequence_encoder, "outputs", outputs, "[1, inf)")
        parts.append(Dense(outputs, init=Normal(STD)))
    model = Stack(parts)
    model.context = context  # the longest that it can be given
    if outputs is not None:
        model.default_objective = {"type": "core/supervised", "loss": LOSSES["classification"]}
    return model


def sequence_classifier(
    outputs: int,
    vocabulary: int,
    width: int = 128,
    layers: int = 4,
    heads: int = 4,
    context: int = 128,
    *,
    pooling: Literal["mean", "first"] = "mean",
    task: Literal["classification", "answers", "regression"] = "classification",
    hidden: int | None = None,
    norm: str | Mapping[str, Any] = "core/layer_norm",
    norm_first: bool = True,
    activation: str = "gelu",
    positions: Places = "learned",
    kv_heads: int | None = None,
    dropout: float = 0.0,
    use_bias: bool = True,
) -> Layer:
    """What a whole sequence is: ``[encoder, pooling, dense]``.

    Args:
        outputs: classes, answers, or values.
        vocabulary, width, layers, heads, context: as for ``sequence_encoder``.
        pooling: what stands for the sequence: the ``"mean"`` of its positions, or its ``"first"``.
        task: decides the loss: softmax with cross-entropy, binary cross-entropy, or the squared error.
        hidden, norm, norm_first, activation, positions, kv_heads, dropout, use_bias: as for ``sequence_encoder``.

    Shapes: tokens (N, T) integers, T ≤ context, and optional mask (N, T) -> (N, outputs).
    """
    check_int(sequence_classifier, "outputs", outputs, "[1, inf)")
    check_choice(sequence_classifier, "pooling", pooling, ("mean", "first"))
    check_choice(sequence_classifier, "task", task, tuple(LOSSES))
    parts = body(
        sequence_classifier, vocabulary, width, layers, heads, context, hidden=hidden, norm=norm, norm_first=norm_first,
        activation=activation, positions=positions, kv_heads=kv_heads, dropout=dropout, use_bias=use_bias, causal=False,
    )  # fmt: skip
    model = Stack([*parts, Pooling(pooling), Dense(outputs, init=Normal(STD))])
    model.context = context  # the longest that it can be given
    model.default_objective = {"type": "core/supervised", "loss": LOSSES[task]}
    return model


def sentence_encoder(
    vocabulary: int,
    width: int = 128,
    layers: int = 4,
    heads: int = 4,
    context: int = 128,
    *,
    pooling: Literal["mean", "first"] = "mean",
    normalise: bool = True,
    hidden: int | None = None,
    norm: str | Mapping[str, Any] = "core/layer_norm",
    norm_first: bool = True,
    activation: str = "gelu",
    positions: Places = "learned",
    kv_heads: int | None = None,
    dropout: float = 0.0,
    use_bias: bool = True,
) -> Layer:
    """Sentences as vectors, near each other where they mean the same: ``[encoder, pooling, unit]``.

    Trained on pairs with the loss ``transformer/contrastive``.

    Args:
        vocabulary, width, layers, heads, context: as for ``sequence_encoder``.
        pooling: what stands for the sentence: the ``"mean"`` of its positions, or its ``"first"``.
        normalise: whether vectors have length 1, so that their products are cosines.
        hidden, norm, norm_first, activation, positions, kv_heads, dropout, use_bias: as for ``sequence_encoder``.

    Shapes: tokens (N, T) integers, T ≤ context, and optional mask (N, T) -> (N, D).

    Source: Reimers & Gurevych, Sentence-BERT, 2019.
    """
    check_choice(sentence_encoder, "pooling", pooling, ("mean", "first"))
    check_bool(sentence_encoder, "normalise", normalise)
    parts = body(
        sentence_encoder, vocabulary, width, layers, heads, context, hidden=hidden, norm=norm, norm_first=norm_first,
        activation=activation, positions=positions, kv_heads=kv_heads, dropout=dropout, use_bias=use_bias, causal=False,
    )  # fmt: skip
    model = Stack([*parts, Pooling(pooling), *([Unit()] if normalise else [])])
    model.context = context  # the longest that it can be given
    model.default_objective = {"type": "core/supervised", "loss": "transformer/contrastive"}
    return model


sentence_encoder.import_weights = from_bert  # type: ignore[attr-defined]


_TABLES = (".csv", ".tsv", ".jsonl")
sequence_classifier.reads = dict.fromkeys(_TABLES, "transformer/labelled_texts")  # type: ignore[attr-defined]
sentence_encoder.reads = dict.fromkeys(_TABLES, "transformer/text_pairs")  # type: ignore[attr-defined]
# What the conformance kit builds; a class would say this in its body.
_SMALL = {"vocabulary": 5, "width": 4, "layers": 1, "heads": 2, "context": 40}
sequence_encoder.examples = (  # type: ignore[attr-defined]
    Example(_SMALL, (("int", 5, 4),)),
    Example({**_SMALL, "norm_first": False, "outputs": 3, "hidden": 6}, (("int", 5, None), ("bool", None))),
)
sequence_classifier.examples = (  # type: ignore[attr-defined]
    Example({"outputs": 3, **_SMALL}, (("int", 5, None), ("bool", None))),
    Example({"outputs": 2, **_SMALL, "pooling": "first", "task": "regression"}, (("int", 5, 4),)),
)
sentence_encoder.examples = (  # type: ignore[attr-defined]
    Example(_SMALL, (("int", 5, None), ("bool", None))),
    Example({**_SMALL, "pooling": "first", "normalise": False, "activation": "swiglu"}, (("int", 5, 4),)),
)
