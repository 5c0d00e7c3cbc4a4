"""What a page says of where its network comes from: of each figure how it is worded, and what is left out."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pellucid as pl
import pytest
from pellucid_studio.export.facts import facts_of, summary_of, title_of

SUMMARY: dict[str, Any] = {
    "test": {"loss": 0.123456, "accuracy": 0.98765, "mse": 1234.5678, "top_3_accuracy": 0.5, "name": "x"},
    "validation": {"loss": 7.0}, "epochs": 12, "training_seconds": 95.26, "finished": "2024-05-06T07:08:09",
}  # fmt: skip


def run(folder: Path, model: Any, told: Any = None, **sections: Any) -> Any:
    if told is not None:
        (folder / "summary.json").write_text(json.dumps(told))
    return SimpleNamespace(path=folder, model=model, sections=sections)


def network(**how: Any) -> pl.Layer:
    return pl.build("ann", input_shape=(3,), outputs=2, seed=0, **{"hidden": [4], **how})


def facts(folder: Path, told: Any = None, model: Any = None, **sections: Any) -> dict[str, str]:
    return dict(facts_of(run(folder, model or network(), told, **sections)))


def test_a_run_says_how_well_it_does_and_how_it_was_trained(tmp_path: Path) -> None:
    assert facts_of(run(tmp_path, network(), SUMMARY, data={"type": "datasets/mnist"})) == [
        ["Network", "ann/ann: hidden 4, relu"], ["Parameters", "26"], ["Trained on", "mnist"],
        ["Loss (test)", "0.1235"], ["Accuracy (test)", "98.77%"], ["MSE (test)", "1235"],
        ["Top 3 accuracy (test)", "50.00%"], ["Training", "12 epochs in 95.3 seconds"], ["Finished", "2024-05-06"],
        ["Made by", f"pellucid {pl.__version__}"],
    ]  # fmt: skip


def test_a_file_alone_says_its_size_and_no_more(tmp_path: Path) -> None:
    assert list(facts(tmp_path)) == ["Network", "Parameters", "Made by"]
    assert list(facts(tmp_path, [1, 2])) == ["Network", "Parameters", "Made by"]
    large = network(hidden=[300])
    assert facts(tmp_path, model=large)["Parameters"] == "1,802"  # 3·300 + 300 + 300·2 + 2


@pytest.mark.parametrize("test", [None, {}, {"name": "x"}])
def test_without_figures_of_a_test_those_of_the_validation_are_said(test: Any, tmp_path: Path) -> None:
    found = facts(tmp_path, {**SUMMARY, "test": test})
    assert found["Loss (validation)"] == "7" and not any("(test)" in label for label in found)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "0 seconds"), (0.01234, "0.0123 seconds"), (119.9, "120 seconds"), (120, "2 minutes"),
     (3600, "60 minutes")],
)  # fmt: skip
def test_how_long_it_took(seconds: float | None, text: str, tmp_path: Path) -> None:
    assert facts(tmp_path, {**SUMMARY, "training_seconds": seconds})["Training"] == f"12 epochs in {text}"


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ({"hidden": [512, 256], "activation": "gelu", "normalization": "batch_norm"},
         "hidden 512, 256, gelu, batch_norm"),
        ({"hidden": []}, "relu"),
    ],
)  # fmt: skip
def test_a_model_is_told_by_what_a_reader_wants_to_know(how: dict[str, Any], text: str, tmp_path: Path) -> None:
    assert facts(tmp_path, model=network(**how))["Network"] == f"ann/ann: {text}"


def test_channels_are_told_of_models_that_have_some(tmp_path: Path) -> None:
    pytest.importorskip("pellucid_cnn")
    pytest.importorskip("pellucid_vae")
    dense = pl.build("vae", input_shape=(64,), latent=2, hidden=[3], seed=0)
    assert facts(tmp_path, model=dense)["Network"] == "vae/vae: hidden 3, latent 2, relu"
    pictures = pl.build("vae", input_shape=(8, 8, 1), latent=2, hidden=[3], channels=[2, 4],
                        architecture="convolutional", seed=0)  # fmt: skip
    expected = "vae/vae: hidden 3, channels 2, 4, latent 2, relu, convolutional"
    assert facts(tmp_path, model=pictures)["Network"] == expected


def test_truth_values_are_no_sizes(tmp_path: Path) -> None:
    model = network()
    pl.require_runtime(model).config = {"type": "own", "hidden": True, "blocks": 3, "filters": (), "latent": None}
    assert facts(tmp_path, model=model)["Network"] == "own: blocks 3"
    pl.require_runtime(model).config = {"blocks": 3}
    assert facts(tmp_path, model=model)["Network"] == "blocks 3"


def test_the_title_names_the_model_and_its_data(tmp_path: Path) -> None:
    model = network()
    assert title_of(run(tmp_path, model)) == "ann"
    assert title_of(run(tmp_path, model, data={"type": "datasets/mnist"})) == "ann on mnist"
    pl.require_runtime(model).config = None
    assert title_of(run(tmp_path, model)) == type(model).__name__


def test_a_summary_that_is_none_is_said(tmp_path: Path) -> None:
    assert summary_of(run(tmp_path, None)) == {}
    (tmp_path / "summary.json").write_text("{")
    with pytest.raises(pl.DataError, match=r"summary\.json cannot be read"):
        summary_of(run(tmp_path, None))
