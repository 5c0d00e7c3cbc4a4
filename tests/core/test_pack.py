"""A pack: every member has, to the bit, what it has when it is trained alone."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.standard.packed import _same, recorded

RNG = np.random.default_rng(0)
X = RNG.standard_normal((150, 4)).astype("float32")
Y = (X[:, :1] * 2 - X[:, 1:2] ** 2).astype("float32")
HELD = (X[:40] + 1, Y[:40])


class Strange(pl.Layer):
    """What somebody writes in NumPy, and does not promise to be recorded."""

    examples = ()

    def output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def forward(self, ctx: pl.Context, x: Any) -> Any:
        ctx.thread = threading.current_thread()
        assert ctx.thread is threading.main_thread(), "no member's code runs beside others"
        ctx.y = np.tanh(x)
        return ctx.y

    def backward(self, ctx: pl.Context, dy: Any) -> Any:
        return dy * (1 - ctx.y**2)


def a_trainer(k: int, *layers: Any, width: int = 8, backend: Any = None, **settings: Any) -> pl.Trainer:
    tree = pl.Sequential([pl.Dense(width, activation="relu"), *layers, pl.Dense(1)])
    model = pl.build(tree, input_shape=(4,), seed=k, backend=backend)
    return pl.Trainer(model, **{"loss": "mse", "seed": 10 + k, "metrics": ["mae"]} | settings)


def different(backend: Any = None) -> list[pl.Trainer]:
    """Members that have little in common."""
    return [
        a_trainer(0, backend=backend),
        a_trainer(1, pl.Dropout(0.3), width=16, schedule="cosine", backend=backend),
        a_trainer(2, pl.BatchNorm(), pl.Dense(5, activation="tanh"), optimizer={"type": "sgd", "lr": 0.05},
                  backend=backend),
        a_trainer(3, Strange(), backend=backend),
        a_trainer(4, pl.LayerNorm(), clip_norm=0.5, optimizer={"type": "adamw", "weight_decay": 0.1}, schedule="cosine",
                  backend=backend),
        a_trainer(5, pl.Dropout(0.1), accumulate=2, callbacks=["best_epoch"], backend=backend),
    ]  # fmt: skip


SIZES = [32, 16, 150, 64, 7, 32]
EPOCHS = [4, 6, 5, 3, 4, 5]


def require_same(own: Sequence[pl.Trainer], alone: Sequence[pl.Trainer]) -> None:
    for k, (one, other) in enumerate(zip(own, alone, strict=True)):
        assert _held(one).keys() == _held(other).keys()
        for name, array in _held(one).items():
            assert array.tobytes() == _held(other)[name].tobytes(), f"{name} of member {k}"
        assert repr(one.history.records) == repr(other.history.records), f"history of member {k}"
        assert one.steps == other.steps


def _held(trainer: pl.Trainer) -> dict[str, Any]:
    model = trainer.model
    states = {state.path: np.asarray(state.data) for state in model.states()}
    return {"weights": trainer.slots.arena.data, **trainer.slots.buffers, **states}


def test_optimizers_averages_and_rates_that_react_are_packed_to_the_same_bits() -> None:
    def members() -> list[pl.Trainer]:
        return [
            a_trainer(6, pl.BatchNorm(), optimizer="muon", clip_value=0.01, schedule="one_cycle", callbacks=["swa"]),
            a_trainer(7, optimizer="lion", callbacks=["reduce_on_plateau", "ema"]),
            a_trainer(8, optimizer={"type": "rmsprop", "momentum": 0.9},
                      callbacks=[{"type": "early_stopping", "patience": 1, "monitor": "validation_loss"}]),
        ]  # fmt: skip

    alone, pack = members(), pl.Pack(members(), threads=2)
    for trainer in alone:
        trainer.fit((X, Y), validation=HELD, epochs=6, batch_size=32, verbose=False)
    pack.fit((X, Y), validation=HELD, epochs=6, batch_size=32, verbose=False)
    require_same(pack.trainers, alone)
    if alone[0].runtime.ops.name == "cython":
        assert pack.packed == [True, True, True]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("watched", [False, True])
def test_every_member_has_the_bits_of_one_trained_alone(threads: int, watched: bool) -> None:
    alone = different()
    for trainer, epochs, size in zip(alone, EPOCHS, SIZES, strict=True):
        trainer.fit((X, Y), validation=HELD, epochs=epochs, batch_size=size, verbose=False)
    seen: list[int] = []
    pack = pl.Pack(different(), threads=threads)
    watch = (lambda epoch, outputs: seen.append(epoch)) if watched else None
    histories = pack.fit((X, Y), validation=HELD, epochs=EPOCHS, batch_size=SIZES, on_epoch=watch, verbose=False)
    require_same(pack.trainers, alone)
    assert histories == [trainer.history for trainer in pack.trainers]
    assert seen == (list(range(1, 7)) if watched else [])
    assert pack.reasons == [None] * 6
    if alone[0].runtime.ops.name == "cython":
        assert pack.packed == [True, True, True, False, True, False]


def test_weights_of_samples_and_a_second_call_are_those_of_fit() -> None:
    weight = np.arange(len(X)) % 3
    how: dict[str, Any] = {"validation": HELD, "batch_size": 32, "sample_weight": weight, "verbose": False}
    alone, pack = [a_trainer(k) for k in range(2)], pl.Pack([a_trainer(k) for k in range(2)])
    for _ in range(2):
        for trainer in alone:
            trainer.fit((X, Y), epochs=2, **how)
        pack.fit(X, Y, epochs=2, **how)
    require_same(pack.trainers, alone)


def test_rows_are_held_once_and_transforms_are_those_of_fit() -> None:
    parts = [pl.Split(X * 50, Y * 9), pl.Split(*HELD), pl.Split(*HELD)]
    data = pl.Splits(*parts, transforms=["standardize"], target_transforms=["standardize"])
    alone, pack = [a_trainer(k) for k in range(3)], pl.Pack([a_trainer(k) for k in range(3)])
    arrays: list[Any] = []
    for trainer in pack.trainers:
        trainer.callbacks.append(Holding(arrays))
    for trainer in alone:
        trainer.fit(data, validation=HELD, epochs=2, verbose=False)
    pack.fit(data, validation=HELD, epochs=2, verbose=False)
    require_same(pack.trainers, alone)
    assert [len({id(each) for each in same}) for same in zip(*arrays, strict=True)] == [1, 1]


def test_rows_that_only_compare_equal_are_not_shared() -> None:
    """−0 is equal to 0, and 1/x tells them apart; a NaN is equal to nothing, and its bits are."""
    lent = np.array([[0.0, np.nan, 2.0]], np.float32), np.zeros((3, 2))[:, :1]
    for held in lent:
        assert _same(lent, held.copy()) is held
    for other in (-lent[0], lent[0].astype(float), lent[0].T, -lent[1], None):
        assert _same(lent, other) is other


class Holding(pl.Callback):
    def __init__(self, arrays: list[Any]) -> None:
        self.arrays = arrays

    def on_run_start(self, run: pl.Run) -> None:
        self.arrays.append([array for array in run.data.arrays if array is not None])


def test_outputs_are_those_of_predict_and_members_can_be_stopped() -> None:
    pack = pl.Pack(different())
    found: list[Any] = []

    def on_epoch(epoch: int, outputs: list[Any]) -> None:
        found.append(outputs)
        for trainer, output in zip(pack.trainers, outputs, strict=True):
            if trainer.epochs == epoch:
                assert np.array_equal(trainer.model.predict(HELD[0]), output)
        if epoch == 2:
            pack.stop(1, "it is good enough")
            pack.stop(3)

    pack.fit((X, Y), validation=HELD, epochs=4, batch_size=SIZES, on_epoch=on_epoch, verbose=False)
    assert [len(trainer.history) for trainer in pack.trainers] == [4, 2, 4, 2, 4, 4]
    assert pack.reasons == [None, "it is good enough", None, "it was stopped by pack.stop", None, None]
    assert found[3][1] is not None and np.array_equal(found[3][1], found[1][1])


def test_a_member_without_an_end_does_not_end_the_others() -> None:
    def members() -> list[pl.Trainer]:
        wild = a_trainer(1, optimizer={"type": "sgd", "lr": 1e30})
        return [a_trainer(0), wild, a_trainer(2, pl.Dropout(0.2), schedule="cosine")]

    alone, pack = members(), pl.Pack(members())
    errors: list[pl.NumericalError] = []
    for trainer in alone:
        try:
            trainer.fit((X, Y), epochs=4, batch_size=16, verbose=False)
        except pl.NumericalError as error:
            errors.append(error)
    with pytest.warns(pl.PellucidWarning, match="Member 1 of 3 trains no more"):
        pack.fit((X, Y), epochs=4, batch_size=16, verbose=False)
    require_same(pack.trainers, alone)
    assert pack.reasons == [None, str(errors[0]), None]
    with pytest.raises(pl.NumericalError):
        pl.Pack(members()[1:2]).fit((X, Y), epochs=4, batch_size=16, verbose=False)


@pytest.mark.parametrize("watched", [False, True])
def test_an_interrupt_leaves_every_member_at_a_step_and_nothing_is_lost(watched: bool) -> None:
    def members() -> list[pl.Trainer]:
        return [a_trainer(0), a_trainer(1, pl.Dropout(0.3), width=40), a_trainer(2, Strange()), a_trainer(3)]

    epochs, sizes = 40, [1, 16, 8, 2]
    alone = members()
    for trainer, size in zip(alone, sizes, strict=True):
        trainer.fit((X, Y), validation=HELD, epochs=epochs, batch_size=size, verbose=False)
    pack, ready = pl.Pack(members(), threads=2), threading.Event()
    on_epoch = (lambda epoch, outputs: None) if watched else None
    pack.trainers[0].callbacks.append(Telling(ready))

    def interrupt() -> None:
        ready.wait(20)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    how: dict[str, Any] = {"validation": HELD, "batch_size": sizes, "on_epoch": on_epoch, "verbose": False}
    with pytest.raises(KeyboardInterrupt):
        pack.fit((X, Y), epochs=epochs, **how)
    thread.join()
    assert any(trainer.epochs < epochs for trainer in pack.trainers)
    assert not any(trainer.slots.broken_off for trainer in pack.trainers)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    left = [epochs - trainer.epochs for trainer in pack.trainers]
    pack.fit((X, Y), epochs=left, **how)
    require_same(pack.trainers, alone)


class Telling(pl.Callback):
    """Says when the third epoch lies behind."""

    def __init__(self, ready: threading.Event) -> None:
        self.ready = ready

    def on_epoch_end(self, run: pl.Run) -> None:
        if run.epoch == 3:
            self.ready.set()


def test_what_had_finished_an_epoch_that_was_broken_off_is_told_with_the_others() -> None:
    class Once(pl.Callback):
        """Breaks off in the middle of the second epoch, or right behind it."""

        def __init__(self, behind: bool) -> None:
            self.behind, self.left = behind, 1

        def on_run_start(self, run: pl.Run) -> None:
            run.on_step(self.look)

        def look(self, run: pl.Run) -> None:
            if not self.behind and run.epoch == 1:
                self.on_epoch_end(run)

        def on_epoch_end(self, run: pl.Run) -> None:
            if run.epoch == 1 + self.behind and self.left:
                self.left = 0
                raise RuntimeError("no more")

    def watch(epoch: int, outputs: Sequence[Any]) -> None:
        told.append([None if each is None else each.tobytes() for each in outputs])

    how: dict[str, Any] = {"validation": HELD, "batch_size": 32, "on_epoch": watch, "verbose": False}
    found = []
    for behind in (None, False, True):
        told: list[Any] = []
        pack = pl.Pack([a_trainer(k) for k in range(2)], threads=1)
        if behind is None:
            pack.fit((X, Y), epochs=4, **how)
        else:
            pack.trainers[1].callbacks.append(Once(behind))
            with pytest.raises(RuntimeError, match="no more"):
                pack.fit((X, Y), epochs=4, **how)
            pack.fit((X, Y), epochs=[4 - trainer.epochs for trainer in pack.trainers], **how)
        found.append(told)
    assert len(found[0]) == 4 and all(None not in outputs for outputs in found[0])
    assert found[1] == found[0] and found[2] == found[0]


def test_an_error_of_a_callback_ends_the_pack_and_all_its_runs() -> None:
    class Raising(pl.Callback):
        def on_epoch_end(self, run: pl.Run) -> None:
            raise RuntimeError("no more")

    pack = pl.Pack([a_trainer(0), a_trainer(1, callbacks=[Raising()]), a_trainer(2)])
    with pytest.raises(RuntimeError, match="no more"):
        pack.fit((X, Y), epochs=3, verbose=False)
    assert all(trainer.run is None for trainer in pack.trainers)
    pack.trainers[0].fit((X, Y), epochs=1, verbose=False)


def test_a_backend_that_records_nothing_steps_by_code() -> None:
    alone, pack = different("reference"), pl.Pack(different("reference"))
    for trainer, epochs, size in zip(alone, EPOCHS, SIZES, strict=True):
        trainer.fit((X, Y), validation=HELD, epochs=epochs, batch_size=size, verbose=False)
    pack.fit((X, Y), validation=HELD, epochs=EPOCHS, batch_size=SIZES, verbose=False)
    require_same(pack.trainers, alone)
    assert pack.packed == [False] * 6


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: pl.Pack([]), "list of Trainers"),
        (lambda: pl.Pack([1]), "list of Trainers"),  # type: ignore[list-item]
        (lambda: pl.Pack([(one := a_trainer(0)), pl.Trainer(one.model, loss="mse")]), "train one model"),
        (lambda: pl.Pack([a_trainer(0)]).fit((X, Y), epochs=[1, 2]), "one for each of 1"),
        (lambda: pl.Pack([a_trainer(0)]).fit(lambda: iter([(X, Y)])), "rows in memory"),
    ],
)
def test_what_cannot_be_packed_is_said(made: Callable[[], Any], told: str) -> None:
    with pytest.raises(pl.ConfigError, match=told), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made()


def test_recorded_is_known_before_the_first_step() -> None:
    ops = pl.get_ops()
    assert recorded(a_trainer(0)) == (ops.name == "cython")
    assert not recorded(a_trainer(0, Strange()))
    assert not recorded(a_trainer(0, accumulate=2)) and not recorded(a_trainer(0, accumulate=3))
