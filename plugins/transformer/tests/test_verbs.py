"""generate, embed, similarity and attention, from Python and by the command line; what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.workbench.cli import main
from pellucid_transformer import attention_maps, generate, generate_tokens
from pellucid_transformer.generation import texts as growing
from pellucid_transformer.generation.maps import any_length
from pellucid_transformer.text.characters import Bytes, Characters

ALPHABET = "\n abcdefgh.?"
SMALL: dict[str, Any] = {"width": 16, "layers": 2, "heads": 2, "context": 16}


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def writer(backend: str = "cython", tokenizer: Any = None) -> pl.Layer:
    """A language model whose numbers are random, and large enough that its texts are no noise."""
    tokenizer = tokenizer or Characters(ALPHABET)
    model = pl.build(
        "transformer/language_model", input_shape=(16,), vocabulary=tokenizer.size, seed=3, backend=backend, **SMALL
    )
    rng = np.random.default_rng(0)
    for param in model.parameters():
        param.data[...] += rng.normal(0, 0.2, param.shape)
    pl.require_runtime(model).transforms = [tokenizer]
    return model


def encoder() -> pl.Layer:
    model = pl.build("transformer/sentence_encoder", input_shape=[(None,), (None,)], vocabulary=13, seed=1, **SMALL)
    pl.require_runtime(model).transforms = [Characters(ALPHABET, mask=True, longest=16, unknown=True)]
    return model


@pytest.fixture
def writes() -> Path:
    pl.save(writer(), "writes.safetensors")
    return Path("writes.safetensors")


@pytest.fixture
def encodes() -> Path:
    pl.save(encoder(), "encodes.safetensors")
    return Path("encodes.safetensors")


def told(capsys: Any, *words: object) -> dict[str, Any]:
    assert main([str(word) for word in (*words, "--json")]) == 0
    return dict(json.loads(capsys.readouterr().out))


def refused(capsys: Any, *words: object) -> str:
    assert main([str(word) for word in words]) == 2
    return " ".join(str(capsys.readouterr().err).split())


# -- generate --------------------------------------------------------------------------------------------------------


def test_an_equal_seed_is_an_equal_text_on_every_backend_and_without_what_is_kept() -> None:
    texts = {
        (backend, cached): "".join(generate(writer(backend), "abc", 60, seed=5, cached=cached))
        for backend in ("cython", "reference") for cached in (True, False)
    }  # fmt: skip
    assert len(set(texts.values())) == 1, texts
    (text,) = set(texts.values())
    assert len(text) == 60 and set(text) <= set(ALPHABET) and len(set(text)) > 3
    assert text != "".join(generate(writer(), "abc", 60, seed=6))
    assert text[:20] == "".join(generate(writer(), "abc", 20, seed=5)), "how many are drawn changes none of them"


def test_a_text_begins_with_what_the_model_knows() -> None:
    known = {"\nab": "\n", "ab c": " ", "\tab c": " ", "abc": "a"}
    for alphabet, begins in known.items():
        assert growing.beginning_of(Characters(alphabet)) == begins
        assert growing.beginning_of(Characters(alphabet, unknown=True)) == begins
    pl.save(writer(tokenizer=Characters("abc")), "abc.safetensors")
    assert main(["generate", "abc.safetensors", "--tokens", "5"]) == 0


def test_the_likeliest_are_those_of_predict() -> None:
    model, tokens = writer(), [2, 3, 4]
    found = list(generate_tokens(model, tokens, 13, top_k=1))
    free = any_length(model)
    for token in found:
        assert token == free.predict(np.array([tokens]))[0, -1].argmax()
        tokens.append(token)


def test_characters_of_several_tokens_come_whole() -> None:
    """Tokens are bytes; what is drawn is replaced by the bytes of a text, which must come out as they are."""
    from pellucid_transformer.generation.texts import _pieces

    text = "für 10 € — 😀\n"
    numbers = iter(Bytes().encode(text).tolist())
    pieces = list(_pieces(Bytes(), list(Bytes().encode("Ä")), numbers))
    assert "".join(pieces) == text and "€" in pieces and "😀" in pieces
    broken = list(_pieces(Bytes(), [65], iter([0xE2, 0x82])))
    assert "".join(broken) == "\N{REPLACEMENT CHARACTER}", "half a character at the end is not lost without a sign"


def test_it_streams_to_the_terminal_and_json_is_one_document(capsys: Any, writes: Path) -> None:
    out = told(capsys, "generate", writes, "--prompt", "abc", "--tokens", 30, "--seed", 5, "--temperature", 1)
    assert out == {"prompt": "abc", "tokens": 30, "seed": 5, "text": out["text"]}
    assert out["text"] == "abc" + "".join(generate(writer(), "abc", 30, seed=5))
    assert (
        main(["generate", str(writes), "--prompt", "abc", "--tokens", "30", "--seed", "5", "--temperature", "1"]) == 0
    )
    assert capsys.readouterr().out == out["text"] + "\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--prompt", "abxc"), "the prompt, character 2: 'x' (U+0078) is none of the 12 characters that are known"),
        (("--prompt", "a" * 17), "The prompt has 17 tokens, and the model sees 16 at a time"),
        (("--prompt", ""), "The prompt holds no token"),
        (("--temperature", "0"), "The 'temperature' of generate must be a float in (0, inf). Received: 0.0"),
        (("--top-p", "1.5"), "The 'top_p' of generate must be a float in (0, 1]. Received: 1.5"),
        (("--top-k", "0"), "The 'top_k' of generate must be an int in [1, inf)"),
        (("--tokens", "-1"), "The 'tokens' of generate must be an int in [0, inf)"),
    ],
)
def test_what_cannot_go_on_is_said(capsys: Any, writes: Path, words: tuple[str, ...], said: str) -> None:
    assert said in refused(capsys, "generate", writes, *words)


def test_nothing_is_printed_where_nothing_has_begun(capsys: Any, writes: Path) -> None:
    assert main(["generate", str(writes), "--prompt", ""]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("prompt", [[1.5], [[1, 2]], ["a"]])
def test_a_prompt_in_numbers_is_tokens(prompt: Any) -> None:
    with pytest.raises(pl.DataError, match=r"must be the tokens of one text, integers \(T,\)\. Received: "):
        generate_tokens(writer(), prompt, 3)


def test_of_many_characters_some_are_named() -> None:
    said = r"of the 95 characters that are known, ' ', .*, '3' and 75 more\. Received: 'ä'"
    with pytest.raises(pl.DataError, match=said):
        Characters("".join(map(chr, range(32, 127)))).encode("glä")


def test_runs_of_other_architectures_are_refused(capsys: Any, writes: Path, encodes: Path) -> None:
    said = refused(capsys, "generate", encodes, "--prompt", "a")
    assert "holds a model transformer/sentence_encoder, which has no verb 'generate'" in said
    assert "which has no verb 'embed'" in refused(capsys, "embed", writes, "abc")
    with pytest.raises(pl.ConfigError, match="A text goes on by a model from tokens"):
        generate(encoder(), "abc")
    model = writer()
    pl.require_runtime(model).transforms = []
    with pytest.raises(pl.ConfigError, match="This model was saved without a tokenizer"):
        generate(model, "abc")


# -- embed, similarity -------------------------------------------------------------------------------------------------


def test_vectors_of_texts_and_of_files(capsys: Any, encodes: Path) -> None:
    texts = ["abc", "a longer text.", "ä"]
    wanted = encoder().predict(texts)
    out = told(capsys, "embed", encodes, *texts, "--output", "x.npy")
    assert out == {"texts": 3, "numbers": 16, "file": "x.npy"}
    np.testing.assert_allclose(np.load("x.npy"), wanted, atol=1e-6)
    Path("texts.txt").write_text("abc\na longer text.\n")
    Path("texts.csv").write_text('text,label\n"ä",1\n')
    told(capsys, "embed", encodes, "texts.txt", "texts.csv", "--output", "x.json")
    rows = json.loads(Path("x.json").read_text())
    assert [row["text"] for row in rows] == texts
    np.testing.assert_allclose([row["embedding"] for row in rows], wanted, atol=1e-6)
    told(capsys, "embed", encodes, *texts, "--output", "x.csv")
    lines = list(csv.reader(Path("x.csv").read_text().splitlines()))
    assert lines[0][:3] == ["text", "0", "1"] and [line[0] for line in lines[1:]] == texts
    np.testing.assert_allclose(np.array([line[1:] for line in lines[1:]], float), wanted, atol=1e-6)


def test_cosines_of_texts(capsys: Any, encodes: Path) -> None:
    texts = ["abc", "abd", "fgh. fgh?"]
    unit = encoder().predict(texts).astype(float)
    out = told(capsys, "similarity", encodes, *texts)
    np.testing.assert_allclose(out["cosines"], unit @ unit.T, atol=1e-5)
    assert main(["similarity", str(encodes), *texts]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["2", f"{out['cosines'][1][0]:.4f}", "1.0000", f"{out['cosines'][1][2]:.4f}", "abd"]


def test_what_is_no_text_is_said(capsys: Any, encodes: Path) -> None:
    assert "absent.csv does not exist. A word that ends in .txt," in refused(capsys, "embed", encodes, "absent.csv")
    assert "text 0 (counted from 0) holds no token" in refused(capsys, "embed", encodes, "")
    assert "--output must end in .npy, .csv, .json" in refused(capsys, "embed", encodes, "a", "--output", "x.png")
    assert "compares 2 to 50 texts. Received: 1" in refused(capsys, "similarity", encodes, "a")
    assert not list(Path().glob("*.npy"))


# -- attention ---------------------------------------------------------------------------------------------------------


def test_maps_are_the_softmax_rows_of_every_head() -> None:
    maps = attention_maps(writer(), ["abc ab", "gh. gh"])
    assert list(maps) == ["layers.2.attention", "layers.3.attention"]
    for p in maps.values():
        assert p.shape == (2, 2, 6, 6)
        np.testing.assert_allclose(p.sum(-1), 1, atol=1e-6)
        assert (np.triu(p, 1) == 0).all(), "a language model looks at nothing that comes later"
    masked = attention_maps(encoder(), ["abc", "abcdefgh"])["layers.2.attention"]
    assert (masked[0, :, :, 3:] == 0).all() and (masked[1] > 0).all()
    with pytest.raises(pl.ConfigError, match="This Dense has no attention"):
        attention_maps(pl.build(pl.Dense(2), input_shape=(3,)), np.ones((1, 3)))


def test_maps_as_a_picture_and_as_numbers(capsys: Any, writes: Path, encodes: Path) -> None:
    from PIL import Image

    out = told(capsys, "attention", encodes, "--text", "abc ab\n", "--output", "maps.json")
    assert out == {"layers": 2, "heads": 2, "tokens": 7, "file": "maps.json"}
    told_maps = json.loads(Path("maps.json").read_text())
    assert told_maps["tokens"] == ["a", "b", "c", "␣", "a", "b", "↵"]
    assert np.shape(told_maps["attention"]["layers.3.attention"]) == (2, 7, 7)
    told(capsys, "attention", writes, "--text", "abc ab", "--output", "maps.png")
    with Image.open("maps.png") as picture:
        levels = np.asarray(picture.convert("L"), float)
    assert min(levels.shape) > 300 and levels.mean() > 200, "light, and large enough to be read"
    assert "the following arguments are required: --text" in refused(capsys, "attention", writes)
