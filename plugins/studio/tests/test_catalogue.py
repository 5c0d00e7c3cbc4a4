"""What a page is told of what it may build: arguments with their defaults and choices, and of data what they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pellucid as pl
import pytest
from pellucid.registry.signature import signature_of
from pellucid_studio import catalogue
from pellucid_studio.catalogue import _argument, _of_arguments, _plain, components, data_sets, lessons
from pellucid_studio.presets import PRESETS

SECTION = """    units: how many
        there are, and
        so on.
    low, high: bounds: from where
        to where.
    rate: of it

Raises:
    ConfigError: none of these.
    other: nor this
"""


def test_each_argument_has_what_its_section_says() -> None:
    assert _of_arguments(SECTION) == {
        "units": "how many there are, and so on.", "low": "bounds: from where to where.",
        "high": "bounds: from where to where.", "rate": "of it",
    }  # fmt: skip
    assert _of_arguments("") == {}


def test_a_default_is_what_json_can_hold() -> None:
    for value in (None, True, 1, 0.5, "x"):
        assert _plain(value) is value
    assert _plain((1, [2.0, ("a", None)])) == [1, [2.0, ["a", None]]]
    assert _plain({"a": 1}) is _plain(np.float32(1)) is _plain(pl.Dense) is None


class Some(pl.Layer):
    """A layer with arguments of every kind."""

    def __init__(
        self, count: int, way: Literal["a", "b"] = "a", *, part: pl.Layer | None = None, size: int | Literal["all"] = 3,
        many: Sequence[pl.Layer] = (), activation: str | None = None, rate: float = 0.5,
    ) -> None:  # fmt: skip
        super().__init__()


def test_an_argument_is_told_with_its_type_its_default_and_its_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"activation": ("relu",)}
    monkeypatch.setattr(catalogue, "words_of", lambda entry, argument: words.get(argument.name, ()))
    entry: Any = None
    told = {name: _argument(entry, each) for name, each in signature_of(Some).arguments.items()}
    assert all(each["name"] == name and isinstance(each["type"], str) for name, each in told.items())
    assert {name: (each["required"], each["default"]) for name, each in told.items()} == {
        "count": (True, None), "way": (False, "a"), "part": (False, None), "size": (False, 3), "many": (False, []),
        "activation": (False, None), "rate": (False, 0.5),
    }  # fmt: skip
    assert {name: each["choices"] for name, each in told.items() if "choices" in each} == {
        "way": ["a", "b"], "size": ["all"], "activation": ["relu"]
    }  # fmt: skip
    assert {name: each["kind"] for name, each in told.items() if "kind" in each} == {"part": "layer"}


def test_a_component_is_told_with_its_documentation_and_equations() -> None:
    (dense,) = [each for each in components() if each["name"] == "core/dense"]
    assert dense["kind"] == "layer" and dense["summary"] and "Args:" not in dense["doc"] and dense["doc"]
    units = dense["arguments"][0]
    assert (units["name"], units["required"], units["default"]) == ("units", True, None) and units["doc"]
    assert [each["of"] for each in dense["equations"]] == [each.of for each in pl.Dense.equations]
    assert [each["latex"] for each in dense["equations"]] == [each.latex for each in pl.Dense.equations]


def test_every_argument_that_can_be_set_is_documented() -> None:
    told = components() + data_sets()
    documented = [each["doc"] is not None for of in told for each in of["arguments"]]
    assert len(documented) > 100 and sum(documented) > 0.9 * len(documented)


@pytest.mark.parametrize("name", ["half_moons", "spirals", "gaussian_blobs", "sine", "iris", "breast_cancer", "digits"])
def test_a_data_set_has_so_many_inputs_and_that_task(name: str) -> None:
    (told,) = [each for each in data_sets() if each["name"] == f"datasets/{name}"]
    train = pl.load_dataset(name).train
    assert told["inputs"] == np.prod(np.shape(train.x)[1:])
    assert told["task"] == ("classification" if np.asarray(train.y).dtype.kind in "iu" else "regression")


def test_of_tables_of_ones_own_the_number_of_inputs_is_not_known() -> None:
    told = {each["name"]: (each["inputs"], each["task"]) for each in data_sets()}
    assert told["studio/own_table"] == (None, "classification") and told["studio/points"] == (2, "classification")
    assert told["datasets/mnist"] == (28 * 28, "classification") and len(told) == 10


def test_lessons_whose_components_are_not_installed_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def mistakes(sections: dict[str, Any]) -> list[str]:
        return ["not installed"] if any(layer["type"] == "conv2d" for layer in sections["model"]["layers"]) else []

    monkeypatch.setattr(catalogue, "mistakes_in", mistakes)
    assert lessons() == [each for each in PRESETS if each["name"] != "Filters on digits"]


def test_a_plugin_that_cannot_be_imported_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def why_not(entry: Any) -> str:
        if entry.name == "core/dense":
            raise pl.PluginError("it cannot be imported")
        return "" if entry.name in ("core/batch_norm", "core/sequential", "core/softmax", "core/mse") else "no"

    monkeypatch.setattr(catalogue, "why_not", why_not)
    assert {each["name"] for each in components()} == {"core/batch_norm", "core/sequential", "core/softmax", "core/mse"}
    monkeypatch.setattr(catalogue, "DATA", ("datasets/none_such", "datasets/iris"))
    assert [each["name"] for each in data_sets()] == ["datasets/iris"]
