"""What is recorded, counted and told by parts that nobody looks at by themselves."""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError
from pellucid.interfaces.context import Context
from pellucid.interfaces.transform import as_read, takes_missing
from pellucid.ops.backends import get_ops
from pellucid.saving import reading
from pellucid.saving.documents import MAX_DEPTH, parse
from pellucid.standard import process
from pellucid.standard.intact import _ours
from pellucid.standard.process import threads_and_copies_told
from pellucid.standard.targets import _try
from pellucid.training.data import fitted_transforms

from tests.testing.wrong.promises import Sine

X, Y = np.random.default_rng(0).normal(size=(10, 3)), np.random.default_rng(1).normal(size=(10, 2))


@pytest.mark.parametrize("name", ["hinge", "focal", "binary_focal", "kl_divergence", "cosine_similarity"])
def test_array_code_spoils_what_is_recorded(name: str) -> None:
    """A plan of it would be replayed without what NumPy has computed."""
    pytest.importorskip("pellucid.ops.kernels.native")
    ops = get_ops("cython")
    loss: Any = pl.create("loss", name)
    ctx = Context(ops, training=True)
    z = np.full((4, 3), 0.25, np.float32)
    t = np.zeros(4, np.int64) if name in ("hinge", "focal") else np.full((4, 3), 1 / 3, np.float32)
    _, plan = ops.record(lambda: (ops.fill(z, 0.5), loss.forward(ctx, z, t)))
    assert plan is None
    _, plan = ops.record(lambda: ops.fill(z, 0.5))
    assert plan is not None


class Squares(pl.CompositeObjective):
    """Mean squares, by the weights of the batch where there are any."""

    def call(self, ctx: pl.Context, model: Any, batch: pl.Batch) -> Any:
        return self.mean(ctx, batch, np.mean((model(ctx.variable(batch.x)) - batch.y) ** 2, axis=1))


@pytest.mark.parametrize("weight", [None, np.arange(10.0)])
@pytest.mark.parametrize("rows", [3, 4, 7])
def test_parts_of_a_step_of_unlike_sizes_are_weighed(weight: Any, rows: int) -> None:
    found = []
    for objective in ({"objective": Squares()}, {"loss": "mse"}):
        for size in (10, rows):
            model = pl.build("dense", units=2, input_shape=(3,), seed=0, dtype="float64", backend="reference")
            sgd = {"type": "sgd", "lr": 0.1}
            trainer = pl.Trainer(model, **objective, optimizer=sgd, accumulate=-(-10 // size), seed=0)  # type: ignore[arg-type]
            trainer.fit((X, Y), validation=(X, Y), epochs=1, batch_size=size, sample_weight=weight, verbose=False)
            found.append([*model.runtime.arena.data, *(trainer.history[-1][k] for k in ("loss", "validation_loss"))])  # type: ignore[union-attr]
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-10)


def test_threads_that_go_on_are_told_and_copies() -> None:
    go = threading.Event()

    def told(*threads: threading.Thread, copies: int = 0) -> list[str]:
        remarks: list[str] = []
        with threads_and_copies_told(remarks):
            for thread in threads:
                thread.start()
            process._FORKS["number"] += copies
        return remarks

    def waiting(name: str, **how: Any) -> threading.Thread:
        return threading.Thread(target=go.wait, args=(20,), name=name, **how)

    done = threading.Thread(target=int, name="done")
    try:
        assert told() == told(waiting("aside", daemon=True)) == []
        assert told(waiting("one"), waiting("two", daemon=True), waiting("three")) == [
            "Its import has started threads that no command can end before: one, three."
        ]
        assert told() == [], "they were there before"
        with pytest.raises(ZeroDivisionError), threads_and_copies_told([]):
            1 / 0  # noqa: B018
        done.start()
        done.join()
        copied = told(copies=1)
        assert copied == ["Its import copies the process (fork); copies that went on from there were ended."]
    finally:
        go.set()
        process._FORKS["number"] -= 1


def test_what_is_ours_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pellucidity", "pellucid_acme", "xpellucid.a"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "pellucid.nothing", None)  # type: ignore[arg-type]
    ours = _ours()
    names = {owner.__name__ for owner in ours if isinstance(owner, ModuleType)}
    assert {"pellucid", "pellucid.interfaces.layer", "pellucid.training.run"} <= names
    assert all(name.partition(".")[0] == "pellucid" for name in names)
    assert pl.Layer in ours and pl.Trainer in ours and int not in ours and np.ndarray not in ours


def test_transforms_are_fitted_to_the_first_input_one_after_the_other() -> None:
    several = (X * 3 + 5, X - 100)
    for x in (several, several[0]):
        made = [pl.create("transform", "standardize"), pl.create("transform", "standardize")]
        first, second = fitted_transforms(made, x)  # type: ignore[arg-type]
        assert [first, second] == made
        np.testing.assert_allclose(first.mean, several[0].mean(axis=0))  # type: ignore[attr-defined]
        np.testing.assert_allclose(first.std, several[0].std(axis=0))  # type: ignore[attr-defined]
        np.testing.assert_allclose(second.mean, 0, atol=1e-12)  # type: ignore[attr-defined]
        np.testing.assert_allclose(second.std, 1)  # type: ignore[attr-defined]
    assert fitted_transforms([], X) == []


class Doubled(pl.Transform):
    """Reads lists of words as their lengths."""

    takes_missing = True

    def read(self, x: Any) -> Any:
        return np.array([[len(word)] for word in x]) if isinstance(x, list) else None

    def fit(self, x: Any) -> None:
        """Learns nothing."""

    def apply(self, x: Any) -> Any:
        return x


def test_the_first_transform_reads_the_first_input() -> None:
    words, mask, plain = ["a", "bcd"], np.ones((2, 1), bool), pl.create("transform", "standardize")
    read = as_read([Doubled(), plain], words)  # type: ignore[list-item]
    assert read.tolist() == [[1], [3]]
    both = as_read([Doubled()], (words, mask, X))
    assert isinstance(both, tuple) and both[0].tolist() == [[1], [3]] and both[1] is mask and both[2] is X
    for x in (X, (X, mask)):
        assert as_read([Doubled()], x) is x and as_read([], x) is x
    assert as_read([plain, Doubled()], words) is words  # type: ignore[list-item]
    assert takes_missing([Doubled(), plain]) and not takes_missing([plain, Doubled()]) and not takes_missing([])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a\\u00e9": [1, 2.5, null, true, "\\u00e9"]}', {"aé": [1, 2.5, None, True, "é"]}), ("3", 3),
        (b'["\xc3\xa9", 1]', ["é", 1]), ('"\\ud83d\\ude00"', "😀"), ("[" * MAX_DEPTH + "]" * MAX_DEPTH, None),
    ],
)  # fmt: skip
def test_texts_with_escapes_are_read(text: Any, value: Any) -> None:
    found = parse(text)
    assert value is None or found == value


@pytest.mark.parametrize(
    "text", ['"\\ud83d"', '{"\\ude00": 1}', '[[["a", "\\ud83d"]]]', "[" * 300 + "]" * 300, "{", b"\xff"]
)
def test_texts_that_are_none_are_refused(text: Any) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_columns_that_have_names_are_known_by_them() -> None:
    model = pl.build("dense", units=2, input_shape=(3,), seed=0, backend="reference")
    trainer = pl.Trainer(model, loss="mse", seed=0)
    trainer.fit(pl.Split(X, Y, features=("a", "b", "c")), epochs=1, verbose=False)
    figures = [
        trainer.evaluate(pl.Split(x, Y, features=[*names]))["loss"] for x, names in ((X, "abc"), (X[:, ::-1], "cba"))
    ]
    assert figures[0] == figures[1] == trainer.evaluate((X, Y))["loss"]
    with pytest.raises(DataError, match="order"):
        trainer.fit(pl.Split(X[:, ::-1], Y, features=("c", "b", "a")), epochs=1, verbose=False)
    with pytest.raises(DataError, match="Missing: c; not known: d"):
        trainer.evaluate(pl.Split(X, Y, features=("a", "b", "d")))


@pytest.mark.parametrize(
    ("activation", "targets", "fits"),
    [("relu", [0.0, 3.0], True), ("relu", [-0.1, 3.0], False), ("sigmoid", [0.0, 1.0], True),
     ("sigmoid", [0.5, 1.1], False),
     ("sigmoid", [-0.1, 0.5], False), ("tanh", [-1.0, 1.0], True), ("tanh", [-2.0, 2.0], False), (None, [-9, 9], True)],
)  # fmt: skip
def test_targets_are_taken_to_where_outputs_are(activation: str | None, targets: list[float], fits: bool) -> None:
    model = pl.build("dense", units=1, activation=activation, input_shape=(3,), seed=0, backend="reference")
    if fits:
        _try(model, [], np.array(targets)[:, None])
        return
    with pytest.raises(ConfigError, match=r"takes the targets to .* and the outputs of this model lie between"):
        _try(model, [], np.array(targets)[:, None])


def test_an_epoch_left_in_the_middle_has_its_rows_and_steps() -> None:
    class Stop(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_step(lambda run: run.stop("enough") if run.step == 2 else None)

    def begun() -> pl.Trainer:
        model = pl.build("dense", units=2, input_shape=(3,), seed=0, backend="reference")
        trainer = pl.Trainer(model, loss="mse", callbacks=[Stop()], seed=0)
        trainer.fit((X, Y), epochs=1, batch_size=4, verbose=False)
        assert (trainer.position, trainer.steps) == (8, 2)
        trainer.callbacks = []
        return trainer

    for data, size in (((X, Y), 5), ((X[:9], Y[:9]), 4)):
        with pytest.raises(DataError, match="The last run ended 8 samples into epoch 1 of"):
            begun().fit(data, epochs=1, batch_size=size, verbose=False)
    trainer = begun()
    trainer.fit((X, Y), epochs=2, batch_size=4, verbose=False)
    assert (trainer.position, trainer.steps, trainer.epochs) == (0, 6, 2)
    trainer.fit((X[:9], Y[:9]), epochs=1, batch_size=5, verbose=False)
    assert (trainer.steps, trainer.epochs) == (8, 3)


@pytest.mark.parametrize("age", [0.0, 30.0, -30.0, 1e6])
def test_of_a_damaged_file_that_was_just_written_it_is_said(age: float, tmp_path: Path) -> None:
    model = pl.build("dense", units=2, input_shape=(3,), seed=0)
    pl.save(model, tmp_path / "a.safetensors")
    content = bytearray((tmp_path / "a.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "a.safetensors").write_bytes(content)
    then = time.time() - age
    os.utime(tmp_path / "a.safetensors", (then, then))
    with pytest.raises(pl.CheckpointError) as caught:
        pl.load(tmp_path / "a.safetensors")
    assert ("It was written to" in str(caught.value)) == (abs(age) <= reading._JUST_NOW)


@pytest.mark.parametrize("promise", [True, False])
def test_what_is_judged_again_and_again_is_what_the_code_says(promise: bool) -> None:
    """Validation that is recorded by who has promised too much, beside that which is not."""
    pytest.importorskip("pellucid.ops.kernels.native")
    own = type("Sine", (Sine,), {"capturable": promise})
    trainers = []
    for _ in range(2):
        layers = [pl.create("layer", "dense", units=2), own()]
        stack = pl.create("layer", "sequential", layers=layers)
        trainers.append(pl.Trainer(pl.build(stack, input_shape=(3,), seed=0, backend="cython"), loss="mse", seed=0))
    told: dict[str, Any] = {"validation": (X, Y), "epochs": 6, "batch_size": 5, "verbose": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pl.Pack(trainers[:1]).fit((X, Y), **told)
        trainers[1].fit((X, Y), **told)
    assert trainers[0].history.records == trainers[1].history.records
    assert len({record["validation_loss"] for record in trainers[0].history.records}) == 6


@pytest.mark.parametrize(
    ("y", "told"), [(lambda x: x, r"an array of shape \(2,\)"), (lambda x: "a", "a str"),
                    (lambda x: x[None], r"\(1, 2\)"),
                    (lambda x: [x], "a list"), (lambda x: None, "a NoneType")]
)  # fmt: skip
def test_a_function_without_a_scalar_has_no_gradient(y: Any, told: str) -> None:
    with pytest.raises(pl.ShapeError, match=rf"must return a scalar to have a gradient\. Received: .*{told}\."):
        pl.grad(y)(np.ones(2))
    for scalar in (lambda x: np.sum(x), lambda x: 3, lambda x: 3.0, lambda x: np.float32(1), lambda x: np.array(2.0)):
        assert np.shape(pl.grad(scalar)(np.ones(2))) == (2,)
