"""A run that is interrupted anywhere and continued gives the same bits as one that is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint

from tests.saving.support import edited, everything, small_data, small_model, small_trainer

X, Y = small_data()
FIT: dict[str, Any] = {"validation": (X[:40], Y[:40]), "batch_size": 16}
STEPS = 7
"""Of an epoch: 103 samples in batches of 16."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint.safetensors"


class At(pl.Callback):
    """Does something after one step."""

    def __init__(self, step: int, action: Callable[[pl.Run], None]) -> None:
        self.step = step
        self.action = action

    def on_run_start(self, run: pl.Run) -> None:
        run.on_step(lambda run: self.action(run) if run.step == self.step else None)


def interrupted(path: Path, step: int, make: Callable[[], pl.Trainer], epochs: int = 4) -> None:
    def stop(run: pl.Run) -> None:
        save_checkpoint(run.trainer, path)
        run.stop("power cut")

    trainer = make()
    trainer.callbacks.append(At(step, stop))
    trainer.fit((X, Y), epochs=epochs, **FIT)
    assert trainer.steps == step


@pytest.mark.parametrize("backend", ["reference", "cython"])
@pytest.mark.parametrize("step", [1, STEPS - 1, STEPS, STEPS + 1, 2 * STEPS + 3, 4 * STEPS])
def test_continuation_is_bitwise_equal(path: Path, step: int, backend: str) -> None:
    def make() -> pl.Trainer:
        return small_trainer(small_model(backend=backend))

    whole = make()
    whole.fit((X, Y), epochs=4, **FIT)
    interrupted(path, step, make)

    again = make()
    restore_checkpoint(again, path)
    again.fit((X, Y), epochs=4 - again.epochs, **FIT)

    assert everything(again) == everything(whole)
    assert again.callbacks[0].epoch == whole.callbacks[0].epoch


def test_continuation_with_accumulated_micro_batches(path: Path) -> None:
    def make() -> pl.Trainer:
        return small_trainer(accumulate=2, clip_norm=0.5, optimizer={"type": "sgd", "lr": 0.1, "momentum": 0.9})

    whole = make()
    whole.fit((X, Y), epochs=2, **FIT)
    interrupted(path, 6, make, epochs=2)
    again = make()
    restore_checkpoint(again, path)
    again.fit((X, Y), epochs=2 - again.epochs, **FIT)
    assert everything(again) == everything(whole)


def test_interrupted_twice(path: Path) -> None:
    whole = small_trainer()
    whole.fit((X, Y), epochs=3, **FIT)
    interrupted(path, 4, small_trainer, epochs=3)
    for step in (9, 16):
        trainer = small_trainer()
        restore_checkpoint(trainer, path)
        trainer.callbacks.append(At(step, lambda run: (save_checkpoint(run.trainer, path), run.stop("again"))))
        trainer.fit((X, Y), epochs=3 - trainer.epochs, **FIT)
    last = small_trainer()
    restore_checkpoint(last, path)
    last.fit((X, Y), epochs=3 - last.epochs, **FIT)
    assert everything(last) == everything(whole)


def test_saving_a_checkpoint_changes_nothing(path: Path) -> None:
    plain, watched = small_trainer(), small_trainer()
    plain.fit((X, Y), epochs=2, **FIT)
    watched.callbacks.append(At(5, lambda run: save_checkpoint(run.trainer, path)))
    watched.fit((X, Y), epochs=2, **FIT)
    assert everything(plain) == everything(watched)


# -- what does not fit -----------------------------------------------------------------------------------------------


def test_other_settings_are_all_named_at_once(path: Path) -> None:
    save_checkpoint(small_trainer(), path)
    other = small_trainer(optimizer={"type": "adamw", "lr": 0.5, "weight_decay": 0.1}, seed=2, clip_norm=1.0)
    before = everything(other)
    with pytest.raises(pl.CheckpointError, match="another run") as caught:
        restore_checkpoint(other, path)
    message = str(caught.value)
    assert "settings.optimizer.lr: 0.01 in the checkpoint, 0.5 now" in message
    assert "settings.seed: 1 in the checkpoint, 2 now" in message
    assert "settings.clip_norm: None in the checkpoint, 1.0 now" in message
    assert everything(other) == before


def test_other_model(path: Path) -> None:
    save_checkpoint(small_trainer(), path)
    model = pl.build("dense", units=3, input_shape=(6,), seed=3, backend="reference")
    with pytest.raises(pl.CheckpointError, match=r"model\.config\.type: 'core/sequential' .*, 'core/dense' now"):
        restore_checkpoint(small_trainer(model), path)


def without_later_arguments(document: dict) -> None:
    """As if ``use_bias`` and ``regularizer`` of dense, ``eps`` of adamw and ``final`` of cosine had come later."""
    for layer in document["model"]["config"]["layers"]:
        for argument in ("use_bias", "regularizer"):
            layer.pop(argument, None)
    del document["settings"]["optimizer"]["eps"], document["settings"]["schedule"]["final"]


def test_an_argument_that_came_later_has_its_default(path: Path) -> None:
    trainer = small_trainer()
    trainer.fit((X, Y), epochs=1, **FIT)
    save_checkpoint(trainer, path)
    edited(path, without_later_arguments)
    restored = small_trainer()
    restore_checkpoint(restored, path)
    assert everything(restored) == everything(trainer)

    other = small_trainer(optimizer={"type": "adamw", "lr": 1e-2, "weight_decay": 0.1, "eps": 1e-4})
    with pytest.raises(pl.CheckpointError, match=r"optimizer\.eps: 1e-08 in the checkpoint, 0\.0001 now") as caught:
        restore_checkpoint(other, path)
    assert str(caught.value).count(" in the checkpoint, ") == 1


def test_components_that_cannot_be_read_any_more_are_named(path: Path) -> None:
    save_checkpoint(small_trainer(), path)
    edited(path, lambda d: d["settings"]["optimizer"].update(slowly=True))
    with pytest.raises(pl.CheckpointError, match=r"cannot be continued: settings\.optimizer\.slowly: core/adamw has"):
        restore_checkpoint(small_trainer(), path)


def test_other_data_in_the_middle_of_an_epoch(path: Path) -> None:
    interrupted(path, 3, small_trainer)
    trainer = small_trainer()
    restore_checkpoint(trainer, path)
    with pytest.raises(pl.DataError, match=r"ended 48 samples into epoch 1.*same data"):
        trainer.fit((X[:90], Y[:90]), **FIT)


def test_forgotten_callback(path: Path) -> None:
    trainer = small_trainer()
    trainer.fit((X, Y), epochs=1, **FIT)
    save_checkpoint(trainer, path)
    with pytest.raises(pl.CheckpointError, match=r"memory of a callback 'BestEpoch'.*same callbacks"):
        restore_checkpoint(small_trainer(callbacks=[]), path)


def test_model_file_is_not_a_checkpoint(path: Path) -> None:
    pl.save(small_model(), path)
    with pytest.raises(pl.CheckpointError, match=r"must hold a checkpoint. Received: a model"):
        restore_checkpoint(small_trainer(), path)


def test_unregistered_optimizer_is_refused(path: Path) -> None:
    from pellucid.standard.optimizers.sgd import SGD

    class Mine(SGD):
        pass

    with pytest.raises(pl.CheckpointError, match=r"This run cannot be saved.*not registered"):
        save_checkpoint(small_trainer(optimizer=Mine()), path)


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d.pop("settings"),
        lambda d: d["progress"].pop("steps"),
        lambda d: d.update(callbacks=None),
        lambda d: d["callbacks"].append({"class": "BestEpoch"}),
        lambda d: d["progress"].update(steps="many"),
        lambda d: d["progress"].update(plan=None),
        lambda d: d["progress"].update(totals=[1.0]),
        lambda d: d["progress"].update(totals=[1.0, "two"]),
    ],
)
def test_incomplete_document(path: Path, edit: Callable[[dict], None]) -> None:
    trainer = small_trainer()
    trainer.fit((X, Y), epochs=1, **FIT)
    save_checkpoint(trainer, path)
    with pytest.raises(pl.CheckpointError, match="is damaged or was changed"):
        restore_checkpoint(small_trainer(), edited(path, edit))


def test_a_transform_that_cannot_be_restored_leaves_the_trainer_as_it_was(path: Path) -> None:
    trainer = small_trainer(callbacks=[])
    trainer.fit((X, Y), epochs=1, **FIT)
    save_checkpoint(trainer, path)
    edited(path, lambda d: d.update(transforms=[{"type": "core/standardize"}]))  # without what it was fitted to
    other = small_trainer(callbacks=[])
    before = everything(other)
    with pytest.raises(pl.CheckpointError, match="cannot be loaded: "):
        restore_checkpoint(other, path)
    assert everything(other) == before


def test_names_are_those_of_the_checkpoint(path: Path) -> None:
    trainer, named = small_trainer(), small_trainer()
    trainer.fit((X, Y), epochs=1, **FIT)
    save_checkpoint(trainer, path)
    named.fit(pl.Split(X, Y, ("r", "s", "t"), tuple("abcdef")), epochs=1, **FIT)
    restore_checkpoint(named, path)
    assert named.runtime.classes is None and "features" not in named.runtime.metadata


# -- the callbacks ---------------------------------------------------------------------------------------------------


def test_best_epoch_gives_the_best_weights_back() -> None:
    seen: list[tuple[float, bytes]] = []

    class Watch(pl.Callback):
        def on_epoch_end(self, run: pl.Run) -> None:
            seen.append((run.history[-1]["validation_accuracy"], run.model.runtime.arena.data.tobytes()))

    trainer = small_trainer(callbacks=["best_epoch", Watch()], optimizer={"type": "sgd", "lr": 2.0}, schedule=None)
    trainer.fit((X, Y), epochs=6, **FIT)
    figures = [figure for figure, _ in seen]
    losses = trainer.history["validation_loss"]
    best = min(range(6), key=lambda i: (-figures[i], losses[i]))
    assert len(set(figures)) > 1
    assert trainer.callbacks[0].epoch == best + 1
    assert trainer.callbacks[0].figure == figures[best]
    assert trainer.runtime.arena.data.tobytes() == seen[best][1]
    assert trainer.evaluate((X[:40], Y[:40]))["accuracy"] == figures[best]


@pytest.mark.parametrize(
    ("options", "metrics", "expected"),
    [
        ({}, ["accuracy"], ("validation_accuracy", max)),
        ({}, [], ("validation_loss", min)),
        ({"monitor": "loss"}, ["accuracy"], ("loss", min)),
        ({"monitor": "validation_loss", "mode": "max"}, [], ("validation_loss", max)),
    ],
)
def test_what_best_epoch_compares(options: dict, metrics: list, expected: tuple) -> None:
    trainer = small_trainer(callbacks=[{"type": "best_epoch", **options}], metrics=metrics)
    history = trainer.fit((X, Y), epochs=4, **FIT)
    column, choose = history[expected[0]], expected[1]
    assert trainer.callbacks[0].epoch == column.index(choose(column)) + 1


@pytest.mark.parametrize(
    ("monitor", "message"),
    [
        (None, r"'validation_accuracy': there are no validation data.*monitor"),
        ("los", r"'los': the figures of training are loss and"),
    ],
)
def test_a_figure_that_no_epoch_will_have_is_refused_before_the_first(monitor: str | None, message: str) -> None:
    trainer = small_trainer(callbacks=[{"type": "best_epoch", "monitor": monitor}])
    with pytest.raises(pl.ConfigError, match=message):
        trainer.fit((X, Y), epochs=1)
    assert trainer.steps == 0


def test_best_epoch_with_a_wrong_mode() -> None:
    with pytest.raises(pl.ConfigError, match=r"mode: expected one of 'min', 'max' or None. Received: 'maximum'"):
        small_trainer(callbacks=[{"type": "best_epoch", "mode": "maximum"}])


def test_checkpoint_callback_saves_the_latest_weights_not_the_best(path: Path) -> None:
    def make() -> pl.Trainer:
        return small_trainer(callbacks=["best_epoch", {"type": "checkpoint", "path": str(path), "seconds": 1e6}])

    make().fit((X, Y), epochs=2, **FIT)
    half = make()
    restore_checkpoint(half, path)
    half.fit((X, Y), epochs=2, **FIT)

    latest = small_trainer(callbacks=[])
    latest.fit((X, Y), epochs=2, **FIT)
    latest.fit((X, Y), epochs=2, **FIT)
    assert half.history["loss"] == latest.history["loss"]


class Clock(pl.Callback):
    """Of its own: a step takes a second, the validation of an epoch four. What a crash in each step would leave."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path, self.now = path, 0.0
        self.left: list[tuple[int, int]] = []
        monkeypatch.setattr("pellucid.training.run.perf_counter", lambda: self.now)
        monkeypatch.setattr("pellucid.standard.callbacks.checkpoint.monotonic", lambda: self.now)

    def on_run_start(self, run: pl.Run) -> None:
        run.on_step(self.look)

    def look(self, run: pl.Run) -> None:
        """Observers of steps are told before the clock is looked at."""
        self.now += 1.0
        left = small_trainer(callbacks=[])
        restore_checkpoint(left, self.path)
        self.left.append((left.steps, left.epochs))

    def on_epoch_end(self, run: pl.Run) -> None:
        self.now += 4.0


@pytest.mark.parametrize(
    ("seconds", "steps", "first", "second"),
    [
        (0.0, range(7), 7, [8, 9]),
        (2.5, [0, 0, 0, 3, 3, 3, 6], 7, [8, 8]),  # at the epoch's end 5 s have passed, and at its next step 2.5
        (5.0, [0, 0, 0, 0, 0, 5, 5], 7, [8, 8]),  # not at each end of an epoch, but when so much may be lost
        (6.0, [0, 0, 0, 0, 0, 0, 6], 6, [8, 8]),
        (11.0, [0] * 7, 7, [8, 8]),
        (100.0, [0] * 7, 0, [0, 0]),
    ],
)
def test_no_more_is_lost_than_was_said(
    path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, steps: list[int], first: int, second: list[int]
) -> None:
    clock = Clock(path, monkeypatch)
    trainer = small_trainer(callbacks=[clock, {"type": "checkpoint", "path": str(path), "seconds": seconds}])
    trainer.fit((X, Y), epochs=2, **FIT)
    assert [step for step, _ in clock.left[:7]] == [*steps]
    assert clock.left[7] == (first, first // 7), "at the end of the first epoch"
    assert [step for step, _ in clock.left[8:10]] == second
    left = small_trainer(callbacks=[])
    restore_checkpoint(left, path)
    assert (left.steps, left.epochs) == (14, 2)


@pytest.mark.parametrize("step", [3, STEPS])
def test_a_run_goes_on_from_what_was_saved_on_its_way(path: Path, step: int) -> None:
    """Not by whoever ends it: the process is killed, say, in the step after this."""
    kept = path.with_name("kept.safetensors")

    def make(*others: pl.Callback) -> pl.Trainer:
        return small_trainer(callbacks=[*others, "best_epoch", {"type": "checkpoint", "path": str(path), "seconds": 0}])

    killed = make(At(step + 1, lambda run: kept.write_bytes(path.read_bytes())))
    killed.fit((X, Y), epochs=2, **FIT)
    again, whole = make(), make()
    restore_checkpoint(again, kept)
    assert (again.steps, again.epochs) == (step, step // STEPS)
    again.fit((X, Y), epochs=2 - again.epochs, **FIT)
    whole.fit((X, Y), epochs=2, **FIT)
    assert everything(again) == everything(whole)


def test_rejected_step_leaves_a_checkpoint_of_the_step_before(path: Path) -> None:
    def poison(run: pl.Run) -> None:
        run.on_gradients(lambda segments: segments[0].grad.fill(np.nan))

    trainer = small_trainer(
        callbacks=["best_epoch", At(9, poison), {"type": "checkpoint", "path": str(path), "seconds": 1e6}]
    )
    with pytest.raises(pl.NumericalError, match=r"Step 10 .*layers\.0\.weight"):
        trainer.fit((X, Y), epochs=2, **FIT)

    interrupted(path.with_name("known.safetensors"), 9, small_trainer, epochs=2)
    left, known = small_trainer(), small_trainer()
    restore_checkpoint(left, path)
    restore_checkpoint(known, path.with_name("known.safetensors"))
    assert everything(left) == everything(known)


@pytest.mark.parametrize(("between_steps", "saved"), [(True, 3), (False, 0)])
def test_other_errors_are_saved_unless_they_come_in_the_middle_of_a_step(
    path: Path, between_steps: bool, saved: int
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("out of memory, say")

    at = At(3, fail if between_steps else lambda run: run.on_gradients(fail))
    trainer = small_trainer(callbacks=[at, {"type": "checkpoint", "path": str(path), "seconds": 1e6}])
    with pytest.raises(RuntimeError):
        trainer.fit((X, Y), epochs=1, **FIT)
    left = small_trainer(callbacks=[])
    restore_checkpoint(left, path)
    assert left.steps == saved  # 0: as it was when the run began


def test_a_run_that_an_observer_ended_goes_on_with_the_same_bits(path: Path) -> None:
    """All others have seen what it was shown: best_epoch, too, which stands behind it."""

    class Clumsy(pl.Callback):
        def on_epoch_end(self, run: pl.Run) -> None:
            if run.epoch == 2:
                raise OSError(28, "No space left on device")

    def make(*others: pl.Callback) -> pl.Trainer:
        return small_trainer(callbacks=[*others, "best_epoch", {"type": "checkpoint", "path": str(path), "seconds": 9}])

    with pytest.raises(OSError, match="No space"):
        make(Clumsy()).fit((X, Y), epochs=4, validation=(X, Y), batch_size=16)
    left = make()
    restore_checkpoint(left, path)
    assert (left.epochs, left.callbacks[0].epoch is None) == (2, False)
    left.fit((X, Y), epochs=2, validation=(X, Y), batch_size=16)
    whole = make()
    whole.fit((X, Y), epochs=4, validation=(X, Y), batch_size=16)
    assert everything(left) == everything(whole)


def test_a_run_that_its_validation_ended_goes_on_with_the_same_bits(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make() -> pl.Trainer:
        return small_trainer(callbacks=["best_epoch", {"type": "checkpoint", "path": str(path), "seconds": 9}])

    def fit(trainer: pl.Trainer) -> None:
        trainer.fit((X, Y), epochs=3 - trainer.epochs, validation=(X, Y), batch_size=16)

    with monkeypatch.context() as without_memory, pytest.raises(MemoryError):
        without_memory.setattr(
            "pellucid.training.trainer.evaluate", lambda *_, **__: (_ for _ in ()).throw(MemoryError("full"))
        )
        fit(make())
    left, whole = make(), make()
    restore_checkpoint(left, path)
    assert left.epochs == 0 and left.steps > 0
    fit(left)
    fit(whole)
    assert everything(left) == everything(whole)


def test_a_checkpoint_that_cannot_be_written_on_the_way_is_a_warning(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saves: list[int] = []

    def full_in_between(trainer: pl.Trainer, where: str) -> None:
        saves.append(trainer.steps)
        if 0 < trainer.steps < 6:
            raise pl.CheckpointError(f"Cannot write {where}: No space left on device.")

    monkeypatch.setattr("pellucid.standard.callbacks.checkpoint.save_checkpoint", full_in_between)
    trainer = small_trainer(callbacks=[{"type": "checkpoint", "path": str(path), "seconds": 0.0}])
    with pytest.warns(pl.PellucidWarning, match="No space left on device. Training goes on, and the next"):
        trainer.fit((X, Y), epochs=2, **FIT)
    assert trainer.epochs == 2
    assert saves[:2] == [0, 1] and saves[-1] == trainer.steps


def test_run_that_cannot_be_saved_says_so_before_the_first_step(path: Path) -> None:
    from pellucid.standard.optimizers.sgd import SGD

    class Mine(SGD):
        pass

    trainer = small_trainer(optimizer=Mine(), callbacks=[{"type": "checkpoint", "path": str(path)}])
    with pytest.raises(pl.CheckpointError, match="cannot be saved"):
        trainer.fit((X, Y), epochs=1, **FIT)
    assert trainer.steps == 0


@pytest.mark.parametrize("backend", ["reference", "cython"])
def test_run_that_diverges_leaves_a_checkpoint_of_its_last_good_step(path: Path, backend: str) -> None:
    """Without observers: on the compiled backend several recorded steps follow each other, and one of them fails."""

    def make(*callbacks: object) -> pl.Trainer:
        model = pl.build(
            {"type": "sequential", "layers": [{"type": "dense", "units": 8}, {"type": "dense", "units": 3}]},
            input_shape=(6,), seed=3, backend=backend,
        )  # fmt: skip
        return pl.Trainer(model, loss="mse", optimizer={"type": "sgd", "lr": 0.25}, callbacks=callbacks, seed=1)

    target = X[:, :3] * 3
    trainer = make({"type": "checkpoint", "path": str(path), "seconds": 1e6})
    with pytest.raises(pl.NumericalError):
        trainer.fit((X, target), epochs=100, batch_size=4)
    good = trainer.steps
    assert good > 10

    known = make(At(good, lambda run: run.stop("here")))
    known.fit((X, target), epochs=100, batch_size=4)
    left = make()
    restore_checkpoint(left, path)
    assert everything(left) == everything(known)


def test_long_history_does_not_make_the_header_too_long(path: Path) -> None:
    trainer = small_trainer(callbacks=[])
    trainer.history.records += [{"epoch": i, "loss": 0.123456789, "note": "x" * 300} for i in range(60_000)]
    save_checkpoint(trainer, path)
    again = small_trainer(callbacks=[])
    restore_checkpoint(again, path)
    assert again.history.records == trainer.history.records


def test_header_that_could_not_be_read_again_is_not_written(path: Path) -> None:
    model = small_model()
    model.runtime.metadata["essay"] = "x" * (17 << 20)
    with pytest.raises(pl.CheckpointError, match="its header would have 178"):
        pl.save(model, path)
    assert not path.exists()


@pytest.mark.parametrize("there", ["newer", "model", "unreadable", "nothing", "not finite"])
def test_numbers_that_are_none_are_written_over_nothing_that_may_be_good(path: Path, there: str) -> None:
    bad = small_trainer()
    if there == "newer":
        save_checkpoint(small_trainer(), path)
        path.write_bytes(path.read_bytes().replace(b'{\\"format_version\\":1', b'{\\"format_version\\":2'))
    elif there == "model":
        pl.save(small_model(), path)
    elif there == "unreadable":
        path.write_bytes(b"what once was good?")
    elif there == "not finite":
        bad.model.parameters()[0].data[...] = np.nan
        save_checkpoint(bad, path)
    before = path.read_bytes() if path.exists() else b""
    bad.model.parameters()[0].data[...] = np.inf
    if there in ("nothing", "not finite"):
        save_checkpoint(bad, path)
        assert path.read_bytes() != before
        return
    with pytest.raises(pl.NumericalError, match=r"cannot be looked at \(.*\), and stays"):
        save_checkpoint(bad, path)
    assert path.read_bytes() == before


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(pl.CheckpointError, match="File name too long"):
        save_checkpoint(small_trainer(), 300 * "x")
    with pytest.raises(pl.CheckpointError, match="names a folder"):
        pl.save(small_model(), "newname/")


@pytest.mark.parametrize("raised", [ValueError("no"), KeyboardInterrupt()])
def test_what_a_callback_changed_in_place_is_put_back(path: Path, raised: BaseException) -> None:
    class InPlace(pl.Callback):
        def __init__(self) -> None:
            self.lists, self.array = {"x": [1]}, np.zeros(2)

        def state(self) -> dict[str, Any]:
            return {"n": 1}

        def restore(self, state: Any) -> None:
            self.lists["x"].append(2)
            self.array[:] = 5

    class Refuses(InPlace):
        def restore(self, state: Any) -> None:
            raise raised

    callbacks = [InPlace(), Refuses()]
    save_checkpoint(small_trainer(callbacks=callbacks), path)
    with pytest.raises(pl.CheckpointError if isinstance(raised, Exception) else KeyboardInterrupt):
        restore_checkpoint(small_trainer(callbacks=callbacks), path)
    assert callbacks[0].lists == {"x": [1]} and callbacks[0].array.tolist() == [0, 0]
