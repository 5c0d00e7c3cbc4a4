"""What frames say of one sample, of weights and of speed, of networks whose weights are set by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pellucid_studio import frames as made_by
from pellucid_studio.frames import MOST_UNITS, _rms, _validation

from plugins.studio.tests.by_hand import CORNERS, PICTURES, flat, linear, made, read, shown

# -- one sample --------------------------------------------------------------------------------------------------------


def test_a_sample_is_shown_as_the_weights_see_it_with_what_the_network_says_of_it() -> None:
    """Standardized, the corners of any rectangle are ±1; the third number is always 0."""
    frames, look, weight = linear(3, x=[[*corner, 0.0] for corner in CORNERS], transforms=("standardize",))
    for number, row in ((0, 0), (2, 2), (7, 3)):
        frame = made(frames, look, sample=number)
        first = np.array([1 if CORNERS[row][0] else -1, 1 if CORNERS[row][1] else -1, 0])
        said = first @ weight + [0, 1, 2]
        np.testing.assert_allclose(read(frame["sample"]["x"]), first, atol=1e-6)
        np.testing.assert_allclose(frame["sample"]["outputs"], said, rtol=1e-5, atol=1e-5)
        ((path, activations),) = [(unit["path"], read(unit["activations"])) for unit in frame["units"]]
        assert frame["sample"]["number"] == number and path == ""
        np.testing.assert_allclose(activations, said, rtol=1e-5, atol=1e-5)


def test_of_a_picture_its_own_numbers_are_shown_and_of_classes_how_probable_they_are() -> None:
    x = np.random.default_rng(0).random((5, 64), np.float32)
    frames, look = shown(x, np.arange(5) % 2, {"type": "dense", "units": 2}, "softmax_cross_entropy", ["standardize"])
    sample = made(frames, look, sample=3)["sample"]
    np.testing.assert_array_equal(read(sample["x"]), x[3].reshape(8, 8))
    z = frames.ready.model.predict(x[3:4])[0].astype(float)
    np.testing.assert_allclose(sample["outputs"], np.exp(z) / np.exp(z).sum(), rtol=1e-5)
    assert sample["y"] == 1 and isinstance(sample["y"], int)


@pytest.mark.parametrize(("units", "told"), [(1, 1), (MOST_UNITS, MOST_UNITS), (MOST_UNITS + 1, MOST_UNITS)])
def test_so_many_outputs_of_a_sample_are_told_and_those_that_are_no_numbers_as_none(units: int, told: int) -> None:
    frames, look, _ = linear(units, x=[[0.0, 0.0, 0.0]] * 2)
    weights = flat(frames, np.zeros((3, units)), [np.nan, *range(1, units)])
    assert made(frames, replace(look, weights=weights))["sample"]["outputs"] == [None, *map(float, range(1, told))]


@pytest.mark.parametrize("most", [11, 12])
def test_a_sample_of_too_many_numbers_is_not_shown(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made_by, "MOST_ACTIVATIONS", most)
    frames, look = shown(np.ones((2, 3, 4)), np.zeros((2, 1)), PICTURES)
    assert ("x" in made(frames, look)["sample"]) == (most == 12)


@pytest.mark.parametrize(("units", "there"), [(7, True), (8, True), (9, False)])
def test_activations_of_a_layer_are_shown_up_to_four_times_as_many(
    units: int, there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made_by, "MOST_ACTIVATIONS", 2)
    frames, look, _ = linear(units, x=[[0.0, 0.0, 0.0]] * 2)
    assert [unit["path"] for unit in made(frames, look)["units"]] == [""] * there


def test_of_a_network_of_several_outputs_a_sample_shows_the_first() -> None:
    pytest.importorskip("pellucid_vae")
    x = np.random.default_rng(0).random((6, 2), np.float32)
    frames, look = shown(x, None, {"type": "vae", "latent": 1, "hidden": [3]}, None)
    frame = made(frames, look, units=False)
    assert "surface" not in frame and "units" not in frame and "sample" not in frame
    frames._grid = None
    sample = made(frames, look)["sample"]
    y = frames.network.outputs(x[:1])[0][0]
    assert sample["outputs"] == y[0].tolist() and len(y[0]) == 2 and "y" not in sample


# -- weights, sizes and speed ------------------------------------------------------------------------------------------


def test_parameters_are_sent_up_to_a_size_and_to_a_smaller_one_while_training_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frames, look, weight = linear(3)
    for still, moving, names in ((6, 3, ["weight", "bias"]), (5, 3, ["bias"]), (5, 2, ["bias"])):
        monkeypatch.setattr(made_by, "MOST_WEIGHTS", still)
        monkeypatch.setattr(made_by, "MOST_WEIGHTS_MOVING", moving)
        sent = made(frames, look)["weights"]
        assert list(sent) == names and list(made(frames, look, moving=True)["weights"]) == ["bias"] * (moving == 3)
    monkeypatch.setattr(made_by, "MOST_WEIGHTS", 6)
    sent = made(frames, look)["weights"]
    np.testing.assert_array_equal(read(sent["weight"]), weight)
    np.testing.assert_array_equal(read(sent["bias"]), [0, 1, 2])


def test_sizes_are_root_mean_squares_of_each_parameter() -> None:
    frames, look, _ = linear(2)
    look = replace(look, weights=flat(frames, [1, 2, 3, 4], [5, 6]))
    gradient, before = flat(frames, [0, 0, 0, 2], [-3, 3]), flat(frames, [1, 2, 3, 0], [9, 6])
    both = replace(look, gradient=gradient, before=before)
    weight, bias = np.sqrt(30 / 4), np.sqrt(61 / 2)
    assert made(frames, look)["sizes"] == {
        "weight": {"weight": pytest.approx(weight), "gradient": None, "update": None},
        "bias": {"weight": pytest.approx(bias), "gradient": None, "update": None},
    }
    assert made(frames, both)["sizes"] == {
        "weight": {"weight": pytest.approx(weight), "gradient": 1.0, "update": 2.0},
        "bias": {"weight": pytest.approx(bias), "gradient": 3.0, "update": pytest.approx(np.sqrt(8))},
    }


@pytest.mark.parametrize(
    ("values", "size"), [([], 0.0), ([-3.0], 3.0), ([3.0, 4.0], np.sqrt(12.5)), ([1e30], None), ([np.nan, 1.0], None)]
)
def test_a_size_is_that_of_the_numbers_and_none_where_they_are_too_large(values: Any, size: float | None) -> None:
    found = _rms(np.array(values, np.float32))
    assert found == (None if size is None else pytest.approx(size))


def test_the_speed_is_that_over_the_last_twenty_looks_and_begins_anew_after_a_pause() -> None:
    frames, look, _ = linear(1)

    def speed(step: int, at: float, moving: bool = True) -> Any:
        return made(frames, replace(look, step=step, at=at), moving=moving, surface=False, units=False)["speed"]

    assert speed(0, 10.0) is None and speed(5, 10.0) is None
    assert [speed(10, 12.0), speed(40, 14.0)] == [5.0, 10.0]
    assert speed(41, 15.0, moving=False) is None and speed(100, 20.0) is None and speed(103, 21.0) == 3.0
    for number in range(18):
        assert speed(103 + number, 22.0 + number) == pytest.approx((3 + number) / (2 + number))
    assert speed(130, 41.0) == pytest.approx((130 - 103) / (41 - 21))


def test_a_frame_says_where_its_training_stands() -> None:
    frames, look, _ = linear(1)
    look = replace(look, step=7, epoch=2, position=3, loss=0.5, record={"loss": 1.0, "validation_loss": 2.0})
    frame = made(frames, look, surface=False, units=False)
    assert (frame["step"], frame["epoch"], frame["samples"], frame["loss"]) == (7, 2, 3, 0.5)
    assert frame["validation"] == {"loss": 2.0} and not {"surface", "units", "sample", "line"} & set(frame)
    for loss in (None, float("inf")):
        assert made(frames, replace(look, loss=loss))["loss"] is None


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (None, None), ({}, None), ({"loss": 1.0, "seconds": 2.0}, None),
        ({"loss": 1.0, "validation_loss": 2.0, "validation_hits": 3}, {"loss": 2.0, "hits": 3.0}),
        ({"validation_loss": float("nan"), "validation_note": "x", "of_validation_loss": 1.0}, {"loss": None}),
    ],
)  # fmt: skip
def test_of_a_record_the_figures_of_the_validation_are_told_by_their_own_names(record: Any, told: Any) -> None:
    assert _validation(record) == told
