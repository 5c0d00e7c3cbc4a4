"""best_epoch: which epoch it takes, on which data, and that training and checkpoints go on as if it were not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint

from tests.saving.support import everything, small_data, small_trainer

X, Y = small_data()
TRAIN, VALIDATION = (X[:40], Y[:40]), (X[40:70], Y[40:70])
OTHERS = (X[70:], np.arange(33) % 3)
"""Another task, in which there is nothing to be learned."""


WORST = {"type": "best_epoch", "monitor": "validation_loss", "mode": "max"}
"""Takes an epoch that is not the last one."""


def a_trainer(*callbacks: Any, best: Any = "best_epoch", **options: Any) -> pl.Trainer:
    return small_trainer(callbacks=[best, *callbacks], schedule=None, **options)


def fit(trainer: pl.Trainer, epochs: int, data: Any = TRAIN, validation: Any = VALIDATION) -> pl.Trainer:
    trainer.fit(data, validation=validation, epochs=epochs, batch_size=16, verbose=False)
    return trainer


def best_of(trainer: pl.Trainer) -> Any:
    return next(callback for callback in trainer.callbacks if isinstance(callback, pl.BestEpoch))


class Figures(pl.Metric):
    """What it is told to say of each epoch."""

    def __init__(self, *figures: float) -> None:
        self.figures = list(figures)

    def reset(self) -> None: ...
    def update(self, prediction: Any, target: Any, weight: Any = None) -> None: ...
    def result(self) -> float:
        return self.figures.pop(0)


def test_of_equal_figures_the_smaller_loss_counts() -> None:
    """The first of them was taken, which on small data is one that has learned least."""
    trainer = fit(a_trainer(metrics=[Figures(0.2, 0.5, 0.5, 0.5, 0.3)]), 5, TRAIN, TRAIN)
    losses = trainer.history["validation_loss"]
    assert losses[3] == min(losses[1:4])
    assert (best_of(trainer).epoch, best_of(trainer).figure) == (4, 0.5)


def test_of_equal_losses_the_first_counts() -> None:
    model = pl.build("dense", units=3, input_shape=(6,), seed=0)
    idle = small_trainer(model, schedule=None, metrics=[Figures(0.5, 0.5)], optimizer={"type": "sgd", "lr": 0.0})
    assert best_of(fit(idle, 2)).epoch == 1


def test_epochs_of_other_data_are_not_compared() -> None:
    """An easy task before a harder one: the weights of the first were put back, and the second was undone."""
    trainer = fit(a_trainer(metrics=[Figures(0.9, 0.8, 0.1, 0.4, 0.3)]), 2)
    assert best_of(trainer).epoch == 1
    fit(trainer, 3, OTHERS, OTHERS)
    assert (best_of(trainer).epoch, best_of(trainer).figure) == (4, 0.4)
    again = fit(a_trainer(metrics=[Figures(0.9, 0.8, 0.1, 0.4, 0.3)]), 2)
    fit(again, 3, OTHERS)  # of other training data they are, where the validation is the same
    assert best_of(again).epoch == 1


def test_a_figure_of_the_training_data_is_compared_on_the_same_training_data() -> None:
    def losses(second: Any) -> tuple[int, list[float]]:
        trainer = a_trainer(best={"type": "best_epoch", "monitor": "loss"}, optimizer={"type": "adam", "lr": 0.1})
        fit(fit(trainer, 6), 2, second)
        return best_of(trainer).epoch, trainer.history["loss"]

    epoch, column = losses(OTHERS)
    assert epoch == column.index(min(column[6:])) + 1 and min(column) < min(column[6:])
    epoch, column = losses(TRAIN)
    assert epoch == column.index(min(column)) + 1


@pytest.mark.parametrize("epochs", [(4,), (1, 3), (3, 1), (2, 1, 1)])
def test_several_calls_make_the_training_of_one(epochs: tuple[int, ...]) -> None:
    """A second call went on with the best weights, and with the optimizer's memory of the last ones."""
    whole = fit(a_trainer(best=WORST), 4)
    parts = a_trainer(best=WORST)
    for number in epochs:
        fit(parts, number)
    assert everything(parts) == everything(whole)
    assert best_of(parts).epoch == best_of(whole).epoch != 4


@pytest.mark.parametrize("first", [True, False], ids=["checkpoint first", "checkpoint last"])
@pytest.mark.parametrize("epochs", [1, 3])
def test_a_checkpoint_of_a_finished_call_goes_on_with_the_weights_that_training_stopped_with(
    tmp_path: Path, epochs: int, first: bool
) -> None:
    """The best weights were saved as the latest, beside the optimizer's memory of the latest."""
    path, by_callback = tmp_path / "saved", tmp_path / "by_callback"
    whole = fit(a_trainer(best=WORST), 4)
    parts = a_trainer({"type": "checkpoint", "path": str(by_callback)}, best=WORST)
    if first:
        parts.callbacks.reverse()
    save_checkpoint(fit(parts, epochs), path)
    for file in (path, by_callback):
        again = a_trainer(best=WORST)
        restore_checkpoint(again, file)
        assert everything(fit(again, 4 - epochs)) == everything(whole)
        assert (best_of(again).epoch, best_of(again).figure) == (best_of(whole).epoch, best_of(whole).figure)


def test_a_checkpoint_remembers_what_was_measured(tmp_path: Path) -> None:
    trainer = fit(a_trainer(metrics=[Figures(0.9, 0.8)]), 2)
    trainer.metrics = []
    save_checkpoint(trainer, tmp_path / "saved")
    for data, expected in ((VALIDATION, 1), (OTHERS, 4)):
        again = a_trainer(metrics=[Figures(0.1, 0.4)])
        restore_checkpoint(again, tmp_path / "saved")
        assert best_of(fit(again, 2, TRAIN, data)).epoch == expected


def test_weights_that_were_set_in_between_are_where_it_goes_on() -> None:
    trainer = fit(a_trainer(best=WORST), 3)
    trainer.runtime.arena.data[...] = 0.25

    class Look(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            assert (run.model.runtime.arena.data == 0.25).all()  # type: ignore[union-attr]

    trainer.callbacks.append(Look())
    fit(trainer, 1)


@pytest.mark.parametrize("steps", [0, 1])
def test_another_trainer_is_refused_though_it_has_been_trained(steps: int) -> None:
    best = best_of(fit(a_trainer(), 2))
    other = small_trainer(callbacks=[best], schedule=None)
    with pytest.raises(pl.ConfigError, match=r"of another trainer\. Give each trainer one of its own"):
        for _ in range(steps):
            other.train_step(*TRAIN)  # which tells callbacks of a run, too
        fit(other, 1)


def test_a_call_of_no_epochs_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 4)).astype("float32"), rng.integers(0, 3, 40)
    model = pl.build("ann", input_shape=(4,), hidden=[8], outputs=3, seed=0)
    trainer = pl.Trainer(model, metrics=["accuracy"], callbacks=["best_epoch"], seed=0)
    trainer.fit((x, y), validation=(x[:9], y[:9]), epochs=3, verbose=False)
    best = model.runtime.arena.data.copy()
    trainer.fit((x, y), epochs=0, verbose=False)
    np.testing.assert_array_equal(model.runtime.arena.data, best)
