"""What frames say is what the model says: surface, units, curve; of planes, of pictures, of values."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from pellucid_studio.arrays import packed, text_of
from pellucid_studio.experiment import Ready, made_of
from pellucid_studio.frames import GRID, LINE, Curve, Frames, _is_curve
from pellucid_studio.look import Look, looked
from pellucid_studio.table import give

PLANE: dict[str, Any] = {
    "data": {"type": "half_moons", "n": 60, "seed": 1, "transforms": ["standardize"]},
    "model": {"type": "sequential", "layers": [{"type": "dense", "units": 3, "activation": "relu"},
                                               {"type": "dropout", "rate": 0.5}, {"type": "dense", "units": 2}]},
    "loss": "softmax_cross_entropy", "train": {"epochs": 3, "batch_size": 16, "seed": 5},
}  # fmt: skip


def unpacked(array: dict[str, Any]) -> np.ndarray[Any, Any]:
    kind = {"f4": "<f4", "i4": "<i4", "u1": "u1"}[array["type"]]
    return np.frombuffer(base64.b64decode(array["data"]), kind).reshape(array["shape"])


def trained(sections: dict[str, Any]) -> tuple[Ready, Frames, Look]:
    ready = made_of(sections)
    frames = Frames(ready)
    ready.trainer.fit(ready.splits, epochs=2, batch_size=ready.batch_size, verbose=False)
    return ready, frames, looked(ready.trainer)


@pytest.mark.parametrize(
    "array", [np.arange(6.0).reshape(2, 3), np.arange(4), np.array([True, False]), np.zeros((0, 2))]
)
def test_arrays_are_packed_as_they_are(array: np.ndarray[Any, Any]) -> None:
    np.testing.assert_array_equal(unpacked(packed(array)), array)


def test_of_one_input_the_curve_is_what_the_model_predicts_in_the_unit_of_the_data() -> None:
    layers = [{"type": "dense", "units": 4, "activation": "tanh"}, {"type": "dense", "units": 1}]
    ready, frames, look = trained({
        "data": {"type": "sine", "n": 80, "seed": 2, "transforms": ["standardize"]},
        "model": {"type": "sequential", "layers": layers}, "loss": "mse",
        "train": {"epochs": 3, "batch_size": 16, "seed": 5},
    })  # fmt: skip
    network, data = frames.described()
    assert data["task"] == "regression" and network["outputs"] == ["y"]
    ((low, high),) = data["bounds"]
    x = np.asarray(ready.splits.train.x)
    assert low < x.min() and x.max() < high and len(unpacked(data["points"]["x"])) == len(x)
    made = frames.made(look, moving=True, surface=True, units=True)
    expected = ready.model.predict(np.linspace(low, high, LINE, dtype=np.float32)[:, None])
    np.testing.assert_allclose(unpacked(made["line"]), expected[:, 0], rtol=1e-4, atol=1e-6)
    assert "surface" not in made and [unit["path"] for unit in made["units"]] == ["layers.0", "layers.1"]
    assert "line" not in frames.made(look, moving=True, surface=False, units=True)


@pytest.mark.parametrize(
    ("x", "y", "curve"),
    [
        ((5, 1), np.zeros(5), True), ((5, 1), np.zeros((5, 1)), True), ((5, 1), np.zeros((5, 1, 1)), True),
        ((5, 1), np.zeros((5, 3)), False), ((5, 1), np.zeros((5, 1, 3)), False), ((5, 2), np.zeros(5), False),
        ((5, 1), np.zeros(5, int), False), ((5, 1), None, False),
    ],
)  # fmt: skip
def test_a_curve_is_one_number_of_one_number(x: Any, y: Any, curve: bool) -> None:
    assert _is_curve(np.zeros(x), y) == curve


def test_of_logits_the_curve_shows_how_probable_they_make_it() -> None:
    x = [[k / 10] for k in range(40)]
    ready, frames, look = trained({
        "data": {"type": "studio/own_table", "name": give("t.csv", table(x, [(a / 4.1) ** 2 for (a,) in x]))},
        "model": {"type": "sequential", "layers": [{"type": "dense", "units": 1}]}, "loss": "binary_cross_entropy",
        "train": {"epochs": 3, "batch_size": 16, "seed": 5},
    })  # fmt: skip
    frames.described()
    line = unpacked(frames.made(look, moving=True, surface=True, units=True)["line"])
    assert line.min() >= 0 and line.max() <= 1
    (said,) = frames.bounds or ((0, 0),)
    logits = np.asarray(ready.model.predict(np.linspace(*said, LINE, dtype=np.float32)[:, None]))
    np.testing.assert_allclose(line, 1 / (1 + np.exp(-logits[:, 0])), rtol=1e-4)


@pytest.mark.parametrize("columns", [1, 2])
def test_where_a_number_is_missing_there_is_no_plane_and_no_curve(columns: int) -> None:
    x = [[k / 10, k % 3][:columns] for k in range(40)]
    for row in x[::4]:
        row[0] = ""  # type: ignore[call-overload]
    data = {"type": "studio/own_table", "name": give("gap.csv", table(x, [k / 7 for k in range(40)]))}
    frames = Frames(made_of({
        "data": data, "model": {"type": "sequential", "layers": [{"type": "dense", "units": 1}]}, "loss": "mse",
    }))  # fmt: skip
    assert frames.described()[1]["bounds"] is None


def table(x: Any, y: Any) -> bytes:
    """As CSV with names."""
    rows = [[*(f"x{i}" for i in range(len(x[0]))), "y"], *([*a, b] for a, b in zip(x, y, strict=True))]
    return "\n".join(",".join(map(str, row)) for row in rows).encode()


def test_a_curve_that_takes_too_much_memory_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid_studio.frames.MOST_NUMBERS", 4 * LINE)
    layers = [{"type": "dense", "units": 4}, {"type": "dense", "units": 1}]
    for model, there in ((layers[1:], True), (layers, False)):
        _, frames, look = trained({
            "data": {"type": "sine", "n": 80}, "model": {"type": "sequential", "layers": model}, "loss": "mse",
            "train": {"epochs": 3},
        })  # fmt: skip
        assert (frames.described()[1]["bounds"] is not None) == there
        assert ("line" in frames.made(look, moving=True, surface=True, units=True)) == there


def test_the_surface_is_what_the_model_predicts_in_the_unit_of_the_data() -> None:
    """Transforms are applied, evaluation mode holds, the lowest row is the first."""
    ready, frames, look = trained(PLANE)
    made = frames.made(look, moving=False, surface=True, units=True)
    surface = unpacked(made["surface"]["grid"])
    (left, right), (low, high) = frames.bounds or ((0, 0), (0, 0))
    x, y = np.linspace(left, right, GRID), np.linspace(low, high, GRID)
    for column, row in ((0, 0), (GRID - 1, 3), (17, GRID - 1)):
        outputs = ready.model.predict(np.array([[x[column], y[row]]], np.float32))
        said = ready.trainer.objective.probabilities(outputs)
        assert said is not None
        np.testing.assert_allclose(surface[:, row, column], said[0], rtol=1e-5)
    np.testing.assert_allclose(surface.sum(axis=0), 1.0, rtol=1e-5)
    first = unpacked(made["units"][0]["maps"])
    trace = ready.model.trace(np.array([[x[2], y[4]]], np.float32))
    np.testing.assert_allclose(first[:, 2, 1], trace["layers.0.y"][0], rtol=1e-5, atol=1e-6)
    for path, parameter in ready.model.named_parameters():
        np.testing.assert_array_equal(unpacked(made["weights"][path]), parameter.data)
    assert made["validation"]["loss"] == pytest.approx(ready.trainer.history[-1]["validation_loss"])


def test_a_look_is_not_the_model_that_goes_on_training() -> None:
    ready, frames, look = trained(PLANE)
    before = unpacked(frames.made(look, moving=False, surface=True, units=False)["surface"]["grid"])
    ready.trainer.fit(ready.splits, epochs=1, batch_size=ready.batch_size, verbose=False)
    again = unpacked(frames.made(look, moving=False, surface=True, units=False)["surface"]["grid"])
    np.testing.assert_array_equal(before, again)
    later = frames.made(looked(ready.trainer), moving=False, surface=True, units=False)
    assert (unpacked(later["surface"]["grid"]) != before).any()


def test_of_values_the_surface_is_their_height() -> None:
    points = {"type": "studio/points", "x": [[0, 0], [0, 1], [1, 0], [1, 1]], "y": [0.5, 1.5, 2.5, 3.5]}
    sections = {
        **PLANE,
        "data": {**points, "validation": 0, "test": 0},
        "model": {"type": "dense", "units": 1},
        "loss": "mse",
    }
    ready, frames, look = trained(sections)
    network, data = frames.described()
    assert data["task"] == "regression" and data["test"] is None and unpacked(data["points"]["y"]).shape == (4,)
    grid = unpacked(frames.made(look, moving=False, surface=True, units=False)["surface"]["grid"])
    assert grid.shape == (GRID, GRID) and network["outputs"] == ["y1"]
    left, low = frames.bounds[0][0], frames.bounds[1][0]  # type: ignore[index]
    np.testing.assert_allclose(grid[0, 0], ready.model.predict(np.array([[left, low]], np.float32))[0, 0], rtol=1e-5)


def test_of_pictures_there_are_pictures_and_activations_of_one() -> None:
    pytest.importorskip("pellucid_cnn")
    layers = [{"type": "reshape", "shape": [8, 8, 1]}, {"type": "cnn/conv2d", "filters": 2, "kernel_size": 3},
              {"type": "flatten"}, {"type": "dense", "units": 10}]  # fmt: skip
    sections = {"data": {"type": "digits"}, "model": {"type": "sequential", "layers": layers},
                "loss": "softmax_cross_entropy", "train": {"epochs": 1, "batch_size": 64, "seed": 1}}  # fmt: skip
    ready = made_of(sections)
    frames = Frames(ready)
    network, data = frames.described()
    assert data["pictures"]["shape"] == [12, 8, 8] and data["points"] is None
    assert network["layers"][1]["shape"][-1] == 2 and len(network["outputs"]) == 10
    made = frames.made(looked(ready.trainer), moving=False, surface=True, units=True, sample=3)
    shown = {unit["path"]: unpacked(unit["activations"]) for unit in made["units"]}
    trace = ready.model.trace(frames.sample(3))
    np.testing.assert_allclose(shown["layers.1"], trace["layers.1.y"][0], rtol=1e-4, atol=1e-6)
    assert "surface" not in made


@pytest.mark.parametrize(("surface", "units"), [(False, False), (True, False), (False, True), (True, True)])
def test_only_what_is_asked_for_is_said_of_the_plane(surface: bool, units: bool) -> None:
    made = trained(PLANE)[1]._over_plane(surface, units)
    assert set(made) == {name for name, asked in (("surface", surface), ("units", units)) if asked}


def test_what_a_sample_ought_to_be_is_a_class_or_its_first_twelve_numbers() -> None:
    frames = trained(PLANE)[1]
    x, labels = frames.samples
    assert frames._of_sample(3)[1]["y"] == int(np.asarray(labels)[3])
    numbers = np.arange(len(labels) * 14.0).reshape(-1, 7, 2)
    frames.samples = x, numbers
    assert frames._of_sample(3)[1]["y"] == numbers[3].ravel()[:12].tolist()
    assert frames._of_sample(len(numbers) + 3)[1]["y"] == numbers[3].ravel()[:12].tolist()
    frames.samples = x, None
    assert "y" not in frames._of_sample(3)[1]


def test_every_preset_can_be_shown() -> None:
    from pellucid_studio.presets import PRESETS

    for preset in PRESETS:
        sections = {**preset["sections"]}
        if preset["name"].startswith("Digits of"):
            continue  # 70,000 of them are not loaded for this
        frames = Frames(made_of(sections))
        text_of({"network": frames.described()[0], "data": frames.described()[1]})
        text_of(frames.made(looked(frames.ready.trainer), moving=True, surface=True, units=True))


def look_at(step: int, epoch: int, totals: tuple[float, float], loss: float, record: Any = None) -> Look:
    return Look(step, epoch, 0, loss, totals, record, np.zeros(1), (), None, None, (), (), 0.0)


def test_the_curve_is_the_mean_since_the_look_before() -> None:
    """Of an epoch's first look, whose sum may run ahead of its count: the step's own loss, or the last epoch's mean."""
    curve = Curve()
    curve.add(look_at(2, 0, (6.0, 4.0), 9.0))
    curve.add(look_at(4, 0, (8.0, 8.0), 9.0))
    curve.add(look_at(4, 0, (8.0, 8.0), 9.0))  # nothing new
    curve.add(look_at(10, 2, (3.0, 2.0), 9.0, {"loss": 7.0}))
    curve.add(look_at(12, 3, (0.0, 0.0), 9.0, {"loss": 0.25}))
    new, known = curve.since(0, 0)
    assert new == {"from": 0, "steps": [2, 4, 10, 12], "loss": [9.0, 0.5, 7.0, 9.0]}
    curve.add(look_at(13, 3, (float("nan"), 1.0), float("nan")))
    assert curve.since(*known)[0] == {"from": 4, "steps": [13], "loss": [None]}


def test_a_long_curve_is_thinned_and_then_sent_whole() -> None:
    curve = Curve()
    known = (0, 0)
    for step in range(1, 3 * Curve.MOST):
        curve.add(look_at(step, 0, (float(step), float(step)), 1.0))
        new, known = curve.since(*known)
        assert len(curve.steps) <= Curve.MOST + 1 and known[1] == len(curve.steps)
        assert new["from"] + len(new["steps"]) == len(curve.steps)
    assert curve.steps == sorted(set(curve.steps)) and curve.steps[-1] == 3 * Curve.MOST - 1


def test_a_number_to_be_met_is_no_class() -> None:
    pytest.importorskip("pellucid_datasets")
    sections = {"data": {"type": "sine", "n": 60}, "model": {"type": "dense", "units": 1}, "loss": "mse"}
    network, data = Frames(made_of(sections)).described()
    assert (data["task"], data["classes"], network["outputs"]) == ("regression", None, ["y"])


def test_inputs_are_those_that_the_weights_see() -> None:
    """A column of texts is one input for each text; the sample in view holds these numbers, too."""
    pytest.importorskip("pellucid_tabular")
    name = give("shirts.csv", b"size,colour,kind\n" + b"1,red,big\n2,blue,small\n" * 10)
    sections = {
        "data": {"type": "studio/own_table", "name": name},
        "model": {"type": "dense", "units": 2},
        "loss": "softmax_cross_entropy",
    }
    _, frames, look = trained(sections)
    network, data = frames.described()
    assert data["bounds"] is None  # between two texts there is nothing
    inputs, weight = network["inputs"], network["layers"][0]["parameters"]["weight"]
    assert inputs == ["size", "colour = missing", "colour = blue", "colour = red"] and weight == [4, 2]
    sample = frames.made(look, moving=False, surface=False, units=True)["sample"]
    assert sorted(unpacked(sample["x"])[1:]) == [0.0, 0.0, 1.0]


def test_the_next_network_on_the_same_samples_does_not_read_them_again() -> None:
    pytest.importorskip("pellucid_datasets")
    first, same = made_of(PLANE), made_of({**PLANE, "model": {"type": "dense", "units": 2}})
    assert same.splits is first.splits
    other = made_of({**PLANE, "data": {**PLANE["data"], "n": 80}})
    assert other.splits is not first.splits and len(other.splits.train) > len(first.splits.train)
    again = made_of({**PLANE, "data": {**PLANE["data"], "seed": 2}})
    assert (again.splits.train.x != first.splits.train.x).any()  # type: ignore[union-attr,attr-defined]
