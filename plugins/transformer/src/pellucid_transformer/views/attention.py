"""Attention: which tokens look at which, in each layer and head."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from pellucid import PagePicture, View, ViewChoice, ViewControl, Viewed, ViewPart, ViewText, ViewWords

from pellucid_transformer.generation.maps import any_length, attention_maps, attention_paths
from pellucid_transformer.views.models import beginning_in, small_model, tokenizer_in

MOST_LETTERS = 200
ALL = "all, on average"


class Attention(View):
    """Point at a token, and see how much it takes of each other one. Shaded are those that all take most of."""

    title = "Attention"

    @classmethod
    def tried_on(cls) -> Iterable[Viewed]:
        yield small_model("transformer/language_model")
        yield small_model("transformer/sequence_classifier", mask=True, outputs=3)

    def suits(self, opened: Viewed) -> bool:
        return tokenizer_in(opened.model) is not None and bool(attention_paths(opened.model))

    def controls(self, opened: Viewed) -> Sequence[ViewControl]:
        tokenizer, layers = tokenizer_in(opened.model), attention_paths(opened.model)
        assert tokenizer is not None, "suits was asked"
        heads = max(layers.values())
        return [
            ViewText("text", "Text", beginning_in(opened, tokenizer, MOST_LETTERS), most=MOST_LETTERS),
            ViewChoice("layer", "Layer", list(layers), next(iter(layers))),
            ViewChoice("head", "Head", [ALL, *map(str, range(heads))], ALL),
        ]

    def show(
        self, opened: Viewed, *, text: str = "", layer: str = "", head: str = ALL, **values: Any
    ) -> Sequence[ViewPart]:  # fmt: skip
        tokenizer = tokenizer_in(opened.model)
        assert tokenizer is not None, "suits was asked"
        numbers = tokenizer.encoded([text])[0]
        words = [tokenizer.name(number) for number in numbers]
        model = opened.once("transformer/attention", lambda: any_length(opened.model))
        maps = attention_maps(model, [text])[layer][0, :, : len(words), : len(words)]
        p = maps.mean(axis=0) if head == ALL else maps[min(int(head), len(maps) - 1)]
        p = np.clip(np.asarray(p, np.float64), 0.0, 1.0)
        taken = p.mean(axis=0)
        title = f"{layer}, {'all heads, on average' if head == ALL else f'head {head}'}"
        return [
            ViewWords(title, words, taken / max(float(taken.max()), 1e-9), p),
            PagePicture("The same as a map", p, "A row: the token that looks. A column: of which it takes how much."),
        ]
