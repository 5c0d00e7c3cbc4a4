"""Without validation rows each member holds out a part of its own, and is chosen by it alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_tabular.folds import Without, folds_of

RNG = np.random.default_rng(0)
X = RNG.standard_normal((240, 5)).astype("float32")
VALUES = (X[:, :1] * X[:, 1:2] + 3).astype("float32")
CLASSES = (X[:, 0] > 0).astype(int) + (X[:, 1] > 1.0)


def built(kind: str = "values", **arguments: Any) -> Any:
    task, outputs = ("regression", 1) if kind == "values" else ("classification", 3)
    config = {"type": "tabular/ensemble", "outputs": outputs, "task": task, "members": 6, "widths": [8, 16]}
    return pl.build({**config, "folds": 3, **arguments}, input_shape=(5,), seed=1)


@pytest.mark.parametrize("y", [VALUES, CLASSES])
def test_folds_are_disjoint_whole_and_in_proportion(y: Any) -> None:
    folds = folds_of(y, 3, seed=7)
    assert sorted(np.concatenate(folds)) == list(range(240))
    assert [len(fold) for fold in folds] == [80, 80, 80]
    if y is CLASSES:
        counts = np.array([np.bincount(y[fold], minlength=3) for fold in folds])
        assert (np.ptp(counts, axis=0) <= 1).all()
    assert all((a == b).all() for a, b in zip(folds, folds_of(y, 3, seed=7), strict=True))
    assert [len(fold) for fold in folds_of(y[:59], 3, seed=7)] == [0], "too few rows to hold any out"


def test_an_epoch_visits_all_other_rows_once() -> None:
    held = np.array([3, 5, 8])
    order = Without(held).order(np.random.default_rng(0), pl.Split(X[:10]), epoch=0, batch_size=4)
    assert sorted(order) == [0, 1, 2, 4, 6, 7, 9]


@pytest.mark.parametrize("kind", ["values", "classes"])
def test_a_member_is_the_one_trained_alone_without_its_part(kind: str) -> None:
    y = VALUES if kind == "values" else CLASSES
    trainer = pl.trainer_for(built(kind), seed=0)
    trainer.fit((X, y), epochs=3, batch_size=32, verbose=False)
    folds = folds_of(y, 3, seed=0)
    for k in (0, 4):
        alone = trainer._member(k)
        part = folds[k % 3]
        alone.sampler = Without(part)
        alone.fit((X, y), validation=(X[part], y[part]), epochs=3, batch_size=32, verbose=False)
        member = trainer.pack.trainers[k]
        assert (member.slots.arena.data == alone.slots.arena.data).all()
        assert member.history["validation_loss"] == alone.history["validation_loss"]


@pytest.mark.parametrize("kind", ["values", "classes"])
def test_figures_are_of_rows_by_members_that_have_not_seen_them(kind: str) -> None:
    y = VALUES if kind == "values" else CLASSES
    model = built(kind)
    trainer = pl.trainer_for(model, seed=0)
    trainer.fit((X, y), epochs=4, batch_size=32, verbose=False)
    weights = np.array(model.weights.data)
    folds, total = folds_of(y, 3, seed=0), 0.0
    for part, rows in enumerate(folds):
        own = weights[part::3]
        assert own.sum() == pytest.approx(1 / 3), "parts count alike"
        only = np.zeros(6)
        only[part::3] = own / own.sum()
        model.choose(only)
        total += trainer.evaluate((X[rows], y[rows]))["loss"] * len(rows) / len(y)
    assert trainer.history[-1]["validation_loss"] == pytest.approx(total, rel=1e-5)


def test_a_sampler_and_folds_are_refused_together() -> None:
    trainer = pl.trainer_for(built("classes"), sampler="balanced", seed=0)
    with pytest.raises(pl.ConfigError, match="each member holds some of them out"):
        trainer.fit((X, CLASSES), epochs=1, verbose=False)


def test_a_second_call_goes_on_with_the_same_parts() -> None:
    trainer = pl.trainer_for(built(), seed=0)
    for _ in range(2):
        trainer.fit((X, VALUES), epochs=2, batch_size=32, verbose=False)
        held = [member.sampler.held.tolist() for member in trainer.pack.trainers]
        assert held == [fold.tolist() for fold in folds_of(VALUES, 3, seed=0)] * 2
    assert len(trainer.history) == 4


@pytest.mark.filterwarnings("ignore:Member . of 4 trains no more")
def test_a_part_whose_members_have_all_failed_is_predicted_by_zeros_and_nobody_of_it_is_chosen() -> None:
    model = built(folds=2, members=4)
    model.drawn = [drawn._replace(rate=1e25) if k % 2 else drawn for k, drawn in enumerate(model.drawn)]
    trainer: Any = pl.trainer_for(model, seed=0)
    trainer.fit((X, VALUES), epochs=2, batch_size=32, verbose=False)
    assert [why is None for why in trainer.compared.stopped] == [True, False, True, False]
    weights = np.array(model.weights.data)
    assert weights[1::2].tolist() == [0, 0] and weights.sum() == pytest.approx(1)
    seen, unseen = folds_of(VALUES, 2, seed=0)
    expected = (trainer.evaluate((X[seen], VALUES[seen]))["loss"] + np.mean(VALUES[unseen] ** 2)) / 2
    assert trainer.history[-1]["validation_loss"] == pytest.approx(float(expected), rel=1e-5)
