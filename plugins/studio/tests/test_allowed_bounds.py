"""The bounds of what a page may have built: each is held exactly, and what stands beyond it is refused at its place."""

from __future__ import annotations

from typing import Any

import pytest
from pellucid_studio.allowed import Mistake, mistakes_in

DATA = {"type": "half_moons", "n": 40}
DENSE = {"type": "dense", "units": 2}


def refused(**sections: Any) -> list[str]:
    return [mistake.path for mistake in mistakes_in(sections)]


@pytest.mark.parametrize("section", ["data", "train"])
def test_seeds_are_whole_numbers_of_32_bits(section: str) -> None:
    rest = DATA if section == "data" else {"epochs": 1}
    for seed in (None, 0, 1, 4_294_967_295):
        assert refused(**{section: {**rest, "seed": seed}}) == []
    others: list[Any] = [-1, 4_294_967_296, True, False, 1.5, 0.0, [1], {}]
    for other in others:
        assert f"{section}.seed" in refused(**{section: {**rest, "seed": other}}), other


def test_a_shape_is_one_to_four_sizes() -> None:
    for shape in (None, [1], [4096], [1, 2, 3, 4]):
        assert refused(model={**DENSE, "input_shape": shape}) == []
    others: list[Any] = [[], [1, 2, 3, 4, 5], [0], [4097], [1, 0], [-1], [True], [1.0], ["1"], (2,), 2, "2", {}]
    for other in others:
        assert refused(model={**DENSE, "input_shape": other}) == ["model.input_shape"], other


@pytest.mark.parametrize(("key", "most"), [("epochs", 1_000_000), ("batch_size", 4_096), ("accumulate", 64)])
def test_counts_of_a_training_lie_within_their_bounds(key: str, most: int) -> None:
    for value in (1, 2, most):
        assert refused(train={key: value}) == []
    for other in (0, -1, most + 1, True, 1.0, "1", None, [1]):
        assert refused(train={key: other}) == [f"train.{key}"], other


def test_other_settings_are_numbers_or_the_name_of_a_precision() -> None:
    others: list[Any] = ["float16", "", "x", [1.0], {}]
    for key in ("clip_norm", "clip_value", "dtype"):
        for value in (None, 1, 0.5, "float32", "float64"):
            assert refused(train={key: value}) == []
        for other in others:
            assert refused(train={key: other}) == [f"train.{key}"], other


def test_metrics_are_a_list_of_64_at_the_most() -> None:
    assert refused(train={"metrics": ["accuracy"] * 64}) == [] and refused(train={"metrics": []}) == []
    assert refused(train={"metrics": ["accuracy"] * 65}) == ["train.metrics"]
    assert refused(train={"metrics": "accuracy"}) == ["train.metrics"]
    assert refused(train={"metrics": ["accuracy", "x", "accuracy", 1]}) == ["train.metrics.1.type", "train.metrics.3"]


def test_settings_and_sections_that_there_are_not_are_named_as_far_as_40_letters() -> None:
    long = "x" * 50
    assert refused(**{long: 1}) == ["x" * 40] and refused(train={long: 1}) == ["train." + "x" * 40]
    assert refused(model={**DENSE, long: [1]}) == ["model." + "x" * 40]
    assert refused(model={"ref": "layers.0", long: [1]}) == ["model." + "x" * 40]


def test_fifty_mistakes_are_told() -> None:
    assert len(refused(**{f"s{i}": 1 for i in range(50)})) == len(refused(**{f"s{i}": 1 for i in range(51)})) == 50
    assert len(refused(**{f"s{i}": 1 for i in range(49)})) == 49


@pytest.mark.parametrize("sections", [None, [], "x", 1])
def test_sections_are_a_table(sections: Any) -> None:
    assert [mistake.path for mistake in mistakes_in(sections)] == [""]


@pytest.mark.parametrize("given", [None, 1, [], [DENSE], True])
def test_a_component_is_a_name_or_a_table(given: Any) -> None:
    for section in ("data", "model", "loss", "optimizer", "schedule"):
        assert refused(**{section: given}) == [section]


def test_a_name_has_a_hundred_letters_at_the_most() -> None:
    (found,) = mistakes_in({"loss": {"type": "x" * 100}})
    assert found.path == "loss.type" and "no name" not in found.text
    for name in ("x" * 101, None, 1, ["mse"]):
        (found,) = mistakes_in({"loss": {"type": name}})
        assert found.path == "loss.type" and "missing, or no name" in found.text
    (found,) = mistakes_in({"loss": {}})
    assert found.path == "loss.type" and "missing, or no name" in found.text


def test_components_stand_in_each_other_24_deep_and_no_deeper() -> None:
    def nested(count: int) -> dict[str, Any]:
        model: dict[str, Any] = DENSE
        for _ in range(count):
            model = {"type": "residual", "layer": model}
        return model

    assert refused(model=nested(24)) == []
    (found,) = mistakes_in({"model": nested(25)})
    assert found.path == "model" + ".layer" * 25 and "more than 24 components" in found.text


@pytest.mark.parametrize(
    "layer",
    [{"ref": "layers.0"}, {"ref": "l" * 199}, {"ref": "layers.0", "transpose": True},
     {"ref": "layers.0", "transpose": None}, {"ref": "layers.0", "activation": "relu"}, {"ref": "x", "bias": False}],
)  # fmt: skip
def test_a_layer_that_stands_elsewhere_is_named(layer: dict[str, Any]) -> None:
    assert refused(model=layer) == []


@pytest.mark.parametrize(
    ("layer", "path"),
    [({"ref": "l" * 200}, "ref"), ({"ref": True}, "ref"), ({"ref": None}, "ref"), ({"ref": ["x"]}, "ref"),
     ({"ref": "x", "transpose": "relu"}, "transpose"), ({"ref": "x", "transpose": 1}, "transpose"),
     ({"ref": "x", "activation": "exec"}, "activation"), ({"ref": "x", "bias": 1}, "bias")],
)  # fmt: skip
def test_and_nothing_else_of_it_is_to_be_set(layer: dict[str, Any], path: str) -> None:
    assert refused(model=layer) == [f"model.{path}"]


def test_sizes_of_layers_are_4096_at_the_most_of_either_sign() -> None:
    for units in (4096, -4096, 1.5, 1e9, None, True):
        assert refused(model={**DENSE, "units": units}) == []
    for units in (4097, -4097):
        assert refused(model={**DENSE, "units": units}) == ["model.units"]
    for number in (float("inf"), float("-inf"), float("nan")):
        assert refused(model={**DENSE, "units": number}) == ["model.units"]


def test_the_numbers_of_a_list_add_up_to_four_times_that() -> None:
    ann = {"type": "ann", "hidden": [4096] * 4}
    assert refused(model=ann) == []
    (found,) = mistakes_in({"model": {**ann, "hidden": [*ann["hidden"], 1]}})
    assert found.path == "model" and "add up to 16,385. Expected: at most 16,384" in found.text
    assert refused(model={**ann, "hidden": [*ann["hidden"], True]}) == []
    points = {"type": "studio/points", "x": [[0.5, 1.0]] * 2, "y": [10_000, 10_000]}
    assert refused(data=points) == []  # of data no layers are made


def test_a_list_has_64_items_and_points_are_2000() -> None:
    assert refused(model={"type": "ann", "hidden": [1] * 64}) == []
    assert refused(model={"type": "ann", "hidden": [1] * 65}) == ["model.hidden"]
    points = {"type": "studio/points", "x": [[0.0, 0.0]] * 2_000, "y": [0] * 2_000}
    assert refused(data=points) == []
    assert refused(data={**points, "y": [0] * 2_001}) == ["data.y"]


def test_samples_that_are_made_are_20000_at_the_most() -> None:
    assert refused(data={**DATA, "n": 20_000}) == [] and refused(data={**DATA, "n": 20_001}) == ["data.n"]


def test_whole_numbers_of_all_else_have_33_bits() -> None:
    schedule = {"type": "cosine", "warmup": 1 << 32}
    assert refused(schedule=schedule) == []
    assert refused(schedule={**schedule, "warmup": (1 << 32) + 1}) == ["schedule.warmup"]
    assert refused(optimizer={"type": "adam", "lr": 1e300}) == []
    assert refused(optimizer={"type": "adam", "lr": float("inf")}) == ["optimizer.lr"]


def test_a_text_for_a_number_is_left_to_whoever_builds_it() -> None:
    assert refused(model={**DENSE, "units": "two"}) == [] and refused(optimizer={"type": "adam", "lr": "fast"}) == []
    assert refused(model={**DENSE, "units": [2]}) == ["model.units"]
    assert refused(model={**DENSE, "units": {"type": "dense"}}) == ["model.units"]


def test_a_component_is_looked_at_where_one_may_stand() -> None:
    assert refused(model={**DENSE, "init": "glorot"}) == []
    assert refused(model={**DENSE, "init": {"type": "normal", "std": 0.1}}) == []
    assert refused(model={**DENSE, "init": {"type": "normal", "std": float("nan")}}) == ["model.init.std"]
    assert refused(model={**DENSE, "init": "dense"}) == ["model.init.type"]
    assert refused(model={"type": "sequential", "layers": [DENSE, {**DENSE, "units": 5000}, {"type": "x"}]}) == [
        "model.layers.1.units", "model.layers.2.type"
    ]  # fmt: skip


def test_a_list_where_a_component_stands_is_no_name_of_one() -> None:
    (found,) = mistakes_in({"model": {**DENSE, "init": ["glorot"]}})
    assert found == ("model.init", "this cannot be set from the page. Received: a list of 1.")


def test_an_argument_that_there_is_not_is_told_by_whoever_builds_it_where_it_can_do_no_harm() -> None:
    for value in ("x", 1, 1.5, None):
        assert refused(model={**DENSE, "unitz": value}) == []
    others: list[Any] = [[1], {}]
    for other in others:
        assert refused(model={**DENSE, "unitz": other}) == ["model.unitz"]
    assert refused(model={**DENSE, "version": [1]}) == []


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("model.units: too many", ("model.units", "too many")), ("train: a table: yes", ("train", "a table: yes")),
        ("sampler.x: no", ("sampler.x", "no")), ("objective: no", ("objective", "no")),
        ("transforms.0: no", ("transforms.0", "no")), ("other.x: no", ("", "other.x: no")),
        ("model of x: no", ("", "model of x: no")), ("model", ("", "model")), ("", ("", "")),
        ("model.x y: no", ("", "model.x y: no")),
    ],
)  # fmt: skip
def test_a_line_that_begins_with_a_place_is_a_mistake_there(line: str, mistake: tuple[str, str]) -> None:
    assert Mistake.of(line) == mistake


def test_what_came_is_said_in_few_words() -> None:
    def said(value: Any) -> str:
        return mistakes_in({"model": value})[0].text.partition("Received: ")[2]

    assert said([1, 2, 3]) == "a list of 3." and said(5) == "5."
    assert mistakes_in({"train": {"dtype": {"a": 1, "b": 2}}})[0].text.endswith("Received: a table of 2.")
    (found,) = mistakes_in({"train": {"dtype": "y" * 300}})
    assert found.text == f"expected a number. Received: '{'y' * 79}."
