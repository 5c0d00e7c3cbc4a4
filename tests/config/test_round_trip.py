"""A configuration makes a component, and the component gives the configuration that makes it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError
from pellucid.registry.config import read, to_config
from pellucid.registry.plugins import CORE
from pellucid.registry.registry import Registry
from pellucid.standard.initializers.drawn import Normal
from pellucid.standard.layers.containers import Sequential
from pellucid.standard.layers.dense import Dense

REGISTRY = Registry()
EXAMPLES = [
    pytest.param(entry.kind, entry.name, dict(example.arguments), id=f"{entry.kind}:{entry.name}-{i}")
    for entry in REGISTRY.plugins.load(CORE).entries.values()
    if entry.kind != "backend" and entry.name != "core/function"  # no file can hold a function of Python's
    for i, example in enumerate(REGISTRY.load(entry).examples)
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "arguments"), EXAMPLES)
def test_every_example_of_the_core_survives_json(kind: str, name: str, arguments: dict[str, Any]):
    config = to_config(pl.create(kind, name, **arguments))
    assert config["type"] == name
    again = read(kind, json.loads(json.dumps(config)), saved=True)
    assert to_config(again) == config


def test_all_arguments_are_written_with_canonical_names():
    layer = Sequential([Dense(3, "relu", init="he"), Dense(2, init=Normal(std=np.float64(0.5)))])
    assert to_config(layer) == {
        "type": "core/sequential",
        "layers": [
            {
                "type": "core/dense", "units": 3, "activation": "relu", "use_bias": True,
                "init": {"type": "core/he", "distribution": "normal"}, "regularizer": None, "bias_regularizer": None,
            },
            {
                "type": "core/dense", "units": 2, "activation": None, "use_bias": True,
                "init": {"type": "core/normal", "std": 0.5, "mean": 0.0}, "regularizer": None, "bias_regularizer": None,
            },
        ],
    }  # fmt: skip


def test_values_of_every_type_survive_json():
    made = pl.create(
        "schedule", "acme/everything", maybe=3, pair=(4, 5.0), many=(1, 2), sizes=[3], names=["a"], table={"b": 1.0},
        where="a/b", anything=[1, {"x": None}], init="he", loss="mse", schedules=["constant", "acme/everything"],
        by_name={"first": {"type": "dense", "units": 2}}, dense={"type": "dense", "units": 3},
    )  # fmt: skip
    config = to_config(made)
    again = read("schedule", json.loads(json.dumps(config)))
    assert to_config(again) == config
    assert (again.pair, again.many, again.where) == ((4, 5.0), (1, 2), Path("a/b"))


@pytest.mark.parametrize("value", [object(), np.zeros(3), {1, 2}, len, 1j])
def test_a_value_that_no_configuration_can_hold_is_refused_with_its_path(value: Any):
    made = pl.create("schedule", "acme/everything", schedules=[{"type": "acme/everything"}])
    made.schedules[0].anything = {"deep": [value]}
    with pytest.raises(ConfigError, match=r"^schedules\.0\.anything\.deep\.0: a configuration cannot hold"):
        to_config(made)


def test_what_is_not_registered_cannot_be_written():
    class Own(Dense):
        pass

    with pytest.raises(ConfigError, match=r"Own is not registered, so a configuration cannot name it"):
        to_config(Sequential([Own(3)]))


def test_changed_attributes_are_written():
    layer = Dense(3)
    layer.activation = "tanh"
    assert to_config(layer)["activation"] == "tanh"


# -- factory functions -----------------------------------------------------------------------------------------------

STACK = {
    "type": "acme/stack", "hidden": [4, 3], "outputs": 2, "activation": "tanh",
    "init": {"type": "core/he", "distribution": "normal"},
}  # fmt: skip


def test_what_a_function_made_remembers_how():
    model = pl.create("model", "stack", hidden=[4, 3], outputs=2, activation="tanh", init="he")
    assert type(model) is Sequential
    assert to_config(model) == STACK
    assert to_config(read("model", STACK)) == STACK


def test_defaults_of_a_function_are_written_too():
    config = to_config(pl.create("model", "stack", hidden=[4], outputs=2))
    assert config == {"type": "acme/stack", "hidden": [4], "outputs": 2, "activation": "relu", "init": None}


def test_what_a_function_made_may_stand_inside_other_layers():
    model = pl.create("layer", "sequential", layers=[pl.create("model", STACK), "relu"])
    config = to_config(model)
    assert config["layers"][0] == STACK
    assert to_config(read("layer", config)) == config


def test_a_call_is_written_as_it_is_when_it_is_asked_for():
    """Not as it was when the function was called."""
    he = pl.create("initializer", "he")
    model = Sequential([pl.create("model", "stack", hidden=[], outputs=2, init=he), Dense(2, init=he)])
    he.distribution = "uniform"
    first, second = to_config(model)["layers"]
    assert first["init"] == second["init"] == {"type": "core/he", "distribution": "uniform"}


def test_a_function_may_return_what_it_is_given():
    """A layer, what another function made, or what itself made: each call is written, around the one before."""
    dense = to_config(Dense(3))
    same = pl.create("model", "acme/same", layer={"type": "dense", "units": 3})
    assert to_config(same) == {"type": "acme/same", "layer": dense}
    again = pl.create("model", "acme/same", layer=same)
    assert to_config(again) == {"type": "acme/same", "layer": {"type": "acme/same", "layer": dense}}
    stack = {"type": "acme/stack", "hidden": [], "outputs": 2}
    made = to_config(pl.create("model", "acme/same", layer=stack))
    assert made["layer"] == to_config(pl.create("model", "stack", hidden=[], outputs=2))
    shared = pl.create("layer", "sequential", layers=["relu", {"type": "acme/same", "layer": {"ref": "layers.0"}}])
    config = to_config(shared)
    assert config["layers"] == [
        {"type": "acme/same", "layer": to_config(pl.create("layer", "relu"))},
        {"ref": "layers.0"},
    ]
    assert to_config(read("layer", config)) == config


def test_lists_are_kept_as_the_function_was_given_them():
    made = pl.create("model", "acme/greedy", hidden=[5, 4])
    assert to_config(made) == {"type": "acme/greedy", "hidden": [5, 4]}
    assert [layer.units for layer in made.layers] == [4, 5]


def test_a_function_may_share_a_layer_that_it_is_given():
    shared = Dense(3)
    twice = pl.create("model", "acme/twice", layer=shared)
    config = to_config(Sequential([shared, twice]))
    assert config["layers"][1] == {"type": "acme/twice", "layer": {"ref": "layers.0"}}
    again = read("layer", config)
    assert again.layers[1].layers == [again.layers[0], again.layers[0]]
    assert to_config(again) == config
    twins = to_config(Sequential([twice, pl.create("model", "acme/twice", layer=shared)]))
    assert twins["layers"][1]["layer"] == {"ref": "layers.0.layer"}


def test_copies_remember_too():
    import copy
    import pickle

    model = pl.create("model", STACK)
    assert to_config(copy.deepcopy(model)) == STACK
    assert to_config(pickle.loads(pickle.dumps(model))) == STACK


# -- build -----------------------------------------------------------------------------------------------------------


def test_build_prefers_models_and_records_what_it_built():
    how = {"seed": 7, "dtype": "float64", "backend": "reference", "hidden": [4], "outputs": 2}
    model = pl.build("acme/stack", input_shape=(3,), **how)
    assert model.runtime is not None
    assert model.runtime.config == {
        "type": "acme/stack", "hidden": [4], "outputs": 2, "activation": "relu", "init": None,
    }  # fmt: skip
    assert (model.runtime.seed, model.runtime.dtype, model.runtime.ops.name) == (7, np.float64, "reference")
    assert model.predict(np.zeros((5, 3))).shape == (5, 2)


def test_build_takes_tables_with_the_shape_inside():
    table = {"type": "sequential", "input_shape": [3], "layers": [{"type": "dense", "units": 4}]}
    model = pl.build(table, backend="reference")
    assert model.predict(np.zeros((2, 3))).shape == (2, 4)
    assert "input_shape" in table
    assert pl.build(table, input_shape=(5,), backend="reference").predict(np.zeros((2, 5))).shape == (2, 4)


def test_build_takes_an_unbuilt_layer():
    model = pl.build(Dense(4), input_shape=(3,), backend="reference")
    assert model.runtime is not None
    assert model.runtime.config == to_config(Dense(4))


def test_a_model_of_ones_own_class_can_be_built_without_being_registered():
    class Own(Dense):
        pass

    model = pl.build(Own(4), input_shape=(3,), backend="reference")
    assert model.runtime is not None
    assert model.runtime.config is None


def test_the_same_seed_gives_the_same_values_and_none_is_drawn_and_recorded():
    def values(seed: int | None) -> tuple[int, np.ndarray[Any, Any]]:
        model = pl.build("dense", units=3, input_shape=(4,), seed=seed, backend="reference")
        assert model.runtime is not None
        return model.runtime.seed, model.predict(np.eye(4))

    drawn, first = values(None)
    assert np.array_equal(values(drawn)[1], first)
    assert not np.array_equal(values(drawn + 1)[1], first)
    assert values(None)[0] != drawn


@pytest.mark.parametrize(
    ("shape", "shapes"),
    [
        ((784,), ((784,),)), ([28, 28, 1], ((28, 28, 1),)), ([(3,), [4, 5]], ((3,), (4, 5))), ((None, 3), ((None, 3),)),
        ((), ((),)), ([[]], ((),)), ((np.int64(3),), ((3,),)),
    ],
)  # fmt: skip
def test_shapes_are_one_per_input(shape: Any, shapes: Any):
    from pellucid.model.build import read_shapes

    assert read_shapes(shape) == shapes


def test_a_model_names_its_default_objective():
    from pellucid.training.objective import choose_objective

    chosen = choose_objective(pl.create("model", "stack", hidden=[], outputs=2), None, None)
    assert to_config(chosen) == {"type": "core/supervised", "loss": to_config(pl.create("loss", "mse"))}
    with pytest.raises(ConfigError, match=r"This Dense names no default objective, so Trainer needs a loss=…"):
        choose_objective(Dense(2), None, None)
