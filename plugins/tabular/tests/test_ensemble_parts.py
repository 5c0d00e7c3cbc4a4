"""An ensemble's members: what each says, which are chosen whatever the loss, and how their optimizers are scaled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError
from pellucid_tabular.ensemble_memory import Compared, which
from pellucid_tabular.ensemble_trainer import EnsembleTrainer
from pellucid_tabular.selection import ROUNDS, Selection
from scipy.special import expit, softmax

from plugins.tabular.tests.test_ensemble import OUTPUTS, VALUES, X, Y, built, fitted

# -- the choice ------------------------------------------------------------------------------------------------------


def test_the_best_mean_is_taken_of_all_rounds() -> None:
    y = np.zeros((2, 1))
    selection = Selection(3, "values", y)
    assert selection.weights() is None
    selection.take(1, np.array([[1.0], [1.0]]))
    assert selection.weights().tolist() == [0, 1, 0]  # type: ignore[union-attr]
    selection.take(0, np.array([[-3.0], [-3.0]]))
    np.testing.assert_allclose(selection.weights(), [0.25, 0.75, 0])  # type: ignore[arg-type]
    selection.take(0, np.array([[-float(ROUNDS - 1)]] * 2))
    np.testing.assert_allclose(selection.weights(), [1 / ROUNDS, 1 - 1 / ROUNDS, 0])  # type: ignore[arg-type]
    selection.take(0, np.array([[-float(ROUNDS)]] * 2))
    assert selection.weights()[0] in (0, 1 / ROUNDS)  # type: ignore[index]
    selection.take(2, np.array([[0.0], [0.0]]))
    assert selection.weights().tolist() == [0, 0, 1]  # type: ignore[union-attr]
    selection.take(2, np.array([[np.nan], [0.0]]))
    assert selection.weights()[2] == 0, "what is no number any more is not chosen"  # type: ignore[index]


@pytest.mark.parametrize("kind", ["values", "classes", "answers"])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_residuals_are_what_is_said_less_what_is_true(kind: str, smoothing: float) -> None:
    rng, n = np.random.default_rng(0), 7
    y: Any = rng.normal(size=(n, 2)) if kind == "values" else rng.integers(0, 3 if kind == "classes" else 2, n)
    z = rng.normal(size=(n, {"values": 2, "classes": 3, "answers": 1}[kind]))
    if kind == "values":
        expected = z - y
    else:
        p = softmax(z, axis=1) if kind == "classes" else np.concatenate([expit(-z), expit(z)], 1)
        expected = (p - smoothing / p.shape[1]) / (1 - smoothing) - np.eye(p.shape[1])[y]
    found = Selection(1, kind, y, smoothing)._residual(z)
    np.testing.assert_allclose(found, expected.ravel(), atol=1e-6)
    assert Selection(1, kind, y).smoothing == 0


@pytest.mark.parametrize("far", [0.0, 1e4, -1e4])
def test_residuals_of_outputs_far_from_zero_are_those_of_their_differences(far: float) -> None:
    z = np.array([[0.0, 1.0, -2.0], [3.0, 0.0, 0.0]])
    found = Selection(1, "classes", np.array([1, 0]))._residual(z + far)
    np.testing.assert_allclose(found, (softmax(z, axis=1) - np.eye(3)[[1, 0]]).ravel(), atol=1e-6)


@pytest.mark.parametrize(("kind", "loss"), [("classes", "hinge"), ("values", "mae"), ("values", "huber")])
def test_a_loss_without_smoothing_chooses_as_well(kind: str, loss: str) -> None:
    model = built(kind)
    trainer = fitted(model, kind, epochs=6, loss=loss)
    selection = Selection(4, kind, Y[kind][160:])
    assert trainer.compared is not None
    for k, outputs in enumerate(trainer.compared.outputs):
        assert outputs is not None
        selection.take(k, outputs)
    np.testing.assert_allclose(model.weights.data, selection.weights(), atol=1e-6)  # type: ignore[arg-type]


# -- what members say ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["values", "classes", "answers"])
@pytest.mark.parametrize("batch", [1, 7, 239, 240, 1000])
def test_members_say_probabilities_or_values_in_batches_of_any_size(kind: str, batch: int) -> None:
    model = built(kind)
    model.choose([0.5, 0.0, 0.25, 0.25])
    found = model.of_members(X, batch_size=batch)
    assert found.shape == (3, 240, OUTPUTS[kind]) and found.dtype == np.float64
    for said, k in zip(found, (0, 2, 3), strict=True):
        model.choose(np.eye(4)[k])
        z = model.predict(X).astype(float)
        expected = {"values": z, "classes": softmax(z, axis=1), "answers": expit(z)}[kind]
        np.testing.assert_allclose(said, expected, rtol=1e-5, atol=1e-6)


def test_values_and_their_spread_are_in_the_unit_of_the_targets() -> None:
    y = 1000 * VALUES + 5
    data = pl.Splits(pl.Split(X, y), pl.Split(X, y), pl.Split(X, y), target_transforms=["standardize"])
    model = built()
    pl.trainer_for(model, seed=0).fit(data, epochs=1, batch_size=64, verbose=False)
    model.choose([0.75, 0.25, 0.0, 0.0])
    said = model.of_members(X)
    np.testing.assert_allclose(0.75 * said[0] + 0.25 * said[1], model.predict(X), rtol=1e-4)
    np.testing.assert_allclose(model.spread(X), np.abs(said[0] - said[1]) * np.sqrt(0.75 * 0.25), rtol=1e-6)
    model.choose([0.0, 1.0, 0.0, 0.0])
    assert (model.spread(X) == 0).all()


@pytest.mark.parametrize(
    "weights", [[0.5, 0.5, 0.1, 0.0], [0.5, 0.4, 0.0, 0.0], [1.5, -0.5, 0, 0], [np.nan, 1, 0, 0], [[1, 0, 0, 0]]]
)
def test_weights_are_at_least_0_with_the_sum_1(weights: Any) -> None:
    with pytest.raises(ConfigError, match="a weight for each of 4 members, at least 0, with the sum 1"):
        built().choose(weights)


def test_slopes_are_those_of_its_own_backward() -> None:
    for kind in OUTPUTS:
        model = built(kind)
        model.choose([0.5, 0.0, 0.25, 0.25])
        x = X[:5].astype(float)
        ctx = pl.Context(model.runtime.ops, training=False)
        y = model.forward(ctx, x.astype("float32"))
        dy = np.random.default_rng(0).normal(size=y.shape).astype("float32")
        dx = model.backward(ctx, dy).copy()
        step = 1e-2
        for j in range(5):
            there, back = x.copy(), x.copy()
            there[:, j] += step
            back[:, j] -= step
            slope = (model.predict(there).astype(float) - model.predict(back)) / (2 * step)
            assert np.median(np.abs((slope * dy).sum(1) - dx[:, j])) < 0.05 * max(1, np.abs(dx[:, j]).max())


# -- training --------------------------------------------------------------------------------------------------------


def test_the_optimizer_of_a_member_is_scaled_by_its_width_and_rate() -> None:
    groups = [{"match": "*.bias", "lr": 0.5}, {"match": "*.weight", "weight_decay": 0.25}]
    optimizer = {"type": "adamw", "lr": 0.1, "weight_decay": 0.2, "groups": groups}
    trainer: Any = EnsembleTrainer(built(), optimizer=optimizer, seed=0)
    for width, rate in ((256, 1.0), (64, 1.0), (64, 3.0), (1024, 0.5)):
        found = trainer._scaled(width, rate)
        wide = (256 / width) ** 0.5
        assert (found.lr, found.weight_decay) == (pytest.approx(0.1 * rate * wide), pytest.approx(0.2 / wide))
        assert found.groups == [{"match": "*.bias", "lr": pytest.approx(0.5 * rate)}, groups[1]]
    assert trainer.optimizer.lr == 0.1 and trainer.optimizer.groups == groups, "a copy"


def test_without_an_optimizer_that_of_the_recipe_is_taken_with_its_schedule() -> None:
    trainer: Any = pl.trainer_for(built(), seed=0)
    assert type(trainer.optimizer).__name__ == "AdamW" and type(trainer.schedule).__name__ == "Coslog"
    assert trainer.optimizer.lr == pytest.approx(0.05 / 16)
    assert trainer.optimizer.groups[0]["match"] == "*layers.0.*weight", "48 bins are many"
    own = pl.trainer_for(built(), schedule="cosine", seed=0)
    assert type(own.schedule).__name__ == "Cosine" and type(own.optimizer).__name__ == "AdamW"
    plain: Any = pl.trainer_for(built(settings={"numbers": None}), seed=0)
    assert "*layers.0.*" in [group["match"] for group in plain.optimizer.groups]
    other = pl.trainer_for(built(architecture="ann"), seed=0)
    assert (type(other.optimizer).__name__, other.schedule) == ("Adam", None)
    assert pl.trainer_for(built(), optimizer="sgd", seed=0).schedule is None


def test_no_row_of_few_is_held_out_and_no_more_parts_than_members() -> None:
    for rows, members, folds, parts in ((39, 4, 2, 1), (40, 4, 2, 2), (60, 2, 3, 2), (240, 4, 1, 1)):
        trainer: Any = pl.trainer_for(built(members=members, folds=folds), seed=0)
        trainer.fit((X[:rows], VALUES[:rows]), epochs=1, batch_size=32, verbose=False)
        assert len(trainer._held) == parts and ("validation_loss" in trainer.history[-1]) == (parts > 1)
        held = [getattr(member.sampler, "held", np.zeros(0)) for member in trainer.pack.trainers]
        assert all(set(held[k]) == set(held[k % parts]) for k in range(members))


def test_rows_that_members_are_compared_on_are_told_by_their_content() -> None:
    x, y = np.arange(6.0).reshape(3, 2), np.arange(3)
    parts = [(x, y)]
    assert which(parts) == which([(x.copy(), y.copy())]) == which([(np.asfortranarray(x), y)])
    others = [
        [(x + 1, y)],
        [(x, y + 1)],
        [(x.astype("float32"), y)],
        [(x.reshape(2, 3), y)],
        [(x, y), (x, y)],
        [],
        [(x[:0], y)],
    ]
    assert len({which(parts), *map(which, others)}) == len(others) + 1
    compared = Compared(2, "rows")
    compared.since[:], compared.stopped, compared.best[:] = 3, ["why", None], 1.0
    compared.goes_on()
    assert compared.since.tolist() == [0, 0] and compared.stopped == [None, None] and compared.best.tolist() == [1, 1]


def test_a_member_stops_after_so_many_epochs_without_a_better_one() -> None:
    for patience in (1, 2):
        trainer = fitted(built(patience=patience, rates=[20.0, 40.0]), epochs=20)
        assert trainer.pack is not None and trainer.compared is not None
        for k, member in enumerate(trainer.pack.trainers):
            losses = member.history["validation_loss"]
            best = int(np.argmin(losses))
            assert trainer.compared.best[k] == min(losses)
            assert trainer.compared.since[k] == len(losses) - 1 - best <= patience
            assert (trainer.compared.stopped[k] is not None) == (len(losses) - 1 - best == patience)
            for end in range(1, len(losses) - 1):
                assert end - int(np.argmin(losses[: end + 1])) < patience, "it did not go on beyond its patience"
