"""The losses where they are used: trained with, masked, beside others, in packs, refused where they cannot work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.standard.packed import recorded

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
VALUES = X @ rng.normal(size=(4, 2))
LABELS = (X @ rng.normal(size=(4, 3))).argmax(axis=1)
SHARES = np.full((60, 3), 0.1) + 0.7 * np.eye(3)[LABELS]
CASES: list[tuple[Any, int, Any]] = [
    ("mae", 2, VALUES), ("huber", 2, VALUES), ("cosine_similarity", 2, VALUES), ("kl_divergence", 3, SHARES),
    ("focal", 3, LABELS), ({"type": "focal", "gamma": 0.5, "alpha": [1.0, 2.0, 0.5]}, 3, LABELS),
    ("binary_focal", 2, (VALUES > 0).astype(float)), ("hinge", 3, LABELS), ("hinge", 1, np.where(LABELS > 0, 1, -1)),
    ({"type": "softmax_cross_entropy", "class_weight": [1.0, 2.0, 0.5]}, 3, LABELS),
    ({"type": "binary_cross_entropy", "class_weight": [1.0, 3.0]}, 1, (LABELS > 0).astype(int)),
]  # fmt: skip


def name(case: Any) -> str:
    return case if isinstance(case, str) else case["type"] if isinstance(case, dict) else ""


@pytest.mark.parametrize("backend", ["reference", "cython"])
@pytest.mark.parametrize(("loss", "outputs", "y"), CASES, ids=name)
def test_it_trains_by_each_and_parts_of_a_batch_make_its_step(loss: Any, outputs: int, y: Any, backend: str) -> None:
    weight = np.random.default_rng(1).uniform(0.5, 2, 60)
    learned = []
    for batch_size, accumulate in ((50, 1), (20, 3)):  # the second: 20, 20, 10
        model = pl.build("dense", units=outputs, input_shape=(4,), seed=0, dtype="float64", backend=backend)
        trainer = pl.Trainer(model, loss=loss, optimizer={"type": "sgd", "lr": 0.1}, accumulate=accumulate, seed=0)
        trainer.fit((X[:50], y[:50]), sample_weight=weight[:50], epochs=1, batch_size=batch_size, verbose=False)
        learned.append(model.weight.data.copy())
    np.testing.assert_allclose(*learned, rtol=0, atol=1e-12)
    model = pl.build("dense", units=outputs, input_shape=(4,), seed=0, backend=backend)
    trainer = pl.Trainer(model, loss=loss, optimizer={"type": "adam", "lr": 0.05}, seed=0)
    history = trainer.fit((X, y), epochs=30, batch_size=20, verbose=False)
    assert history[-1]["loss"] < 0.6 * history[0]["loss"]


@pytest.mark.parametrize(("loss", "outputs", "y"), CASES, ids=name)
def test_steps_that_a_mask_leaves_out_teach_nothing(loss: Any, outputs: int, y: Any) -> None:
    """(N, T) steps, of which a mask leaves some, count as their rows alone do."""
    made = pl.create("loss", loss)
    z = rng.normal(size=(20, 3, outputs))
    steps = y.reshape(20, 3, *y.shape[1:])
    mask = rng.integers(0, 2, (20, 3)).astype(bool)
    of_steps, alone = (pl.Context(pl.get_ops("reference"), dtype="float64") for _ in range(2))
    value = float(made.forward(of_steps, z, steps, mask.astype(float)))
    expected = float(made.forward(alone, z[mask], steps[mask]))
    assert value == pytest.approx(expected, rel=1e-12)
    gradient = made.backward(of_steps)
    assert not gradient[~mask].any()
    np.testing.assert_allclose(gradient[mask], made.backward(alone), rtol=1e-12, atol=1e-15)


def test_each_of_several_outputs_has_a_loss_of_its_own() -> None:
    layers = [{"type": "dense", "units": 2}, {"type": "dense", "units": 3}]
    model = pl.build({"type": "parallel", "join": "apart", "layers": layers}, input_shape=(4,), seed=0)
    trainer = pl.Trainer(model, loss={"size": "huber", "kind": CASES[5][0]}, optimizer="adam", seed=0)
    history = trainer.fit((X, {"size": VALUES, "kind": LABELS}), epochs=2, batch_size=20, verbose=False)
    assert history[-1]["loss"] == pytest.approx(history[-1]["size"] + history[-1]["kind"])


@pytest.mark.parametrize("loss", ["mae", {"type": "huber", "delta": 0.3}], ids=name)
def test_steps_with_errors_of_values_are_recorded_and_so_packed(loss: Any) -> None:
    def trainers() -> list[pl.Trainer]:
        models = [pl.build("ann", input_shape=(4,), hidden=[8], outputs=2, task="regression", seed=k) for k in (0, 1)]
        penalty = {"type": "dense", "units": 2, "regularizer": "l1"}
        models.append(pl.build(penalty, input_shape=(4,), seed=2))
        return [pl.Trainer(model, loss=loss, optimizer="adam", seed=k) for k, model in enumerate(models)]

    together, alone = trainers(), trainers()
    pl.Pack(together).fit((X, VALUES), epochs=3, batch_size=20, verbose=False)
    for one, other in zip(together, alone, strict=True):
        other.fit((X, VALUES), epochs=3, batch_size=20, verbose=False)
        assert recorded(one) and recorded(other)
        assert (one.runtime.arena.data == other.runtime.arena.data).all()


def test_targets_of_errors_are_scaled_and_metrics_come_in_their_unit() -> None:
    data = pl.Split(X, 1000.0 * VALUES[:, 0])
    splits = pl.Splits(data, data, data, target_transforms=["standardize"])
    model = pl.build("dense", units=1, input_shape=(4,), seed=0)
    trainer = pl.Trainer(model, loss="huber", metrics=["mae"], optimizer={"type": "adam", "lr": 0.05}, seed=0)
    trainer.fit(splits, epochs=40, batch_size=20, verbose=False)
    assert trainer.evaluate(data)["mae"] < 100 < np.abs(data.y).mean()


@pytest.mark.parametrize(("last", "units", "loss"), [
    ("sigmoid", 1, "binary_cross_entropy"), ("sigmoid", 1, "binary_focal"), ("softmax", 3, "softmax_cross_entropy"),
    ("softmax", 3, "focal"), ("softmax", 3, "kl_divergence"), ("sigmoid", 1, "hinge"), ("relu", 1, "hinge"),
])  # fmt: skip
def test_probabilities_before_a_loss_that_makes_them_are_refused(last: str, units: int, loss: str) -> None:
    layers = [{"type": "dense", "units": units}, {"type": last}]
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(4,), seed=0)
    with pytest.raises(pl.ConfigError, match=r"layers\.1 .*Received: outputs between.*Leave the last activation out"):
        pl.Trainer(model, loss=loss, seed=0)
    pl.Trainer(pl.build("dense", units=units, activation="tanh", input_shape=(4,), seed=0), loss="hinge", seed=0)


def test_numbers_of_outputs_and_what_they_say() -> None:
    signs = np.array([1, -1, 1])
    assert pl.Hinge().outputs_for(signs) == 1 and pl.Hinge().outputs_for(np.array([0, 1, 2])) is None
    assert pl.BinaryFocal().outputs_for(np.array([0, 1])) == 1 and pl.Focal().outputs_for(np.array([0, 1])) is None
    z = np.array([[2.0, 0.0, -1.0]])
    for loss in (pl.Focal(), pl.KLDivergence()):
        np.testing.assert_allclose(loss.probabilities(z), pl.SoftmaxCrossEntropy().probabilities(z))
    assert pl.Hinge().probabilities(z) is None and pl.CosineSimilarity().probabilities(z) is None
    with pytest.raises(pl.ConfigError, match="has 2 numbers, and the model 3 outputs"):
        pl.Trainer(pl.build("dense", units=3, input_shape=(4,)), loss={"type": "focal", "alpha": [1, 1]}, seed=0)
