"""generate: a text goes on, token by token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from pellucid import ConfigError, DataError, HostArray, Layer, check_int, require_runtime

from pellucid_transformer.generation.sampling import check_sampling, drawn, probabilities, uniforms
from pellucid_transformer.generation.steps import Steps
from pellucid_transformer.text.tokenizer import Tokenizer

BEFORE, MOST_HELD = 6, 16
"""Tokens that a piece is decoded with, so that blanks between words come out right; and tokens whose characters may be
incomplete, that are waited for."""
INCOMPLETE = "\N{REPLACEMENT CHARACTER}"


def tokenizer_of(model: Layer) -> Tokenizer:
    """The tokenizer that was saved with a model.

    Raises:
        ConfigError: it has none.
    """
    transforms = require_runtime(model).transforms
    if not transforms or not isinstance(transforms[0], Tokenizer):
        raise ConfigError(
            "This model was saved without a tokenizer, so texts mean nothing to it. Train it on texts (the data sets "
            "running_text, labelled_texts), or set one: model.runtime.transforms = [tokenizer]."
        )
    return transforms[0]


def beginning_of(tokenizer: Tokenizer) -> str:
    """What a text goes on from that nobody has begun: a new line, a blank, or the first token, whichever it knows."""
    special = set(tokenizer.special.values())
    for text in ("\n", " "):
        try:
            tokens = tokenizer.encode(text).tolist()
        except DataError:
            continue
        if tokens and not special & set(tokens):
            return text
    return tokenizer.decode([next(k for k in range(tokenizer.size) if k not in special)])


def generate(
    model: Layer, prompt: str, tokens: int = 200, *, temperature: float = 1.0, top_k: int | None = None,
    top_p: float = 1.0, seed: int = 0, cached: bool = True,
) -> Iterator[str]:  # fmt: skip
    """What a language model says comes after a text, in pieces as they are drawn; the prompt is not among them.

    Args:
        model: trained on texts, so that it has a tokenizer.
        prompt: how the text begins: at least one token, at most the model's context.
        tokens: how many to draw. Where the text becomes longer than the context, it is read from a later beginning, see
            :mod:`pellucid_transformer.generation.steps`.
        temperature: below 1 the likely becomes likelier, above 1 everything more alike.
        top_k: draw among so many likeliest tokens; 1 takes the likeliest, whatever the seed.
        top_p: draw among the fewest likeliest whose probabilities sum to at least this.
        seed: the same seed, the same text.
        cached: whether earlier positions are kept; False computes all of them at every step, which takes longer.

    Raises:
        ConfigError: an argument out of its range; a model without a tokenizer, or none that says a token for each
            position. DataError: a character that the tokenizer does not know, which is named; an empty prompt, or one
            longer than the context.

    Example::

        print("".join(generate(model, "ROMEO:", 500, temperature=0.8, seed=1)))
    """
    tokenizer = tokenizer_of(model)
    start = tokenizer.encode(prompt, "the prompt")
    numbers = generate_tokens(
        model, start, tokens, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed, cached=cached
    )
    return _pieces(tokenizer, list(start), numbers)


def generate_tokens(
    model: Layer, prompt: Sequence[int] | HostArray, tokens: int = 200, *, temperature: float = 1.0,
    top_k: int | None = None, top_p: float = 1.0, seed: int = 0, cached: bool = True,
) -> Iterator[int]:  # fmt: skip
    """The same in numbers, see :func:`generate`: for a model whose tokens are no text."""
    check_int("generate", "tokens", tokens, "[0, inf)")
    check_sampling(temperature, top_k, top_p, seed)
    given = np.asarray(prompt)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise DataError(
            "The prompt of generate_tokens must be the tokens of one text, integers (T,). Received: "
            f"{given.dtype} of shape {given.shape}. Of a text: tokenizer.encode(text)."
        )
    if not len(given):
        raise DataError(
            "The prompt holds no token, so there is nothing to go on from. Give a text of at least one character."
        )
    start = given.astype(np.int64)
    steps = Steps(model, cached=cached)
    if steps.context is not None and len(start) > steps.context:
        raise DataError(
            f"The prompt has {len(start)} tokens, and the model sees {steps.context} at a time: it would not see how "
            f"the prompt begins. Give its last {steps.context} tokens, or train with a longer context."
        )
    return _drawn(steps, start, tokens, {"temperature": temperature, "top_k": top_k, "top_p": top_p}, seed)


def _drawn(steps: Steps, start: HostArray, count: int, how: dict[str, Any], seed: int) -> Iterator[int]:
    numbers, given = uniforms(seed, 1), start[None]
    for _ in range(count):
        token = drawn(probabilities(steps(given), **how), next(numbers))
        given = token[:, None]
        yield int(token[0])


def _pieces(tokenizer: Tokenizer, known: list[int], numbers: Iterator[int]) -> Iterator[str]:
    """Texts of the tokens, each as soon as its characters are whole."""
    told = len(known)
    for number in numbers:
        known.append(number)
        piece = _piece(tokenizer, known, told)
        if piece.endswith(INCOMPLETE) and len(known) - told < MOST_HELD:
            continue
        told = len(known)
        if piece:
            yield piece
    if told < len(known) and (piece := _piece(tokenizer, known, told)):
        yield piece


def _piece(tokenizer: Tokenizer, known: list[int], told: int) -> str:
    """What the tokens after the first ``told`` add to the text."""
    first = max(0, told - BEFORE)
    before = tokenizer.decode(known[first:told])
    return tokenizer.decode(known[first:])[len(before) :]
