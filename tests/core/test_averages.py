"""Averaged weights: the recursion, checkpoints in the middle of training, and runs that go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint
from pellucid.workbench.cli import main

OBJECTIVE = {"type": "diffusion/denoise", "steps": 50, "label_dropout": 0.2}
RNG = np.random.default_rng(0)
DATA = (RNG.normal(size=(60, 2)), RNG.integers(0, 2, 60))


def trainer(*callbacks: Any, decay: float = 0.9, ema: bool = True) -> pl.Trainer:
    model = pl.build("mlp_denoiser", input_shape=[(2,), (), ()], classes=2, hidden=8, blocks=1, embedding=4, seed=0)
    averaged = [{"type": "ema", "decay": decay}] if ema else []
    return pl.Trainer(model, objective=OBJECTIVE, optimizer={"type": "adam", "lr": 0.01},
                      callbacks=[*averaged, *callbacks], seed=0)  # fmt: skip


def weights(of: pl.Trainer) -> Any:
    return of.model.runtime.arena.data.copy()  # type: ignore[union-attr]


class Record(pl.Callback):
    """The weights before the first step and after each."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_run_start(self, run: pl.Run) -> None:
        self.seen.append(weights(run.trainer))
        run.on_step(lambda run: self.seen.append(weights(run.trainer)))


def test_the_model_ends_with_the_average_of_the_recursion() -> None:
    record = Record()
    run = trainer(record)
    run.fit(DATA, epochs=10, batch_size=20, verbose=False)
    m = record.seen[0].astype("float64")
    for n, theta in enumerate(record.seen[1:], 1):
        m += (1 - min(0.9, n / (n + 9))) * (theta - m)
    np.testing.assert_allclose(weights(run), m, rtol=1e-4, atol=1e-6)
    assert np.abs(weights(run) - record.seen[-1]).max() > 1e-3


def test_training_is_not_touched() -> None:
    with_it, without = Record(), Record()
    trainer(with_it).fit(DATA, epochs=3, batch_size=20, verbose=False)
    trainer(without, ema=False).fit(DATA, epochs=3, batch_size=20, verbose=False)
    for a, b in zip(with_it.seen, without.seen, strict=True):
        np.testing.assert_array_equal(a, b)


class SaveInTheMiddle(pl.Callback):
    def __init__(self, path: Path, step: int) -> None:
        self.path, self.step = path, step

    def on_run_start(self, run: pl.Run) -> None:
        run.on_step(self.look)

    def look(self, run: pl.Run) -> None:
        if run.step == self.step:
            save_checkpoint(run.trainer, self.path)


@pytest.mark.parametrize("step", [1, 7])
def test_saved_in_the_middle_of_training_it_goes_on_to_the_same_bits(tmp_path: Path, step: int) -> None:
    path = tmp_path / "checkpoint.safetensors"
    whole = trainer(SaveInTheMiddle(path, step))
    whole.fit(DATA, epochs=4, batch_size=20, verbose=False)
    again = trainer()
    restore_checkpoint(again, path)
    assert again.steps == step
    again.fit(DATA, epochs=4 - again.epochs, batch_size=20, verbose=False)
    np.testing.assert_array_equal(weights(again), weights(whole))


def test_a_second_fit_goes_on_where_training_stopped(tmp_path: Path) -> None:
    whole, parts = trainer(), trainer()
    whole.fit(DATA, epochs=4, batch_size=20, verbose=False)
    parts.fit(DATA, epochs=2, batch_size=20, verbose=False)
    path = tmp_path / "between.safetensors"
    save_checkpoint(parts, path)
    parts.fit(DATA, epochs=2, batch_size=20, verbose=False)
    np.testing.assert_array_equal(weights(parts), weights(whole))
    later = trainer()
    restore_checkpoint(later, path)
    later.fit(DATA, epochs=2, batch_size=20, verbose=False)
    np.testing.assert_array_equal(weights(later), weights(whole))


def test_weights_that_were_set_in_between_are_where_it_goes_on() -> None:
    run = trainer()
    run.fit(DATA, epochs=1, batch_size=20, verbose=False)
    run.model.runtime.arena.data[...] = 0.25  # type: ignore[union-attr]
    record = Record()
    run.callbacks.append(record)
    run.fit(DATA, epochs=1, batch_size=20, verbose=False)
    assert (record.seen[0] == 0.25).all()


@pytest.mark.parametrize("first", [True, False])
def test_averages_are_validated_and_best_epoch_keeps_the_best_of_them(first: bool) -> None:
    class Averages(pl.Callback):
        def __init__(self) -> None:
            self.seen: list[Any] = []

        def on_epoch_end(self, run: pl.Run) -> None:
            with run.lent():
                self.seen.append(weights(run.trainer))
                figures = run.trainer.evaluate(DATA)
            assert figures["loss"] == run.history[-1]["validation_loss"]
            assert run.trainer.evaluate(DATA) != figures

    averages, best = Averages(), pl.create("callback", "best_epoch", monitor="validation_loss", mode="max")
    run = trainer(averages, best)
    if first:
        run.callbacks.reverse()
    run.fit(DATA, validation=DATA, epochs=6, batch_size=20, verbose=False)
    losses = run.history["validation_loss"]
    assert best.epoch == 1 + int(np.argmax(losses)) < 6  # the worst one, in fact, so that it is not the last
    np.testing.assert_array_equal(weights(run), averages.seen[best.epoch - 1])
    assert run.evaluate(DATA)["loss"] == max(losses)


def test_the_last_word_is_with_whoever_chooses_an_epoch() -> None:
    class First(pl.Callback):
        kept: Any = None

        def on_epoch_end(self, run: pl.Run) -> None:
            if self.kept is None:
                with run.lent():
                    self.kept = weights(run.trainer)

        def on_run_end(self, run: pl.Run) -> None:
            run.model.runtime.arena.data[...] = self.kept

        def choice(self, of: Any) -> tuple[int | None, str]:
            return (None if self.kept is None else 1), "loss"

    first = First()
    run = trainer(first)
    run.callbacks.reverse()
    run.fit(DATA, validation=DATA, epochs=3, batch_size=20, verbose=False)
    np.testing.assert_array_equal(weights(run), first.kept)


def test_with_best_epoch_an_interrupted_run_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    whole = trainer("best_epoch", SaveInTheMiddle(path, 7))
    whole.fit(DATA, validation=DATA, epochs=4, batch_size=20, verbose=False)
    again = trainer("best_epoch")
    restore_checkpoint(again, path)
    again.fit(DATA, validation=DATA, epochs=4 - again.epochs, batch_size=20, verbose=False)
    np.testing.assert_array_equal(weights(again), weights(whole))
    assert again.history.records == whole.history.records


@pytest.mark.parametrize("name", ["ema", "best_epoch"])
@pytest.mark.parametrize("steps", [0, 2])
def test_what_was_learned_of_one_trainer_is_not_given_to_another(name: str, steps: int) -> None:
    callback = pl.create("callback", name)
    trainer(callback, ema=False).fit(DATA, validation=DATA, epochs=1, batch_size=20, verbose=False)
    other = trainer(callback, ema=False)
    before = weights(other)
    with pytest.raises(pl.ConfigError, match=r"of another trainer\. Give each trainer one of its own"):
        for _ in range(steps):
            other.train_step(*DATA)  # which tells callbacks of a run, too
        other.fit(DATA, validation=DATA, epochs=1, batch_size=20, verbose=False)
    np.testing.assert_array_equal(weights(other), before)


def test_wrong_decays_are_refused() -> None:
    with pytest.raises(pl.ConfigError, match=r"'decay' of Ema must be a float in \[0, 1\)"):
        pl.create("callback", "ema", decay=1.0)


def test_two_averages_of_one_model_are_refused() -> None:
    run = trainer({"type": "ema", "decay": 0.5})
    before = weights(run)
    with pytest.raises(pl.ConfigError, match=r"takes one 'ema', .*Received: 2 of them\. To compare two"):
        run.fit(DATA, epochs=1, verbose=False)
    np.testing.assert_array_equal(weights(run), before)


def test_averages_can_be_looked_at_in_the_middle() -> None:
    class Look(pl.Callback):
        seen: Any = None

        def on_epoch_end(self, run: pl.Run) -> None:
            before = weights(run.trainer)
            with run.lent():
                Look.seen = weights(run.trainer)
            np.testing.assert_array_equal(weights(run.trainer), before)
            assert (Look.seen != before).any()

    run = trainer(Look())
    run.fit(DATA, epochs=3, batch_size=20, verbose=False)
    np.testing.assert_array_equal(weights(run), Look.seen)


def test_a_run_is_resumed_by_the_command_line_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr("pellucid.workbench.experiments.training.draw_curves", lambda *_: None)
    experiment = tmp_path / "moons.toml"
    experiment.write_text(
        '[data]\ntype = "half_moons"\nn = 100\nvalidation = 0\n\n[model]\ntype = "mlp_denoiser"\nclasses = 2\n'
        'hidden = 8\nblocks = 1\n\n[objective]\ntype = "diffusion/denoise"\nsteps = 50\nlabel_dropout = 0.1\n\n'
        '[train]\nepochs = 4\nseed = 0\ncallbacks = ["ema"]\n'
    )
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert main(["train", str(experiment), "--out", str(whole), "--quiet"]) == 0
    assert main(["train", str(experiment), "--out", str(parts), "--quiet", "--set", "train.epochs=2"]) == 0
    assert main(["train", "--resume", "--out", str(parts), "--quiet", "--set", "train.epochs=4"]) == 0
    one, other = (pl.load(run / "model.safetensors") for run in (whole, parts))
    np.testing.assert_array_equal(other.runtime.arena.data, one.runtime.arena.data)  # type: ignore[union-attr]
