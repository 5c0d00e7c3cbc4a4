"""What a page takes from data: ranges, pictures, points and codes, and which of the samples it shows."""

from __future__ import annotations

import base64
import zlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio.export.demo import Demo
from pellucid_studio.export.describe import Description, describe
from pellucid_studio.export.samples import chosen, data_of, first_of, is_public, picture_of, ranges, sample_shape

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _from_the_beginning() -> None:
    """Each test draws the same numbers, whichever ran before it."""
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


def unpacked(found: Description, place: list[Any]) -> np.ndarray:
    """An array of a page, read back."""
    kind, at, shape = place
    whole = np.frombuffer(zlib.decompress(base64.b64decode(found.packed.text()), -15), np.uint8)
    width, size = np.dtype(kind).itemsize, int(np.prod(shape))
    planes = whole[at : at + size * width].reshape(width, size)
    return planes.T.copy().view(f"<{kind}").reshape(shape)


def demo(model: pl.Layer, split: pl.Split | None, count: int = 0, **how: Any) -> Demo:
    return Demo(model, describe(model), split, count, how.pop("inputs", None), **how)


def ann(shape: tuple[int, ...], outputs: int = 2, features: tuple[str, ...] | None = None) -> pl.Layer:
    """A classifier that has seen something."""
    layers: list[Any] = [pl.Flatten(), pl.Dense(outputs)] if len(shape) > 1 else [pl.Dense(outputs)]
    model = pl.build(pl.Sequential(layers), input_shape=shape, seed=0)
    x, y = RNG.random((12, *shape), np.float32), np.arange(12) % outputs
    split = pl.Split(x, y, features=features)
    pl.Trainer(model, loss="softmax_cross_entropy", seed=0).fit(split, epochs=1, verbose=False)
    return model


# -- samples -----------------------------------------------------------------------------------------------------------


class Run:
    """A run whose data have only some of their parts."""

    def __init__(self, *parts: str, file: bool = False, data: str | None = "datasets/iris") -> None:
        self.parts, self.file = parts, file
        self.sections = {} if data is None else {"data": {"type": data}}

    def samples(self, data: str | None, part: str, target: str | None) -> Any:
        if part not in self.parts:
            raise pl.DataError(f"no {part}")
        return data, part, target

    def is_file(self, data: str | None) -> bool:
        return self.file


@pytest.mark.parametrize(
    ("parts", "given", "part", "unseen"),
    [
        (("test", "validation", "train"), None, "test", True), (("validation", "train"), None, "validation", False),
        (("train",), None, "train", False), (("test", "train"), "mnist", "test", False),
        (("train",), "mnist", "train", False),
    ],
)  # fmt: skip
def test_samples_are_those_of_the_test_or_of_what_there_is(parts: Any, given: Any, part: str, unseen: bool) -> None:
    run: Any = Run(*parts)
    found: Any = data_of(run, given, "label")
    assert found == ((given, part, "label"), unseen)


def test_where_there_are_no_samples_it_is_said_and_a_file_knows_of_none() -> None:
    empty: Any = Run()
    with pytest.raises(pl.DataError, match="no train"):
        data_of(empty, None)
    own: Any = Run("validation", file=True)
    with pytest.raises(pl.DataError, match="no test"):
        data_of(own, "own.csv")
    alone: Any = Run("test", data=None)
    assert data_of(alone, None) == (None, False)
    found: Any = data_of(alone, "mnist")
    assert found == (("mnist", "test", None), False)


def test_public_are_data_sets_that_everybody_has() -> None:
    def public(given: str | None = None, **how: Any) -> bool:
        run: Any = Run("test", **how)
        return is_public(run, given)

    assert public() and public("mnist") and public("mnist", data="core/files") and public("iris", data=None)
    assert not public(data="core/files") and not public("files")
    assert not public(data=None) and not public(file=True) and not public("mnist", file=True)


def test_some_are_chosen_evenly_from_the_first_to_the_last() -> None:
    split = pl.Split(np.arange(11.0)[:, None], np.arange(11))
    assert first_of(chosen(split, 3)).ravel().tolist() == [0, 5, 10]
    assert first_of(chosen(split, 11)).ravel().tolist() == first_of(chosen(split, 99)).ravel().tolist() == [*range(11)]
    assert first_of(chosen(split, 1)).ravel().tolist() == [0]
    assert np.array_equal(np.asarray(chosen(split, 2).y), [0, 10])


def test_of_several_inputs_the_first_is_shown() -> None:
    split: Any = SimpleNamespace(x=(np.ones((2, 3)), np.zeros(2)))
    assert first_of(split).tolist() == [[1, 1, 1], [1, 1, 1]]


def test_the_shape_of_a_sample_is_that_of_the_data_or_of_the_input() -> None:
    model = ann((3,))
    assert sample_shape(model, None) == (3,) and sample_shape(model, np.zeros((5, 2, 7))) == (2, 7)


def test_fields_go_from_the_lowest_percent_to_the_highest() -> None:
    x = np.stack([np.arange(101.0), np.full(101, 2.0)], axis=1)
    assert ranges(ann((2,)), x, 2) == [
        {"low": 1.0, "high": 99.0, "value": 50.0}, {"low": 2.0, "high": 3.0, "value": 2.0}
    ]  # fmt: skip


def test_without_data_fields_go_two_deviations_about_the_mean_or_nowhere() -> None:
    model = ann((2,))
    assert ranges(model, None, 2) == [{"low": None, "high": None, "value": 0.0}] * 2
    x = np.array([[0.0, 5.0], [4.0, 5.0]])
    transform = pl.create("transform", "standardize")
    transform.fit(x)
    pl.require_runtime(model).transforms = [transform]
    first, second = ranges(model, None, 2)
    assert first == {"low": -2.0, "high": 6.0, "value": 2.0}
    assert second["value"] == 5.0


def test_of_many_samples_the_first_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid_studio.export.samples._LOOKED_AT", 2)
    x = np.arange(4.0)[:, None, None] * np.ones((8, 8))
    found = picture_of((8, 8), x, named=False)
    assert found is not None and (found.low, found.high) == (0.0, 1.0)


@pytest.mark.parametrize("place", [(0, 3), (-1, 3), (3, 0), (3, -1)])
def test_whether_paper_is_light_is_seen_at_all_four_edges(place: tuple[int, int]) -> None:
    """Of nine by nine pixels the middle is light; three of four edges are as light as one another, half of each."""
    x = np.zeros((1, 9, 9))
    found = picture_of((9, 9), x + 5, named=False)
    assert found is not None and (found.low, found.high, found.dark) == (5.0, 6.0, False)
    x[:, 1:-1, 1:-1] = 1.0
    found = picture_of((9, 9), x, named=False)
    assert found is not None and not found.dark
    x[...] = 1.0
    x[:, place[0], place[1]] = 0.0
    found = picture_of((9, 9), x, named=False)
    assert found is not None and found.dark and (found.low, found.high) == (0.0, 1.0)


@pytest.mark.parametrize("edges", [("top", "bottom", "left"), ("top", "bottom", "right"), ("top", "left", "right"),
                                   ("bottom", "left", "right")])  # fmt: skip
def test_each_edge_counts(edges: tuple[str, ...]) -> None:
    """Three edges of four in light outweigh the one that is dark; two against two, they would not."""
    side = slice(2, 7)
    places: dict[str, Any] = {"top": (0, side), "bottom": (-1, side), "left": (side, 0), "right": (side, -1)}
    x = np.zeros((1, 9, 9))
    for edge in edges:
        x[(0, *places[edge])] = 1.0
    x[0, [0, 0, -1, -1], [0, -1, 0, -1]] = 1.0  # corners belong to two edges each
    found = picture_of((9, 9), x, named=False)
    assert found is not None and found.dark
    x[(0, *places[edges[0]])] = 0.0
    found = picture_of((9, 9), x, named=False)
    assert found is not None and not found.dark


@pytest.mark.parametrize(
    ("shape", "size"),
    [((64,), (8, 8, 1)), ((49,), None), ((8, 8), (8, 8, 1)), ((7, 8), None), ((8, 7), None), ((1, 1, 1), (1, 1, 1)),
     ((5, 5, 2), None), ((2, 8, 8, 1), None)],
)  # fmt: skip
def test_how_small_a_picture_may_be(shape: tuple[int, ...], size: tuple[int, ...] | None) -> None:
    found = picture_of(shape, None, named=False)
    assert (found and (found.height, found.width, found.channels)) == size
    assert found is None or (found.low, found.high, found.dark) == (0.0, 1.0, False)


# -- what is shown -----------------------------------------------------------------------------------------------------


def test_pictures_are_bytes_between_the_least_and_the_largest_number() -> None:
    x = np.linspace(-2.0, 3.0, 64 * 30).reshape(30, 64)
    page = demo(ann((64,)), pl.Split(x, np.arange(30) % 2), 25)
    told = page.told()
    assert told["kind"] == "picture" and told["sample"] == told["input"] == [64]
    pixels = unpacked(page.found, told["samples"]["pixels"])
    assert pixels.shape == (20, 64) and pixels.dtype == np.uint8
    assert pixels[0, 0] == 0 and pixels[-1, -1] == 255
    rows = np.unique(np.linspace(0, 29, 20).astype(int))
    assert np.abs(pixels - (x[rows] + 2) / 5 * 255).max() <= 0.5001
    few = demo(ann((64,)), pl.Split(x, np.arange(30) % 2), 3)
    assert unpacked(few.found, few.told()["samples"]["pixels"]).shape == (3, 64)


def test_what_lies_beyond_the_range_is_black_or_white(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid_studio.export.samples._LOOKED_AT", 2)
    x = np.array([0.0, 1.0, 1.02, -0.02, 0.5, 9.0])[:, None] * np.ones(64)
    page = demo(ann((64,)), pl.Split(x, np.arange(6) % 2), 6)
    assert unpacked(page.found, page.told()["samples"]["pixels"])[:, 0].tolist() == [0, 255, 255, 0, 128, 255]


@pytest.mark.parametrize("count", [0, 3])
def test_without_samples_no_picture_is_shown(count: int) -> None:
    x = RNG.random((5, 64))
    assert demo(ann((64,)), None, count).told()["samples"] is None
    shown = demo(ann((64,)), pl.Split(x, np.arange(5) % 2), count).told()["samples"]
    assert (shown is None) == (count == 0)


def test_points_of_a_plane_are_shown_with_their_classes() -> None:
    x, y = RNG.normal(size=(9, 2)).astype("f4"), np.arange(9) % 3
    page = demo(ann((2,), 3), pl.Split(x, y), 5)
    points = page.told()["points"]
    rows = [0, 2, 4, 6, 8]
    assert np.array_equal(unpacked(page.found, points["at"]), x[rows])
    assert np.array_equal(unpacked(page.found, points["labels"]), y[rows])
    assert demo(ann((2,), 3), pl.Split(x, y), 0).told()["points"] is None
    assert demo(ann((2,), 3), None, 5).told()["points"] is None
    assert demo(ann((3,), 3), pl.Split(RNG.normal(size=(9, 3)), y), 5).told()["points"] is None


@pytest.mark.parametrize(
    ("y", "shown"),
    [(np.array([0, 255]), True), (np.array([0, 256]), False), (np.array([0.0, 1.0]), False),
     (np.array([[0, 1], [1, 0]]), False), (np.array([True, False]), True), (None, False)],
)  # fmt: skip
def test_labels_are_classes_that_a_byte_can_hold(y: Any, shown: bool) -> None:
    points = demo(ann((2,)), pl.Split(RNG.normal(size=(2, 2)), y), 2).told()["points"]
    assert (points["labels"] is not None) is shown


def test_inputs_are_called_as_they_are_known() -> None:
    x = RNG.normal(size=(9, 2))
    plain, named = pl.Split(x, np.arange(9) % 2), pl.Split(x, np.arange(9) % 2, features=("a", "b"))

    def names(model: pl.Layer, split: pl.Split | None, **how: Any) -> list[str]:
        return [each["name"] for each in demo(model, split, **how).told()["inputs"]]

    assert names(ann((2,)), None) == names(ann((2,)), plain) == ["input 1", "input 2"]
    assert names(ann((2,)), named) == ["a", "b"] and names(ann((2,), features=("c", "d")), named) == ["c", "d"]
    assert names(ann((2,), features=("c", "d")), named, inputs=["e", "f"]) == ["e", "f"]


def test_a_value_is_called_as_the_target_of_its_data() -> None:
    model = pl.build(pl.Sequential([pl.Dense(1)]), input_shape=(2,), seed=0)
    assert demo(model, None, target="price").told()["names"] == ["price"]
    assert demo(model, None, target=3).told()["names"] == demo(model, None).told()["names"] == ["output"]


def test_a_row_of_named_numbers_is_no_picture() -> None:
    assert demo(ann((64,)), None).told()["kind"] == "picture"
    assert demo(ann((64,)), None, inputs=[f"pixel {i}" for i in range(64)]).told()["kind"] == "table"


def test_a_form_has_a_hundred_inputs_and_a_page_a_thousand_outputs_at_the_most() -> None:
    assert len(demo(ann((99,)), None).told()["inputs"]) == 99
    names = [f"n{i}" for i in range(100)]
    assert len(demo(ann((100,)), None, inputs=names).told()["inputs"]) == 100
    with pytest.raises(pl.ConfigError, match="at most 100 inputs"):
        demo(ann((101,)), None).told()
    with pytest.raises(pl.ConfigError, match="at most 100 inputs"):
        demo(ann((2, 3)), None).told()
    wide = [pl.build(pl.Sequential([pl.Dense(n)]), input_shape=(2,), seed=0) for n in (1_000, 1_001)]
    assert len(demo(wide[0], None).told()["names"]) == 1_000
    with pytest.raises(pl.ConfigError, match="outputs of shape"):
        demo(wide[1], None).told()


def test_samples_are_numbers() -> None:
    for x in (np.ones((3, 2), bool), np.ones((3, 2), np.int8), np.ones((3, 2), np.uint8)):
        assert demo(ann((2,)), pl.Split(x, np.arange(3) % 2)).told()["kind"] == "table"
    split: Any = SimpleNamespace(x=np.array([["a", "b"]]), features=None)
    with pytest.raises(pl.ConfigError, match="samples of numbers"):
        demo(ann((2,)), split)
