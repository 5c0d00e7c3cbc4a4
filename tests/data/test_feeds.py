"""Data that is not in memory: Samples, feeds, memory maps have the bits of data in memory, and go on with them."""

from __future__ import annotations

import itertools
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint

N = 203


@pytest.fixture
def xy() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 4)).astype("float32")
    return x, (x[:, 0] > 0) + (np.arange(N) % 7 == 0).astype(np.int64)


def trainer_of(**how: Any) -> pl.Trainer:
    model = pl.build("ann", input_shape=(4,), outputs=3, hidden=[8], dropout=0.2, seed=0)
    return pl.Trainer(model, metrics=["accuracy"], seed=0, **how)


def bits(trainer: pl.Trainer) -> tuple[bytes, list[Any]]:
    return trainer.runtime.arena.data.tobytes(), trainer.history.records


class Rows(pl.Samples):
    """Arrays that are asked for by rows, and notes for which."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self.arrays, self.labels, self.asked = (x, y), y, list[int]()

    def __len__(self) -> int:
        return len(self.arrays[0])

    def take(self, rows: np.ndarray) -> pl.Split:
        self.asked.append(len(rows))
        x, y = self.arrays
        return pl.Split(x[rows], y[rows])


class Stop(pl.Callback):
    """Stops after a step, and saves there."""

    def __init__(self, step: int, path: Path) -> None:
        self.step, self.path = step, path

    def on_run_start(self, run: Any) -> None:
        run.on_step(self.look)

    def look(self, run: Any) -> None:
        if run.step == self.step:
            save_checkpoint(run.trainer, self.path)
            run.stop("here")


def batches_of(x: np.ndarray, y: np.ndarray) -> Any:
    def batches(rng: np.random.Generator) -> Iterator[Any]:
        order = rng.permutation(len(x))
        for first in range(0, len(x), 17):
            yield x[order[first : first + 17]], y[order[first : first + 17]]

    return batches


def mapped(tmp_path: Path, x: np.ndarray, dtype: Any = "float32") -> np.ndarray:
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.npy"
    np.save(path, x.astype(dtype))
    return np.load(path, mmap_mode="r")  # type: ignore[no-any-return]


@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize("kind", ["samples", "mapped", "mapped float64", "loop"])
def test_the_bits_are_those_of_data_in_memory(kind: str, accumulate: int, xy: Any, tmp_path: Path) -> None:
    x, y = xy
    ours, theirs = trainer_of(accumulate=accumulate), trainer_of(accumulate=accumulate)
    theirs.fit(x, y, validation=(x[:50], y[:50]), epochs=3, batch_size=16, verbose=False)
    if kind == "loop":
        for batch in ours.batches(x, y, validation=(x[:50], y[:50]), epochs=3, batch_size=16, verbose=False):
            ours.step(batch)
    else:
        data = Rows(x, y) if kind == "samples" else (mapped(tmp_path, x, kind[6:].strip() or "float32"), y)
        held = Rows(x[:50], y[:50]) if kind == "samples" else (mapped(tmp_path, x)[:50], y[:50])
        ours.fit(data, validation=held, epochs=3, batch_size=16, verbose=False)
    assert bits(ours) == bits(theirs)


@pytest.mark.parametrize("kind", ["memory", "samples", "function", "iterable", "loop"])
@pytest.mark.parametrize("step", [3, 9])
def test_a_run_goes_on_to_the_bit(kind: str, step: int, xy: Any, tmp_path: Path) -> None:
    x, y = xy
    iterable = pl.Batches([(x[:90], y[:90]), (x[90:], y[90:])], shuffle=50)
    data = {"samples": Rows(x, y), "function": batches_of(x, y), "iterable": iterable}.get(kind, (x, y))

    def train(trainer: pl.Trainer, epochs: int) -> None:
        if kind != "loop":
            trainer.fit(data, epochs=epochs, batch_size=32, verbose=False)
            return
        for batch in trainer.batches(data, epochs=epochs, batch_size=32, verbose=False):
            trainer.step(batch)

    whole, first, then = trainer_of(), trainer_of(callbacks=[Stop(step, tmp_path / "c")]), trainer_of()
    train(whole, 2)
    train(first, 2)
    assert first.steps == step and first.run is None
    restore_checkpoint(then, tmp_path / "c")
    train(then, 2 - then.epochs)
    assert bits(then) == bits(whole)
    first.callbacks.clear()
    train(first, 2 - first.epochs)  # the same without a checkpoint
    assert bits(first) == bits(whole)


def test_what_cannot_go_back_says_so(xy: Any, tmp_path: Path) -> None:
    x, y = xy
    endless = ((x[i : i + 16], y[i : i + 16]) for i in itertools.cycle(range(0, 160, 16)))
    feed = pl.Batches(endless, rows=100)
    first = trainer_of(callbacks=[Stop(5, tmp_path / "c")])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first.fit(feed, epochs=1, batch_size=32, verbose=False)  # 4 steps: 32, 32, 32 and 4
        first.fit(feed, epochs=1, batch_size=32, verbose=False)  # the rest of the 16 is not lost
    assert first.position == 32
    then = trainer_of()
    restore_checkpoint(then, tmp_path / "c")
    with pytest.warns(pl.PellucidWarning, match="row 32 of epoch 2.*only go forward.*pass a function"):
        then.fit(pl.Batches(endless, rows=100), epochs=1, batch_size=32, verbose=False)
    assert then.epochs == 2 and then.steps == 8


def test_batches_come_as_they_are_unless_a_size_is_asked_for(xy: Any) -> None:
    x, y = xy
    lengths: list[int] = []

    class Watch(pl.Callback):
        def on_run_start(self, run: Any) -> None:
            run.on_step(lambda run: lengths.append(run.rows))

    trainer = trainer_of(callbacks=[Watch()])
    trainer.fit(batches_of(x, y), verbose=False)
    assert lengths == [*range(17, 188, 17), 203][: len(lengths)] and trainer.steps == 12
    trainer = trainer_of()
    trainer.fit(batches_of(x, y), batch_size=100, verbose=False)
    assert trainer.steps == 3


def test_nothing_is_read_ahead(xy: Any) -> None:
    x, y = xy
    seen: list[int] = []

    def batches() -> Iterator[Any]:
        for first in range(0, 96, 32):
            seen.append(trainer.steps)  # a policy would be asked here
            yield x[first : first + 32], y[first : first + 32]

    trainer = trainer_of()
    trainer.fit(batches, epochs=2, verbose=False)
    assert seen == [0, 1, 2, 3, 4, 5]


def test_single_samples_and_blocks_that_are_mixed(xy: Any) -> None:
    x, y = xy
    feed = pl.Batches(lambda: zip(x, y, strict=True), samples=True, shuffle=64, rows=N)
    found = list(feed.batches(np.random.default_rng(1), 0, 0, 50))
    assert [len(batch) for batch in found] == [50, 50, 50, 50, 3]
    rows = np.concatenate([batch.x for batch in found])
    assert not np.array_equal(rows, x) and np.array_equal(np.sort(rows, axis=0), np.sort(x, axis=0))
    again = list(feed.batches(np.random.default_rng(1), 0, 120, 50))
    assert np.array_equal(np.concatenate([batch.x for batch in again]), rows[120:])
    assert np.concatenate([batch.index for batch in again]).tolist() == list(range(120, N))


def test_shapes_may_change_from_batch_to_batch_and_each_has_a_plan(xy: Any) -> None:
    class Ragged(pl.Samples):
        def __len__(self) -> int:
            return 64

        def take(self, rows: np.ndarray) -> pl.Split:
            length = 3 + int(rows[0]) % 3
            return pl.Split(np.ones((len(rows), length, 2), "float32"), np.ones((len(rows), length, 1), "float32"))

    model = pl.build({"type": "dense", "units": 1}, input_shape=(None, 2), seed=0)
    trainer = pl.Trainer(model, loss="mse", seed=0)
    trainer.fit(Ragged(), epochs=6, batch_size=8, verbose=False)
    assert len(trainer._direct) == 3
    assert all(step.recorded for step in trainer._stepper._steps.values()) == (model.runtime.ops.name == "cython")
    assert trainer.history[-1]["loss"] < trainer.history[0]["loss"]


def test_a_mapped_file_is_not_copied(tmp_path: Path) -> None:
    big = np.lib.format.open_memmap(tmp_path / "big.npy", "w+", "uint8", (40_000, 500))
    big[:, 0] = np.arange(40_000) % 2

    class Big(pl.Dataset):
        def load(self, rng: Any) -> pl.Split:
            x = np.load(tmp_path / "big.npy", mmap_mode="r")
            return pl.Split(x, np.asarray(x[:, 0], np.int64))

    model = pl.build("logistic_regression", input_shape=(500,), outputs=2, seed=0)
    trainer = pl.Trainer(model, metrics=["accuracy"], seed=0)
    tracemalloc.start()
    splits = Big(test=0.9, validation=0.01).splits()
    trainer.fit(splits, batch_size=512, verbose=False)
    figures = trainer.evaluate(splits)
    assert tracemalloc.get_traced_memory()[1] < 10e6 < big.nbytes  # as float32 it would be 80 MB
    tracemalloc.stop()
    assert len(splits.test) == 36_000 and len(splits.train) == 3600 and figures["accuracy"] > 0.9
    assert np.bincount(splits.test.labels).tolist() == [18_000, 18_000]


def test_transforms_of_what_is_not_in_memory(xy: Any, tmp_path: Path) -> None:
    x, y = xy
    parts = [pl.Split(mapped(tmp_path, 5 * x + 3), y), pl.Split(x, y), pl.Split(x, y)]
    trainer = trainer_of()
    trainer.fit(pl.Splits(*parts, transforms=["standardize"]), verbose=False)
    (standardize,) = trainer.runtime.transforms
    np.testing.assert_allclose(standardize.mean, (5 * x + 3).mean(axis=0, dtype="float64"), rtol=1e-6)
    with pytest.raises(pl.ConfigError, match="fitted to the training samples, and Batches gives them once"):
        trainer_of().fit(pl.Splits(pl.Batches([(x, y)]), *parts[1:], transforms=["standardize"]), verbose=False)  # type: ignore[arg-type]


def test_names_of_a_feed_are_compared(xy: Any) -> None:
    x, y = xy
    trainer = trainer_of()
    trainer.fit(pl.Split(x, y, classes=("a", "b", "c")), verbose=False)
    trainer.fit(pl.Batches([(x, 2 - y)], classes=("c", "b", "a")), batch_size=32, verbose=False)
    with pytest.raises(pl.DataError, match="'d'"):
        trainer.fit(pl.Batches([(x, y)], classes=("a", "b", "d")), verbose=False)
    evaluated = trainer.evaluate(pl.Batches([(x, 2 - y)], classes=("c", "b", "a")))
    assert evaluated == trainer.evaluate(x, y)


@pytest.mark.parametrize(
    "data, error, message",
    [
        (lambda x, y: pl.Batches(iter(())), pl.DataError, "no samples in epoch 1"),
        (lambda x, y: pl.Batches([(x, y)], rows=300), pl.DataError, "300 rows were announced.*203 came in epoch 1"),
        (lambda x, y: pl.Batches([(x, y[:-1])]), pl.DataError, r"\(203, 4\), \(202,\)"),
        (lambda x, y: pl.Batches([(x[0], 1)]), pl.DataError, "samples=True"),
        (lambda x, y: pl.Batches([(x, y, None, 1)]), pl.DataError, "a tuple of 4"),
        (lambda x, y: pl.Batches([(np.where(x == x[3, 2], np.nan, x), y)]), pl.DataError, "nan in row 3, column 2"),
        (lambda x, y: pl.Batches([(x, y + 1)]), pl.DataError, "3"),
        (lambda x, y: lambda: 3, pl.DataError, "must yield batches"),
        (lambda x, y: 3, pl.DataError, "a function that yields batches. Received: int"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(data: Any, error: type[Exception], message: str, xy: Any) -> None:
    trainer = trainer_of()
    with pytest.raises(error, match=message):
        trainer.fit(data(*xy), verbose=False)
    assert trainer.run is None


def test_a_feed_has_no_rows_to_choose(xy: Any) -> None:
    x, y = xy
    for how in ({"sampler": "balanced"}, {}):
        weight = None if how else np.ones(N)
        with pytest.raises(pl.ConfigError, match="an order of its own"):
            trainer_of(**how).fit(batches_of(x, y), sample_weight=weight, verbose=False)


def test_weights_come_with_the_batches(xy: Any) -> None:
    x, y = xy
    weight = np.where(y == 1, 2.0, 0.5)
    ours, theirs = trainer_of(), trainer_of()
    ours.fit(pl.Batches([(x, y, weight)]), epochs=2, verbose=False)
    for _ in range(2):
        theirs.train_step(x, y, weight=weight)
    assert ours.runtime.arena.data.tobytes() == theirs.runtime.arena.data.tobytes()


def test_a_schedule_knows_the_end_where_rows_are_known(xy: Any) -> None:
    x, y = xy
    with pytest.warns(pl.PellucidWarning, match="of a feed say how many rows"):
        trainer_of(schedule="cosine").fit(batches_of(x, y), batch_size=32, verbose=False)
    ours, theirs = trainer_of(schedule="cosine"), trainer_of(schedule="cosine")
    ours.fit(Rows(x, y), epochs=2, verbose=False)
    theirs.fit(x, y, epochs=2, verbose=False)
    assert bits(ours) == bits(theirs)


class Loader:
    """What loaders of other libraries look like."""

    def __init__(self, *arrays: np.ndarray) -> None:
        self.arrays = arrays

    def __len__(self) -> int:
        return 2

    def __iter__(self) -> Iterator[Any]:
        yield from (tuple(a[:100] for a in self.arrays), tuple(a[100:] for a in self.arrays))


def test_what_can_be_iterated_is_a_feed(xy: Any) -> None:
    x, y = xy
    ours, theirs = trainer_of(), trainer_of()
    ours.fit(Loader(x, y), validation=Loader(x, y), epochs=2, verbose=False)
    theirs.fit(pl.Batches([(x[:100], y[:100]), (x[100:], y[100:])]), validation=(x, y), epochs=2, verbose=False)
    assert bits(ours) == bits(theirs)


def test_inputs_alone(xy: Any) -> None:
    x, _ = xy
    model = pl.build("autoencoder", input_shape=(4,), latent=2, hidden=[], seed=0)
    trainer = pl.Trainer(model, seed=0)
    trainer.fit(lambda: iter([x, x]), validation=pl.Split(x), epochs=2, batch_size=64, verbose=False)
    assert trainer.steps == 14 and trainer.history[-1]["validation_loss"] < trainer.history[0]["loss"]


class Sum(pl.Composite):
    """Of two dense layers, each of an input of its own."""

    def __init__(self) -> None:
        self.first, self.second = pl.Dense(3), pl.Dense(3)

    def call(self, ctx: Any, *inputs: Any) -> Any:
        return self.first(inputs[0]) + self.second(inputs[1])


def test_several_inputs_are_cut_together(xy: Any) -> None:
    x, y = xy

    def trained(data: Any) -> bytes:
        model = pl.build(Sum(), input_shape=((4,), (4,)), seed=0)
        trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=0)
        trainer.fit(data, epochs=2, batch_size=50, verbose=False)
        return trainer.runtime.arena.data.tobytes()  # type: ignore[no-any-return]

    pieces = [((x[i : i + 30], -x[i : i + 30]), y[i : i + 30]) for i in range(0, N, 30)]
    assert trained(pl.Batches(pieces)) == trained(pl.Batches([((x, -x), y)]))


def test_a_mapped_array_is_predicted_and_stepped_on_as_any_other(xy: Any, tmp_path: Path) -> None:
    x, y = xy
    trainer, lies = trainer_of(), mapped(tmp_path, x)
    assert np.array_equal(trainer.model.predict(lies), trainer.model.predict(x))
    assert trainer.evaluate(lies, y) == trainer.evaluate(x, y)
    again = trainer_of()
    assert again.train_step(lies[:32], y[:32]) == trainer.train_step(x[:32], y[:32])


def test_parts_of_samples_are_read_when_they_are_asked_for(xy: Any) -> None:
    x, y = xy

    class Data(pl.Dataset):
        rows = Rows(x, y)

        def load(self, rng: Any) -> pl.Samples:
            return self.rows

    data = Data(validation=0.2, test=50)
    splits = data.splits()
    assert data.rows.asked == [] and [len(p) for p in (splits.train, splits.validation, splits.test)] == [112, 41, 50]
    whole = np.bincount(y) / N
    for part in (splits.train, splits.validation, splits.test):
        assert np.abs(np.bincount(part.labels, minlength=3) / len(part) - whole).max() < 0.03  # type: ignore[arg-type]
        assert np.array_equal(part.y, part.labels) and len(part.x) == len(part)  # type: ignore[arg-type]
    trainer = trainer_of(sampler="balanced")
    trainer.fit(data, epochs=2, verbose=False)
    assert "validation_accuracy" in trainer.history[-1] and trainer.evaluate(data)["accuracy"] > 0
    data.rows.asked.clear()
    trainer.fit(data, epochs=1, batch_size=28, verbose=False)
    assert data.rows.asked == [28, 28, 28, 28, 41]  # and not all at once


@pytest.mark.parametrize("how", ["loop", "samples", "feed"])
def test_several_targets_come_from_anywhere(how: str, xy: Any) -> None:
    x, y = xy

    class Two(pl.Composite):
        def __init__(self) -> None:
            self.first, self.second = pl.Dense(3), pl.Dense(1)

        def call(self, ctx: Any, *inputs: Any) -> Any:
            return self.first(inputs[0]), self.second(inputs[0])

    class Both(Rows):
        def take(self, rows: np.ndarray) -> pl.Split:
            return pl.Split(x[rows], (y[rows], x[rows, 1:2]))

    def trained(data: Any) -> pl.Trainer:
        model = pl.build(Two(), input_shape=(4,), seed=0)
        trainer = pl.Trainer(model, loss=["softmax_cross_entropy", "mse"], seed=0)
        if how != "loop" or data is whole:
            trainer.fit(data, validation=data, epochs=2, batch_size=32, verbose=False)
            return trainer
        for batch in trainer.batches(data, validation=data, epochs=2, batch_size=32, verbose=False):
            trainer.step(batch)
        return trainer

    whole = (x, (y, x[:, 1:2]))
    sources: dict[str, Any] = {
        "loop": (x, (y, x[:, 1:2])), "samples": Both(x, y), "feed": pl.Batches([whole], rows=N),
    }  # fmt: skip
    ours, theirs = trained(sources[how]), trained(whole)
    if how == "feed":  # in an order of its own
        assert ours.history[-1].keys() == theirs.history[-1].keys() and ours.steps == theirs.steps
    else:
        assert bits(ours) == bits(theirs)


class Other(pl.Samples):
    """Gives other rows than it is asked for, or has labels of other rows."""

    def __init__(self, rows: slice, labels: int = 203) -> None:
        self.rows, self.labels = rows, np.arange(labels) % 2

    def __len__(self) -> int:
        return 203

    def take(self, rows: Any) -> pl.Split:
        return pl.Split(np.zeros((len(rows[self.rows]), 3)), self.labels[rows[self.rows]])


def test_samples_that_give_other_rows_than_asked_are_refused() -> None:
    def a_trainer(**options: Any) -> pl.Trainer:
        model = pl.build("ann", input_shape=(3,), hidden=[4], outputs=2, seed=0)
        return pl.Trainer(model, seed=0, **options)

    fewer, right = Other(slice(1, None)), Other(slice(None))
    with pytest.raises(pl.DataError, match=r"Other\.take must give a row for each .* 32 rows. Received: 31"):
        a_trainer().fit(fewer, verbose=False)
    with pytest.raises(pl.DataError, match=r"Other\.take must give a row for each"):
        a_trainer().fit(right, validation=fewer, verbose=False)
    with pytest.raises(
        pl.DataError, match=r"Other\.labels must be one for each of 203 samples. Received: shape \(10,\)"
    ):
        a_trainer(sampler="balanced").fit(Other(slice(None), labels=10), verbose=False)
