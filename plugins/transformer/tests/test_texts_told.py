"""What embed, similarity and attention write and tell, as a whole; and vectors of more texts than one batch holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_transformer import attention_maps, verbs
from pellucid_transformer.text.characters import Characters

ALPHABET = "\n abcdefgh.?"


@pytest.fixture
def model() -> pl.Layer:
    made = pl.build("transformer/sentence_encoder", input_shape=[(None,), (None,)], vocabulary=13, seed=1, width=4,
                    layers=1, heads=2, context=80)  # fmt: skip
    pl.require_runtime(made).transforms = [Characters(ALPHABET, mask=True, unknown=True)]
    return made


@pytest.fixture
def run(model: pl.Layer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pl.save(model, "model.safetensors")
    return Path("model.safetensors")


def answer(told: Any) -> tuple[str, dict[str, Any]]:
    """What a verb prints, and what it gives back."""
    printed = []
    while True:
        try:
            printed.append(next(told))
        except StopIteration as end:
            return "\n".join(printed), end.value


def test_vectors_of_more_texts_than_a_batch_stand_in_the_order_of_the_texts(model: pl.Layer) -> None:
    """Texts are read by their lengths."""
    texts = ["abcdefgh"[k % 8] * (1 + 7 * k % 11) for k in range(2 * verbs.BATCH + 1)]
    each = np.concatenate([model.predict([text]) for text in texts])
    for count in (1, verbs.BATCH, verbs.BATCH + 1, len(texts)):
        found = verbs.embeddings(model, texts[:count])
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, each[:count], atol=1e-5)


def test_files_of_vectors_hold_the_texts_and_their_vectors(run: Path, model: pl.Layer) -> None:
    texts = ['a, "b"', "é"]
    vectors = verbs.embeddings(model, texts)
    for name in ("x.NPY", "x.json", "x.csv"):
        assert verbs.embed(run, texts, output=Path(name)) == {"texts": 2, "numbers": 4, "file": name}
    np.testing.assert_array_equal(np.load("x.NPY"), vectors)
    rows = [{"text": text, "embedding": row} for text, row in zip(texts, vectors.tolist(), strict=True)]
    assert Path("x.json").read_text(encoding="utf-8") == json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
    lines = ["text,0,1,2,3", '"a, ""b""",' + ",".join(map(str, rows[0]["embedding"])),
             "é," + ",".join(map(str, rows[1]["embedding"]))]  # fmt: skip
    assert Path("x.csv").read_text(encoding="utf-8") == "\n".join(lines) + "\n"


def test_files_of_texts_stand_among_texts(run: Path) -> None:
    Path("more.TXT").write_text("b\nc\n")
    Path("more.tsv").write_text("text\tlabel\nd\t1\n")
    Path("more.jsonl").write_text('{"text": "e"}\n')
    verbs.embed(run, ["a", "more.TXT", "more.tsv", "f", "more.jsonl"], output=Path("x.json"))
    assert [row["text"] for row in json.loads(Path("x.json").read_text())] == list("abcdfe")


def test_cosines_are_told_as_a_table_beside_the_beginnings_of_the_texts(run: Path, model: pl.Layer) -> None:
    texts = ["a" * 60, "b" * 61, "c"]
    told, found = answer(verbs.similarity(run, texts))
    unit = model.predict(texts).astype(float)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    cosines = (unit @ unit.T).clip(-1, 1)
    assert found["texts"] == texts
    np.testing.assert_allclose(found["cosines"], cosines, atol=1e-6)
    assert told.splitlines() == [
        "          1      2      3",
        *(f"   {k + 1}" + "".join(f"{value:7.4f}" for value in found["cosines"][k]) + "  " + shown
          for k, shown in enumerate(("a" * 60, "b" * 59 + "…", "c"))),
    ]  # fmt: skip


def test_a_cosine_is_at_most_one(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What rounding adds to vectors of the same direction is taken off."""
    vectors = np.random.default_rng(0).normal(size=(25, 7)).repeat(2, axis=0) * np.tile([[1], [-1]], (25, 1))
    unit = vectors / np.sqrt((vectors**2).sum(1, keepdims=True))
    assert (unit @ unit.T).max() > 1 and (unit @ unit.T).min() < -1
    monkeypatch.setattr(verbs, "embeddings", lambda _, texts: vectors)
    cosines = np.array(answer(verbs.similarity(run, ["a"] * 50))[1]["cosines"])
    assert cosines.max() == 1 and cosines.min() == -1


def test_two_to_fifty_texts_are_compared(run: Path) -> None:
    for count in (2, 50):
        assert len(answer(verbs.similarity(run, ["a", "b"] * (count // 2)))[1]["texts"]) == count
    for count in (1, 51):
        with pytest.raises(pl.ConfigError, match=rf"compares 2 to 50 texts\. Received: {count}\."):
            answer(verbs.similarity(run, ["a"] * count))


def test_a_vector_of_zeros_has_no_direction(run: Path, model: pl.Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "embeddings", lambda _, texts: np.array([[3.0, 4.0], [4.0, 3.0], [0.0, 0.0]]))
    with pytest.raises(pl.DataError, match=r"Text 2 \(counted from 0\) has a vector of zeros"):
        answer(verbs.similarity(run, ["a", "b", "c"]))
    monkeypatch.setattr(verbs, "embeddings", lambda _, texts: np.array([[3.0, 4.0], [4.0, 3.0]]))
    np.testing.assert_allclose(answer(verbs.similarity(run, ["a", "b"]))[1]["cosines"], [[1, 0.96], [0.96, 1]])


def test_maps_are_written_as_numbers_without_padding(run: Path, model: pl.Layer) -> None:
    found = verbs.attention(run, text="ab\né", output=Path("maps.JSON"))
    assert found == {"layers": 1, "heads": 2, "tokens": 4, "file": "maps.JSON"}
    written = json.loads(Path("maps.JSON").read_text(encoding="utf-8"))
    assert written["tokens"] == ["a", "b", "↵", "\N{REPLACEMENT CHARACTER}"] and len(written["attention"]) == 1
    for path, p in attention_maps(model, ["ab\né"]).items():
        np.testing.assert_allclose(written["attention"][path], p[0, :, :4, :4], atol=1e-6)
        assert p.shape[3] > 4


def test_models_of_other_answers_have_no_vectors(model: pl.Layer) -> None:
    writer = pl.build("transformer/language_model", input_shape=(4,), vocabulary=12, width=4, layers=1, heads=1, seed=0)
    pl.require_runtime(writer).transforms = [Characters(ALPHABET)]
    with pytest.raises(pl.ConfigError, match=r"Received: a model that gives \(4, 12\) for each\."):
        verbs.embeddings(writer, ["a"])
