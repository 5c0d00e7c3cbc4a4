"""Layers beside attention, and what is made of them: what they refuse, what they begin with, what a stranger may do."""

from __future__ import annotations

import warnings
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint

SMALL: dict[str, Any] = {"vocabulary": 7, "width": 8, "layers": 2, "heads": 2, "context": 6}
STRANGER = '''
"""A layer that mixes positions in its own way."""
import numpy as np
from pellucid import Equation, Example, Layer, hookimpl

class Shift(Layer):
    """``y_t = factor x_{t-1}``."""
    equations = (Equation("y", "y_t = f x_{t-1}", "factor * np.roll(x, 1, 1)"),)
    examples = (Example({}, ((3, 2),)),)

    def __init__(self, factor: float = 0.5) -> None:
        self.factor = factor

    def output_shape(self, x):
        return x

    def forward(self, ctx, x):
        return (self.factor * np.roll(x, 1, 1)).astype(x.dtype)

    def backward(self, ctx, dy):
        return (self.factor * np.roll(dy, -1, 1)).astype(dy.dtype)

@hookimpl
def pellucid_register(registry):
    registry.layer("shift", f"{__name__}:Shift", summary="the position before")
'''


def built(kind: str, shape: Any = (None,), **changes: Any) -> Any:
    return pl.build(f"transformer/{kind}", input_shape=shape, seed=0, **{**SMALL, **changes})


def tokens(rows: int = 4, length: int = 6) -> Any:
    return np.random.default_rng(0).integers(0, 7, (rows, length))


@pytest.mark.parametrize("backend", ["reference", "cython"])
def test_tokens_outside_are_named_with_their_place(backend: str) -> None:
    model = built("language_model", backend=backend)
    for wrong, place in ((7, (1, 3)), (-1, (0, 0))):
        x = tokens()
        x[place] = wrong
        said = rf"knows the tokens 0 … 6\. Received: {wrong} at row {place[0]}, position {place[1]}\."
        with pytest.raises(pl.DataError, match=said):
            model.predict(x)
    with pytest.raises(pl.DataError, match="holds indices or masks"):
        model.predict(tokens().astype(float))


def test_a_token_outside_is_refused_by_a_recorded_step_too() -> None:
    model = built("language_model", (6,), backend="cython")
    x = tokens(16)
    x[-1, -1] = 9
    with pytest.raises(pl.DataError):
        pl.Trainer(model, seed=0).fit((x, tokens(16)), epochs=9, batch_size=4, verbose=False)


def test_sequences_that_are_too_long_are_refused_with_both_lengths() -> None:
    for positions in ("learned", "sinusoidal"):
        model = built("language_model", positions=positions)
        with pytest.raises(pl.ShapeError, match=r"Positions knows 6 positions\. Received: sequences of 9"):
            model.predict(tokens(2, 9))
        with pytest.raises(pl.ShapeError, match=r"Positions knows 6 positions\. Received: sequences of 8"):
            built("language_model", (8,), positions=positions)


@pytest.mark.parametrize("kind", ["sequence_encoder", "sentence_encoder"])
def test_masks_of_another_shape_are_refused(kind: str) -> None:
    with pytest.raises(pl.ShapeError, match="mask"):
        built(kind, [(6,), (5,)])
    with pytest.raises(pl.ShapeError, match="mask"):
        built(kind, [(6,), (6,), (6,)])
    model = built(kind, [(None,), (None,)])
    with pytest.raises(pl.ShapeError, match="mask"):
        model.predict((tokens(), np.ones((4, 5), bool)))


def test_numbers_that_do_not_divide_are_refused() -> None:
    with pytest.raises(pl.ConfigError, match=r"width evenly between its heads\. Received: width=8, heads=3"):
        built("language_model", heads=3)
    with pytest.raises(pl.ConfigError, match="kv_heads"):
        built("language_model", heads=4, kv_heads=3)
    with pytest.raises(pl.ConfigError, match="'padding' of Embedding must be one of its tokens"):
        pl.create("layer", "transformer/embedding", vocabulary=3, units=2, padding=3)
    with pytest.raises(pl.ConfigError, match=r"told two things of its attention: heads = 4.* heads = 2"):
        pl.create("layer", "transformer/transformer_block", heads=4,
                  attention={"type": "transformer/multi_head_attention", "heads": 2})  # fmt: skip


def test_weights_of_another_architecture_are_named(tmp_path: Path) -> None:
    trained = pl.Trainer(built("language_model"), seed=0)
    trained.fit((tokens(), tokens()), epochs=1, verbose=False)
    save_checkpoint(trained, tmp_path / "checkpoint.safetensors")
    other = pl.Trainer(built("language_model", width=12), seed=0)
    with pytest.raises(pl.CheckpointError, match=r"width.*8.*12"):
        restore_checkpoint(other, tmp_path / "checkpoint.safetensors")


def test_padding_is_zeros_and_learns_nothing() -> None:
    layer = pl.build("transformer/embedding", vocabulary=7, units=3, padding=2, input_shape=(6,), seed=0)
    ctx = pl.Context(layer.runtime.ops, training=True)
    x = tokens()
    y = layer.forward(ctx, x)
    layer.backward(ctx, np.ones_like(y))
    assert not y[x == 2].any()
    assert (layer.weight.grad[:, 0] == [0 if token == 2 else (x == token).sum() for token in range(7)]).all()


def test_what_is_padded_changes_no_other_position() -> None:
    model = built("sentence_encoder", [(None,), (None,)])
    x, mask = tokens(), np.arange(6) < np.array([[3], [6], [4], [1]])
    alone = np.concatenate([model.predict((x[i : i + 1, :n], mask[i : i + 1, :n])) for i, n in enumerate(mask.sum(1))])
    np.testing.assert_allclose(model.predict((np.where(mask, x, 0), mask)), alone, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(alone, axis=1), 1, atol=1e-4)


@pytest.mark.parametrize("backend", ["reference", "cython"])
def test_a_batch_in_which_nothing_belongs_together_is_warned_of(backend: str) -> None:
    model = built("sentence_encoder", (4,), backend=backend, vocabulary=7, width=4, layers=1, heads=1)
    x = tokens(8, 4)
    with pytest.raises(pl.DataError, match=r"8 labels of which no two are alike.*text_pairs"):
        pl.Trainer(model, seed=0).fit((x, np.arange(8)), epochs=1, batch_size=8, verbose=False)
    with pytest.warns(pl.PellucidWarning, match=r"batch of 8 rows no two have the same label.*text_pairs"):
        labels = np.arange(400) // 2  # of 400, so that hardly a batch of 8 has a pair
        pl.Trainer(model, seed=0).fit((np.tile(x, (50, 1)), labels), epochs=1, batch_size=8, verbose=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pl.Trainer(model, sampler="groups", seed=0).fit((x, np.arange(8) // 2), epochs=1, batch_size=8, verbose=False)


def test_the_head_is_the_embedding_and_weights_begin_as_gpt_2s() -> None:
    model = built("language_model", vocabulary=400, width=64, layers=3)
    sizes = {path: float(param.data.std()) for path, param in model.named_parameters()}
    assert "layers.6.weight" not in sizes and sizes["layers.0.weight"] == pytest.approx(0.02, rel=0.05)
    block = "layers.2"
    assert sizes[f"{block}.attention.weight"] == pytest.approx(0.02, rel=0.05)
    for path in (f"{block}.attention.output_weight", f"{block}.feed_forward.output_weight"):
        assert sizes[path] == pytest.approx(0.02 / sqrt(6), rel=0.05)
    assert all(param.decay == path.endswith("weight") for path, param in model.named_parameters())
    untied = built("language_model", vocabulary=400, width=64, layers=3, tied=False)
    assert "layers.6.weight" in dict(untied.named_parameters())


def test_a_strangers_layer_takes_the_place_of_attention(tmp_path: Path) -> None:
    (tmp_path / "acme.py").write_text(STRANGER, encoding="utf-8")
    with pl.local_plugins(str(tmp_path / "acme.py")):
        config = {"type": "stack", "layers": [
            {"type": "transformer/embedding", "vocabulary": 7, "units": 8},
            {"type": "transformer/transformer_block", "heads": 2, "attention": {"type": "acme/shift"}},
            {"type": "transformer/transformer_block", "heads": 2, "feed_forward": {"type": "acme/shift"}},
            {"type": "dense", "units": 7},
        ]}  # fmt: skip
        model = pl.build(config, input_shape=(6,), seed=0)
        history = pl.Trainer(model, loss="softmax_cross_entropy", seed=0).fit(
            (tokens(), tokens()), epochs=4, verbose=False
        )
        assert history.records[-1]["loss"] < history.records[0]["loss"]
        pl.save(model, tmp_path / "model.safetensors")
        again = pl.load(tmp_path / "model.safetensors")
        assert (again.predict(tokens()) == model.predict(tokens())).all()
        assert pl.to_config(again)["layers"][1]["attention"] == {"type": "acme/shift", "factor": 0.5}


def test_the_trace_opens_a_language_model(tmp_path: Path) -> None:
    model = built("language_model", (4,), vocabulary=5, width=4, layers=1, heads=2, context=4)
    x = tokens(2, 4) % 5
    trace = pl.Trainer(model, seed=0).trace_step(x, np.roll(x, -1, 1))
    assert str(trace.certify(cells=8)).startswith("Certificate of step 1: all that could be checked is right.")
    rows = trace["layers.2.attention.P"]
    assert rows.shape == (2, 2, 4, 4)
    np.testing.assert_allclose(rows.sum(-1), 1, atol=1e-6)
    told = str(trace.why("layers.2.attention.P", (0, 1, 3, 2)))
    assert "layers.2.attention.E[0,1,3,2]" in told
    assert "layers.0.weight" in str(trace.why("layers.0.y", (0, 1, 3)))
    assert "layers.0.weight" in str(trace.why("layers.4.z", (0, 1, 3)))
    trace.html(tmp_path / "step.html")
    page = (tmp_path / "step.html").read_text(encoding="utf-8")
    assert "Head 1" in page and "How much of each position" in page
