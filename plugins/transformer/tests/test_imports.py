"""Weights in the form of BERT: a small one with everything, and folders whose files do not belong together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from safetensors.numpy import save_file

pytest.importorskip("tokenizers", reason="needs pellucid-transformer[tokenizers]")

TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefg"]
CONFIG = {
    "model_type": "bert", "hidden_act": "gelu", "vocab_size": 12, "hidden_size": 8, "num_hidden_layers": 1,
    "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 16, "layer_norm_eps": 1e-12,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What sentence-transformers would write, of one block, 8 wide."""
    rng, block = np.random.default_rng(0), "encoder.layer.0"
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (12, 8), "embeddings.position_embeddings.weight": (16, 8),
        "embeddings.token_type_embeddings.weight": (2, 8),
    }  # fmt: skip
    linear = {f"attention.self.{part}": (8, 8) for part in ("query", "key", "value")}
    linear |= {"attention.output.dense": (8, 8), "intermediate.dense": (16, 8), "output.dense": (8, 16)}
    for name, shape in linear.items():
        shapes |= {f"{block}.{name}.weight": shape, f"{block}.{name}.bias": shape[:1]}
    for name in ("embeddings", f"{block}.attention.output", f"{block}.output"):
        shapes |= {f"{name}.LayerNorm.weight": (8,), f"{name}.LayerNorm.bias": (8,)}
    arrays = {name: rng.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}
    save_file(arrays, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "vocab.txt").write_text("\n".join(TOKENS) + "\n")
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": true}')
    return tmp_path


def test_texts_become_vectors(folder: Path) -> None:
    model = pl.import_model("sentence_encoder", folder).model
    vectors = model.predict(["a b", "c D e"])
    np.testing.assert_allclose((vectors**2).sum(1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("config.json", {"model_type": "gpt2"}, "says model_type = 'gpt2'. Expected: 'bert'"),
        ("config.json", {"vocab_size": "12"}, r"must say vocab_size, an int of at least 1\. Received: '12'"),
        ("config.json", {"intermediate_size": 20}, r"feed_forward\.weight \(8, 20\) cannot be made of .*\(16, 8\)"),
        ("vocab.txt", "\n".join([*TOKENS, "h"]), r"has 13 tokens, and its config\.json says vocab_size = 12"),
        ("vocab.txt", "a\nb\n", r"must include \[UNK\], \[CLS\], \[SEP\]"),
        ("tokenizer.json", '{"x": 1}', "must be the JSON of the library 'tokenizers'"),
        ("modules.json", "{oops", r"modules\.json of .* must be a JSON list of objects that say their type"),
        ("modules.json", '["a"]', r"modules\.json of .* must be a JSON list .*Received: '\[\"a\"\]'"),
        ("modules.json", '[{"type": "models.Dense"}]', "ends in Dense. Expected: Transformer, Pooling, Normalize"),
        ("sentence_bert_config.json", '{"max_seq_length": "abc"}', r"must say max_seq_length, an int.*Received: 'abc'"),
    ],
)
def test_files_that_do_not_belong_together(folder: Path, file: str, content: Any, said: str) -> None:
    (folder / file).write_text(content if isinstance(content, str) else json.dumps({**CONFIG, **content}))
    with pytest.raises((pl.ConfigError, pl.CheckpointError, pl.DataError), match=said):
        pl.import_model("sentence_encoder", folder)
