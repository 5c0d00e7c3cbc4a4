"""Tokenizers: there and back, saved with a model, in the way of predict; and what is said of texts they do not know."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import CheckpointError, ConfigError, DataError

TEXTS = ["to see through a network", "one needs no glasses", "Grüße, 東京 🙂"] * 5
NAMES = ("characters", "bytes", "bpe", "wordpiece")


def trained(name: str, **arguments: Any) -> Any:
    if name in ("bpe", "wordpiece"):
        pytest.importorskip("tokenizers")
        arguments = {"vocabulary": 300, **arguments}
    tokenizer = pl.create("transform", f"transformer/{name}", **arguments)
    tokenizer.train(TEXTS)
    return tokenizer


@pytest.mark.parametrize("name", NAMES[:3])
def test_texts_come_back(name: str) -> None:
    tokenizer = trained(name)
    for text in TEXTS[:3]:
        tokens = tokenizer.encode(text)
        assert tokens.dtype == np.int64 and tokens.ndim == 1 and tokens.max() < tokenizer.size
        assert tokenizer.decode(tokens) == text


def test_characters_are_numbered_in_the_order_of_unicode() -> None:
    tokenizer = pl.create("transform", "transformer/characters")
    tokenizer.train(["cab", "🙂a"])
    assert tokenizer.characters == "abc🙂" and tokenizer.size == 4
    assert tokenizer.encode("b🙂").tolist() == [1, 3]


def test_bytes_know_every_text_and_half_a_character() -> None:
    tokenizer = trained("bytes")
    assert tokenizer.encode("é").tolist() == [0xC3, 0xA9] and tokenizer.size == 256
    assert tokenizer.decode([0x61, 0xC3]) == "a\ufffd"


def test_pairs_that_come_often_are_one_token() -> None:
    tokenizer = trained("bpe")
    assert tokenizer.size == 300
    assert len(tokenizer.encode("network")) < len("network")
    assert tokenizer.decode(tokenizer.encode("şöyle")) == "şöyle"  # of letters that no training text has


def test_pieces_of_words_stand_between_their_marks() -> None:
    tokenizer = trained("wordpiece", vocabulary=100)
    special = tokenizer.special
    tokens = tokenizer.encode("TO see")
    assert [tokens[0], tokens[-1]] == [special["cls"], special["sep"]]
    assert tokenizer.decode(tokens) == "to see"
    assert special["unk"] in tokenizer.encode("to ж see")
    short = trained("wordpiece", vocabulary=100, longest=4).encoded(["to see through a network"])[0]
    assert len(short) == 4 and short[-1] == special["sep"]


def test_a_vocabulary_of_bert_is_taken_as_it_stands() -> None:
    pytest.importorskip("tokenizers")
    from pellucid_transformer.text.library import WordPiece

    tokenizer = WordPiece.of(["[PAD]", "a", "[UNK]", "[CLS]", "[SEP]", "glass", "##es"])
    assert tokenizer.encode("A glasses b").tolist() == [3, 1, 5, 6, 2, 4]
    assert tokenizer.decode([3, 1, 5, 6, 2, 4, 0]) == "a glasses"  # pieces of a word side by side, and no marks
    assert tokenizer.special == {"pad": 0, "unk": 2, "cls": 3, "sep": 4} and tokenizer.padding == 0
    assert [tokenizer.name(number) for number in range(7)] == ["[PAD]", "a", "[UNK]", "[CLS]", "[SEP]", "glass", "##es"]
    assert WordPiece.of(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "É", "É2"], lowercase=False).encode("É é").tolist() == [
        1,
        4,
        0,
        2,
    ]
    assert WordPiece.of(["[UNK]", "[CLS]", "[SEP]", "[PAD]"]).padding == 3
    assert WordPiece.of(["[UNK]", "[CLS]", "[SEP]", "a"]).padding == 0
    assert WordPiece.of(["[UNK]", "[CLS]", "[SEP]", "e"]).encode("É e").tolist() == [1, 3, 3, 2]
    with pytest.raises(DataError, match=r"must include \[UNK\], \[CLS\], \[SEP\]"):
        WordPiece.of(["a"])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mask", [False, True])
def test_a_model_takes_texts(name: str, mask: bool) -> None:
    """The same for texts, in whatever holds them, as for their tokens."""
    tokenizer = trained(name, mask=mask)
    model = pl.build(_Sums(mask), input_shape=[(None,), (None,)] if mask else (None,), seed=0)
    model.runtime.transforms = [tokenizer]
    texts = ["to see", "one network needs no glasses"]
    expected = [tokenizer.encode(text).sum() for text in texts]
    if mask:
        np.testing.assert_allclose(model.predict(texts)[:, 0], expected)
    np.testing.assert_allclose(model.predict([texts[1]])[0, 0], expected[1])
    np.testing.assert_allclose(model.predict(np.array([texts[1]]))[0, 0], expected[1])
    np.testing.assert_allclose(model.predict(texts[1])[0, 0], expected[1])


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_a_model_keeps_its_tokens(name: str, tmp_path: Path) -> None:
    tokenizer, text = trained(name), "one network"
    model = pl.build("dense", input_shape=(len(tokenizer.encode(text)),), units=1, seed=0)
    model.runtime.transforms = [tokenizer]
    pl.save(model, tmp_path / "model.safetensors")
    again = pl.load(tmp_path / "model.safetensors")
    (other,) = again.runtime.transforms
    assert other.encode(text).tolist() == tokenizer.encode(text).tolist() and other.size == tokenizer.size
    assert (again.predict([text]) == model.predict([text])).all()


class _Sums(pl.Layer):
    """The sum of the tokens of each row that are there."""

    integer_inputs = (0, 1)

    def __init__(self, mask: bool) -> None:
        self.mask = mask

    def output_shape(self, *shapes: Any) -> Any:
        return (1,)

    def forward(self, ctx: Any, x: Any, *mask: Any) -> Any:
        there = mask[0] if mask else np.ones(x.shape, bool)
        return (x * there).sum(axis=1, keepdims=True).astype(ctx.dtype)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return (None,) * (2 if self.mask else 1)


@pytest.mark.parametrize("name", NAMES)
def test_copies_and_pickles_know_their_tokens(name: str) -> None:
    import copy
    import pickle

    tokenizer = trained(name)
    tokenizer.encode("to see")
    for other in (copy.deepcopy(tokenizer), pickle.loads(pickle.dumps(tokenizer))):
        assert other.encode("to see").tolist() == tokenizer.encode("to see").tolist()


# -- what is not known -----------------------------------------------------------------------------------------------


def test_an_unknown_character_is_named() -> None:
    tokenizer = trained("characters")
    with pytest.raises(DataError, match=r"text 1 \(counted from 0\), character 3: 'Q' \(U\+0051\) is none of the"):
        tokenizer.tokens(["to see", "to Q"])
    known = trained("characters", unknown=True)
    assert known.encode("Qt").tolist()[0] == known.special["unknown"] == known.size - 1
    assert known.decode([known.size - 1]) == "\ufffd"


@pytest.mark.parametrize("name", ["characters", "bytes", "bpe"])
def test_an_empty_text_is_an_error_that_names_the_row(name: str) -> None:
    with pytest.raises(DataError, match=r"text 1 \(counted from 0\) holds no token. Received: ''"):
        trained(name).read(["to see", ""])


@pytest.mark.parametrize("name", NAMES)
def test_a_number_that_is_no_token_is_named(name: str) -> None:
    tokenizer = trained(name)
    wrong = np.array([[0, 1], [tokenizer.size, 0]])
    said = rf"{tokenizer.size} tokens, .* Received: {tokenizer.size} in row 1, token 0 \(counted from 0\)"
    with pytest.raises(DataError, match=said):
        tokenizer.apply(wrong)
    with pytest.raises(DataError, match=r"Received: -1 in token 1"):
        tokenizer.decode([0, -1])
    with pytest.raises(DataError, match=r"takes the tokens of one text"):
        tokenizer.decode([[0]])
    with pytest.raises(DataError, match=r"which are integers\. Received: dtype float64"):
        tokenizer.apply(wrong * 0.5)


def test_what_is_no_text_among_texts_is_named() -> None:
    with pytest.raises(DataError, match=r"Received: 3, a int, in row 1"):
        trained("bytes").read(["a", 3])
    assert trained("bytes").read(np.zeros((2, 3), int)) is None


@pytest.mark.parametrize("name", ["characters", "bpe", "wordpiece"])
def test_who_has_not_been_trained_says_so(name: str) -> None:
    tokenizer = pl.create("transform", f"transformer/{name}")
    assert not tokenizer.trained
    with pytest.raises(DataError, match="has not been fitted"):
        tokenizer.encode("to see")


def test_damaged_states_are_refused() -> None:
    for codes in ([2, 1], [-1, 3], [0.5], np.zeros(0, int), [[1, 2]], [1, 1], [1, 0x110000], 5):
        with pytest.raises(CheckpointError, match="must be code points, ascending"):
            pl.create("transform", "transformer/characters").restore({"codes": np.array(codes)})
    for content in (b"{", b"\xff", b"{}", json.dumps({"model": {"vocab": {"a": 3}}}).encode()):
        with pytest.raises(CheckpointError, match="damaged"):
            pl.create("transform", "transformer/bpe").restore({"learned": np.frombuffer(content, np.uint8)})


@pytest.mark.parametrize("change", [lambda saved: saved.astype(float), lambda saved: saved[:, None],
                                    lambda saved: saved.astype(np.int64)[None]])  # fmt: skip
def test_what_was_learned_is_a_row_of_bytes(change: Any) -> None:
    saved = trained("bpe").state()["learned"]
    with pytest.raises(CheckpointError, match=r"state of Bpe is damaged.*'learned' must hold bytes\. Received: "):
        pl.create("transform", "transformer/bpe").restore({"learned": change(saved)})


def test_codes_are_kept_as_they_were_saved() -> None:
    tokenizer = pl.create("transform", "transformer/characters", unknown=True)
    for codes in (np.array([0]), np.array([97, 0x10FFFF], np.uint32)):
        tokenizer.restore({"codes": codes})
        assert tokenizer.codes.dtype == np.int64 and tokenizer.codes.tolist() == codes.tolist()
        assert tokenizer.size == len(codes) + 1 and tokenizer.special == {"unknown": len(codes)}
        assert tokenizer.decode(np.arange(len(codes) + 1)) == "".join(map(chr, codes)) + "\ufffd"
        assert tokenizer.encode("b" + chr(codes[-1]) + "\U0010fffe").tolist() == [
            len(codes),
            len(codes) - 1,
            len(codes),
        ]


def test_where_the_library_is_missing_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ConfigError, match=r"Bpe needs the library 'tokenizers'.*pellucid-transformer\[tokenizers\]"):
        pl.create("transform", "transformer/bpe").train(["a"])


def test_arguments_are_checked() -> None:
    with pytest.raises(ConfigError, match="'longest'"):
        pl.create("transform", "transformer/bytes", longest=0)
    with pytest.raises(ConfigError, match="'vocabulary' of Bpe"):
        pl.create("transform", "transformer/bpe", vocabulary=10)
    with pytest.raises(ConfigError, match=r"leave room for \[CLS\] and \[SEP\]"):
        pl.create("transform", "transformer/wordpiece", longest=1)
    with pytest.raises(DataError, match="hold none"):
        pl.create("transform", "transformer/characters").train([""])
