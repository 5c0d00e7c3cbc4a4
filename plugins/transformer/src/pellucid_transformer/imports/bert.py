"""from_bert: weights in the form of BERT, as sentence-transformers publish them, for sentence_encoder."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from pellucid import CheckpointError, ConfigError, HostArray, Importing, MadeOf, WeightSource, listed

from pellucid_transformer.text.library import WordPiece

_ACTIVATIONS = ("gelu", "relu")
_WORDS = "embeddings.word_embeddings.weight"
_UNUSED = ("*position_ids", "*pooler.dense.*", "cls.*")
"""Numbers of the positions; what is trained for other ends than the vectors of the last layer."""
_MODULES = ("Transformer", "Pooling", "Normalize")


def from_bert(source: WeightSource) -> Importing:
    """``config.json`` says the sizes; ``modules.json``, ``1_Pooling/config.json``, ``sentence_bert_config.json``, where
    there are such, what stands for a sentence; ``tokenizer.json`` or ``vocab.txt`` the tokens.

    Their matrices stand the other way round; queries, keys and values are one matrix here. The row of the first token
    type, which is added at every position, is added to the positions.

    Raises:
        ConfigError: another architecture than BERT, or another end than pooling and normalisation.
    """
    config = source.table("config.json")
    _check(source, config)
    prefix = next((name.removesuffix(_WORDS) for name in source.arrays if name.endswith(_WORDS)), "")
    blocks = int(config["num_hidden_layers"])
    parameters = {
        "layers.0.weight": MadeOf([prefix + _WORDS]),
        "layers.1.table": MadeOf(
            [f"{prefix}embeddings.position_embeddings.weight", f"{prefix}embeddings.token_type_embeddings.weight"],
            lambda positions, types: positions + types[0],
        ),
        **_norm("layers.2", f"{prefix}embeddings.LayerNorm"),
    }
    for i in range(blocks):
        parameters |= _block(f"layers.{3 + i}", f"{prefix}encoder.layer.{i}")
    pooling, normalise, longest = _sentence(source, int(config["max_position_embeddings"]))
    arguments = {
        "vocabulary": config["vocab_size"], "width": config["hidden_size"], "layers": blocks,
        "heads": config["num_attention_heads"], "context": config["max_position_embeddings"],
        "hidden": config["intermediate_size"], "activation": config["hidden_act"], "norm_first": False,
        "norm": {"type": "core/layer_norm", "eps": config["layer_norm_eps"]}, "pooling": pooling,
        "normalise": normalise,
    }  # fmt: skip
    tokenizer = _tokenizer(source, longest)
    if tokenizer.size > config["vocab_size"]:
        raise CheckpointError(
            f"The tokenizer of {source.name} has {tokenizer.size} tokens, and its config.json says vocab_size = "
            f"{config['vocab_size']}: the weights know no more. Give the tokenizer that belongs to them."
        )
    return Importing(arguments, [[None], [None]], parameters, _UNUSED, [tokenizer])


def _check(source: WeightSource, config: dict[str, Any]) -> None:
    """Refuse what this architecture does not compute."""
    said = {
        "model_type": ("bert",), "hidden_act": _ACTIVATIONS, "position_embedding_type": ("absolute", None),
    }  # fmt: skip
    for key, known in said.items():
        if config.get(key) not in known:
            raise ConfigError(
                f"config.json of {source.name} says {key} = {config.get(key)!r}. Expected: "
                f"{listed(repr(each) for each in known if each is not None)}. sentence_encoder takes weights in the "
                "form of BERT alone."
            )
    sizes = (
        "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
        "max_position_embeddings",
    )  # fmt: skip
    for key in sizes:
        if type(config.get(key)) is not int or config[key] < 1:
            raise CheckpointError(
                f"config.json of {source.name} must say {key}, an int of at least 1. Received: {config.get(key)!r}."
            )
    if not isinstance(config.get("layer_norm_eps"), float):
        raise CheckpointError(f"config.json of {source.name} must say layer_norm_eps, a float.")


def _norm(ours: str, theirs: str) -> dict[str, MadeOf]:
    return {f"{ours}.gamma": MadeOf([f"{theirs}.weight"]), f"{ours}.beta": MadeOf([f"{theirs}.bias"])}


def _linear(ours: str, theirs: str, name: str = "") -> dict[str, MadeOf]:
    return {
        f"{ours}.{name}weight": MadeOf([f"{theirs}.weight"], np.transpose),
        f"{ours}.{name}bias": MadeOf([f"{theirs}.bias"]),
    }


def _block(ours: str, theirs: str) -> dict[str, MadeOf]:
    three = [f"{theirs}.attention.self.{part}" for part in ("query", "key", "value")]
    return {
        f"{ours}.attention.weight": MadeOf([f"{part}.weight" for part in three], _side_by_side),
        f"{ours}.attention.bias": MadeOf([f"{part}.bias" for part in three], _one_after_another),
        **_linear(f"{ours}.attention", f"{theirs}.attention.output.dense", "output_"),
        **_norm(f"{ours}.norm1", f"{theirs}.attention.output.LayerNorm"),
        **_linear(f"{ours}.feed_forward", f"{theirs}.intermediate.dense"),
        **_linear(f"{ours}.feed_forward", f"{theirs}.output.dense", "output_"),
        **_norm(f"{ours}.norm2", f"{theirs}.output.LayerNorm"),
    }


def _side_by_side(*parts: HostArray) -> HostArray:
    return np.concatenate([part.T for part in parts], 1)


def _one_after_another(*parts: HostArray) -> HostArray:
    return np.concatenate(parts)


def _sentence(source: WeightSource, positions: int) -> tuple[str, bool, int]:
    """What stands for a sentence, whether its vector has length 1, how many tokens it may have."""
    normalise, pooling, longest = True, "mean", positions
    if source.has("modules.json"):
        modules = _modules(source)
        strange = [module for module in modules if module not in _MODULES]
        if strange:
            raise ConfigError(
                f"modules.json of {source.name} ends in {listed(strange)}. Expected: {listed(_MODULES)}, which is what "
                "sentence_encoder computes."
            )
        normalise = "Normalize" in modules
    if source.has("1_Pooling/config.json"):
        told = source.table("1_Pooling/config.json")
        modes = [mode for mode, wanted in told.items() if mode.startswith("pooling_mode_") and wanted]
        names = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "first"}
        if len(modes) != 1 or modes[0] not in names:
            raise ConfigError(
                f"1_Pooling/config.json of {source.name} asks for {listed(modes)}. Expected: one of {listed(names)}."
            )
        pooling = names[modes[0]]
    if source.has("sentence_bert_config.json"):
        most = source.table("sentence_bert_config.json").get("max_seq_length")
        if most is not None and (type(most) is not int or most < 1):
            raise CheckpointError(
                f"sentence_bert_config.json of {source.name} must say max_seq_length, an int of at least 1, or null. "
                f"Received: {most!r:.60}."
            )
        longest = min(longest, most or longest)
    return pooling, normalise, longest


def _modules(source: WeightSource) -> list[str]:
    """The classes that sentence-transformers would apply one after another."""
    try:
        return [str(module["type"]).rpartition(".")[2] for module in json.loads(source.text("modules.json"))]
    except (ValueError, TypeError, KeyError) as error:
        raise CheckpointError(
            f"modules.json of {source.name} must be a JSON list of objects that say their type. Received: "
            f"{source.text('modules.json')!r:.60} ({type(error).__name__}: {error})."
        ) from error


def _tokenizer(source: WeightSource, longest: int) -> WordPiece:
    if source.has("tokenizer.json"):
        tokenizer = WordPiece(mask=True, longest=longest)
        tokenizer.load(source.text("tokenizer.json"))
        return tokenizer
    lowercase = bool(source.table("tokenizer_config.json").get("do_lower_case", True))
    return WordPiece.of(source.text("vocab.txt").splitlines(), mask=True, longest=longest, lowercase=lowercase)
