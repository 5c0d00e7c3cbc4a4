"""The lessons to begin with: what each trains, on what, and that it can be built; the points of one, by geometry."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from pellucid_studio.allowed import mistakes_in
from pellucid_studio.catalogue import lessons
from pellucid_studio.experiment import made_of
from pellucid_studio.presets import FIRST, PRESETS
from pellucid_studio.starting import first_sections

pytest.importorskip("pellucid_cnn")

MOONS = {"type": "half_moons", "noise": 0.15}
PLANES: dict[str, tuple[dict[str, Any] | None, list[int], str, int, int]] = {
    "Half moons": (MOONS, [8, 8, 2], "softmax_cross_entropy", 100_000, 32),
    "A straight line": (MOONS, [2], "softmax_cross_entropy", 100_000, 32),
    "Exclusive or": (None, [4, 2], "softmax_cross_entropy", 100_000, 32),
    "Spirals": (
        {"type": "spirals", "classes": 3, "turns": 1.0, "noise": 0.03}, [16, 12, 3], "softmax_cross_entropy", 100_000,
        32,
    ),
    "Blobs": ({"type": "gaussian_blobs"}, [4, 3], "softmax_cross_entropy", 100_000, 32),
    "A sine": ({"type": "sine"}, [16, 16, 1], "mse", 100_000, 32),
    "Iris": ({"type": "iris", "transforms": ["standardize"]}, [8, 3], "softmax_cross_entropy", 100_000, 32),
    "Digits of MNIST": ({"type": "mnist"}, [32, 10], "softmax_cross_entropy", 10, 128),
    "Filters on digits": ({"type": "digits", "flat": False}, [10], "softmax_cross_entropy", 100, 32),
}  # fmt: skip
"""Data, units of each dense layer, loss, epochs and rows of a batch."""
BY_NAME = {preset["name"]: preset["sections"] for preset in PRESETS}


def test_the_lessons_stand_in_their_order_and_the_first_is_shown_first() -> None:
    assert list(BY_NAME) == list(PLANES)
    assert BY_NAME["Half moons"] == FIRST and first_sections(None, None).sections == FIRST
    assert [each["name"] for each in lessons()] == list(PLANES)


@pytest.mark.parametrize("name", PLANES)
def test_a_lesson_trains_what_it_says(name: str) -> None:
    data, units, loss, epochs, rows = PLANES[name]
    sections = BY_NAME[name]
    assert data is None or sections["data"] == data
    dense = [layer for layer in sections["model"]["layers"] if layer["type"] == "dense"]
    assert [layer["units"] for layer in dense] == units
    assert [layer.get("activation") for layer in dense] == ["tanh"] * (len(units) - 1) + [None]
    assert sections["loss"] == loss and sections["optimizer"] == {"type": "adam", "lr": 0.01}
    assert sections["train"] == {"epochs": epochs, "batch_size": rows}
    assert set(sections) == {"data", "model", "loss", "optimizer", "train"} and not mistakes_in(sections)


def test_filters_stand_before_their_dense_layer() -> None:
    """Six filters of 3 x 3 and a pooling by 2: of pictures of 8 x 8 there remain 6 x 4 x 4 numbers."""
    *_, pooling, flatten, dense = made_of(BY_NAME["Filters on digits"]).model.children()
    assert dense[1].output_shape((96,)) == (10,)
    assert pooling[1].output_shape((8, 8, 6)) == (4, 4, 6) and flatten[1].output_shape((4, 4, 6)) == (96,)
    assert BY_NAME["Filters on digits"]["model"]["layers"][0] == {
        "type": "conv2d", "filters": 6, "kernel_size": 3, "activation": "relu"
    }  # fmt: skip


@pytest.mark.parametrize("name", [name for name in PLANES if name != "Digits of MNIST"])
def test_a_lesson_can_be_built_and_has_an_output_for_each_class(name: str) -> None:
    ready = made_of(BY_NAME[name])
    classes = ready.splits.classes
    outputs = ready.model.output_shape(*ready.trainer.runtime.input_shapes)
    assert outputs == (PLANES[name][1][-1],)
    assert classes is None or len(classes) == PLANES[name][1][-1]


def test_the_points_of_exclusive_or_are_four_clouds_of_25_around_their_corners() -> None:
    data = BY_NAME["Exclusive or"]["data"]
    assert data["type"] == "studio/points" and len(data["x"]) == len(data["y"]) == 100
    points = zip(data["x"], data["y"], strict=True)
    corners = Counter((math.copysign(1, a), math.copysign(1, b), y) for (a, b), y in points)
    assert corners == {(-1, -1, 0): 25, (1, 1, 0): 25, (-1, 1, 1): 25, (1, -1, 1): 25}
    assert all(round(number, 3) == number for point in data["x"] for number in point)


@pytest.mark.parametrize("corner", range(4))
def test_a_cloud_is_a_sunflower(corner: int) -> None:
    """The i-th point lies 0.075 √(i + 1/2) from the corner (±1/2, ±1/2), each turned by 2.4 rad against the last."""
    a, b = ((-0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (0.5, -0.5))[corner]
    cloud = [complex(x - a, y - b) for x, y in BY_NAME["Exclusive or"]["data"]["x"][25 * corner : 25 * corner + 25]]
    assert [abs(point) ** 2 for point in cloud] == pytest.approx([0.005625 * (i + 0.5) for i in range(25)], abs=6e-4)
    turns = [later / point for point, later in pairwise(cloud)]
    assert all(abs(turn / abs(turn) - complex(math.cos(2.4), math.sin(2.4))) < 0.03 for turn in turns)
    assert cloud[0].real > 0 and abs(cloud[0].imag) < 6e-4
