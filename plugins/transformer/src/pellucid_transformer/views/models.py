"""What the views of texts share: which tokenizer a model has, a text to begin with, and small models to try them on."""

from __future__ import annotations

from typing import Any

from pellucid import Layer, PellucidError, Split, Viewed, build

from pellucid_transformer.generation.texts import beginning_of
from pellucid_transformer.text.characters import Characters
from pellucid_transformer.text.tokenizer import Tokenizer

FIRST = 64
"""Tokens of the data among which a text is looked for."""


def tokenizer_in(model: Layer) -> Tokenizer | None:
    """The tokenizer that was saved with a model, if it has one."""
    transforms = () if model.runtime is None else model.runtime.transforms
    return transforms[0] if transforms and isinstance(transforms[0], Tokenizer) else None


def beginning_in(opened: Viewed, tokenizer: Tokenizer, most: int) -> str:
    """The longest line at the beginning of the data; where there is none at hand, what any text can begin with."""
    try:
        x = opened.first(1).x
        tokens = (x[0] if isinstance(x, tuple) else x)[0]
        special = set(tokenizer.special.values())
        whole = tokenizer.decode([token for token in tokens[:FIRST].tolist() if token not in special])
        text = max(whole.splitlines(), key=len, default="")[:most]
        tokenizer.encode(text)
    except (PellucidError, TypeError, AttributeError, IndexError):  # no data, or data that is no tokens
        return beginning_of(tokenizer)
    return text or beginning_of(tokenizer)


def small_model(
    name: str, alphabet: str = "abcde ", *, mask: bool = False, context: int = 8, **arguments: Any
) -> Viewed:
    """A model of texts in six characters, which has not been trained, with two windows of a text."""
    tokenizer = Characters(alphabet, mask=mask)
    shape = [[None], [None]] if mask else [context]
    how = {"width": 4, "layers": 2, "heads": 2, "context": 16, **arguments}
    model = build(name, input_shape=shape, vocabulary=len(alphabet), seed=0, **how)
    assert model.runtime is not None
    model.runtime.transforms = [tokenizer]
    tokens = tokenizer.encode("abc cde bad ace ")
    return Viewed.of(model, Split(tokens.reshape(2, 8)))
