"""Views of models of texts: the text that generate writes, and the maps that attention has."""

from __future__ import annotations

import itertools

import numpy as np
import pellucid as pl
import pytest
from pellucid_transformer import attention_maps, generate
from pellucid_transformer.text.characters import Characters
from pellucid_transformer.views import continuation
from pellucid_transformer.views.attention import ALL, Attention
from pellucid_transformer.views.continuation import Continuation
from pellucid_transformer.views.models import FIRST, beginning_in, small_model, tokenizer_in


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


def test_of_a_long_text_the_last_of_the_context_is_seen(writes: pl.Viewed) -> None:
    (tokenizer,) = pl.require_runtime(writes.model).transforms
    text = "abcde" * 4 + "a b"  # 23 letters, of which the model sees 16
    free = pl.build(pl.to_config(writes.model), input_shape=(None,), seed=0)
    logits = free.predict(tokenizer.encode(text)[None, -16:])[0, -1].astype(float)
    note, bars = next(iter(Continuation().show(writes, text=text, tokens=0, temperature=0.5)))
    assert note.text == text and bars.marked is None
    likely = np.argsort(-logits)
    assert list(bars.labels) == [tokenizer.name(k) for k in likely]
    shares = np.exp(logits[likely] / 0.5) / np.exp(logits / 0.5).sum()
    np.testing.assert_allclose(bars.values, shares, rtol=1e-4)


def test_bars_are_shares_of_a_whole(writes: pl.Viewed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuation, "MOST_BARS", 4)
    for _, bars in Continuation().show(writes, text="abc", tokens=8, among=6, temperature=2.0):
        assert bars.labels[-1] == "all others" and len(bars.labels) == 5
        assert np.isclose(sum(bars.values), 1) and (bars.marked is None or bars.marked < 4)


def test_the_first_text_is_how_the_data_begins(writes: pl.Viewed) -> None:
    assert Continuation().controls(writes)[0].value == "abc cde "
    alone = pl.Viewed.of(writes.model)
    assert Continuation().controls(alone)[0].value == " "


def viewed(text: str, width: int, tokenizer: Characters, *, mask: bool = False) -> pl.Viewed:
    """A model whose data are windows of a text."""
    opened = small_model("transformer/sequence_classifier" if mask else "transformer/language_model",
                         "\nabcde ", mask=mask, **({"outputs": 2} if mask else {}))  # fmt: skip
    x = tokenizer.encode(text).reshape(-1, width)
    return pl.Viewed.of(opened.model, pl.Split((x, np.ones(x.shape, bool)) if mask else x))


@pytest.mark.parametrize("mask", [False, True])
def test_a_text_begins_with_the_longest_line_of_the_first_tokens(mask: bool) -> None:
    tokenizer = Characters("\nabcde ", unknown=True)
    for text, most, begins in (
        ("ab\nabcd\nabc\nd\n", 9, "abcd"), ("ab\nabcd\nabc\nd\n", 4, "abcd"), ("ab\nabcd\nabc\nd\n", 3, "abc"),
        ("\n\n\n\n", 9, "\n"), ("a" * 62 + "bcde", 99, "a" * 62 + "bc"), ("ab?\n??cde\n?", 9, "cde"),
    ):  # fmt: skip
        assert beginning_in(viewed(text, len(text), tokenizer, mask=mask), tokenizer, most) == begins, text
    assert FIRST == 64


def test_where_the_data_are_no_tokens_a_text_begins_as_any_can() -> None:
    opened = small_model("transformer/language_model", "abc de")
    tokenizer = tokenizer_in(opened.model)
    assert tokenizer is not None
    for x in (np.full((2, 3), 99), np.zeros((2, 3)) + 0.5, np.zeros((0, 3), np.int64), np.arange(3)):
        assert beginning_in(pl.Viewed.of(opened.model, pl.Split(x)), tokenizer, 9) == " "


def test_the_tokenizer_of_a_model_stands_first_among_its_transforms() -> None:
    opened = small_model("transformer/language_model")
    runtime, own = pl.require_runtime(opened.model), Characters("abc")
    for transforms, found in (([own], own), ([own, pl.create("transform", "standardize")], own),
                              ([pl.create("transform", "standardize"), own], None), ([], None)):  # fmt: skip
        runtime.transforms = transforms
        assert tokenizer_in(opened.model) is found
        assert Attention().suits(opened) is (found is not None)


def test_a_text_goes_on_only_where_each_position_tells_a_token() -> None:
    (opened,) = Continuation.tried_on()
    assert Continuation().suits(opened)
    runtime = pl.require_runtime(opened.model)
    for tokenizer in (Characters("abcd"), Characters("abcde ", mask=True), Characters("abcde ", unknown=True)):
        runtime.transforms = [tokenizer]
        assert not Continuation().suits(opened)
    runtime.transforms = []
    assert not Continuation().suits(opened)


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
        assert list(words.words) == ["a", "b", "␣", "c", "d", "e"] and max(words.strengths) == 1.0
        for shown, p, title in ((words, maps[1], "head 1"), (mean, maps.mean(axis=0), "all heads, on average")):
            np.testing.assert_allclose(shown.strengths, p.mean(axis=0) / p.mean(axis=0).max(), rtol=1e-5)
            assert shown.title == f"{layer.options[1]}, {title}"
        beyond, _ = Attention().show(opened, text="ab cde", layer=layer.options[1], head="7")
        np.testing.assert_array_equal(beyond.links, words.links)


def test_a_model_of_vectors_has_attention_and_no_text_that_goes_on() -> None:
    _, classifier = Attention.tried_on()
    assert Attention().suits(classifier) and not Continuation().suits(classifier)
