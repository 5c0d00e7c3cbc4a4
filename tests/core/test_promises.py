"""A promise of capture that is broken trains nothing wrongly: the plan is not used, and a warning says whose it was."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import pellucid as pl
import pytest

from tests.testing.wrong.promises import (
    ByNumPy,
    Descent,
    Fading,
    Hidden,
    InPlace,
    Jitter,
    OfBatch,
    OfChance,
    OfEpoch,
    OfStep,
    Scaled,
    Shrink,
    Sine,
    SineOfMany,
    Square,
    Taken,
    Whole,
)  # fmt: skip

KERNELS = pytest.importorskip("pellucid.ops.kernels.native")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3)).astype("float32")
Y = np.sin(X.sum(axis=1, keepdims=True))


LAYERS = [Sine, InPlace, SineOfMany, OfEpoch, OfStep, OfChance, OfBatch]


@pytest.fixture(autouse=True)
def _always() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield


def trained(
    kind: type | None, promise: bool, run: Callable[[pl.Trainer], None], first: bool = False, last: bool = False
) -> pl.Trainer:
    """A trainer of a small network that has this component in it, after a run."""
    own: Any = None if kind is None else type(kind.__name__, (kind,), {"capturable": promise})()
    dense = [pl.create("layer", "dense", units=5), pl.create("layer", "dense", units=1)]
    if isinstance(own, Shrink):
        dense[0] = pl.create("layer", "dense", units=5, regularizer=own)
    layers = [*dense[:1], own, *dense[1:]] if isinstance(own, pl.Layer) else dense
    if first or last:
        layers = [own, *dense] if first else [*dense, own]
    model = pl.build(pl.create("layer", "sequential", layers=layers), input_shape=(3,), seed=0, backend="cython")
    if isinstance(own, Jitter):
        model.runtime.transforms = [own]  # type: ignore[union-attr]
    goal: Any = {"loss": own if isinstance(own, pl.Loss) else "mse"}
    goal = {"objective": own} if isinstance(own, pl.Objective) else goal
    trainer = pl.Trainer(model, **goal, optimizer=own if isinstance(own, pl.Optimizer) else "adam", seed=0)
    run(trainer)
    return trainer


def fit(trainer: pl.Trainer) -> None:
    trainer.fit((X, Y), epochs=4, batch_size=16, verbose=False)


def single_steps(trainer: pl.Trainer) -> None:
    """The same batch again and again, and then others."""
    for k in (0, 0, 0, 0, 10, 20, 20, 30):
        trainer.train_step(X[k : k + 12], Y[k : k + 12])


def singles_of_one_row(trainer: pl.Trainer) -> None:
    for k in (0, 0, 0, 0, 10, 20, 20, 30):
        trainer.train_step(X[k : k + 1], Y[k : k + 1])


def all_at_once(trainer: pl.Trainer) -> None:
    trainer.fit((X[:2], Y[:2]), epochs=9, batch_size=16, verbose=False)  # of 2 rows there are two orders


def require_same(one: pl.Trainer, other: pl.Trainer) -> None:
    """All that a training leaves behind, bit for bit."""
    np.testing.assert_array_equal(one.runtime.arena.data, other.runtime.arena.data)
    assert not one.runtime.arena.grad.any()
    assert one.slots.buffers.keys() == other.slots.buffers.keys()
    for name, buffer in one.slots.buffers.items():
        np.testing.assert_array_equal(buffer, other.slots.buffers[name])
    for state, its in zip(one.model.states(), other.model.states(), strict=True):
        np.testing.assert_array_equal(state.data, its.data)
    assert (one.steps, one.position) == (other.steps, other.position)
    assert {name: sums.tolist() for name, sums in one.totals.items()} == {
        name: sums.tolist() for name, sums in other.totals.items()
    }
    assert one.history.records == other.history.records


def broken(name: str) -> Any:
    return pytest.warns(pl.PellucidWarning, match=rf"{name}.* promises capture .*the code is run every time")


@pytest.mark.parametrize("run", [fit, all_at_once], ids=lambda f: f.__name__)
@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_is_named_and_trains_as_without_its_promise(kind: type, run: Any) -> None:
    expected = trained(kind, False, run)
    if kind is SineOfMany and run is all_at_once:  # which keeps its promise for so few rows
        require_same(trained(kind, True, run), expected)
        return
    with broken(f"{kind.__name__} at 'layers.1'"):
        found = trained(kind, True, run)
    require_same(found, expected)


@pytest.mark.parametrize("run", [single_steps, singles_of_one_row, all_at_once], ids=lambda f: f.__name__)
@pytest.mark.parametrize("kind", [Sine, InPlace, OfBatch])
def test_the_data_of_the_recording_prove_nothing(kind: type, run: Any) -> None:
    """The first layer's stale numbers are right for as long as the batch is the same."""
    expected = trained(kind, False, run, first=True)
    with broken(f"{kind.__name__} at 'layers.0'"):
        found = trained(kind, True, run, first=True)
    require_same(found, expected)


@pytest.mark.parametrize("kind", [Sine, InPlace, OfBatch])
def test_rows_that_are_not_in_the_first_batches_are_tried(kind: type) -> None:
    """All rows but one are alike, so that what was found out of the first is right until that one comes."""
    for odd in range(0, 50, 9):
        x = np.repeat(X[:1], 50, axis=0)
        x[odd] = X[1]

        def once(trainer: pl.Trainer, x: Any = x) -> None:
            trainer.fit((x, np.ones_like(Y)), epochs=2, batch_size=8, verbose=False)

        expected = trained(kind, False, once, first=True)
        with broken(f"{kind.__name__} at 'layers.0'"):
            require_same(trained(kind, True, once, first=True), expected)


class Tally(Scaled):
    """y = x, and a running mean that is computed by NumPy."""

    def build(self, x: Any) -> None:
        self.seen = self.state("seen", tuple(x))

    def factor(self, ctx: pl.Context, x: Any) -> float:
        return 1.0

    def forward(self, ctx: pl.Context, x: Any) -> Any:
        if ctx.training:
            ctx.update(self.seen, x.mean(axis=0), 0.1)
        return super().forward(ctx, x)


@pytest.mark.parametrize("run", [fit, single_steps, all_at_once], ids=lambda f: f.__name__)
@pytest.mark.parametrize("kind", [Tally, Sine])
def test_states_are_what_they_would_be_beside_who_breaks_its_promise(kind: type, run: Any) -> None:
    found = []
    for promise in (False, True):
        own = type(kind.__name__, (kind,), {"capturable": promise})()
        norms = [pl.create("layer", "batch_norm"), pl.create("layer", "batch_norm")]
        layers = [pl.create("layer", "dense", units=5), norms[0], own, norms[1], pl.create("layer", "dense", units=1)]
        stack = pl.create("layer", "sequential", layers=layers)
        model = pl.build(stack, input_shape=(3,), seed=0, backend="cython")
        found.append(pl.Trainer(model, loss="mse", seed=0))
        with broken(f"{kind.__name__} at 'layers.2'") if promise else nullcontext():
            run(found[-1])
    require_same(found[1], found[0])


def test_every_layer_that_breaks_its_promise_is_named() -> None:
    own = [type(kind.__name__, (kind,), {"capturable": True})() for kind in (Sine, InPlace, OfBatch)]
    dense = [pl.create("layer", "dense", units=5), *own, pl.create("layer", "dense", units=1)]
    model = pl.build(pl.create("layer", "sequential", layers=dense), input_shape=(3,), seed=0, backend="cython")
    with pytest.warns(pl.PellucidWarning) as told:
        fit(pl.Trainer(model, loss="mse", seed=0))
    said = " ".join(str(each.message) for each in told)
    for place, layer in enumerate(own, start=1):
        assert f"{type(layer).__name__} at 'layers.{place}'" in said


@pytest.mark.parametrize("run", [single_steps, singles_of_one_row], ids=lambda f: f.__name__)
def test_who_draws_from_rng_draws_what_is_due_in_spite_of_the_proof(run: Any) -> None:
    """A proof on made-up numbers runs the code beforehand."""
    expected = trained(OfChance, False, run, last=True)
    with broken("OfChance at 'layers.2'"):
        require_same(trained(OfChance, True, run, last=True), expected)


STEPS = np.arange(8) < np.repeat([8, 8, 5, 3], 8)[:, None]
SERIES = RNG.normal(size=(32, 8, 3)).astype("float32")


@pytest.mark.parametrize("first", [True, False])
def test_inside_of_layers_that_hand_a_mask_on_masks_are_others_too(first: bool) -> None:
    """Batches of a full length, in which every mask is True everywhere, come first."""
    pytest.importorskip("pellucid_recurrent")
    found = []
    for promise in (False, True):
        own = type("Taken", (Taken,), {"capturable": promise})()
        gru = [pl.create("layer", "recurrent/gru", units=4, return_sequences=more) for more in (True, False)]
        layers = [own, *gru] if first else [gru[0], own, gru[1]]
        stack = pl.create("layer", "stack", layers=[*layers, pl.create("layer", "dense", units=1)])
        model = pl.build(stack, input_shape=[(8, 3), (8,)], seed=0, backend="cython")
        trainer = pl.Trainer(model, loss="mse", seed=0)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for k in (0, 8, 0, 16, 24):
                trainer.train_step((SERIES[k : k + 8], STEPS[k : k + 8]), SERIES[k : k + 8, 0, :1])
            predicted = [model.predict((SERIES[k : k + 4], STEPS[k : k + 4])).copy() for k in (0, 8, 16, 24)]
        named = [f"Taken at 'layers.{0 if first else 1}' promises" in str(warning.message) for warning in caught]
        assert bool(named) is promise and all(named)
        found.append((trainer, predicted))
    require_same(found[1][0], found[0][0])
    np.testing.assert_array_equal(found[1][1], found[0][1])


@pytest.mark.parametrize(
    "kind", [Square, Whole, Descent, ByNumPy, Fading, Hidden, Shrink, Jitter], ids=lambda kind: kind.__name__
)
def test_so_are_all_other_kinds(kind: type) -> None:
    expected = trained(kind, False, fit)
    with broken(kind.__name__):
        found = trained(kind, True, fit)
    require_same(found, expected)


def with_observers(trainer: pl.Trainer) -> None:
    class Look(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_gradients(lambda segments: [segment.lr for segment in segments] and None)

    trainer.callbacks.append(Look())
    fit(trainer)


@pytest.mark.parametrize("kind", [Sine, Descent, Hidden, Square, None])
def test_halves_are_put_to_the_proof_where_gradients_are_looked_at(kind: type | None) -> None:
    """Observers may ask for what they like."""
    expected = trained(kind, False, with_observers)
    if kind is None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            require_same(trained(kind, True, with_observers), expected)
        return
    with broken(kind.__name__):
        found = trained(kind, True, with_observers)
    require_same(found, expected)


NORMALISED = [
    {"type": "dense", "units": 6}, "batch_norm", {"type": "dropout", "rate": 0.3}, {"type": "dense", "units": 1}
]  # fmt: skip


def normalised(backend: str, run: Any) -> pl.Trainer:
    model = pl.build({"type": "sequential", "layers": NORMALISED}, input_shape=(3,), seed=1, backend=backend)
    trainer = pl.Trainer(model, loss="mse", optimizer="adam", schedule="cosine", clip_norm=1.0, seed=2)
    run(trainer)
    return trainer


@pytest.mark.parametrize("run", [fit, single_steps, all_at_once], ids=lambda f: f.__name__)
def test_the_proof_leaves_no_trace(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights, memory of the optimizer, random numbers, running statistics and totals are those of a run without it."""
    if run is single_steps:
        warnings.simplefilter("ignore")  # a schedule without a plan
    proved = normalised("cython", run)
    assert [step.recorded for step in proved._stepper._steps.values()] == [True] * (2 if run is fit else 1)
    monkeypatch.setattr(KERNELS, "record", lambda function: (function(), None))
    require_same(proved, normalised("cython", run))


@pytest.mark.parametrize("rows", [1, 9])
@pytest.mark.parametrize("kind", [Sine, InPlace, SineOfMany, OfBatch])
def test_predictions_are_proved_too(kind: type, rows: int) -> None:
    def nothing(trainer: pl.Trainer) -> None:
        """Not trained."""

    for first in (True, False):
        models = [trained(kind, promise, nothing, first).model for promise in (True, False)]
        found: list[Any] = []
        for model in models:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                found.append([model.predict(X[k : k + rows]) for k in (0, 0, 5, 10)])
            names = [str(warning.message) for warning in caught]
            wrong = model is models[0] and not (kind is SineOfMany and rows <= 8)
            assert len(names) == wrong and all(kind.__name__ in name for name in names)
        np.testing.assert_array_equal(*found)
