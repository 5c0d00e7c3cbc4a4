"""Which step and plan a schedule is told of, rates of steps by hand, and rows of sequences of unlike lengths."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError
from pellucid.ops import threads
from pellucid.standard import process
from pellucid.standard.images.choice import proposal
from pellucid.standard.labels import _like_labels
from pellucid.standard.process import end_copy
from pellucid.standard.sequences import padded
from pellucid.testing.registries import use_registry

from tests.testing.mutation import registry
from tests.testing.odd.players import SMALL, Smooth


class Noted(pl.Schedule):
    """Notes what it is told, and falls from step to step."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []
        self.begun: list[tuple[int, int]] = []

    def __call__(self, step: int, total: int) -> float:
        self.seen.append((step, total))
        return 1 / (step + 2)

    def starts(self, step: int, total: int) -> None:
        self.begun.append((step, total))


@pytest.mark.parametrize(
    ("how", "asked", "told"),
    [
        ({"type": "scaled", "by": 0.5}, {(3, 9): (3, 9), (0, 9): (0, 9)}, {(3, 9): (3, 9)}),
        ({"type": "scaled", "by": 0.5, "since": 5}, {(5, 9): (5, 9)}, {(0, 4): (0, 4)}),
        ({"type": "warmup", "steps": 4}, {(4, 9): (0, 5), (8, 9): (4, 5), (6, 5): (2, 1), (7, 0): (3, 0)},
         {(0, 9): (0, 5), (4, 9): (0, 5), (6, 9): (2, 5), (5, 5): (1, 1)}),
    ],
)  # fmt: skip
def test_what_stands_around_a_schedule_tells_it_its_step_and_plan(how: Any, asked: Any, told: Any) -> None:
    for given, expected in asked.items():
        noted = Noted()
        made = pl.create("schedule", how["type"], schedule=noted, **{k: v for k, v in how.items() if k != "type"})
        made(*given)
        assert noted.seen == [expected]
    for given, expected in told.items():
        noted = Noted()
        made = pl.create("schedule", how["type"], schedule=noted, **{k: v for k, v in how.items() if k != "type"})
        made.starts(*given)
        assert noted.begun == [expected] and noted.seen == []


@pytest.mark.parametrize("backend", ["reference", "cython"])
@pytest.mark.parametrize("observed", [False, True])
def test_each_step_has_the_rate_of_its_number(backend: str, observed: bool) -> None:
    if backend == "cython":
        pytest.importorskip("pellucid.ops.kernels.native")
    x, y = np.ones((12, 1)), np.zeros((12, 1))
    model = pl.build("dense", units=1, input_shape=(1,), seed=0, dtype="float64", backend=backend)
    for param in model.parameters():
        param.data = np.ones(param.shape)
    noted = Noted()
    trainer = pl.Trainer(model, loss="mse", optimizer={"type": "sgd", "lr": 0.4}, schedule=noted, seed=0)
    weights: list[float] = []

    class Look(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_step(lambda run: weights.append(float(model.parameters()[0].data[0, 0])))

    trainer.callbacks = [Look()] if observed else []
    trainer.fit((x, y), epochs=3, batch_size=4, verbose=False)
    weight, expected = 1.0, []
    for step in range(9):  # the slope of the mean square of w + b, which stay alike, is 4 w
        weight -= 0.4 / (step + 2) * 4 * weight
        expected.append(weight)
    assert float(model.parameters()[0].data[0, 0]) == pytest.approx(expected[-1], rel=1e-9, abs=1e-12)
    assert not observed or weights == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert {(step, 9) for step in range(9)} <= {*noted.seen} and noted.begun == [(0, 9)]


def test_rows_of_sequences_are_padded_each_kind_in_its_way() -> None:
    x = [np.array([1, 2]), np.array([3, 4, 5])]
    steps = [np.array([1, 1]), np.array([0, 1, 0])]
    numbers = [np.array([0.5, 1.5]), np.array([2.5, 3.5, 4.5])]
    data = pl.Sequences(x, {"class": steps, "value": numbers, "whole": [7, 8]}, multiple=4, padding=9, weight=steps)
    found = data.take(np.array([1, 0]))
    assert found.x[0].tolist() == [[3, 4, 5, 9], [1, 2, 9, 9]]
    assert found.x[1].tolist() == [[True, True, True, False], [True, True, False, False]]
    assert {name: part.tolist() for name, part in found.y.items()} == {
        "class": [[0, 1, 0, -1], [1, 1, -1, -1]], "value": [[2.5, 3.5, 4.5, 0], [0.5, 1.5, 0, 0]], "whole": [8, 7]
    }  # fmt: skip
    assert data.weights(np.array([1, 0])).tolist() == [[0, 1, 0, 0], [1, 1, 0, 0]]  # type: ignore[union-attr]
    assert len(data) == 2 and data.lengths.tolist() == [2, 3]
    plain = pl.Sequences(x, steps, multiple=1, ignore=-7, mask=False)
    assert plain.take(np.array([0])).x.tolist() == [[1, 2]] and plain.weights(np.array([0])) is None
    assert plain.take(np.array([0, 1])).y.tolist() == [[1, 1, -7], [0, 1, 0]]


@pytest.mark.parametrize(
    ("parts", "value", "dtype", "expected"),
    [
        ([np.array([1], "u1"), np.array([2, 3], "u1")], -1, "int64", [[1, -1], [2, 3]]),
        ([np.array([1], "u1"), np.array([2, 3], "u1")], 255, "uint8", [[1, 255], [2, 3]]),
        ([np.array([1], "u1"), np.array([2, 3], "u1")], 0, "uint8", [[1, 0], [2, 3]]),
        ([np.array([1], "u1"), np.array([2, 3], "u1")], 256, "int64", [[1, 256], [2, 3]]),
        ([np.array([1.0], "f4"), np.array([2, 3], "i1")], 0, "float32", [[1, 0], [2, 3]]),
        ([np.array([True]), np.array([False, True])], 0, "bool", [[True, False], [False, True]]),
        ([np.zeros((1, 2)), np.ones((2, 2))], 5, "float64", [[[0, 0], [5, 5]], [[1, 1], [1, 1]]]),
    ],
)  # fmt: skip
def test_arrays_below_each_other(parts: Any, value: float, dtype: str, expected: Any) -> None:
    found = padded(parts, 2, value)
    assert found.dtype == dtype and found.tolist() == expected


@pytest.mark.parametrize(
    ("cores", "quota", "expected"),
    [(1, None, 1), (6, None, 6), (6, "max 100000", 6), (6, "150000 100000", 2), (6, "200000 100000", 2),
     (6, "50000 100000", 1), (6, "0 100000", 1), (2, "900000 100000", 2), (3, "", 3), (3, "x y", 3)],
)  # fmt: skip
def test_cores_are_those_that_a_process_is_granted(
    cores: int, quota: str | None, expected: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {*range(cores)}, raising=False)
    monkeypatch.setattr(threads, "_CGROUP_QUOTA", tmp_path / "cpu.max")
    if quota is not None:
        (tmp_path / "cpu.max").write_text(quota, encoding="ascii")
    assert threads.usable_cores() == expected
    monkeypatch.delattr(os, "sched_getaffinity")
    for known, found in ((cores, expected), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda known=known: known)
        assert threads.usable_cores() == found


def test_a_copy_of_the_process_ends_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Any] = []
    monkeypatch.setattr(process.os, "write", lambda *given: done.append(given))
    monkeypatch.setattr(process.os, "_exit", done.append)
    end_copy(os.getpid(), "acme")
    assert done == []
    end_copy(os.getpid() + 1, "acme")
    assert done == [(2, b"acme copied the process when it was imported (fork). The copy ends here.\n"), 1]

    def closed(*given: Any) -> int:
        raise OSError("closed")

    monkeypatch.setattr(process.os, "write", closed)
    end_copy(os.getpid() + 1, "acme")
    assert done[2:] == [1]


@pytest.mark.parametrize(
    ("base", "exponent", "slope"), [(0.0, 0.0, 0.0), (0.0, 2.0, 0.0), (2.0, 3.0, 8 * np.log(2)), (1.0, 5.0, 0.0)]
)
def test_slopes_of_exponents(base: float, exponent: float, slope: float) -> None:
    assert pl.grad(lambda b: np.power(base, b))(exponent) == pytest.approx(slope, abs=1e-15)
    both = pl.grad(lambda a, b: np.sum(a**b), argnums=1)(np.array([base, 2.0]), np.array([exponent, 3.0]))
    np.testing.assert_allclose(both, [slope, 8 * np.log(2)], atol=1e-15)


@pytest.mark.parametrize("channels", [1, 3, None])
def test_grey_levels_or_colours(channels: int | None) -> None:
    folder: Any = pl.create("dataset", "image_folder", train="nowhere", channels=channels, size=np.int64(4))
    assert folder.channels == channels
    for wrong in ({"channels": 2}, {"channels": 4}, {"size": 0}, {"size": [4]}, {"size": [4, 5, 6]}, {"size": [4, 0]}):
        with pytest.raises((ConfigError, DataError)):
            pl.create("dataset", "image_folder", train="nowhere", **wrong)


class Bare(pl.Optimizer):
    """It has a rate and nothing else, and notes what it is given."""

    def __init__(self, lr: float = 0.5) -> None:
        self.lr, self.given = lr, list[Any]()

    def step(self, segments: Any) -> None:
        self.given = [
            (segment.lr, segment.weight_decay, [param.path for param in segment.params]) for segment in segments
        ]


def test_who_has_no_decay_is_given_none() -> None:
    model = pl.build("dense", units=1, input_shape=(2,), seed=0, backend="reference")
    for own, expected in ((Bare(), [(0.5, 0.0, ["weight", "bias"])]), (pl.SGD(lr=0.25, weight_decay=0.125), None)):
        trainer = pl.Trainer(model, loss="mse", optimizer=own, seed=0)
        before = [param.data.copy() for param in model.parameters()]
        trainer.train_step(np.zeros((3, 2)), np.zeros((3, 1)) + before[1])
        if expected is not None:
            assert own.given == expected  # type: ignore[union-attr]
            continue
        weight, bias = (param.data for param in model.parameters())
        np.testing.assert_allclose(weight, before[0] * (1 - 0.25 * 0.125), rtol=1e-6)
        np.testing.assert_array_equal(bias, before[1])


def test_members_are_packed_as_they_promise_until_it_is_known_better() -> None:
    pytest.importorskip("pellucid.ops.kernels.native")
    layers = [{"type": "dense", "units": 2}, {"type": "dense", "units": 2}]
    models = [pl.build({"type": "sequential", "layers": [layer, *more]}, input_shape=(2,), seed=0, backend="cython")
              for layer, more in ((layers[0], []), (layers[0], ["prelu"]))]  # fmt: skip
    pack = pl.Pack([pl.Trainer(model, loss="mse", seed=0) for model in models])
    assert pack.packed == [True, True], "as they promise"
    pack.fit((np.ones((6, 2)), np.ones((6, 2))), epochs=2, batch_size=3, verbose=False)
    assert pack.packed == [True, False]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0, 1] * 4, True), ([5, 9] * 4, True), ([*range(20)] * 2, True), ([*range(100, 120)] * 2, True),
        ([*range(21)] * 2, True), ([*range(1, 22)] * 2, True), ([*range(2, 23)] * 2, None),
        ([*range(20), 21] * 2, None), ([*range(1, 21), 22] * 2, None), ([*range(-1, 20)] * 2, None),
        ([*range(3)], False), ([0, 1, 2, 2, 2], False), ([0, 1, 2, 2, 2, 2], True), ([0, 1], True),
        ([*range(50)], False),
    ],
)  # fmt: skip
def test_whole_numbers_that_are_labels(values: list[int], labels: bool | None) -> None:
    """Two of each on average; and few, or from 0 or 1 on without a gap."""
    if labels is None:
        with pytest.raises(DataError, match="whole numbers that may be labels of classes, or numbers to be predicted"):
            _like_labels(np.array(values), "y")
        return
    assert _like_labels(np.array(values), "y") is labels
    texts = np.array([f"name {value}" for value in values])
    if labels:
        assert _like_labels(texts, "y")
    else:
        with pytest.raises(DataError, match="these look like names of the samples, not of classes"):
            _like_labels(texts, "y")


def test_a_tuple_is_several_targets_and_not_those_of_each_step() -> None:
    x = [np.array([1, 2]), np.array([3, 4, 5])]
    for y in ((np.array([0, 1]), np.array([1, 0])), ([0, 1], [0.5, 1.5]), ([0, 1], [0, 1], [1, 1])):
        data = pl.Sequences(x, y)
        assert isinstance(data.targets, tuple) and [len(part) for part in data.targets] == [2] * len(y)
    for steps in ((np.array([0, 1]), np.array([1, 0, 1])), ([0, 1], [1, 0, 1])):
        with pytest.raises(DataError, match=r"a tuple is several targets.* give a list: Sequences\(x, list\(y\)\)"):
            pl.Sequences(x, steps)
        assert isinstance(pl.Sequences(x, list(steps)).targets, list)


@pytest.mark.parametrize(
    ("images", "epochs"), [(1, 40), (1200, 40), (1250, 38), (2400, 20), (4800, 10), (9600, 5), (10**6, 5), (0, 40)]
)
def test_few_images_come_more_often(images: int, epochs: int) -> None:
    """About 1,500 steps of 32 images, in 5 to 40 epochs."""
    found = proposal((28, 28, 1), 10, images)
    assert found["train"] == {"epochs": epochs, "batch_size": 32}
    assert found["data"] == {"transforms": [{"type": "core/scale", "factor": 2.0, "offset": -1.0}]}
    assert "data" not in proposal((28, 28, 1), 10, images, chosen=True)


@pytest.mark.parametrize(
    ("side", "filters"),
    [(7, None), (8, [32]), (16, [32, 64]), (28, [32, 64]), (32, [32, 64, 128]), (64, [32, 64, 128, 256]),
     (999, [32, 64, 128, 256])],
)  # fmt: skip
def test_a_stage_for_each_halving(side: int, filters: list[int] | None) -> None:
    pytest.importorskip("pellucid_cnn")
    for shape in ((side, side, 3), (side, side + 100, 1), (side + 100, side, 1)):
        model = proposal(shape, 10, 100)["model"]
        assert model.get("filters") == filters
        assert filters is not None or model["layers"][0]["type"] == "core/flatten"


def test_in_training_one_player_is_asked_and_in_evaluation_all() -> None:
    asked: list[Any] = []

    class Noting(Smooth):
        def call(self, ctx: Any, model: Any, batch: Any) -> Any:
            asked.append((ctx.training, ctx.player))
            return super().call(ctx, model, batch)

    x = np.random.default_rng(0).normal(size=(8, 2))
    with use_registry(registry()):
        model = pl.build(SMALL, input_shape=(2,), seed=0, backend="reference")
        trainer = pl.Trainer(model, objective=Noting(), optimizer="adam", seed=0)
        for _ in range(4):
            trainer.train_step(x)
        turns = Noting.turns
        assert asked == [(True, turns[step % len(turns)]) for step in range(4)]
        asked.clear()
        trainer.evaluate((x, None))
    assert asked == [(False, player) for player in dict.fromkeys(turns)]
