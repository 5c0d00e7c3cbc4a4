"""Layers that stand at several places: ``ref``, and tied weights: ``transpose``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.component import Example
from pellucid.basics.errors import ConfigError, ShapeError
from pellucid.interfaces.context import Context
from pellucid.registry.config import read, to_config
from pellucid.standard.layers.containers import Sequential
from pellucid.standard.layers.dense import Transposed
from pellucid.testing import run_conformance
from pellucid.testing.registries import use_registry

from tests.fake_plugins import install, registry_of

DENSE = {"type": "dense", "units": 3, "activation": "tanh"}
TIED = {"type": "sequential", "layers": [DENSE, {"ref": "layers.0", "transpose": True, "activation": "sigmoid"}]}


def test_a_reference_is_the_same_layer():
    config = {
        "type": "sequential",
        "layers": [DENSE, {"ref": "layers.0"}, {"type": "residual", "layer": {"ref": "layers.0"}}],
    }
    model = read("layer", config, path="model")
    assert model.layers[1] is model.layers[0]
    assert model.layers[2].layer is model.layers[0]
    written = to_config(model)
    assert written["layers"][1:] == [{"ref": "layers.0"}, {"type": "core/residual", "layer": {"ref": "layers.0"}}]
    assert to_config(read("layer", written)) == written
    built = pl.build(written, input_shape=(3,), backend="reference")
    assert [param.path for param in built.parameters()] == ["layers.0.weight", "layers.0.bias"]


def test_a_transposed_reference_shares_the_weight_and_has_a_bias_of_its_own():
    model = pl.build(TIED, input_shape=(5,), backend="reference")
    assert [param.path for param in model.parameters()] == ["layers.0.weight", "layers.0.bias", "layers.1.bias"]
    written = to_config(model)
    assert written["layers"][1] == {
        "type": "core/transposed", "source": {"ref": "layers.0"}, "activation": "sigmoid", "use_bias": True,
    }  # fmt: skip
    again = pl.build(written, input_shape=(5,), backend="reference")
    assert to_config(again) == written
    assert len(again.parameters()) == 3


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("activation", [None, "tanh", "gelu"])
def test_gradients_of_tied_weights_add_up(activation: str | None, use_bias: bool):
    second = {"ref": "layers.0", "transpose": True, "activation": activation, "use_bias": use_bias}
    config = {"type": "sequential", "layers": [DENSE, second]}
    model = pl.build(config, input_shape=(5,), seed=0, dtype="float64", backend="reference")
    assert model.runtime is not None
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 4, 5))

    def value() -> tuple[Any, Context]:
        ctx = Context(model.runtime.ops, training=True, dtype="float64")  # type: ignore[union-attr]
        return (model.forward(ctx, x) * dy).sum(), ctx

    dx = np.array(model.backward(value()[1], dy))
    for array, gradient in [*((p.data, p.grad.copy()) for p in model.parameters()), (x, dx)]:
        for index in np.ndindex(*array.shape):
            before = array[index]
            values = []
            for change in (1e-6, -1e-6):
                array[index] = before + change
                values.append(value()[0])
            array[index] = before
            assert gradient[index] == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-6, abs=1e-8)


def test_tied_layers_keep_every_promise_of_the_contracts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Sequential, "examples", (Example({"layers": TIED["layers"]}),))
    report = run_conformance(
        "core/sequential", skips={"core/sequential: shape_rule": "the width is known once the source is built"}
    )
    assert len(report.passed) > 20


def test_a_frozen_source_gets_no_gradient():
    model = pl.build(TIED, input_shape=(5,), dtype="float64", backend="reference")
    assert model.runtime is not None
    for param in model.parameters():
        param.trainable = False
    ctx = Context(model.runtime.ops, training=True, dtype="float64")
    model.backward(ctx, model.forward(ctx, np.ones((2, 5))).copy())
    assert not model.runtime.arena.grad.any()


def test_a_transposed_layer_says_which_input_it_takes():
    with pytest.raises(ShapeError, match=r"Transposed takes what its source gives, 3 features\. Received: 4 features"):
        pl.build(
            {"type": "sequential", "layers": [DENSE, {"type": "dense", "units": 4}, TIED["layers"][1]]},
            input_shape=(5,), backend="reference",
        )  # fmt: skip
    with pytest.raises(ShapeError, match="Place that layer before this one"):
        pl.build(Transposed(pl.create("layer", DENSE)), input_shape=(3,), backend="reference")


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"ref": "layers.9"}, r"layers.1.ref: no layer 'layers.9' stands before this one\..* stand: layers.0\."),
        ({"ref": "layers.1"}, "no layer 'layers.1' stands before"),
        ({"ref": ""}, "no layer '' stands before"),
        ({"ref": 3}, "layers.1.ref: no layer 3 stands before"),
        ({"ref": "layers.0", "units": 3}, r"layers.1: a shared layer takes no arguments of its own\. Received: units"),
        ({"ref": "layers.0", "transpose": 1}, r"layers.1.transpose: expected true or false\. Received: 1"),
        ({"ref": "layers.0", "transpose": True, "units": 3}, "layers.1.units: core/transposed has no such argument"),
    ],
)
def test_a_wrong_reference_is_refused(second: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match=message):
        pl.create("layer", "sequential", layers=[DENSE, second])


def test_a_layer_without_a_weight_cannot_be_transposed():
    expected = r"^layers\.1\.transpose: ReLU cannot be transposed\. A layer can whose class names its twin, tran"
    with pytest.raises(ConfigError, match=expected):
        pl.create("layer", "sequential", layers=["relu", {"ref": "layers.0", "transpose": True}])
    expected = r"'source' of Transposed must be a layer that can be transposed.* Received: ReLU"
    with pytest.raises(ConfigError, match=expected):
        pl.create("layer", "sequential", layers=["relu", {"type": "transposed", "source": {"ref": "layers.0"}}])


def test_what_is_no_layer_cannot_be_transposed():
    layers = [{"type": "dense", "units": 3, "init": "he"}, {"ref": "layers.0.init", "transpose": True}]
    with pytest.raises(ConfigError, match=r"^layers\.1\.transpose: He cannot be transposed"):
        pl.create("layer", "sequential", layers=layers)


TURNS = '''
"""A layer that permutes features, and its transposed, which permutes them back."""
from __future__ import annotations
import numpy as np
from pellucid import Layer

class Turn(Layer):
    """y_i = x_{i + shift}"""
    transposed_twin = "turns/back"

    def __init__(self, shift: int) -> None:
        self.shift = shift

    def output_shape(self, shape):
        return shape

    def forward(self, ctx, x):
        return np.roll(x, -self.shift, -1)

    def backward(self, ctx, dy):
        return np.roll(dy, self.shift, -1)

class Back(Layer):
    """y_i = factor x_{i - shift}"""
    def __init__(self, source: Turn, *, factor: float = 1.0) -> None:
        self.source = source
        self.factor = factor

    def output_shape(self, shape):
        return shape

    def forward(self, ctx, x):
        return self.factor * np.roll(x, self.source.shift, -1)

    def backward(self, ctx, dy):
        return self.factor * np.roll(dy, -self.source.shift, -1)

class Nameless(Turn):
    transposed_twin = "turns/forth"
'''


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[None]:
    register = "\n".join(
        f'registry.layer("{name.lower()}", "{{module}}.m:{name}", summary="")' for name in ("Turn", "Back", "Nameless")
    )
    install(tmp_path / "turns", "turns", register, modules={"m": TURNS})
    with registry_of(tmp_path / "turns") as registry, use_registry(registry):
        yield


@pytest.mark.usefixtures("turns")
def test_a_strangers_layer_can_be_transposed():
    back = {"ref": "layers.0", "transpose": True, "factor": 2}
    config = {"type": "sequential", "layers": [{"type": "turns/turn", "shift": 1}, back]}
    model = pl.build(config, input_shape=(3,), backend="reference")
    assert model.predict(np.array([[1.0, 2.0, 3.0]])).tolist() == [[2.0, 4.0, 6.0]]
    written = to_config(model)
    assert written["layers"][1] == {"type": "turns/back", "source": {"ref": "layers.0"}, "factor": 2.0}
    assert to_config(read("layer", written)) == written


@pytest.mark.usefixtures("turns")
@pytest.mark.parametrize(
    ("source", "extra", "message"),
    [
        ("turn", {"facto": 2}, r"^layers\.1\.facto: turns/back has no such argument\. Did you mean 'factor'\?"),
        ("turn", {"factor": "2"}, r"^layers\.1\.factor: expected float\. Received: '2'"),
        ("nameless", {}, r"^layers\.1: Unknown layer 'turns/forth'"),
    ],
)
def test_the_arguments_of_a_strangers_twin_are_checked(source: str, extra: dict[str, Any], message: str):
    layers = [{"type": f"turns/{source}", "shift": 1}, {"ref": "layers.0", "transpose": True, **extra}]
    with pytest.raises(ConfigError, match=message):
        pl.create("layer", "sequential", layers=layers)


def test_what_refers_to_a_mistake_is_not_reported_as_another_one():
    with pytest.raises(ConfigError) as caught:
        pl.create("layer", "sequential", layers=[{"type": "dense", "units": 0}, {"ref": "layers.0"}])
    assert str(caught.value).startswith("layers.0.units: ")
