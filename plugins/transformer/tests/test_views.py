"""Views of models of texts: the text that generate writes, and the maps that attention has."""

from __future__ import annotations

import itertools

import numpy as np
import pellucid as pl
import pytest
from pellucid_transformer import attention_maps, generate
from pellucid_transformer.views import continuation
from pellucid_transformer.views.attention import ALL, Attention
from pellucid_transformer.views.continuation import Continuation


@pytest.fixture
def writes() -> pl.Viewed:
    return next(iter(Continuation.tried_on()))


def test_a_text_goes_on_as_generate_lets_it(writes: pl.Viewed) -> None:
    how = {"temperature": 0.7, "seed": 5}
    states = list(Continuation().show(writes, text="abc", tokens=30, among=3, **how))
    assert len(states) == 31 and states[0][0].text == "abc"
    assert states[-1][0].text == "abc" + "".join(generate(writes.model, "abc", 30, top_k=3, **how))  # type: ignore[arg-type]
    for (note, bars), (after, _) in itertools.pairwise(states):
        assert np.isclose(sum(bars.values), 1) and np.count_nonzero(bars.values) <= 3
        drawn = bars.labels[bars.marked]
        assert after.text == note.text + drawn.replace("␣", " ").replace("·", " ")
    assert states[-1][1].marked is None


def test_a_text_longer_than_the_context_is_seen_from_a_later_beginning(writes: pl.Viewed) -> None:
    short, long = (
        next(iter(Continuation().show(writes, text=text, tokens=0)))[1].values
        for text in ("abcd" * 4, "eeee" + "abcd" * 4)
    )
    np.testing.assert_allclose(short, long, rtol=1e-6)


def test_bars_are_shares_of_a_whole(writes: pl.Viewed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuation, "MOST_BARS", 4)
    for _, bars in Continuation().show(writes, text="abc", tokens=8, among=6, temperature=2.0):
        assert bars.labels[-1] == "all others" and len(bars.labels) == 5
        assert np.isclose(sum(bars.values), 1) and (bars.marked is None or bars.marked < 4)


def test_the_first_text_is_how_the_data_begins(writes: pl.Viewed) -> None:
    assert Continuation().controls(writes)[0].value == "abc cde "
    alone = pl.Viewed.of(writes.model)
    assert Continuation().controls(alone)[0].value == " "


def test_what_the_tokenizer_does_not_know_is_said(writes: pl.Viewed) -> None:
    with pytest.raises(pl.errors.DataError, match="'z'"):
        list(Continuation().show(writes, text="abz"))


def test_links_are_the_maps_of_attention() -> None:
    for opened in Attention.tried_on():
        _, layer, head = Attention().controls(opened)
        assert list(head.options) == [ALL, "0", "1"] and len(layer.options) == 2
        maps = attention_maps(opened.model, ["ab cde"])[layer.options[1]][0, :, :6, :6]
        words, picture = Attention().show(opened, text="ab cde", layer=layer.options[1], head="1")
        np.testing.assert_allclose(words.links, maps[1], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(picture.array, words.links)
        mean, _ = Attention().show(opened, text="ab cde", layer=layer.options[1], head=ALL)
        np.testing.assert_allclose(mean.links, maps.mean(axis=0), rtol=1e-5, atol=1e-6)
        assert len(words.words) == 6 and max(words.strengths) == 1.0


def test_a_model_of_vectors_has_attention_and_no_text_that_goes_on() -> None:
    _, classifier = Attention.tried_on()
    assert Attention().suits(classifier) and not Continuation().suits(classifier)
