"""Averages of weights, ema and swa: recursions, statistics that fit, checkpoints, runs that go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint
from pellucid.workbench.cli import main

RNG = np.random.default_rng(0)
DATA = (RNG.normal(size=(60, 2)), RNG.integers(0, 2, 60))
DENSE = {"type": "dense", "units": 8, "activation": "tanh"}
PLAIN = [DENSE, {"type": "dropout", "rate": 0.2}, {"type": "dense", "units": 2}]
NORMED = [DENSE, {"type": "batch_norm"}, {"type": "dropout", "rate": 0.2}, {"type": "dense", "units": 2}]
EMA = {"type": "ema", "decay": 0.9}
SWA = {"type": "swa", "start": 0.3}


def trainer(*callbacks: Any, average: Any = EMA, layers: Any = PLAIN) -> pl.Trainer:
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(2,), seed=0)
    averaged = [] if average is None else [average]
    return pl.Trainer(model, loss="softmax_cross_entropy", optimizer={"type": "adam", "lr": 0.05},
                      callbacks=[*averaged, *callbacks], seed=0)  # fmt: skip


def weights(of: pl.Trainer) -> Any:
    return of.model.runtime.arena.data.copy()  # type: ignore[union-attr]


def learned(of: pl.Trainer) -> Any:
    """Weights and running statistics."""
    return np.concatenate([weights(of), *(state.data.ravel() for state in of.model.states())])


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


def test_swa_is_the_mean_over_the_epochs_behind_its_start() -> None:
    class Ends(pl.Callback):
        def __init__(self) -> None:
            self.seen: list[Any] = []

        def on_epoch_end(self, run: pl.Run) -> None:
            self.seen.append(weights(run.trainer).astype("float64"))

    ends = Ends()
    run = trainer(ends, average=SWA)
    run.fit(DATA, epochs=10, batch_size=20, verbose=False)
    np.testing.assert_allclose(weights(run), np.mean(ends.seen[3:], axis=0), rtol=1e-4, atol=1e-6)
    before = ends.seen[-1]
    run.fit(DATA, epochs=10, batch_size=20, verbose=False)  # the start is behind the sixth of 20, where some were
    np.testing.assert_allclose(weights(run), np.mean(ends.seen[10:], axis=0), rtol=1e-4, atol=1e-6)
    assert np.abs(ends.seen[10] - before).max() < np.abs(ends.seen[10]).max()


def test_before_its_start_swa_leaves_the_weights_as_they_are() -> None:
    run, plain = trainer(average={"type": "swa", "start": 0.9}), trainer(average=None)
    for each in (run, plain):
        each.fit(DATA, validation=DATA, epochs=3, batch_size=20, verbose=False)
    assert run.history.records == plain.history.records
    np.testing.assert_array_equal(weights(run), weights(plain))  # the mean of one epoch


@pytest.mark.parametrize("average", [EMA, SWA], ids=["ema", "swa"])
def test_running_statistics_are_those_of_the_averaged_weights(average: Any) -> None:
    """By hand: the mean over the batches of the first epoch of what the first layer gives, and of its variance."""
    run = trainer(average=average, layers=NORMED)
    run.fit(DATA, epochs=6, batch_size=25, verbose=False)
    dense = run.model.layers[0]  # type: ignore[attr-defined]
    hidden = np.tanh(DATA[0] @ dense.weight.data.astype("float64") + dense.bias.data)
    order = np.random.Generator(np.random.Philox(key=[pl.mix(0) & (1 << 64) - 1, 0])).permutation(60)
    batches = [hidden[order[i : i + 25]] for i in (0, 25, 50)]
    shares = [25 / 60, 25 / 60, 10 / 60]
    mean, var = run.model.states()
    np.testing.assert_allclose(mean.data, sum(s * b.mean(0) for s, b in zip(shares, batches, strict=True)), rtol=1e-4)
    np.testing.assert_allclose(var.data, sum(s * b.var(0) for s, b in zip(shares, batches, strict=True)), rtol=1e-3)
    few = trainer(average={**average, "rows": 25}, layers=NORMED)
    few.fit(DATA, epochs=6, batch_size=25, verbose=False)
    np.testing.assert_allclose(few.model.states()[0].data, batches[0].mean(0), rtol=1e-4)
    as_trained, none = (trainer(average=each, layers=NORMED) for each in ({**average, "rows": 0}, None))
    for each in (as_trained, none):
        each.fit(DATA, epochs=6, batch_size=25, verbose=False)
    np.testing.assert_array_equal(as_trained.model.states()[0].data, none.model.states()[0].data)


def test_of_a_feed_statistics_stay_those_of_training_and_that_is_said() -> None:
    def batches() -> Any:
        yield from ((DATA[0][i : i + 20], DATA[1][i : i + 20]) for i in (0, 20, 40))

    with pytest.warns(pl.PellucidWarning, match=r"ema cannot compute running statistics, .* Batches gives its samples"):
        trainer(layers=NORMED).fit(batches, epochs=2, verbose=False)


def test_training_is_not_touched() -> None:
    with_it, without = Record(), Record()
    trainer(with_it).fit(DATA, epochs=3, batch_size=20, verbose=False)
    trainer(without, average=None).fit(DATA, epochs=3, batch_size=20, verbose=False)
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


BOTH = pytest.mark.parametrize("average", [EMA, SWA], ids=["ema", "swa"])


@BOTH
@pytest.mark.parametrize("layers", [PLAIN, NORMED], ids=["plain", "normed"])
@pytest.mark.parametrize("step", [1, 6, 7, 11])
def test_saved_in_the_middle_of_training_it_goes_on_to_the_same_bits(
    tmp_path: Path, step: int, average: Any, layers: Any
) -> None:
    path = tmp_path / "checkpoint.safetensors"
    whole = trainer(SaveInTheMiddle(path, step), average=average, layers=layers)
    whole.fit(DATA, epochs=4, batch_size=20, verbose=False)
    again = trainer(average=average, layers=layers)
    restore_checkpoint(again, path)
    assert again.steps == step
    again.fit(DATA, epochs=4 - again.epochs, batch_size=20, verbose=False)
    np.testing.assert_array_equal(learned(again), learned(whole))


@BOTH
def test_a_second_fit_goes_on_where_training_stopped(tmp_path: Path, average: Any) -> None:
    whole, parts = (trainer(average=average, layers=NORMED) for _ in range(2))
    whole.fit(DATA, epochs=4, batch_size=20, verbose=False)
    parts.fit(DATA, epochs=2, batch_size=20, verbose=False)
    path = tmp_path / "between.safetensors"
    save_checkpoint(parts, path)
    parts.fit(DATA, epochs=2, batch_size=20, verbose=False)
    if average is EMA:  # of a longer plan swa takes other epochs
        np.testing.assert_array_equal(learned(parts), learned(whole))
    later = trainer(average=average, layers=NORMED)
    restore_checkpoint(later, path)
    later.fit(DATA, epochs=2, batch_size=20, verbose=False)
    np.testing.assert_array_equal(learned(later), learned(parts))


def test_weights_that_were_set_in_between_are_where_it_goes_on() -> None:
    run = trainer()
    run.fit(DATA, epochs=1, batch_size=20, verbose=False)
    run.model.runtime.arena.data[...] = 0.25  # type: ignore[union-attr]
    record = Record()
    run.callbacks.append(record)
    run.fit(DATA, epochs=1, batch_size=20, verbose=False)
    assert (record.seen[0] == 0.25).all()


@BOTH
@pytest.mark.parametrize("first", [True, False])
def test_averages_are_validated_and_best_epoch_keeps_the_best_of_them(first: bool, average: Any) -> None:
    class Averages(pl.Callback):
        def __init__(self) -> None:
            self.seen: list[Any] = []

        def on_epoch_end(self, run: pl.Run) -> None:
            with run.lent():
                self.seen.append(learned(run.trainer))
                figures = run.trainer.evaluate(DATA)
            assert figures["loss"] == run.history[-1]["validation_loss"]
            assert (run.trainer.evaluate(DATA) != figures) == (run.epoch > 1 or average is EMA)

    averages, best = Averages(), pl.create("callback", "best_epoch", monitor="validation_loss", mode="max")
    run = trainer(averages, best, average=average, layers=NORMED)
    if first:
        run.callbacks.reverse()
    run.fit(DATA, validation=DATA, epochs=6, batch_size=20, verbose=False)
    losses = run.history["validation_loss"]
    assert best.epoch == 1 + int(np.argmax(losses)) < 6  # the worst one, in fact, so that it is not the last
    np.testing.assert_array_equal(learned(run), averages.seen[best.epoch - 1])
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
    trainer(callback, average=None).fit(DATA, validation=DATA, epochs=1, batch_size=20, verbose=False)
    other = trainer(callback, average=None)
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
    run = trainer(SWA)
    before = weights(run)
    with pytest.raises(pl.ConfigError, match=r"takes one average of weights, .*Received: 2 of them\. To compare two"):
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
        '[data]\ntype = "half_moons"\nn = 100\nvalidation = 0\n\n[model]\ntype = "ann"\nhidden = [8]\n\n'
        '[train]\nepochs = 4\nseed = 0\ncallbacks = ["ema"]\n'
    )
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert main(["train", str(experiment), "--out", str(whole), "--quiet"]) == 0
    assert main(["train", str(experiment), "--out", str(parts), "--quiet", "--set", "train.epochs=2"]) == 0
    assert main(["train", "--resume", "--out", str(parts), "--quiet", "--set", "train.epochs=4"]) == 0
    one, other = (pl.load(run / "model.safetensors") for run in (whole, parts))
    np.testing.assert_array_equal(other.runtime.arena.data, one.runtime.arena.data)  # type: ignore[union-attr]
