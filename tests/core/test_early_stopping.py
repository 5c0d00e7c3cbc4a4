"""A run that ends when it gets no better, and a rate that falls: by the history, in parts, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint
from pellucid.workbench.cli import main

RNG = np.random.default_rng(0)
DATA = (RNG.normal(size=(60, 3)), RNG.integers(0, 2, 60))
HELD = (RNG.normal(size=(30, 3)), RNG.integers(0, 2, 30))


def trainer(*callbacks: Any, lr: float = 0.05, **how: Any) -> pl.Trainer:
    layers = [{"type": "dense", "units": 16, "activation": "tanh"}, {"type": "dense", "units": 2}]
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(3,), seed=0)
    return pl.Trainer(model, loss="softmax_cross_entropy", optimizer={"type": "adam", "lr": lr}, callbacks=callbacks,
                      seed=0, **how)  # fmt: skip


def fit(run: pl.Trainer, epochs: int = 40) -> pl.History:
    return run.fit(DATA, validation=HELD, epochs=epochs, batch_size=20, verbose=False)


def weights(run: pl.Trainer) -> Any:
    return run.runtime.arena.data.copy()


def stop(**how: Any) -> Any:
    return pl.create("callback", "early_stopping", monitor="validation_loss", **how)


class Script(pl.Metric):
    """A figure that is told in advance, whatever the model gives."""

    name = "script"
    higher_is_better = True

    def __init__(self, figures: list[float]) -> None:
        self.figures = figures
        self.told = -1

    def reset(self) -> None:
        self.told += 1

    def update(self, prediction: Any, target: Any) -> None:
        pass

    def result(self) -> float:
        return self.figures[self.told]


def test_it_stops_after_so_many_epochs_and_gives_back_the_best_weights() -> None:
    stopping, seen = stop(patience=3), []

    class Ends(pl.Callback):
        def on_epoch_end(self, run: pl.Run) -> None:
            seen.append(weights(run.trainer))

    run = trainer(stopping, Ends())
    losses = fit(run)["validation_loss"]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 3 < 40 and stopping.epoch == best + 1
    np.testing.assert_array_equal(weights(run), seen[best])
    assert run.evaluate(HELD)["loss"] == pytest.approx(min(losses))
    assert len(fit(run)) == len(losses)  # it is over: nothing more is trained
    np.testing.assert_array_equal(weights(run), seen[best])


@pytest.mark.parametrize(("figures", "how", "epochs", "best"), [
    ([0.5, 0.6, 0.55, 0.59, 0.9], {"patience": 2}, 4, 2),
    ([0.5, 0.6, 0.61, 0.62, 0.63, 0.64, 0.9], {"patience": 3, "min_delta": 0.05}, 5, 5),  # too little each time
    ([0.5, 0.52, 0.54, 0.56, 0.58, 0.6, 0.3, 0.2], {"patience": 2, "min_delta": 0.03}, 7, 6),  # two of them are enough
    ([float("nan"), 0.5, float("nan"), 0.4, 0.9], {"patience": 2}, 4, 2),
])  # fmt: skip
def test_what_counts_as_better(figures: list[float], how: Any, epochs: int, best: int) -> None:
    stopping = pl.create("callback", "early_stopping", **how)
    run = trainer(stopping, metrics=[Script([*figures, *([0.0] * 40)])], lr=0.0)
    fit(run)
    assert (run.epochs, stopping.epoch) == (epochs, best)


@pytest.mark.parametrize("min_delta", [0.0, 1e-3])
@pytest.mark.parametrize("at", [1, 3, 6])
def test_a_run_that_goes_on_stops_at_the_same_epoch_with_the_same_bits(
    tmp_path: Path, at: int, min_delta: float
) -> None:
    class Save(pl.Callback):
        def on_epoch_end(self, run: pl.Run) -> None:
            if run.epoch == at:
                save_checkpoint(run.trainer, tmp_path / "c")

    whole = trainer(stop(patience=4, min_delta=min_delta), Save())
    fit(whole)
    again = trainer(stop(patience=4, min_delta=min_delta))
    restore_checkpoint(again, tmp_path / "c")
    assert again.epochs == at < whole.epochs < 40
    fit(again, 40 - at)
    assert again.history.records == whole.history.records
    np.testing.assert_array_equal(weights(again), weights(whole))


def test_on_other_data_it_waits_anew() -> None:
    stopping = stop(patience=2)
    run = trainer(stopping)
    fit(run)
    before = run.epochs
    run.fit(HELD, validation=DATA, epochs=30, batch_size=20, verbose=False)
    assert run.epochs > before and stopping.epoch > before  # on the same data it would have been over


def test_it_says_what_it_has_no_figure_for() -> None:
    with pytest.raises(pl.ConfigError, match="early_stopping cannot compare epochs by 'validation_loss': there are no"):
        trainer("early_stopping").fit(DATA, epochs=1, verbose=False)
    with pytest.raises(pl.ConfigError, match="The 'patience' of EarlyStopping must be an int"):
        stop(patience=0)


def test_the_rate_falls_when_the_figure_does_not() -> None:
    rates: list[float] = []

    class Rates(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_gradients(lambda segments: rates.append(segments[0].lr))

    figures = [0.5, 0.6, 0.6, 0.6, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]
    plateau = pl.create(
        "callback", "reduce_on_plateau", monitor="validation_script", factor=0.5, patience=2, cooldown=1
    )
    run = trainer(plateau, Rates(), metrics=[Script(figures)], schedule={"type": "linear", "start": 1.0, "final": 1.0})
    own = run.schedule
    fit(run, 10)
    # Epochs 3 and 4 are no better: it falls. Epoch 5 cools down (and is better); 6 and 7; 8 cools down; 9 and 10.
    assert [round(rate / 0.05, 6) for rate in rates[::3]] == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]
    assert plateau.falls == [12, 21, 30] and run.schedule is own


def test_the_rate_falls_no_lower_than_the_least() -> None:
    plateau = pl.create(
        "callback", "reduce_on_plateau", monitor="validation_script", factor=0.1, patience=1, least=0.05
    )
    run = trainer(plateau, metrics=[Script([0.0] * 20)])
    seen: list[float] = []

    class Look(pl.Callback):
        def on_epoch_end(self, run: pl.Run) -> None:
            seen.append(1.0 if run.trainer.schedule is None else run.trainer.schedule(run.step, 100))

    run.callbacks.append(Look())
    fit(run, 5)
    assert seen == pytest.approx([1.0, 0.1, 0.05, 0.05, 0.05])


@pytest.mark.parametrize("schedule", [None, "cosine"])
@pytest.mark.parametrize("step", [4, 20, 31])
def test_a_run_that_goes_on_has_the_same_rates_and_bits(tmp_path: Path, schedule: Any, step: int) -> None:
    """Saved in the middle of an epoch, where the schedule of the run stands scaled."""
    plateau = {"type": "reduce_on_plateau", "factor": 0.3, "patience": 1}

    class Save(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_step(lambda run: save_checkpoint(run.trainer, tmp_path / "c") if run.step == step else None)

    whole = trainer(plateau, Save(), schedule=schedule)
    fit(whole, 15)
    again = trainer(plateau, schedule=schedule)
    restore_checkpoint(again, tmp_path / "c")
    fit(again, 15 - again.epochs)
    assert again.history.records == whole.history.records
    np.testing.assert_array_equal(weights(again), weights(whole))
    assert len(whole.callbacks[0].falls) > 1  # type: ignore[attr-defined]
    parts = trainer(plateau, schedule=schedule)
    if schedule is None:
        fit(parts, 7)
        fit(parts, 8)
        np.testing.assert_array_equal(weights(parts), weights(whole))


def test_what_a_run_folder_says_of_the_rate_is_that_of_the_epoch(tmp_path: Path, moons: list[str]) -> None:
    kept = "train.callbacks=[{type='reduce_on_plateau', factor=0.5, patience=1, monitor='loss', mode='max'}]"
    assert main([*moons, "--out", str(tmp_path / "r"), "--set", kept, "--set", "train.epochs=4"]) == 0
    lines = [json.loads(line) for line in (tmp_path / "r" / "metrics.jsonl").read_text().splitlines()]
    assert [line["lr"] for line in lines] == pytest.approx([0.05, 0.05, 0.025, 0.0125])  # its loss falls at each


def test_two_of_them_are_refused() -> None:
    with pytest.raises(pl.ConfigError, match="A trainer takes one 'reduce_on_plateau'"):
        fit(trainer("reduce_on_plateau", "reduce_on_plateau"))


def test_the_whole_step_is_replayed_between_two_falls() -> None:
    run = trainer({"type": "reduce_on_plateau", "factor": 0.3, "patience": 1})
    seen: list[bool] = []

    class Look(pl.Callback):
        def on_epoch_end(self, run: pl.Run) -> None:
            seen.extend(step.recorded for step in run.trainer._stepper._steps.values())  # type: ignore[attr-defined]

    run.callbacks.append(Look())
    fit(run, 12)
    assert sum(seen) >= 9


@pytest.fixture
def moons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr("pellucid.workbench.experiments.training.draw_curves", lambda *_: None)
    experiment = tmp_path / "moons.toml"
    experiment.write_text(
        '[data]\ntype = "half_moons"\nn = 90\nnoise = 0.3\n\n[model]\ntype = "ann"\nhidden = [8]\n\n'
        '[optimizer]\ntype = "adam"\nlr = 0.05\n\n[train]\nepochs = 200\nseed = 0\n'
    )
    return ["train", str(experiment), "--quiet"]


def test_patience_from_the_command_line(tmp_path: Path, moons: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path / "run")]
    assert main([*moons, *out, "--set", "train.patience=3", "--set", "train.clip_value=0.1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["epochs"] == told["best_epoch"] + 3 < 200
    written = (tmp_path / "run" / "experiment.toml").read_text()
    assert "core/early_stopping" in written and "core/clipped" in written and "clip_value = " not in written
    assert main(["train", "--resume", *out, "--quiet", "--json"]) == 0  # it is over, and says the same
    assert json.loads(capsys.readouterr().out)["epochs"] == told["epochs"]
    assert main([*moons, "--patience", "3"]) == 2 and "--set train.patience=3" in capsys.readouterr().err


def test_patience_where_nothing_is_validated_or_another_chooses(
    moons: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*moons, "--set", "train.patience=3", "--set", "data.validation=0"]) == 2
    assert "train.patience: epochs are compared on validation samples" in capsys.readouterr().err
    kept = "train.callbacks=[{type='early_stopping', patience=5}]"
    assert main([*moons, "--set", "train.patience=3", "--set", kept]) == 2
    assert "the epoch is chosen by EarlyStopping already" in capsys.readouterr().err
