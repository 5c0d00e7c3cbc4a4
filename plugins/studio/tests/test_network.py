"""The copy of a network that others compute with: what its layers give, and what a page is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio.look import looked
from pellucid_studio.network import Network, take, title_of, type_name

RNG = np.random.default_rng(0)
LAYERS = [{"type": "dense", "units": 3, "activation": "tanh"}, {"type": "batch_norm"}, {"type": "dense", "units": 2}]
X, Y = RNG.normal(size=(12, 4)).astype(np.float32), RNG.normal(size=(12, 2)).astype(np.float32)


def trained(**data: Any) -> pl.Trainer:
    model = pl.build({"type": "sequential", "layers": LAYERS}, input_shape=(4,), seed=0)
    trainer = pl.Trainer(model, loss="mse", seed=0)
    part = pl.Split(X, Y)
    trainer.fit(pl.Splits(part, part, part, **data), epochs=2, batch_size=4, verbose=False)
    return trainer


def built(model: dict[str, Any], shape: tuple[int, ...] = (4,)) -> Network:
    return Network(pl.build(model, input_shape=shape, seed=0))


def test_outputs_are_those_of_the_model_and_of_each_of_its_layers() -> None:
    """In evaluation, in the unit of the data: transforms are applied, and those of targets undone."""
    trainer = trained(transforms=["standardize"], target_transforms=["standardize"])
    y, layers = Network(trainer.model).outputs(X)
    trace = trainer.model.trace(X)
    np.testing.assert_allclose(y, trainer.model.predict(X), rtol=1e-5, atol=1e-6)
    assert list(layers) == ["layers.0", "layers.1", "layers.2"]
    for path, values in layers.items():
        np.testing.assert_allclose(values, trace[f"{path}.y"], rtol=1e-5, atol=1e-6)


def test_inputs_are_what_the_first_layer_gets() -> None:
    trainer = trained(transforms=["standardize"])
    (x,) = Network(trainer.model).inputs(X)
    np.testing.assert_allclose(x, (X - X.mean(axis=0)) / X.std(axis=0), rtol=1e-4, atol=1e-5)


def test_a_copy_is_given_the_weights_states_and_transforms_of_a_look_and_the_model_is_not_touched() -> None:
    trainer = trained(transforms=["standardize"], target_transforms=["standardize"])
    early = Network(pl.build({"type": "sequential", "layers": LAYERS}, input_shape=(4,), seed=3))
    take(early.model, looked(trainer))
    np.testing.assert_allclose(early.outputs(X)[0], trainer.model.predict(X), rtol=1e-5, atol=1e-6)
    assert len(early.runtime.transforms) == len(early.runtime.target_transforms) == 1
    assert early.runtime.transforms is not trainer.runtime.transforms
    for state, own in zip(early.model.states(), trainer.model.states(), strict=True):
        np.testing.assert_array_equal(state.data, own.data)
    before = np.array(trainer.runtime.arena.data)
    look = replace(looked(trainer), weights=np.zeros_like(before), transforms=(), target_transforms=())
    network = Network(trainer.model)
    take(network.model, look)
    assert not network.runtime.arena.data.any() and network.runtime.transforms == []
    np.testing.assert_array_equal(trainer.runtime.arena.data, before)
    assert len(trainer.runtime.transforms) == 1 and "forward" not in vars(trainer.model.layers[0])  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="argument 2 is"):
        take(network.model, replace(look, states=look.states[:-1]))


def test_transforms_of_targets_are_undone_from_the_last_to_the_first() -> None:
    class Undone(pl.Transform):
        """Notes its number behind those before."""

        def __init__(self, number: int) -> None:
            self.number = number

        def apply(self, x: Any) -> Any:
            return x

        def inverse(self, y: Any) -> Any:
            return 10 * y + self.number

    network = built({"type": "flatten"})
    network.runtime.target_transforms = [Undone(number) for number in (1, 2, 3)]
    np.testing.assert_array_equal(network.outputs(np.zeros((2, 4)))[0], np.full((2, 4), 321))


def test_outputs_before_are_not_overwritten_by_those_after() -> None:
    network = built({"type": "sequential", "layers": LAYERS})
    first, layers = network.outputs(X)
    kept = first.copy(), {path: values.copy() for path, values in layers.items()}
    network.outputs(X + 1)
    np.testing.assert_array_equal(first, kept[0])
    for path, values in layers.items():
        np.testing.assert_array_equal(values, kept[1][path])


def test_no_more_than_nine_shapes_of_batches_are_remembered() -> None:
    network = built({"type": "dense", "units": 1})
    for rows in range(1, 10):
        network.outputs(X[:rows])
    assert len(network._contexts) == 9
    network.outputs(X[:3])
    assert len(network._contexts) == 9
    network.outputs(X[:10])
    assert len(network._contexts) == 1
    np.testing.assert_allclose(network.outputs(X[:3])[0], network.outputs(X[:5])[0][:3], rtol=1e-5)


def test_noise_is_off_and_rows_are_told_apart() -> None:
    """In evaluation nothing is dropped; what is drawn for a sample hangs on its number, as in predict."""
    network = built({"type": "sequential", "layers": [{"type": "dropout", "rate": 0.5}, {"type": "flatten"}]})
    np.testing.assert_array_equal(network.outputs(X)[0], X)
    pytest.importorskip("pellucid_vae")
    model = pl.build({"type": "vae", "latent": 2, "hidden": [3]}, input_shape=(4,), seed=5)
    y, layers = Network(model).outputs(X)
    assert isinstance(y, tuple) and len(y) == 3
    for found, expected in zip(y, model.predict(X), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert all(isinstance(values, np.ndarray) for values in layers.values())


# -- what a page is told -----------------------------------------------------------------------------------------------


def described(network: Network, features: Any = None, classes: Any = None, x: Any = X) -> dict[str, Any]:
    return network.described(x[:1], features, classes)


def test_each_layer_is_told_with_its_shapes_and_its_equations() -> None:
    network = built({"type": "sequential", "layers": LAYERS})
    told = described(network)
    first, middle, _ = told["layers"]
    equations = [{"of": e.of, "latex": e.latex} for e in network.leaves[0][1].equations]
    assert first == {
        "path": "layers.0", "type": "core/dense", "title": "dense 3, tanh", "units": 3, "shape": [3],
        "parameters": {"weight": [4, 3], "bias": [3]}, "equations": equations,
    }  # fmt: skip
    assert (middle["title"], middle["units"], middle["parameters"]) == ("batch norm", 3, {"gamma": [3], "beta": [3]})
    assert told["parameters"] == 4 * 3 + 3 + 3 + 3 + 3 * 2 + 2 and equations


def test_a_layer_whose_output_is_a_picture_has_as_many_units_as_channels() -> None:
    (layer,) = described(built({"type": "reshape", "shape": [2, 1, 2]}))["layers"]
    assert layer["shape"] == [2, 1, 2] and layer["units"] == 2 and layer["parameters"] == {}


def test_a_layer_that_was_not_asked_or_gives_several_outputs_has_no_shape() -> None:
    network = built({"type": "dense", "units": 1})
    assert network._layer("", network.model, None)["shape"] == []
    assert network._layer("", network.model, None)["units"] == 0


@pytest.mark.parametrize(
    ("features", "names"),
    [
        (None, ["x1", "x2", "x3", "x4"]), (("a", "b", "c"), ["x1", "x2", "x3", "x4"]),
        (("a", "b", "c", 7), ["a", "b", "c", "7"]), ((), ["x1", "x2", "x3", "x4"]),
    ],
)  # fmt: skip
def test_inputs_have_the_names_of_the_features_where_there_are_as_many(features: Any, names: list[str]) -> None:
    assert described(built({"type": "dense", "units": 1}), features)["inputs"] == names


@pytest.mark.parametrize(
    ("units", "classes", "names"),
    [
        (2, None, ["y1", "y2"]), (2, (), ["y1", "y2"]), (2, ("a", "b"), ["a", "b"]), (1, ("no", "yes"), ["no", "yes"]),
        (2, (3, 4, 5), ["3", "4", "5"]), (2, ("a",), ["y1", "y2"]), (2, ("a", "b", "c", "d"), ["y1", "y2"]),
    ],
)  # fmt: skip
def test_outputs_have_the_names_of_the_classes_which_are_as_many_or_one_more(
    units: int, classes: Any, names: list[str]
) -> None:
    assert described(built({"type": "dense", "units": units}), None, classes)["outputs"] == names


def test_names_are_made_for_a_thousand_and_twenty_four_inputs_and_outputs() -> None:
    told = described(built({"type": "flatten"}, (1025,)), x=np.zeros((1, 1025), np.float32))
    assert told["inputs"] == [f"x{i}" for i in range(1, 1025)] and told["outputs"] == [f"y{i}" for i in range(1, 1025)]
    told = described(built({"type": "flatten"}, (2, 3)), x=np.zeros((1, 2, 3), np.float32))
    assert len(told["inputs"]) == len(told["outputs"]) == 6


def test_of_several_outputs_the_first_is_told() -> None:
    pytest.importorskip("pellucid_vae")
    network = built({"type": "vae", "latent": 2, "hidden": [3]})
    assert described(network)["outputs"] == ["y1", "y2", "y3", "y4"]
    by_path = {layer["path"]: layer for layer in described(network)["layers"]}
    assert {len(layer["shape"]) for layer in by_path.values()} <= {0, 1}


def test_a_layer_that_nobody_has_registered_is_called_by_its_class() -> None:
    assert type_name(OwnLayer()) == title_of(OwnLayer()) == "OwnLayer"
    assert type_name(pl.read("layer", {"type": "dense", "units": 1})) == "core/dense"


class OwnLayer(pl.Flatten):
    """A layer of a notebook, with some sizes."""

    def __init__(self, heads: Any = None, rate: Any = None, filters: Any = None, activation: Any = None) -> None:
        self.heads, self.rate, self.filters, self.activation = heads, rate, filters, activation


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ({"heads": 3}, "OwnLayer 3"), ({"heads": 3, "filters": 5}, "OwnLayer 5"),
        ({"rate": 0.5, "heads": 2}, "OwnLayer 0.5"), ({"activation": "tanh"}, "OwnLayer, tanh"),
        ({"rate": 0.0, "heads": 2, "activation": "relu"}, "OwnLayer 0.0, relu"),
        ({"heads": 1, "activation": pl.Flatten()}, "OwnLayer 1"),
    ],
)  # fmt: skip
def test_of_several_sizes_the_first_that_is_given_stands_in_the_title(given: dict[str, Any], title: str) -> None:
    assert title_of(OwnLayer(**given)) == title
