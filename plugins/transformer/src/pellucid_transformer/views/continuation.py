"""Continuation: a text goes on, token by token, and what may come next at each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from pellucid import (
    ConfigError,
    HostArray,
    PageNote,
    View,
    ViewBars,
    ViewControl,
    Viewed,
    ViewPart,
    ViewSlider,
    ViewText,
)

from pellucid_transformer.generation.sampling import drawn, probabilities, uniforms
from pellucid_transformer.generation.steps import Steps, check_model
from pellucid_transformer.generation.texts import beginning_of
from pellucid_transformer.text.tokenizer import Tokenizer
from pellucid_transformer.views.models import beginning_in, small_model, tokenizer_in

MOST_LETTERS, MOST_TOKENS = 400, 200
"""Of a text that is typed in, and that it goes on by."""
MOST_BARS = 12
SMALL = 1e-6
"""A share that is not shown."""


class Continuation(View):
    """Let a text go on. The likeliest next tokens are shown with their probabilities, one of them is drawn, and so on.

    Below 1 the temperature makes the likely likelier, above 1 everything more alike.
    """

    title = "What comes next"

    @classmethod
    def tried_on(cls) -> Iterable[Viewed]:
        yield small_model("transformer/language_model")

    def suits(self, opened: Viewed) -> bool:
        tokenizer = tokenizer_in(opened.model)
        if tokenizer is None or tokenizer.mask:
            return False
        try:
            check_model(opened.model)
        except ConfigError:
            return False
        assert opened.model.runtime is not None
        return bool(opened.model.output_shape(*opened.model.runtime.input_shapes)[-1] == tokenizer.size)

    def controls(self, opened: Viewed) -> Sequence[ViewControl]:
        tokenizer = _tokenizer(opened)
        return [
            ViewText("text", "Text", beginning_in(opened, tokenizer, MOST_LETTERS), most=MOST_LETTERS),
            ViewSlider("tokens", "Goes on by so many tokens", 0, MOST_TOKENS, 40, step=1),
            ViewSlider("temperature", "Temperature", 0.1, 2.0, 0.8),
            ViewSlider("among", "Drawn among the likeliest", 1, max(2, min(tokenizer.size, 100)),
                       min(tokenizer.size, 40), step=1),
            ViewSlider("seed", "Seed", 0, 999, 0, step=1),
        ]  # fmt: skip

    def show(
        self, opened: Viewed, *, text: str = "", tokens: int = 40, temperature: float = 0.8, among: int = 40,
        seed: int = 0, **values: Any,
    ) -> Iterator[Sequence[ViewPart]]:  # fmt: skip
        tokenizer, steps = _tokenizer(opened), Steps(opened.model)
        start = tokenizer.encode(text or beginning_of(tokenizer), "the text")
        known: list[int] = start.tolist()
        given = start[None] if steps.context is None else start[None, -steps.context :]  # what the model would see
        for number in uniforms(seed, 1):
            p = probabilities(steps(given), temperature=temperature, top_k=among)
            if len(known) - len(start) == tokens:
                yield _state(tokenizer, known, p[0], None)
                return
            token = drawn(p, number)
            yield _state(tokenizer, known, p[0], int(token[0]))
            known.append(int(token[0]))
            given = token[:, None]


def _state(tokenizer: Tokenizer, known: list[int], p: HostArray, token: int | None) -> list[ViewPart]:
    """The text as far as it goes, and what may come next, of which a token has been drawn."""
    likely = np.argsort(-p, kind="stable")[:MOST_BARS].tolist()
    if token is not None and token not in likely:
        likely[-1] = token
    marked = None if token is None else likely.index(token)
    names, shares = [tokenizer.name(each) for each in likely], p[likely].tolist()
    rest = max(0.0, 1.0 - sum(shares))
    if rest > SMALL:
        names, shares = [*names, "all others"], [*shares, rest]
    return [PageNote(tokenizer.decode(known)), ViewBars("What comes next", names, shares, marked)]


def _tokenizer(opened: Viewed) -> Tokenizer:
    found = tokenizer_in(opened.model)
    assert found is not None, "suits was asked"
    return found
