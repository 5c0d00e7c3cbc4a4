"""All mistakes at once, each with its path, a suggestion and the allowed keys."""

from __future__ import annotations

from pathlib import Path

import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError, PluginError, ShapeError
from pellucid.registry.config import read
from pellucid.registry.reader import FAILED, Reader

from tests.fake_plugins import install


def test_all_mistakes_are_reported_at_once_with_their_paths():
    config = {
        "type": "sequential",
        "layers": [
            {"type": "dense", "unit": 3},
            {"type": "dense", "units": "4", "init": "hee"},
            {"type": "dens"},
            "relu",
            {"type": "dropout", "rate": 3},
            {"units": 3},
            7,
            {"type": "residual", "layer": {"type": "dense", "units": 0}},
        ],
    }
    with pytest.raises(ConfigError) as caught:
        read("layer", config, path="model")
    first, *lines = str(caught.value).splitlines()
    assert first == "9 mistakes in the configuration:"
    expected = [
        "model.layers.0.unit: core/dense has no such argument. Did you mean 'units'? Allowed: units, activation, ",
        "model.layers.0.units: missing. core/dense needs it: int.",
        "model.layers.1.units: expected int. Received: '4' (str).",
        "model.layers.1.init: Unknown initializer 'hee'. Did you mean 'he'? Known: ",
        "model.layers.2.type: Unknown layer or model 'dens'. Did you mean 'dense'? Known: ",
        "model.layers.4.rate: The 'rate' of Dropout must be a float in [0, 1). Received: 3.0.",
        "model.layers.5.type: missing. It names the layer",
        "model.layers.6: expected a layer. Received: 7 (int).",
        "model.layers.7.layer.units: The 'units' of Dense must be an int in [1, inf). Received: 0.",
    ]
    assert len(lines) == len(expected)
    for line, wanted in zip(lines, expected, strict=True):
        assert line.startswith(f"  {wanted}")


def test_a_single_mistake_is_a_single_line():
    with pytest.raises(ConfigError, match=r"^units: missing\. core/dense needs it: int\.$"):
        pl.create("layer", "dense")


def test_an_unknown_name_at_the_top_has_no_path():
    with pytest.raises(ConfigError, match=r"^Unknown optimizer 'adm'\. Did you mean 'adam'\?"):
        pl.create("optimizer", "adm")


def test_range_errors_of_a_strangers_constructor_are_collected_too():
    with pytest.raises(ConfigError, match=r"^model: outputs must be at least 2$") as caught:
        read("model", {"type": "stack", "hidden": [], "outputs": 1}, path="model")
    assert isinstance(caught.value.__cause__, ValueError)


def test_several_sections_are_reported_together():
    reader = Reader()
    assert reader.read("optimizer", {"type": "adam", "lr": "fast"}, "optimizer") is FAILED
    assert reader.read("loss", "mze", "loss") is FAILED
    assert reader.arguments(_settings, {"epochs": 1.5, "batchsize": 3}, "train", "[train]") is FAILED
    with pytest.raises(ConfigError) as caught:
        reader.finish()
    assert str(caught.value).splitlines() == [
        "5 mistakes in the configuration:",
        "  optimizer.lr: expected float. Received: 'fast' (str).",
        "  loss: Unknown loss 'mze'. Did you mean 'mse'? Known: "
        "binary_cross_entropy, binary_focal, cosine_similarity, focal, function, hinge, huber, kl_divergence, mae, "
        "mse, signed, softmax_cross_entropy.",
        "  train.epochs: expected int. Received: 1.5 (float).",
        "  train.batchsize: [train] has no such argument. Did you mean 'batch_size'? Allowed: batch_size, epochs.",
        "  train.batch_size: missing. [train] needs it: int.",
    ]


def _settings(batch_size: int, epochs: int = 1) -> None: ...


def test_sections_without_mistakes_are_read():
    reader = Reader()
    assert reader.arguments(_settings, {"batch_size": 3}, "train", "[train]") == {"batch_size": 3}
    reader.finish()


def test_arguments_must_be_a_table():
    reader = Reader()
    assert reader.arguments(_settings, [1], "train", "[train]") is FAILED
    with pytest.raises(ConfigError, match=r"^train: expected a table\. Received: \[1\]\.$"):
        reader.finish()


@pytest.mark.parametrize("config", [3, None, [], {"units": 3}, {"type": 3}, {"type": None}])
def test_what_is_no_configuration_is_refused(config: object):
    with pytest.raises(ConfigError, match=r"layer"):
        read("layer", config, path="model")


def test_a_component_of_another_kind_is_refused():
    with pytest.raises(ConfigError, match=r"expected a loss\. Received: Dense\(units=3.*a layer"):
        read("loss", pl.create("layer", "dense", units=3))


def test_a_broken_plugin_is_a_plugin_error(tmp_path: Path):
    from pellucid.testing.registries import use_registry

    from tests.fake_plugins import registry_of

    install(tmp_path / "other", "broken", source="1 / 0")
    with registry_of(tmp_path / "other") as registry, use_registry(registry):
        with pytest.raises(PluginError, match=r"Plugin 'broken' .* ZeroDivisionError"):
            pl.create("layer", "broken/sine")
        with pytest.raises(ConfigError, match="2 mistakes"):
            pl.create("layer", "sequential", layers=["broken/sine", "dens"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "input_shape: missing. It is the shape of one sample"),
        ({"input_shape": 5}, r"Received: 5. Write (5,)"),
        ({"input_shape": [0]}, "expected a list of ints of at least 1"),
        ({"input_shape": [True]}, "expected a list of ints of at least 1"),
        ({"input_shape": "ab"}, "expected a list of ints of at least 1"),
        ({"input_shape": [[3], 4]}, "expected a list of ints of at least 1"),
        ({"input_shape": (3,), "dtype": "float16"}, "must be one of float32, float64. Received: 'float16'"),
        ({"input_shape": (3,), "seed": -1}, "The 'seed' of a model must be an int in"),
        ({"input_shape": (3,), "seed": 1.5}, "The 'seed' of a model must be an int in"),
        ({"input_shape": (3,), "backend": "cythn"}, "Unknown backend 'cythn'"),
        ({"input_shape": (3,), "unit": 3}, "unit: core/dense has no such argument. Did you mean 'units'?"),
    ],
)
def test_build_says_what_is_wrong(arguments: dict[str, object], message: str):
    with pytest.raises(ConfigError) as caught:
        pl.build("dense", **{"units": 3, **arguments})  # type: ignore[arg-type]
    assert message in str(caught.value)


@pytest.mark.parametrize("config", [3, None, ["dense"]])
def test_build_takes_a_name_a_table_or_a_layer(config: object):
    with pytest.raises(ConfigError, match="expected a model or layer: its name, or a table with 'type'"):
        pl.build(config, input_shape=(3,))  # type: ignore[arg-type]


def test_build_takes_no_arguments_beside_a_layer():
    with pytest.raises(ConfigError, match="arguments only together with a name"):
        pl.build(pl.create("layer", "dense", units=3), input_shape=(3,), units=4)


def test_build_makes_no_model_of_a_loss():
    with pytest.raises(ConfigError, match=r"expected a model or layer\. Received: MSE\(.*a loss"):
        pl.build(pl.create("loss", "mse"), input_shape=(3,))  # type: ignore[arg-type]


def test_shapes_that_do_not_fit_name_the_layer():
    layers = [{"type": "dense", "units": 3}, {"type": "residual", "layer": {"type": "dense", "units": 4}}]
    with pytest.raises(ShapeError, match=r"layers.1 \(Residual\).*shapes so far"):
        pl.build("sequential", input_shape=(5,), layers=layers, backend="reference")
