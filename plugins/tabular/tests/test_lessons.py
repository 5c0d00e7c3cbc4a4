"""What an estimator does on the way to its trainer: which rows are held out, when it stops, how epochs are counted."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_tabular import PellucidClassifier, PellucidRegressor, PellucidTransformer
from pellucid_tabular.estimators import learning
from pellucid_tabular.estimators.best import Best, give, taken
from pellucid_tabular.estimators.learning import _joined
from pellucid_tabular.estimators.transformer import hidden_layers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3))
Y = X[:, 0] + 0.1 * RNG.normal(size=200)
LABELS = (Y > 0).astype(int) + (Y > 1.2)
QUICK: dict[str, Any] = {"model": None, "hidden": (4,), "epochs": 1, "random_state": 0}

# -- the best epoch --------------------------------------------------------------------------------------------------


class Told:
    """A run of which each epoch's validation loss is told."""

    def __init__(self, model: Any) -> None:
        self.model, self.epoch, self.history = model, 0, [{"validation_loss": nan}]
        self.stopped: list[str] = []

    def stop(self, why: str) -> None:
        self.stopped.append(why)

    def lent(self) -> Any:
        from contextlib import nullcontext

        return nullcontext()

    def ended(self, best: Best, loss: float) -> None:
        self.epoch += 1
        self.history.append({"validation_loss": loss})
        for param in self.model.parameters():
            param.data = np.full(param.shape, float(self.epoch))
        best.on_epoch_end(self)  # type: ignore[arg-type]


def at(model: Any) -> float:
    (value,) = {float(v) for param in model.parameters() for v in np.ravel(param.data)}
    return value


@pytest.mark.parametrize("patience", [1, 2, 3, None])
def test_it_waits_for_so_many_epochs_without_a_better_one(patience: int | None) -> None:
    run, best = Told(pl.build("dense", units=2, input_shape=(2,), seed=0)), Best(patience)
    best.on_run_start(run)  # type: ignore[arg-type]
    for epoch, loss in enumerate([3.0, 2.0, 2.0, nan, 1.5, 1.5, 1.6], start=1):
        run.ended(best, loss)
        since = epoch - (1 if epoch < 2 else 2 if epoch < 5 else 5)
        assert bool(run.stopped) == (patience is not None and since >= patience), epoch
        run.stopped.clear()
    assert (best.figure, best.epoch, best.choice(None)) == (1.5, 5, (5, "validation_loss"))
    best.on_run_end(run)  # type: ignore[arg-type]
    assert at(run.model) == 5, "the first of equal ones"
    best.on_run_start(run)  # type: ignore[arg-type]
    assert at(run.model) == 7, "the next run goes on where this one stopped"
    best.measured_anew(1.0)
    run.ended(best, 1.2)
    best.on_run_end(run)  # type: ignore[arg-type]
    assert at(run.model) == 5 and best.epoch == 5
    other = pl.build("dense", units=2, input_shape=(2,), seed=1)
    best.restore_in(other)
    assert at(other) == 5


def test_without_a_finite_loss_nothing_is_kept() -> None:
    run, best = Told(pl.build("dense", units=2, input_shape=(2,), seed=0)), Best(2)
    for loss in (nan, nan):
        run.ended(best, loss)
    assert run.stopped == ["no better validation loss in 2 epochs"] and best.choice(None)[0] is None
    best.on_run_end(run)  # type: ignore[arg-type]
    best.restore_in(run.model)
    assert at(run.model) == 2 and best.figure == inf


def test_what_a_model_has_learned_is_taken_and_given_back() -> None:
    model: Any = pl.build({"type": "sequential", "layers": [{"type": "dense", "units": 3}, {"type": "batch_norm"}]},
                          input_shape=(2,), seed=0)  # fmt: skip
    before = taken(model)
    kept = [array.copy() for array in before]
    trainer = pl.Trainer(model, loss="mse", seed=0)
    trainer.fit((X[:, :2], X), epochs=1, verbose=False)
    assert all((a == b).all() for a, b in zip(before, kept, strict=True)), "copies"
    assert any((a != b).any() for a, b in zip(taken(model), kept, strict=True))
    give(model, kept)
    assert all((a == b).all() for a, b in zip(taken(model), kept, strict=True)) and len(kept) == 1 + len(
        list(model.states())
    )


# -- which rows are held out -----------------------------------------------------------------------------------------


def noted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """How many rows each lesson trains on and holds out."""
    found: list[tuple[int, int]] = []
    parted = learning.Lesson._parted

    def note(self: Any) -> Any:
        kept, held = parted(self)
        found.append((len(kept), len(held)))
        assert sorted([*kept, *held]) == list(range(len(self.found.rows)))
        return kept, held

    monkeypatch.setattr(learning.Lesson, "_parted", note)
    return found


@pytest.mark.parametrize(
    ("rows", "arguments", "expected"),
    [
        (99, {}, (99, 0)), (100, {}, (80, 20)), (101, {}, (81, 20)), (200, {"early_stopping": False}, (200, 0)),
        (20, {"early_stopping": True}, (16, 4)), (100, {"validation_fraction": 0.1}, (90, 10)),
        (2, {"early_stopping": True}, (1, 1)), (10, {"early_stopping": True, "validation_fraction": 0.01}, (9, 1)),
        (200, {"model": "ensemble", "hidden": None, "members": 2}, (200, 0)),
        (200, {"model": "ensemble", "hidden": None, "members": 2, "early_stopping": True}, (160, 40)),
        (200, {"model": "auto", "hidden": None, "members": 2}, (200, 0)), (200, {"model": "mlp"}, (160, 40)),
    ],
)  # fmt: skip
def test_a_fraction_of_the_rows_is_held_out_from_the_hundredth_on(
    rows: int, arguments: dict[str, Any], expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = noted(monkeypatch)
    small = {"model_params": {"widths": (4, 4)}} if arguments.get("model") in ("auto", "ensemble") else {}
    model = PellucidRegressor(**{**QUICK, **arguments, **small}).fit(X[:rows], Y[:rows])
    assert found == [expected]
    assert ("validation_loss" in model.history_[-1]) == (expected[1] > 0 or (rows == 200 and bool(small)))
    assert model.best_ is None and model.held_out_.split is None, "no rows stay in an estimator"


def test_rows_that_leave_none_to_train_on_are_refused() -> None:
    with pytest.raises(ValueError, match="1 different rows, of which 1 are to be held out for early"):
        PellucidRegressor(**QUICK, early_stopping=True).fit(np.ones((5, 2)), np.ones(5))
    with pytest.raises(ValueError, match="3 different rows, of which 3 are to be held out"):
        PellucidRegressor(**QUICK, early_stopping=True, validation_fraction=0.99).fit(X[:3], Y[:3])


def test_classes_are_held_out_in_proportion_and_parts_by_their_content(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[Any] = []
    hold_out = learning.Lesson._hold_out

    def note(self: Any, rows: Any) -> None:
        held.append(self.codes[self.found.rows[rows]])
        hold_out(self, rows)

    monkeypatch.setattr(learning.Lesson, "_hold_out", note)
    PellucidClassifier(**QUICK).fit(X, LABELS)
    shares = np.bincount(held[0]) / np.bincount(LABELS)
    np.testing.assert_allclose(shares, 0.2, atol=1 / np.bincount(LABELS).min())
    found = noted(monkeypatch)
    model = PellucidClassifier(**QUICK)
    model.partial_fit(X, LABELS)
    assert found == [(200, 0)], "nothing is held out of parts, unless it is asked for"
    model = PellucidClassifier(**QUICK, early_stopping=True, validation_fraction=0.5)
    for _ in range(2):
        model.partial_fit(X, LABELS)
    assert found[1] == found[2] and 60 < found[1][1] < 140


# -- how epochs are counted ------------------------------------------------------------------------------------------


def test_epochs_of_several_trainers_are_counted_through() -> None:
    now = pl.History()
    now.records = [{"epoch": 1, "step": 4, "loss": 0.5}, {"epoch": 2, "step": 8, "loss": 0.25}]
    assert _joined([], now) is now
    whole = _joined([{"epoch": 1, "step": 5, "loss": 2.0}, {"epoch": 2, "step": 10, "loss": 1.0}], now)
    assert [tuple(record.values()) for record in whole] == [(1, 5, 2.0), (2, 10, 1.0), (3, 14, 0.5), (4, 18, 0.25)]
    assert now.records[0]["epoch"] == 1


def test_a_seed_is_taken_as_it_is_and_drawn_otherwise() -> None:
    def weights(state: Any) -> Any:
        return PellucidRegressor(**{**QUICK, "random_state": state, "epochs": 1}).fit(X, Y).predict(X[:3]).tolist()

    assert weights(3) == weights(3) != weights(4)
    assert weights(np.random.RandomState(3)) == weights(np.random.RandomState(3)) != weights(np.random.RandomState(4))
    assert weights(None) != weights(None)


def test_values_are_learned_in_their_own_unit_of_mean_0(monkeypatch: pytest.MonkeyPatch) -> None:
    for loss, scaled in ((None, True), ("mae", True), (lambda y, t: (y - t) ** 2, False)):
        model: Any = PellucidRegressor(**QUICK, loss=loss).fit(X, 1000 * Y)
        assert bool(model.model_.runtime.target_transforms) is scaled
    before: Any = PellucidRegressor(**QUICK).partial_fit(X, 1000 * Y)
    center = before.model_.runtime.target_transforms[0].state()
    before.partial_fit(X, 1000 * Y + 5)
    again = before.model_.runtime.target_transforms[0].state()
    assert all((center[name] == again[name]).all() for name in center), "of the first rows"


# -- features --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_features_are_outputs_of_the_last_hidden_layer_in_the_type_of_the_table(dtype: str) -> None:
    x = np.round(10 * X).astype(dtype)
    model: Any = PellucidTransformer(**{**QUICK, "hidden": (6, 4)}).fit(x, Y)
    features = model.transform(x)
    assert features.shape == (200, 4) and features.dtype == ("float32" if dtype == "float32" else "float64")
    last = model.model_.layers[-1]
    outputs = features @ np.asarray(last.weight.data) + np.asarray(last.bias.data)
    scale = model.model_.runtime.target_transforms[0]
    np.testing.assert_allclose(scale.inverse(outputs), model.model_.predict(x), rtol=1e-4, atol=1e-4)
    assert [*model.get_feature_names_out()] == [f"pellucidtransformer{i}" for i in range(4)]
    whole: Any = pl.Sequential([pl.Dense(2), pl.Dense(1)])
    assert hidden_layers(whole) == whole.layers[:-1]
    for wrong in (pl.Dense(2), pl.Sequential([pl.Dense(2)])):
        with pytest.raises(pl.ConfigError, match="a Sequential of at least two"):
            hidden_layers(wrong)
