"""The model of an estimator: dense layers, a layer of one's own, a registered model, and what stands behind it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pellucid as pl
import pytest
from pellucid import ConfigError, Dense, Parallel, Sequential
from pellucid_tabular.estimators.network import network, registered, takes_categories


def asked(**given: Any) -> Any:
    usual = dict.fromkeys(("model", "hidden", "activation", "dropout", "members", "model_params", "backend"))
    return SimpleNamespace(**{**usual, "dtype": "float32", **given})


def made(estimator: Any, model: Any = None, *, outputs: int = 3, heads: Any = None, **offered: Any) -> Any:
    return network(estimator, model, columns=5, outputs=outputs, heads=heads, seed=0, **offered)


def test_dense_layers_are_as_they_are_asked_for() -> None:
    assert [(type(layer), getattr(layer, "units", None)) for layer in made(asked()).layers] == [
        (Dense, 128),
        (Dense, 64),
        (Dense, 3),
    ]
    with_dropout = made(asked(hidden=(8, 4), activation="tanh", dropout=0.25)).layers
    assert [type(layer).__name__ for layer in with_dropout] == ["Dense", "Dropout", "Dense", "Dropout", "Dense"]
    assert [layer.rate for layer in with_dropout[1::2]] == [0.25, 0.25]
    assert [layer.units for layer in with_dropout[::2]] == [8, 4, 3]
    assert "tanh" in str(pl.to_config(with_dropout[0])) and "relu" in str(pl.to_config(made(asked()).layers[0]))
    assert [type(layer).__name__ for layer in made(asked(hidden=())).layers] == ["Flatten", "Dense"]
    for wrong in ({"dropout": 1.0}, {"hidden": (0,)}, {"members": 3}, {"model_params": {"a": 1}}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            made(asked(**wrong))


def test_a_layer_is_copied_and_gets_what_the_target_needs_behind_it() -> None:
    layer: Any = Dense(3)
    same = made(asked(), layer)
    assert isinstance(same, Dense) and same is not layer and layer.runtime is None
    more = made(asked(), layer, outputs=4)
    assert [part.units for part in more.layers] == [3, 4]
    inside: Any = made(asked(), Sequential([Dense(8), Dense(2)]))
    assert [part.units for part in inside.layers] == [8, 2, 3], "no Sequential in another"
    several: Any = made(asked(), layer, heads=(2, 3))
    heads: Any = several.layers[-1]
    assert isinstance(heads, Parallel) and [head.units for head in heads.layers] == [2, 3]  # type: ignore[attr-defined]
    assert several.layers[0].units == 3 and len(several.layers) == 2
    for wrong in (3, [1], object()):
        with pytest.raises(ConfigError, match="model: expected 'auto', the name of a registered model or layer"):
            made(asked(), wrong)
    for name in ("hidden", "activation", "dropout", "members", "model_params"):
        with pytest.raises(ConfigError, match=f"^{name} is for models that take it"):
            made(asked(**{name: 3}), layer)


def test_a_registered_model_takes_what_it_is_offered_and_what_it_is_given_goes_before() -> None:
    small = made(
        asked(hidden=(8,), model_params={"size": 4}), "mlp", categories=(3, 4), task="classification", members=7
    )
    assert [layer.units for layer in small.layers if isinstance(layer, Dense)] == [8, 3]
    ensemble = made(
        asked(members=2, model_params={"widths": (8, 8)}), {"type": "ensemble", "depths": (1, 1)}, members=7
    )
    assert ensemble.members == 2 and ensemble.widths == (8, 8) and ensemble.depths == (1, 1)
    assert made(asked(model_params={"widths": (8, 8)}), "ensemble", members=3, patience=9).patience == 9
    with pytest.raises(ConfigError, match=r"^members is for one network, .* and mlp does not take it"):
        made(asked(members=2), "mlp")
    with pytest.raises(ConfigError, match="wide") as error:
        made(asked(model_params={"wide": 2}), "mlp")
    assert "is for one network" not in str(error.value)
    assert takes_categories(asked(), "mlp") and takes_categories(asked(), {"type": "tabular/ensemble"})
    assert (
        not takes_categories(asked(), "ann")
        and not takes_categories(asked(), None)
        and not takes_categories(asked(), Dense(1))
    )
    assert not takes_categories(asked(members=2), "mlp"), "network says what is wrong with it"
    assert registered(asked(), "ann", outputs=2, columns=4).runtime is None
