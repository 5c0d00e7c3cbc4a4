"""What a page is told of data and of layers, where mistakes are put, and how large a network may be."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio import sizes
from pellucid_studio.allowed import Mistake
from pellucid_studio.checking import checked
from pellucid_studio.described import as_pictures, bounds_of, data_of, first_of
from pellucid_studio.experiment import Refused, made_of
from pellucid_studio.network import title_of
from pellucid_studio.placing import placed
from pellucid_studio.reading import _Last

RNG = np.random.default_rng(0)
SECTIONS: dict[str, Any] = {
    "data": {"type": "half_moons", "n": 200},
    "model": {"type": "sequential", "layers": [{"type": "dense", "units": 3}, {"type": "dense", "units": 2}]},
    "loss": "softmax_cross_entropy", "train": {"epochs": 1, "batch_size": 32},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _from_the_beginning() -> None:
    """Each test draws the same numbers, whichever ran before it."""
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


def splits(x: Any, y: Any, classes: tuple[str, ...] | None = None, test: int = 3) -> pl.Splits:
    def part(rows: slice) -> pl.Split:
        return pl.Split(x[rows], None if y is None else y[rows], classes)

    return pl.Splits(part(slice(None)), part(slice(0, 0)), part(slice(0, test)))


def read(told: dict[str, Any]) -> np.ndarray:
    kind = {"f4": "<f4", "i4": "<i4", "u1": "u1"}[told["type"]]
    return np.frombuffer(base64.b64decode(told["data"]), kind).reshape(told["shape"])


# -- data --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "classes", "task", "outputs"),
    [
        (np.arange(20) % 3, None, "classification", 3), (np.arange(20) % 3, ("a", "b", "c", "d"), "classification", 4),
        (np.linspace(0, 1, 20), None, "regression", 1), (RNG.normal(size=(20, 5)), None, "regression", 5),
        (RNG.normal(size=(20, 2, 3)), None, "regression", 6), (np.zeros((20, 2), int), None, "regression", 2),
        (None, None, "reconstruction", None), (np.arange(20) % 2 == 0, None, "classification", 2),
    ],
)  # fmt: skip
def test_the_task_is_what_the_targets_are(y: Any, classes: Any, task: str, outputs: int | None) -> None:
    told = data_of("own", splits(RNG.normal(size=(20, 4)), y, classes))
    assert (told["name"], told["inputs"], told["rows"], told["task"]) == ("own", 4, 20, task)
    assert (told["outputs"], told["classes"]) == (outputs, None if classes is None else list(classes))
    assert told["points"] is told["test"] is told["bounds"] is None and told["pictures"] is False


def test_a_hundred_names_of_classes_are_told() -> None:
    names = tuple(f"class {i}" for i in range(101))
    told = data_of("own", splits(RNG.normal(size=(20, 4)), np.arange(20), names))
    assert told["classes"] == list(names[:100]) and told["outputs"] == 101
    values = data_of("own", splits(RNG.normal(size=(20, 4)), np.linspace(0, 1, 20), names))
    assert values["classes"] is None


def test_points_of_a_plane_are_told_with_those_of_the_test() -> None:
    x, y = RNG.normal(size=(1_001, 2)).astype("f4"), np.arange(1_001) % 2
    told = data_of("own", splits(x, y), ((-1.0, 1.0), (0.0, 2.0)))
    assert told["bounds"] == [[-1.0, 1.0], [0.0, 2.0]]
    assert np.array_equal(read(told["points"]["x"]), x[:1_000]) and np.array_equal(read(told["points"]["y"]), y[:1_000])
    assert np.array_equal(read(told["test"]["x"]), x[:3]) and np.array_equal(read(told["test"]["y"]), y[:3])
    assert data_of("own", splits(x, y, test=0), ((0.0, 1.0),))["test"] is None
    assert data_of("own", splits(x, None), ((0.0, 1.0),))["points"]["y"] is None


def test_twelve_pictures_are_told_with_their_classes() -> None:
    x, y = RNG.random((20, 64)).astype("f4"), np.arange(20) % 3
    told = data_of("own", splits(x, y))
    assert np.array_equal(read(told["pictures"]), x[:12].reshape(12, 8, 8))
    assert np.array_equal(read(told["labels"]), y[:12])
    assert data_of("own", splits(x, np.linspace(0, 1, 20)))["labels"] is None


@pytest.mark.parametrize(
    ("shape", "pictures"),
    [((5, 8, 9, 1), (5, 8, 9)), ((5, 8, 9, 3), None), ((5, 3, 4), (5, 3, 4)), ((5, 64), (5, 8, 8)), ((5, 49), None),
     ((5, 65), None), ((5, 81), (5, 9, 9)), ((5,), None)],
)  # fmt: skip
def test_what_is_a_picture(shape: tuple[int, ...], pictures: tuple[int, ...] | None) -> None:
    x = RNG.random(shape)
    found = as_pictures(x)
    assert (found if found is None else found.shape) == pictures
    assert found is None or np.array_equal(found.ravel(), x.ravel())


def test_rows_below_nought_are_no_pictures() -> None:
    assert as_pictures(np.zeros((2, 64))) is not None and as_pictures(np.full((2, 64), -1e-3)) is None


def test_a_plane_is_a_square_around_its_points_and_a_fifth_larger() -> None:
    np.testing.assert_allclose(bounds_of(np.array([[0.0, 0.0], [2.0, 4.0]])), [(-1.4, 3.4), (-0.4, 4.4)])
    np.testing.assert_allclose(bounds_of(np.array([[1.0], [3.0], [2.0]])), [(0.8, 3.2)])
    assert bounds_of(np.array([[5.0, 7.0]])) == ((4.0, 6.0), (6.0, 8.0))


def test_the_first_samples_are_taken() -> None:
    part = pl.Split(np.arange(10.0)[:, None], np.arange(10))
    for most, rows in ((4, 4), (9, 9), (10, 10), (11, 10)):
        x, y = first_of(part, most)
        assert x.ravel().tolist() == np.asarray(y).tolist() == [*range(rows)]


def test_of_several_inputs_all_are_taken() -> None:
    class Two:
        """Two samples of two inputs."""

        x, y = (np.zeros((2, 3)), [1, 2]), None

        def __len__(self) -> int:
            return 2

    (first, second), y = first_of(Two(), 5)
    assert first.shape == (2, 3) and second.tolist() == [1, 2] and y is None


def test_sections_without_a_model_are_data_alone() -> None:
    told = checked({"data": "iris"})
    assert list(told) == ["data"] and told["data"]["name"] == "iris" and told["data"]["outputs"] == 3
    with pytest.raises(Refused) as refused:
        checked({"data": {"type": "half_moons", "nn": 5}})
    assert "data.nn" in refused.value.lines[0]
    with pytest.raises(Refused, match="which the page must not"):
        checked({"data": {"type": "files"}})


def test_a_seed_of_the_data_goes_before_that_of_the_training() -> None:
    def drawn(**sections: Any) -> list[Any]:
        data = checked({"data": {"type": "digits", **sections.pop("data", {})}, **sections})["data"]
        return read(data["labels"]).tolist()

    plain, three = drawn(), drawn(data={"seed": 3})
    assert plain == drawn(data={"seed": 0}) == drawn(train={"seed": 0}) != three
    assert three == drawn(train={"seed": 3}) == drawn(data={"seed": 3}, train={"seed": 4})
    assert drawn(data={"seed": 0}, train={"seed": 3}) == plain


def test_the_samples_that_were_read_last_are_kept_where_they_stay_as_they_are() -> None:
    last = _Last()
    iris, moons = pl.create("dataset", "iris"), pl.create("dataset", "half_moons", n=20)
    first = last.read(iris, 0)
    assert last.read(pl.create("dataset", "iris"), 0) is first and last.read(iris, 1) is not first
    again = last.read(iris, 0)
    assert again is not first and last.read(moons, 0) is last.read(moons, 0) and last.read(iris, 0) is not again
    points = pl.create("dataset", "studio/points", x=[[0.0], [1.0]], y=[0, 1], validation=0, test=0)
    assert last.read(points, 0) is not last.read(points, 0)


# -- layers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "title"),
    [({"type": "dense", "units": 8, "activation": "tanh"}, "dense 8, tanh"), ({"type": "dense", "units": 3}, "dense 3"),
     ({"type": "dropout", "rate": 0.5}, "dropout 0.5"), ({"type": "flatten"}, "flatten"),
     ({"type": "layer_norm"}, "layer norm"), ({"type": "reshape", "shape": [2, 3]}, "reshape (2, 3)")],
)  # fmt: skip
def test_the_title_of_a_layer_is_its_name_its_size_and_its_activation(layer: dict[str, Any], title: str) -> None:
    found = title_of(pl.read("layer", layer))
    assert found.replace("[", "(").replace("]", ")") == title


def test_a_network_has_so_many_parameters_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 2 inputs, 3 units and 2 outputs: 2·3 + 3 + 3·2 + 2."""
    monkeypatch.setattr(sizes, "MOST_PARAMETERS", 17)
    assert made_of(SECTIONS)
    monkeypatch.setattr(sizes, "MOST_PARAMETERS", 16)
    with pytest.raises(Refused, match="model: it would have 17 parameters"):
        made_of(SECTIONS)


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", None])
def test_outputs_that_follow_from_the_data_are_counted(loss: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pellucid_ann")
    sections = {**SECTIONS, "model": {"type": "ann", "hidden": [3]}, "loss": loss}
    monkeypatch.setattr(sizes, "MOST_PARAMETERS", 17)
    assert made_of(sections)
    monkeypatch.setattr(sizes, "MOST_PARAMETERS", 16)
    with pytest.raises(Refused, match="model: it would have 17 parameters"):
        made_of(sections)


def test_layers_that_do_not_fit_are_told_as_the_models() -> None:
    layers = [{"type": "reshape", "shape": [3, 3]}]
    with pytest.raises(Refused) as refused:
        made_of({**SECTIONS, "model": {"type": "sequential", "layers": layers}})
    assert [mistake.path for mistake in refused.value.mistakes] == ["model.layers.0"]


@pytest.mark.parametrize("batch_size", [32, 10])
def test_the_layers_of_a_batch_give_so_many_numbers_and_no_more(batch_size: int, monkeypatch: Any) -> None:
    """Three numbers and two of each sample; the layer around them gives none of its own."""
    sections = {**SECTIONS, "train": {"epochs": 1, "batch_size": batch_size}}
    monkeypatch.setattr(sizes, "MOST_NUMBERS", 5 * batch_size)
    assert made_of(sections)
    for most, place, count in ((5, "layers.1", 5), (3, "layers.0", 3)):
        monkeypatch.setattr(sizes, "MOST_NUMBERS", most * batch_size - 1)
        said = f"model.{place}: up to this layer, a batch of {batch_size} samples makes {count * batch_size:,} numbers"
        with pytest.raises(Refused, match=said) as refused:
            made_of(sections)
        assert [mistake.path for mistake in refused.value.mistakes] == [f"model.{place}"]


def test_a_side_of_any_length_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = sizes._Numbers(4)
    built: list[Any] = []
    monkeypatch.setattr(sizes, "MOST_NUMBERS", 4 * 6)
    layer = pl.read("layer", {"type": "dense", "units": 6})
    numbers.built("a", layer, lambda *shapes, **never: built.append((shapes, never)), (None, 3), seed=1)
    assert built == [(((None, 3),), {"seed": 1})]
    with pytest.raises(pl.ConfigError, match=r"model\.b: .* 48 numbers"):
        numbers.built("b", layer, lambda *shapes: None, (None, 3))


# -- mistakes ----------------------------------------------------------------------------------------------------------

LAYERS = {"model": {"type": "sequential", "layers": [DENSE := {"type": "dense", "units": 2}, DENSE]}}
PARTS = {"loss": pl.create("loss", "mse"), "optimizer": None}


@pytest.mark.parametrize(
    ("mistake", "sections", "place"),
    [
        (("train.x", "The MSE is"), LAYERS, ("train.x", "The MSE is")), (("", "x MSE y"), LAYERS, ("loss", "x MSE y")),
        (("", "x MSEs y"), LAYERS, ("", "x MSEs y")), (("model", "x MSE y"), LAYERS, ("model", "x MSE y")),
        (("", "it needs a loss"), LAYERS, ("loss", "it needs a loss")),
        (("", "it needs a loss"), {**LAYERS, "loss": "x"}, ("", "it needs a loss")),
        (("model", "it needs a loss"), LAYERS, ("model", "it needs a loss")),
        (("", "metrics: no"), LAYERS, ("train.metrics", "no")),
        (("model", "metrics: no"), LAYERS, ("model", "metrics: no")),
        (("", "layers.1 x"), LAYERS, ("model.layers.1", "layers.1 x")),
        (("", "model: layers.0.y"), LAYERS, ("model.layers.0", "model: layers.0.y")),
        (("model", "layers.0 x"), LAYERS, ("model.layers.0", "layers.0 x")),
        (("", "layers.2 x"), LAYERS, ("", "layers.2 x")), (("", "layers.1 x"), {"model": "ann"}, ("", "layers.1 x")),
        (("", "layers.0 x"), {"model": {"type": "ann"}}, ("", "layers.0 x")),
        (("", "of layers.1 x"), LAYERS, ("", "of layers.1 x")), (("", "layers.1x"), LAYERS, ("", "layers.1x")),
    ],
)  # fmt: skip
def test_a_mistake_is_put_where_its_words_say(mistake: Any, sections: Any, place: Any) -> None:
    assert placed(Mistake(*mistake), sections, PARTS) == Mistake(*place)
