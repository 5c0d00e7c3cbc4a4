"""A file of a trace: each value as it was, and each entry that is none at the edges of what may stand there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.equations import Activation
from pellucid.glassbox.record.quantity import Call, Quantity
from pellucid.glassbox.trace_file import _needed
from pellucid.saving.container import write
from pellucid.saving.reading import opened

Change = Callable[[Any, Any], Any]


class File:
    """The file of a step of two layers that can be changed."""

    def __init__(self, folder: Path) -> None:
        model = pl.build(pl.Sequential([pl.Dropout(0.5), pl.Dense(2)]), input_shape=(2,), seed=0, backend="reference")
        self.trace = pl.Trainer(model, loss="mse", seed=0).trace_step(np.ones((3, 2)), np.zeros((3, 2)))
        self.path = folder / "step.safetensors"
        self.trace.save(self.path)
        with opened(self.path, "trace") as file:
            self.document, self.tensors = json.dumps(file.header.document), file.tensors()

    def changed(self, change: Change) -> Path:
        document, tensors = json.loads(self.document), dict(self.tensors)
        change(document, tensors)
        write(self.path, "trace", document, tensors)
        return self.path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> File:
    return File(tmp_path_factory.mktemp("filed"))


def setting(**values: Any) -> Change:
    return lambda document, tensors: document["setting"].update(values)


def call(**values: Any) -> Change:
    """Of the second call, the model, which is inside of the first."""
    return lambda document, tensors: document["calls"][1].update(values)


def row(place: int, value: Any) -> Change:
    """Of the second quantity, x: [name, of, origin, call, same, held]."""
    return lambda document, tensors: document["quantities"][1].__setitem__(place, value)


def value(held: Any) -> Change:
    return lambda document, tensors: document["calls"][1]["values"].update(new=held)


COUNTS = "its 'setting' must hold step, epoch, total_steps, seed, full and sizes as counts"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (setting(step=-1), COUNTS), (setting(step=1 << 63), COUNTS), (setting(step=None), COUNTS),
        (setting(total_steps=True), COUNTS), (setting(seed=0.5), COUNTS), (setting(full="3"), COUNTS),
        (setting(epoch="1"), COUNTS),
        (setting(sizes=[3, -1]), COUNTS), (setting(sizes=None), COUNTS), (setting(sizes=[True]), COUNTS),
        (setting(dtype="float16"), "the 'dtype' of its 'setting' is 'float16'"),
        (setting(dtype=None), "the 'dtype' of its 'setting' is None"),
        (setting(backend=3), "the 'backend' of its 'setting' is 3"),
        (setting(scheduled=1), "the 'scheduled' of its 'setting' is 1"),
        (setting(clip_norm=0), "the 'clip_norm' of its 'setting' is 0"),
        (setting(clip_norm="1"), "the 'clip_norm' of its 'setting' is '1'"),
        (setting(clip_norm=True), "the 'clip_norm' of its 'setting' is True"),
        (setting(input_shapes=[[0]]), "the 'input_shapes' of its 'setting' is [[0]]"),
        (setting(input_shapes=[2]), "the 'input_shapes' of its 'setting' is [2]"),
        (setting(input_shapes=None), "the 'input_shapes' of its 'setting' is None"),
        (setting(model=[]), "the 'model' of its 'setting' is []"),
        (setting(optimizer="adam"), "the 'optimizer' of its 'setting' is 'adam'"),
        (setting(schedule=3), "the 'schedule' of its 'setting' is 3"),
        (setting(objective=0), "the 'objective' of its 'setting' is 0"),
        (lambda d, t: d["components"].__setitem__(0, 3), "its 'components.0' is 3"),
        (lambda d, t: d["components"][0].update(kind="view"), "its 'components.0' is {'"),
        (lambda d, t: d["components"][0].update(config=3), "its 'components.0' is {'"),
        (lambda d, t: d["calls"].__setitem__(1, []), "its 'calls.1' is []"),
        (call(path=3), "'path' of its 'calls.1' is 3"), (call(number=True), "'number' of its 'calls.1' is True"),
        (call(training=1), "'training' of its 'calls.1' is 1"), (call(given=None), "'given' of its 'calls.1' is None"),
        (call(component=True), "'component' of its 'calls.1' is True"),
        (call(outermost=None), "'outermost' of its 'calls.1' is None"),
        (lambda d, t: d["calls"][1].pop("parent"), "'parent' of its 'calls.1' is None"),
        (call(parent=1), "its call 1 is part of call 1, which comes later"),
        (call(parent=-1), "its call 1 is part of call -1, which comes later"),
        (call(component=99), "its call 1 is of a component it lacks"),
        (call(component=-1), "its call 1 is of a component it lacks"),
        (lambda d, t: d["calls"][1].update(component=len(d["components"])), "its call 1 is of a component it lacks"),
        (call(pattern="x"), "the names of its call 1 are 'x', without one place {}"),
        (call(pattern="{}{}"), "the names of its call 1 are '{}{}', without one place {}"),
        (call(pattern="{a}"), "the names of its call 1 are '{a}', without one place {}"),
        (call(pattern="{}{"), "the names of its call 1 are '{}{', without one place {}"),
        (call(groups={"seen": "x"}), "its call 1 groups what is no name"),
        (call(groups={"seen": [3]}), "its call 1 names what is no text"),
        (call(groups={"seen": {"a": 3}}), "its call 1 names what is no text"),
        (call(given={"x": 3}), "its call 1 names what is no text"),
        (call(made={"y": None}), "its call 1 names what is no text"),
        (call(given={"__x": "x"}), "its call 1 gives '__x' a meaning"),
        (call(made={"np": "x"}), "its call 1 gives 'np' a meaning"),
        (call(values={"erf": {"json": 1}}), "its call 1 gives 'erf' a meaning"),
        (call(groups={"erf": ["x"]}), "its call 1 gives 'erf' a meaning"),
        (value(3), "the value 'new' of its call at '' is 3"), (value({}), "the value 'new' of its call at '' is {}"),
        (value({"tuple": 3}), "the value 'new' of its call at '' is {'tuple': 3}"),
        (value({"array": "none"}), "the value 'new' of its call at '' is {'array': 'none'}"),
        (value({"array": 3}), "the value 'new' of its call at '' is {'array': 3}"),
        (value({"zeros": [-1]}), "the value 'new' of its call at '' is {'zeros': [-1]}"),
        (value({"zeros": [True]}), "the value 'new' of its call at '' is {'zeros': [True]}"),
        (value({"zeros": [7]}), "the value 'new' of its call at '' is {'zeros': [7]}"),
        (value({"zeros": [1] * 33}), "the value 'new' of its call at '' is {'zeros': [1, 1,"),
        (value({"zeros": [2], "dtype": "O"}), "an array has the type 'O'"),
        (value({"zeros": [2], "dtype": 3}), "an array has the type 3"),
        (value({"zeros": [2], "dtype": "c8"}), "an array has the type 'c8'"),
        (value({"draws": "beta_of"}), "the value 'new' of its call at '' is {'draws': 'beta_of'}"),
        (value({"symbol": 3}), "the value 'new' of its call at '' is {'symbol': 3}"),
        (value({"activation": 3}), "the value 'new' of its call at '' is {'activation': 3}"),
        (row(0, "rows"), "its quantity 'rows' is there twice or of 'given'"),
        (row(2, "found"), "its quantity 'x' is there twice or of 'found'"),
        (row(3, True), "its 'quantities.1' is ['x', '', 'given', True, None, True]"),
        (row(1, 3), "its 'quantities.1' is ['x', 3, 'given', None, None, True]"),
        (row(3, -1), "its quantity 'x' is of a call that it lacks"),
        (lambda d, t: row(3, len(d["calls"]))(d, t), "its quantity 'x' is of a call that it lacks"),
        (row(4, "loss"), "its quantity 'x' is the same as 'loss', which comes later"),
        (row(5, False), "the array of its quantity 'x' is missing"),
        (lambda d, t: t.pop("x"), "the array of its quantity 'x' is missing"),
        (lambda d, t: d["quantities"].__setitem__(1, d["quantities"][1][:5]),
         "its 'quantities.1' is ['x', '', 'given', None, None]"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(change: Change, told: str, file: File) -> None:
    with pytest.raises(pl.CheckpointError) as caught:
        pl.load_trace(file.changed(change))
    assert told in str(caught.value) and str(file.path) in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        setting(epoch=None), setting(step=(1 << 63) - 1), setting(sizes=[]), setting(clip_norm=0.5),
        setting(scheduled=None),
        setting(input_shapes=[[2, None]]), setting(dtype="float64"), setting(schedule=None),
        call(groups={"seen": ["x"]}),
        call(groups={"seen": {"a": "x"}}), call(parent=0), value({"zeros": [6], "dtype": "f4"}),
        value({"zeros": [], "dtype": "i8"}), value({"zeros": [1] * 32, "dtype": "b"}),
        value({"absent": "a dict"}), value({"symbol": "nothing"}), value({"tuple": []}), row(3, 0),
    ],
)  # fmt: skip
def test_what_fits_is_read(change: Change, file: File) -> None:
    assert "x" in pl.load_trace(file.changed(change))


@pytest.mark.parametrize(
    ("held", "read"),
    [
        ({"json": {"a": [1, None]}}, {"a": [1, None]}), ({"tuple": [1, 2]}, (1, 2)), ({"json": None}, None),
        ({"array": "x"}, np.ones((3, 2), np.float32)),
        ({"zeros": [2, 3], "dtype": "int32"}, np.zeros((2, 3), np.int32)),
        ({"zeros": [2], "dtype": "bool"}, np.zeros(2, bool)),
    ],
)  # fmt: skip
def test_values_are_as_they_were(held: Any, read: Any, file: File) -> None:
    made = pl.load_trace(file.changed(value(held))).calls[0].inner[0].values["new"]
    assert type(made) is type(read) and np.array_equal(made, read)
    assert not isinstance(made, np.ndarray) or made.dtype == read.dtype


def test_activations_and_draws_are_made_again(file: File) -> None:
    made = pl.load_trace(file.changed(value({"activation": "tanh"}))).calls[0].inner[0].values["new"]
    assert isinstance(made, Activation) and made.name == "tanh" and made(np.zeros(2)).tolist() == [0.0, 0.0]

    def draws(document: Any, tensors: Any) -> None:
        dropout = next(call for call in document["calls"] if call["path"] == "layers.0")
        dropout["values"].update(new={"draws": "uniform_of"})

    trace = pl.load_trace(file.changed(draws))
    dropout = next(call for call in trace.calls[0].within() if call.path == "layers.0")
    drawn = file.trace["layers.0.uniform"]
    assert np.array_equal(dropout.values["new"]((3, 2)), drawn)
    dropout.values["row_offset"] = 1
    assert np.array_equal(dropout.values["new"]((2, 2)), drawn[1:])
    del dropout.values["row_offset"]
    assert np.array_equal(dropout.values["new"]((3, 2)), drawn)


def test_calls_may_be_nested_two_hundred_deep(file: File) -> None:
    def nested(levels: int) -> Change:
        def change(document: Any, tensors: Any) -> None:
            calls = document["calls"]
            first = len(calls)
            calls += [{**calls[1], "parent": first + i - 1 if i else None} for i in range(levels)]

        return change

    pl.load_trace(file.changed(nested(200)))
    with pytest.raises(pl.CheckpointError, match="its calls are nested 200 deep"):
        pl.load_trace(file.changed(nested(201)))


def test_what_has_to_be_computed_before() -> None:
    inner = Call("l", None, "layer", "l.{}", given={"x": "x", "b": "b", "n": "nothing"}, made={"c": "c"})
    inner.groups = {"seen": ["d", "x"], "drawn": {"e": "e"}}
    quantities = {name: Quantity(name, None, inner) for name in "abcde"} | {"x": Quantity("x", np.ones(1), inner)}
    assert _needed(quantities["a"], quantities) == ["b", "c", "d", "e"]
    assert _needed(quantities["b"], quantities) == ["c", "d", "e"] and _needed(quantities["x"], quantities) == []
    assert _needed(Quantity("f", None), quantities) == []


def test_what_is_not_registered_is_told_by_its_class(file: File) -> None:
    def stranger(document: Any, tensors: Any) -> None:
        document["components"][document["calls"][1]["component"]].update({"class": "Own", "config": None})

    made = pl.load_trace(file.changed(stranger)).calls[0].inner[0]
    assert made.component is None
    assert made.without == "Own is not registered, so a file cannot name it: register the class in a plugin"

    def long(document: Any, tensors: Any) -> None:
        document["components"][document["calls"][1]["component"]].update({"class": "O" * 81, "config": None})

    assert pl.load_trace(file.changed(long)).calls[0].inner[0].without.startswith(f"{'O' * 80} is not registered")

    def other(document: Any, tensors: Any) -> None:
        document["components"][document["calls"][1]["component"]].update(
            {"class": "Own", "config": {"type": "acme/none"}}
        )

    assert pl.load_trace(file.changed(other)).calls[0].inner[0].without.startswith("Own cannot be made here: ")
