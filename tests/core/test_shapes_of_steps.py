"""Layers, losses and plans where samples have steps: shapes, what is left out, how rows are divided; by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, ShapeError
from pellucid.training.stepper import step_sizes

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        ((10, 4, 3), (4, 4, 2)), ((10, 4, 2), (4, 4)), ((10, 4, 1), (4,)), ((3, 4, 3), (3,)), ((12, 4, 3), (4, 4, 4)),
        ((100, 4, 3), (4, 4, 4)), ((1, 4, 1), (1,)), ((5, 4, 2), (4, 1)), ((10, 10, 1), (10,)),
    ],
)  # fmt: skip
def test_rows_of_each_part_of_a_step(given: tuple[int, int, int], sizes: tuple[int, ...]) -> None:
    assert step_sizes(*given) == sizes


def parallel(join: str, *shapes: list[int]) -> pl.Layer:
    layers = [pl.create("layer", "reshape", shape=shape) for shape in shapes]
    return pl.create("layer", "parallel", layers=layers, join=join)


@pytest.mark.parametrize(
    ("join", "shapes", "joined"),
    [
        ("concatenate", ([12], [12]), (24,)), ("concatenate", ([3, 4], [3, 4]), (3, 8)),
        ("concatenate", ([2, 3, 2], [2, 3, 2], [2, 3, 2]), (2, 3, 6)), ("concatenate", ([3, 4], [4, 3]), None),
        ("concatenate", ([3, 4], [12]), None), ("concatenate", ([2, 6], [12, 1]), None),
        ("sum", ([3, 4], [3, 4]), (3, 4)),
        ("sum", ([3, 4], [4, 3]), None), ("apart", ([3, 4], [12]), ((3, 4), (12,))),
    ],
)  # fmt: skip
def test_what_can_be_joined(join: str, shapes: Any, joined: Any) -> None:
    layer = parallel(join, *shapes)
    if joined is None:
        with pytest.raises(ShapeError, match=f"inside Parallel cannot be joined by {join}"):
            layer.output_shape((12,))
        return
    assert layer.output_shape((12,)) == joined
    model = pl.build(layer, input_shape=(12,), seed=0, backend="reference")
    x = RNG.normal(size=(5, 12)).astype("f4")
    parts = [x.reshape(5, *shape) for shape in shapes]
    expected = sum(parts) if join == "sum" else np.concatenate(parts, axis=-1) if join == "concatenate" else parts
    for found, wanted in zip(
        *(each if join == "apart" else [each] for each in (model.predict(x), expected)), strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.parametrize("steps", [(), (4,), (2, 4), (None,)])
def test_the_transposed_of_a_layer_goes_back_step_by_step(steps: tuple[int | None, ...]) -> None:
    dense = pl.create("layer", "dense", units=2)
    back = pl.create("layer", "transposed", source=dense)
    model: Any = pl.build(pl.create("layer", "sequential", layers=[dense, back]), input_shape=(*steps, 3), seed=0)
    assert model.output_shape((*steps, 3)) == (*steps, 3)
    assert back.output_shape((*steps, 2)) == (*steps, 3)
    x = RNG.normal(size=(5, *(n or 4 for n in steps), 3)).astype("f4")
    w = dense.weight.data  # type: ignore[attr-defined]
    np.testing.assert_allclose(model.predict(x), x @ w @ w.T, rtol=1e-4, atol=1e-5)
    with pytest.raises(ShapeError, match=r"takes what its source gives, 2 features\. Received: 3 features"):
        back.output_shape((*steps, 3))


@pytest.mark.parametrize("ignore", [-1, 2])
@pytest.mark.parametrize("steps", [(), (4,), (2, 4)])
def test_what_is_ignored_is_left_out_of_figures_at_every_step(steps: tuple[int, ...], ignore: int) -> None:
    prediction, target = RNG.normal(size=(5, *steps, 3)), RNG.integers(0, 2, (5, *steps))
    target.reshape(-1)[::3] = ignore
    counts = (np.arange(target.size) % 3 != 0).reshape(target.shape)
    scores, labels = pl.SoftmaxCrossEntropy(ignore=ignore).scored(prediction, target)
    np.testing.assert_array_equal(scores, prediction[counts])
    np.testing.assert_array_equal(labels, target[counts])
    assert pl.SoftmaxCrossEntropy().scored(prediction, target)[0] is prediction
    shares = np.full(prediction.shape, 1 / 3)
    assert pl.SoftmaxCrossEntropy(ignore=ignore).scored(prediction, shares) == (prediction, shares)  # type: ignore[comparison-overlap]


@pytest.mark.parametrize("shape", [(5, 1), (5, 4, 1), (1, 1)])
def test_the_likeliest_of_one_class_are_no_figure(shape: tuple[int, ...]) -> None:
    metric = pl.create("metric", "top_k", k=1)
    with pytest.raises(ShapeError) as caught:
        metric.update(np.zeros(shape), np.zeros(shape[:-1], int))  # type: ignore[attr-defined]
    assert str(caught.value) == f"TopK needs the scores of several classes. Received: shape {shape}."


@pytest.mark.parametrize("weight", [RNG.uniform(0, 2, (12, 4)), RNG.uniform(0, 2, 12)])
def test_weights_of_steps_reach_the_loss(weight: Any) -> None:
    x, y = RNG.normal(size=(12, 4, 3)), RNG.normal(size=(12, 4, 2))
    model = pl.build("dense", units=2, input_shape=(4, 3), seed=0, dtype="float64")
    each = ((model.predict(x) - y) ** 2).mean(axis=2)
    w = np.broadcast_to(weight.reshape(12, -1), (12, 4))
    trainer = pl.Trainer(model, loss="mse", optimizer={"type": "sgd", "lr": 1e-300}, seed=0)
    trainer.fit((x, y), epochs=1, batch_size=5, sample_weight=weight, verbose=False)
    assert trainer.history["loss"][0] == pytest.approx((w * each).sum() / w.sum(), rel=1e-12)
    for wrong in (weight[:11], np.ones((12, 3)), np.ones((1, 12))):
        with pytest.raises(
            pl.DataError, match=r"Sample weights must be 12 numbers, one per sample, each 0 or from 1e-15"
        ):
            trainer.fit((x, y), epochs=1, sample_weight=wrong, verbose=False)


def test_the_best_epoch_is_known_again_by_its_figure() -> None:
    best: Any = pl.create("callback", "best_epoch", monitor="loss")
    records = [{"epoch": n, "loss": loss} for n, loss in ((1, 3.0), (2, 1.0), (3, 2.0))]

    def looked_at(epoch: int, figure: float, steps: int = 9, records: Any = records) -> None:
        best.epoch, best.figure = epoch, figure
        trainer = SimpleNamespace(steps=steps)
        best._require_own(SimpleNamespace(trainer=trainer, history=SimpleNamespace(records=records)), "loss")

    for epoch, figure in ((1, 3.0), (2, 1.0), (3, 2.0)):
        looked_at(epoch, figure)
    looked_at(2, 1.0, records=[{"epoch": n} for n in (1, 2)])  # of epochs without the figure nothing is known
    for epoch, figure, steps in ((2, 3.0, 9), (3, 1.0, 9), (4, 2.0, 9), (2, 1.0, 0)):
        with pytest.raises(ConfigError, match=f"holds epoch {epoch} of another trainer"):
            looked_at(epoch, figure, steps)
