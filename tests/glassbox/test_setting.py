"""What a trace was taken of: the setting of a step, what of components is another since, and what has no answer."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.asked import asked
from pellucid.glassbox.record.as_taken import AsTaken, _same

X, Y = np.ones((3, 2)), np.ones((3, 1))


def trainer(**how: Any) -> Any:
    model = pl.build("dense", units=1, input_shape=(2,), seed=4, backend="reference", dtype="float64")
    return pl.Trainer(model, loss="mse", seed=7, **how)


def test_the_setting_of_a_step() -> None:
    made = trainer(clip_norm=0.5, schedule="constant", optimizer={"type": "sgd", "lr": 0.1})
    made.train_step(X, Y)
    setting = made.trace_step(X, Y).setting
    assert (setting.step, setting.epoch, setting.total_steps, setting.seed) == (1, None, 0, 7)
    assert (setting.sizes, setting.full, setting.file) == ((3,), 3, None)
    assert setting.model is made.model and setting.training is made
    told = setting.told
    assert (told["dtype"], told["backend"], told["clip_norm"], told["scheduled"]) == ("float64", "reference", 0.5, True)
    assert told["input_shapes"] == [[2]] and told["model"]["type"] == "core/dense"
    assert [told[name]["type"] for name in ("objective", "optimizer", "schedule")] == [
        "core/supervised", "core/sgd", "core/constant",
    ]  # fmt: skip
    assert not trainer().trace_step(X, Y).setting.told["scheduled"]


def test_the_setting_of_steps_of_a_run() -> None:
    traces: list[Any] = []

    class Look(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_trace(pl.create("callback", "trace").opener(run.trainer, traces.append))

    trainer(callbacks=[Look()], accumulate=2).fit(X, Y, batch_size=1, epochs=2, verbose=False)
    settings = [trace.setting for trace in traces]
    assert [(s.step, s.epoch, s.total_steps, s.sizes) for s in settings] == [
        (0, 0, 4, (1, 1)), (1, 0, 4, (1,)), (2, 1, 4, (1, 1)), (3, 1, 4, (1,)),
    ]  # fmt: skip


def test_the_setting_of_a_prediction() -> None:
    model = trainer().model
    setting = model.trace(X).setting
    assert (setting.step, setting.epoch, setting.total_steps, setting.seed, setting.sizes) == (0, 0, 0, 4, ())
    assert setting.training is None and "optimizer" not in setting.told and setting.model is model


def test_a_step_in_which_nothing_counts_can_be_opened() -> None:
    made = trainer()
    trace = made.trace_step(X, Y, weight=np.zeros(3))
    assert made.steps == 0 and float(trace["loss"]) == 0.0 and "weight.new" not in trace


def test_a_pattern_that_matches_nothing_is_told_where_it_was_written() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        trainer().trace_step(X, Y, keep="nothing")
    (warning,) = told
    assert Path(warning.filename) == Path(__file__)
    assert str(warning.message) == (
        "keep='nothing' matches no quantity of this step, so nothing was kept. trainer.trace_step(x, y).names() lists "
        "all that there is."
    )


# -- what is another since --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "now", "same"),
    [
        (1, 1, True), (1, 2, False), (1, 1.0, False), (True, 1, False), (float("nan"), float("nan"), True),
        ("a", "a", True),
        ([1, [2]], [1, [2]], True), ([1, 2], [1, 3], False), ([1, 2], [1], False), ([1], [1, 2], False),
        ([], (), False),
        ({"a": 1}, {"a": 1}, True), ({"a": 1}, {"a": 2}, False), ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        (np.ones(2), np.ones(2), True), (np.ones(2), np.ones((1, 2)), False),
        (np.ones(2), np.ones(2, np.float32), False),
        (np.array([0.0]), np.array([-0.0]), False), (np.zeros(2), np.ones(2), False), (None, None, True),
        (None, 0, False),
    ],
)  # fmt: skip
def test_what_is_the_same_as_it_was(then: Any, now: Any, same: bool) -> None:
    assert _same(then, now) is same


class Held(pl.Layer):
    """Holds arguments of all kinds, and a layer in a list and in a table."""

    def __init__(
        self, rate: float, shape: list[int], table: dict[str, Any], layers: list[Any], after: Any = None
    ) -> None:
        self.rate, self.shape, self.table, self.layers, self.after = rate, shape, table, layers, after

    def output_shape(self, shape: Any) -> Any:
        return shape

    def forward(self, ctx: Any, x: Any) -> Any:
        return x

    def backward(self, ctx: Any, dy: Any) -> Any:
        return dy


def changed(change: Any, named: frozenset[str] = frozenset()) -> list[str]:
    held = Held(0.5, [1, 2], {"a": np.zeros(1)}, [pl.Dropout(0.25), [pl.Dropout(0.125)]], pl.Dropout(0.75))
    taken = AsTaken(model=held, optimizer=None)
    change(held)
    return [str(each) for each in taken.changes(held, named)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda h: None, []),
        (lambda h: setattr(h, "rate", 0.25), ["'rate' of model (Held) was 0.5 and is 0.25"]),
        (lambda h: h.shape.append(3), ["'shape' of model (Held) was [1, 2] and is [1, 2, 3]"]),
        (lambda h: h.shape.__setitem__(1, 4), ["'shape.1' of model (Held) was 2 and is 4"]),
        (
            lambda h: h.table.__setitem__("a", np.ones(1)),
            ["'table.a' of model (Held) was array([0.]) and is array([1.])"],
        ),
        (lambda h: h.table.clear(), ["'table' of model (Held) was {'a': array([0.])} and is {}"]),
        (lambda h: setattr(h.layers[0], "rate", 0.5), ["'rate' of layers.0 (Dropout) was 0.25 and is 0.5"]),
        (lambda h: setattr(h.layers[1][0], "rate", 0.5), ["'rate' of layers.1.0 (Dropout) was 0.125 and is 0.5"]),
        (lambda h: setattr(h.after, "rate", 0.5), ["'rate' of after (Dropout) was 0.75 and is 0.5"]),
        (lambda h: delattr(h, "rate"), ["'rate' of model (Held) was 0.5 and is not there"]),
        (lambda h: setattr(h, "extra", pl.Dropout(0.5)), ["'extra' of model (Held) was not there and is Dropout"]),
        (lambda h: setattr(h, "other", 3), []),  # no argument, and no component
    ],
)
def test_what_is_another_is_named(change: Any, told: list[str]) -> None:
    found = changed(change)
    assert len(found) == len(told) and all(each.startswith(line) for each, line in zip(found, told, strict=True)), found


def test_arguments_that_do_not_matter_are_left_out() -> None:
    def both(held: Any) -> None:
        held.rate = held.layers[0].rate = 0.75

    assert len(changed(both)) == 2 and changed(both, frozenset(("rate",)))[0].startswith("'rate' of layers.0 ")
    assert len(changed(both, frozenset(("rate",)))) == 1 == len(changed(lambda h: setattr(h, "rate", 1)))


def test_the_first_three_changes_are_told() -> None:
    layers = [pl.Dropout(0.25) for _ in range(4)]
    taken = AsTaken(model=Held(0.5, [], {}, layers))
    for changes, more in ((3, ""), (4, "; and 1 more")):
        for layer in layers[:changes]:
            layer.rate = 0.5
        with pytest.raises(pl.ConfigError) as caught:
            taken.require(taken.roots["model"])  # type: ignore[arg-type]
        told = "; ".join(f"'rate' of layers.{k} (Dropout) was 0.25 and is 0.5" for k in range(3))
        assert str(caught.value).startswith(f"What this trace was taken of has changed since then: {told}{more}. Equa")
    AsTaken(model=layers[0]).require(layers[1])  # of others nothing is known


def test_types_and_backends_are_part_of_it() -> None:
    made = trainer().model
    taken = AsTaken(model=made)
    made.runtime.dtype = np.dtype("float32")
    made.weight.decay = not made.weight.decay
    assert [str(each) for each in taken.changes(made)] == [
        f"'weight.decay' of model (Dense) was {not made.weight.decay} and is {made.weight.decay}",
        "'dtype' of model (Dense) was 'float64' and is 'float32'",
    ]


# -- questions -------------------------------------------------------------------------------------------


def test_what_a_file_cannot_answer_is_the_fault_of_the_file() -> None:
    class Trace:
        def __init__(self, file: Path | None) -> None:
            self.setting = type("Setting", (), {"file": file})

        @asked
        def __why__(self, error: Exception, *, more: int = 0) -> int:
            if more:
                return more
            raise error

    assert Trace(None).__why__(ValueError(), more=3) == 3
    with pytest.raises(ValueError, match=r"^own$"):
        Trace(None).__why__(ValueError("own"))
    with pytest.raises(pl.DataError, match=r"^own$"):
        Trace(Path("a.trace")).__why__(pl.DataError("own"))
    with pytest.raises(
        pl.CheckpointError, match=r"^why has no answer from a\.trace: ValueError: own\. Expected: numbers"
    ):
        Trace(Path("a.trace")).__why__(ValueError("own"))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("model.dx", "the gradient at this input was not computed, because nothing in the step needs it."),
        ("model", "trace.names() lists all"),
        ("other.dx", "trace.names() lists all"),
        ("losss", "Did you mean 'loss'? trace.names() lists all"),
        (3, "Quantities have names, texts. Received: 3. trace.names() lists all"),
    ],
)
def test_a_quantity_that_there_is_none_of(name: Any, told: str) -> None:
    trace = trainer().trace_step(X, Y)
    with pytest.raises(pl.DataError) as caught:
        trace.quantity(name)
    assert told in str(caught.value)
    assert ("nothing in the step needs" in str(caught.value)) is (name == "model.dx")


def test_what_became_is_no_name_of_what_was_there_before() -> None:
    """Also where a step changes nothing: its gradients are 0, and so is the memory of the optimizer."""
    model = pl.build(pl.Sequential([pl.BatchNorm(), pl.Dense(1)]), input_shape=(2,), seed=0, backend="reference")
    for param in model.parameters():
        param.data[:] = 0.0
    made = pl.Trainer(model, loss="mse", optimizer={"type": "sgd", "lr": 0.1, "momentum": 0.9}, seed=0)
    trace = made.trace_step(np.zeros((3, 2)), np.zeros((3, 1)))
    made_anew = [name for name in trace.names() if name.endswith((".new", ".grad")) or name == "loss"]
    assert len(made_anew) == 15 and all(trace.quantity(name).same is None for name in made_anew)
    assert trace.quantity("layers.1.x").same == "layers.0.y" and trace.quantity("model.x").same == "x"


@pytest.mark.parametrize("left_out", ["weight", "bias", "x"])
def test_of_a_file_what_was_not_kept_is_asked_for(left_out: str, tmp_path: Path) -> None:
    kept_names = [name for name in trainer().trace_step(X, Y).names() if name != left_out]
    trainer().trace_step(X, Y, keep=kept_names).save(tmp_path / "step")
    with pytest.raises(pl.DataError, match=f"^This trace has not kept '{left_out}', without which nothing can be comp"):
        pl.load_trace(tmp_path / "step").replay()
