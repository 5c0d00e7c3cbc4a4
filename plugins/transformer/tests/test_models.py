"""The architectures: which layers they are made of, how their weights begin, and what is refused in their name."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pellucid as pl
import pytest
from pellucid_transformer.models.encoders import sentence_encoder, sequence_classifier, sequence_encoder
from pellucid_transformer.models.language_model import language_model

SMALL: dict[str, Any] = {"vocabulary": 7, "width": 6, "layers": 2, "heads": 3, "context": 9}
MODELS: dict[Any, dict[str, Any]] = {
    language_model: SMALL, sequence_encoder: SMALL, sentence_encoder: SMALL,
    sequence_classifier: {"outputs": 4, **SMALL},
}  # fmt: skip
NAMES = {"ids": lambda each: getattr(each, "__name__", None)}


def kinds(model: Any) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]


@pytest.mark.parametrize(
    ("make", "changes", "expected"),
    [
        (language_model, {}, "Embedding Positions TransformerBlock TransformerBlock LayerNorm Transposed"),
        (language_model, {"norm_first": False}, "Embedding Positions TransformerBlock TransformerBlock Transposed"),
        (language_model, {"tied": False, "positions": "rotary", "layers": 1, "dropout": 0.1},
         "Embedding Dropout TransformerBlock LayerNorm Dense"),
        (sequence_encoder, {"positions": "sinusoidal", "layers": 1}, "Embedding Positions TransformerBlock LayerNorm"),
        (sequence_encoder, {"norm_first": False, "dropout": 0.1, "norm": "transformer/rms_norm"},
         "Embedding Positions RMSNorm Dropout TransformerBlock TransformerBlock"),
        (sentence_encoder, {"layers": 1}, "Embedding Positions TransformerBlock LayerNorm Pooling Unit"),
        (sentence_encoder, {"layers": 1, "normalise": False}, "Embedding Positions TransformerBlock LayerNorm Pooling"),
        (sequence_classifier, {"layers": 1}, "Embedding Positions TransformerBlock LayerNorm Pooling Dense"),
    ],
    **NAMES,
)  # fmt: skip
def test_a_model_is_a_body_and_what_stands_behind_it(make: Any, changes: dict[str, Any], expected: str) -> None:
    assert kinds(make(**{**MODELS[make], **changes})) == expected.split()


@pytest.mark.parametrize("make", MODELS, **NAMES)
def test_settings_reach_the_blocks(make: Any) -> None:
    changes = {"hidden": 5, "norm": "transformer/rms_norm", "activation": "relu", "positions": "rotary", "kv_heads": 1,
               "dropout": 0.25, "use_bias": False}  # fmt: skip
    model: Any = make(**{**MODELS[make], **changes})
    blocks = [layer for layer in model.layers if type(layer).__name__ == "TransformerBlock"]
    assert len(blocks) == 2 and model.context == 9
    for block in blocks:
        told = {name: getattr(block, name) for name in ("heads", "hidden", "norm", "activation", "kv_heads", "dropout")}
        assert told == {"heads": 3, **{name: changes[name] for name in told if name in changes}}
        assert (block.rotary, block.use_bias, block.causal) == (10_000.0, False, make is language_model)
        assert block.attention.rotary == 10_000.0 and block.attention.causal is block.causal
        assert (block.init.std, block.output_init.std) == (0.02, 0.02 / sqrt(4))  # two blocks, four short cuts
    embedding = model.layers[0]
    assert (embedding.vocabulary, embedding.units, embedding.init.std) == (7, 6, 0.02)
    plain: Any = make(**MODELS[make])
    assert (plain.layers[1].longest, plain.layers[1].form, plain.layers[1].init.std) == (9, "learned", 0.02)
    assert plain.layers[2].rotary is None and plain.layers[2].use_bias


@pytest.mark.parametrize("make", MODELS, **NAMES)
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        *[({name: 0}, rf"The '{name}' of MODEL must be an int in \[1, inf\)\. Received: 0")
          for name in ("vocabulary", "width", "layers", "heads", "context")],
        ({"norm_first": 1}, "The 'norm_first' of MODEL must be"),
        ({"dropout": 1.0}, r"The 'dropout' of MODEL must be a float in \[0, 1\)"),
        ({"positions": "none"}, "The 'positions' of MODEL must be one of 'learned', 'sinusoidal', 'rotary'"),
        ({"heads": 4}, r"MODEL divides its width evenly between its heads\. Received: width=6, heads=4\."),
    ],
    ids=str,
)  # fmt: skip
def test_what_no_model_can_be_is_said_in_its_name(make: Any, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(pl.ConfigError, match=said.replace("MODEL", make.__name__)):
        make(**{**MODELS[make], **changes})


@pytest.mark.parametrize(
    ("make", "name", "wrong"),
    [(sequence_classifier, "outputs", 0), (sequence_classifier, "pooling", "last"), (sequence_classifier, "task", "x"),
     (sentence_encoder, "pooling", "last"), (sentence_encoder, "normalise", 1), (language_model, "tied", 1)],
    **NAMES,
)  # fmt: skip
def test_arguments_of_its_own_are_held_too(make: Any, name: str, wrong: Any) -> None:
    with pytest.raises(pl.ConfigError, match=rf"The '{name}' of {make.__name__} must be "):
        make(**{**MODELS[make], name: wrong})


@pytest.mark.parametrize(("task", "loss"), [
    ("classification", "softmax_cross_entropy"), ("answers", "binary_cross_entropy"), ("regression", "mse"),
])  # fmt: skip
def test_the_task_decides_the_loss(task: Any, loss: str) -> None:
    model = sequence_classifier(**{**MODELS[sequence_classifier], "task": task, "pooling": "first"})
    assert model.default_objective == {"type": "core/supervised", "loss": f"core/{loss}"}
    pooling, dense = model.layers[-2:]  # type: ignore[attr-defined]
    assert (pooling.take, dense.units, dense.init.std) == ("first", 4, 0.02)
    assert sentence_encoder(**SMALL).default_objective["loss"] == "transformer/contrastive"  # type: ignore[index]
