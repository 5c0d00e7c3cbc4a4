"""What the files beside the weights of BERT say: what stands for a sentence, how long it is, which tokens there are."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from pellucid import CheckpointError, ConfigError, WeightSource
from pellucid_transformer.imports.bert import _block, _check, _sentence, _tokenizer, from_bert

pytest.importorskip("tokenizers", reason="needs pellucid-transformer[tokenizers]")

CONFIG: dict[str, Any] = {
    "model_type": "bert", "hidden_act": "relu", "vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 2,
    "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 12, "layer_norm_eps": 1e-9,
}  # fmt: skip
TOKENS = "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ab", "cd", "e", "E"])


def source(files: dict[str, Any], arrays: dict[str, Any] | None = None) -> WeightSource:
    texts = {name: (file if isinstance(file, str) else json.dumps(file)).encode() for name, file in files.items()}
    return WeightSource("folder", arrays or {}, "", texts)


def modules(*names: str) -> list[dict[str, str]]:
    return [{"type": f"sentence_transformers.models.{name}"} for name in names]


def pooled(**modes: Any) -> dict[str, Any]:
    return {"word_embedding_dimension": 8, **{f"pooling_mode_{mode}": value for mode, value in modes.items()}}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, ("mean", True, 12)),
        ({"modules.json": modules("Transformer", "Pooling", "Normalize")}, ("mean", True, 12)),
        ({"modules.json": modules("Transformer", "Pooling")}, ("mean", False, 12)),
        ({"1_Pooling/config.json": pooled(cls_token=True, mean_tokens=False)}, ("first", True, 12)),
        ({"1_Pooling/config.json": pooled(cls_token=False, mean_tokens=True)}, ("mean", True, 12)),
        ({"sentence_bert_config.json": {"max_seq_length": 7}}, ("mean", True, 7)),
        ({"sentence_bert_config.json": {"max_seq_length": 1}}, ("mean", True, 1)),
        ({"sentence_bert_config.json": {"max_seq_length": 512}}, ("mean", True, 12)),
        ({"sentence_bert_config.json": {"max_seq_length": None}}, ("mean", True, 12)),
        ({"sentence_bert_config.json": {}}, ("mean", True, 12)),
    ],
    ids=str,
)
def test_what_stands_for_a_sentence(files: dict[str, Any], told: tuple[str, bool, int]) -> None:
    assert _sentence(source(files), 12) == told


@pytest.mark.parametrize(
    ("file", "content", "error", "said"),
    [
        ("1_Pooling/config.json", pooled(max_tokens=True), ConfigError,
         r"1_Pooling/config\.json of folder asks for pooling_mode_max_tokens\. Expected: one of pooling_mode_mean_"),
        ("1_Pooling/config.json", pooled(mean_tokens=True, cls_token=True), ConfigError,
         "asks for pooling_mode_mean_tokens, pooling_mode_cls_token"),
        ("1_Pooling/config.json", pooled(mean_tokens=False), ConfigError, r"1_Pooling/config\.json of folder asks for"),
        ("modules.json", modules("Transformer", "Dense", "LayerNorm"), ConfigError,
         r"modules\.json of folder ends in Dense, LayerNorm\. Expected: Transformer, Pooling, Normalize"),
        ("sentence_bert_config.json", {"max_seq_length": 0}, CheckpointError, r"an int of at least 1.*Received: 0\."),
        ("sentence_bert_config.json", {"max_seq_length": 8.0}, CheckpointError, r"Received: 8\.0\."),
        ("sentence_bert_config.json", {"max_seq_length": True}, CheckpointError, r"Received: True\."),
    ],
)  # fmt: skip
def test_other_ends_are_refused(file: str, content: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        _sentence(source({file: content}), 12)


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"model_type": None}, ConfigError, r"config\.json of folder says model_type = None\. Expected: 'bert'\."),
        ({"hidden_act": "swish"}, ConfigError, r"says hidden_act = 'swish'\. Expected: 'gelu', 'relu'\."),
        ({"position_embedding_type": "relative_key"}, ConfigError, r"= 'relative_key'\. Expected: 'absolute'\."),
        *[({size: wrong}, CheckpointError, rf"must say {size}, an int of at least 1\. Received: {wrong!r}\.")
          for size in CONFIG if size.endswith(("size", "layers", "heads", "embeddings")) for wrong in (0, True, None)],
        ({"layer_norm_eps": 1}, CheckpointError, "must say layer_norm_eps, a float"),
        ({"layer_norm_eps": None}, CheckpointError, "must say layer_norm_eps, a float"),
    ],
)  # fmt: skip
def test_configurations_of_something_else_are_refused(changed: dict[str, Any], error: Any, said: str) -> None:
    for fine in ({}, {"position_embedding_type": "absolute"}, {"hidden_act": "gelu"}):
        _check(source({}), {**CONFIG, **fine})
    with pytest.raises(error, match=said):
        _check(source({}), {**CONFIG, **changed})


@pytest.mark.parametrize(("told", "tokens"), [
    ({}, [2, 5, 7, 3]), ({"do_lower_case": True}, [2, 5, 7, 3]), ({"do_lower_case": False}, [2, 1, 8, 3]),
])  # fmt: skip
def test_capitals_are_kept_where_the_files_say_so(told: dict[str, Any], tokens: list[int]) -> None:
    tokenizer = _tokenizer(source({"vocab.txt": TOKENS, "tokenizer_config.json": told}), 6)
    assert tokenizer.encode("AB E").tolist() == tokens and tokenizer.mask and tokenizer.longest == 6
    own = source({"tokenizer.json": bytes(tokenizer.state()["learned"]).decode(), "vocab.txt": "x"})
    again = _tokenizer(own, 5)  # which goes before the list of tokens
    assert again.encode("AB E").tolist() == tokens and again.mask and again.longest == 5


def test_parts_of_a_block_stand_the_other_way_round_and_side_by_side() -> None:
    """Queries, keys and values are one matrix here; each of theirs computes W x of a column."""
    parts = _block("ours", "theirs")
    q, k, v = (np.arange(6.0).reshape(2, 3) + 10 * i for i in range(3))
    joined = parts["ours.attention.weight"]
    assert joined.names == [f"theirs.attention.self.{part}.weight" for part in ("query", "key", "value")]
    x = np.array([1.0, -2.0, 0.5])
    np.testing.assert_array_equal(x @ joined.make(q, k, v), np.concatenate([q @ x, k @ x, v @ x]))
    bias = parts["ours.attention.bias"]
    assert bias.names == [f"theirs.attention.self.{part}.bias" for part in ("query", "key", "value")]
    np.testing.assert_array_equal(bias.make(q[0], k[0], v[0]), [0, 1, 2, 10, 11, 12, 20, 21, 22])
    alone = {ours: theirs.names for ours, theirs in parts.items() if len(theirs.names) == 1}
    assert alone == {
        "ours.attention.output_weight": ["theirs.attention.output.dense.weight"],
        "ours.attention.output_bias": ["theirs.attention.output.dense.bias"],
        "ours.norm1.gamma": ["theirs.attention.output.LayerNorm.weight"],
        "ours.norm1.beta": ["theirs.attention.output.LayerNorm.bias"],
        "ours.feed_forward.weight": ["theirs.intermediate.dense.weight"],
        "ours.feed_forward.bias": ["theirs.intermediate.dense.bias"],
        "ours.feed_forward.output_weight": ["theirs.output.dense.weight"],
        "ours.feed_forward.output_bias": ["theirs.output.dense.bias"],
        "ours.norm2.gamma": ["theirs.output.LayerNorm.weight"], "ours.norm2.beta": ["theirs.output.LayerNorm.bias"],
    }  # fmt: skip


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_the_sizes_become_arguments_and_the_first_type_is_added_to_the_positions(prefix: str) -> None:
    files = {"config.json": CONFIG, "vocab.txt": TOKENS, "tokenizer_config.json": {},
             "modules.json": modules("Transformer", "Pooling"), "sentence_bert_config.json": {"max_seq_length": 7},
             "1_Pooling/config.json": pooled(cls_token=True)}  # fmt: skip
    arrays = {f"{prefix}embeddings.word_embeddings.weight": np.zeros((9, 8))}
    found = from_bert(source(files, arrays))
    assert found.arguments == {
        "vocabulary": 9, "width": 8, "layers": 2, "heads": 2, "context": 12, "hidden": 16, "activation": "relu",
        "norm_first": False, "norm": {"type": "core/layer_norm", "eps": 1e-9}, "pooling": "first", "normalise": False,
    }  # fmt: skip
    table = found.parameters["layers.1.table"]
    assert table.names == [f"{prefix}embeddings.{kind}_embeddings.weight" for kind in ("position", "token_type")]
    np.testing.assert_array_equal(table.make(np.eye(2), np.array([[5.0, 6.0], [9.0, 9.0]])), [[6, 6], [5, 7]])
    assert found.parameters["layers.4.norm2.beta"].names == [f"{prefix}encoder.layer.1.output.LayerNorm.bias"]
    assert found.parameters["layers.2.gamma"].names == [f"{prefix}embeddings.LayerNorm.weight"]
    assert "layers.5.norm2.beta" not in found.parameters
    with pytest.raises(CheckpointError, match=r"of folder has 9 tokens, and its config\.json says vocab_size = 8"):
        from_bert(source({**files, "config.json": {**CONFIG, "vocab_size": 8}}, arrays))
