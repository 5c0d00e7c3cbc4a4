"""What build declares: each parameter under a name and an attribute of its own; argument names that hide nothing."""

from __future__ import annotations

from typing import Any

import pellucid as pl
import pytest
from pellucid.testing.registries import use_registry

from tests.fake_plugins import install, registry_of


class Declaring(pl.Layer):
    """A layer whose ``build`` is given by the test."""

    def output_shape(self, input_shape):
        return input_shape

    def forward(self, ctx, x):
        return x

    def backward(self, ctx, dy):
        return dy


def a_layer(build: Any) -> pl.Layer:
    return type("Mine", (Declaring,), {"build": build})()


def into_nothing(self, shape):
    self.param("w", shape)


def into_a_local(self, shape):
    self.w = self.param("w", shape)
    mean = self.state("mean", shape)
    assert mean.shape == shape


def twice_in_order(self, shape):
    self.a = self.param("w", shape)
    self.b = self.param("w", shape)


def twice_into_one_attribute(self, shape):
    self.w = self.param("w", shape)
    self.w = self.param("w", shape)


def in_a_loop(self, shape):
    for _ in range(2):
        self.w = self.state("w", shape)


def twice_before_assigned(self, shape):
    a, b = self.param("w", shape), self.param("w", shape)
    self.a, self.b = a, b


def a_state_of_the_same_name(self, shape):
    self.a, self.b = self.param("w", shape), self.state("w", shape)


def one_name_in_a_list(self, shape):
    self.all = [self.param("w", shape) for _ in range(2)]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (into_nothing, "Mine declares 'w' and assigns it to no attribute. Write self.w = self.param('w', …)"),
        (into_a_local, "Mine declares 'mean' and assigns it to no attribute"),
        (twice_in_order, "Mine declares 'w' twice"),
        (twice_before_assigned, "Mine declares 'w' twice"),
        (twice_into_one_attribute, "Mine declares 'w' twice"),
        (in_a_loop, "Mine declares 'w' twice"),
        (a_state_of_the_same_name, "Mine declares 'w' twice"),
        (one_name_in_a_list, "Mine declares 'w' twice"),
    ],
)
def test_what_is_declared_has_a_name_and_an_attribute_of_its_own(build, message):
    layers = [pl.create("layer", "dense", units=3), a_layer(build)]
    with pytest.raises(pl.ConfigError) as caught:
        pl.build(pl.create("layer", "sequential", layers=layers), input_shape=(2,))
    assert message in str(caught.value)


def test_a_build_may_call_that_of_its_base_be_mixed_in_and_be_called_again_after_an_error():
    class Mixed:
        def build(self, shape):
            self.a = self.param("a", shape)

    class Base(Mixed, Declaring):
        pass

    class Derived(Base):
        def build(self, shape):
            super().build(shape)
            self.b = self.param("b", shape)

    class Doubling(Base):
        def build(self, shape):
            super().build(shape)
            self.c = self.param("a", shape)

    for layer, n in ((Base(), 1), (Derived(), 2)):
        pl.build(pl.create("layer", "sequential", layers=[layer, layer]), input_shape=(2,))
        with pytest.raises(pl.ShapeError):
            layer.build((3,))
        layer.build((2,))
        assert len(layer.parameters()) == n
    with pytest.raises(pl.ConfigError, match="Doubling declares 'a' twice"):
        pl.build(Doubling(), input_shape=(2,))


def test_lists_and_dictionaries_hold_parameters_and_a_layer_may_be_used_twice():
    def build(self, shape):
        self.many = [self.param(f"w{i}", shape) for i in range(3)]
        self.named = {"b": self.param("b", shape), "mean": self.state("mean", shape)}

    layer = a_layer(build)
    model = pl.build(pl.create("layer", "sequential", layers=[layer, layer]), input_shape=(2,))
    assert [p.path for p in model.parameters()] == [f"layers.0.many.{i}" for i in range(3)] + ["layers.0.named.b"]
    assert "_asked" not in vars(layer)


@pytest.mark.parametrize(
    ("base", "word"),
    [
        (pl.Layer, "forward"), (pl.Layer, "state"), (pl.Layer, "param"), (pl.Composite, "call"), (pl.Loss, "check"),
        (pl.Optimizer, "step"), (pl.Metric, "update"), (pl.Metric, "result"), (pl.Transform, "fit"),
        (pl.Callback, "choice"), (pl.Dataset, "load"), (pl.Schedule, "starts"), (pl.Regularizer, "penalty"),
        (pl.Layer, "kind"), (pl.Loss, "examples"),
    ],
)  # fmt: skip
def test_an_argument_that_would_hide_a_method_is_refused_with_the_word(base, word):
    scope: dict[str, Any] = {}
    exec(f"def __init__(self, {word}=None): self.{word} = {word}", scope)
    with pytest.raises(pl.ConfigError, match=f"Mine has an argument '{word}', .*would hide that. Choose another word"):
        type("Mine", (base,), {"__init__": scope["__init__"]})


def test_an_argument_that_hides_a_method_of_the_class_itself_is_refused():
    with pytest.raises(pl.ConfigError, match="argument 'decay'"):

        class Mine(pl.Optimizer):
            def __init__(self, lr: float = 0.1, decay: float = 0.0) -> None:
                self.lr, self.decay = lr, decay

            def decay(self) -> float:
                return 0.0

            def step(self, segments):
                pass


def test_an_argument_that_is_not_stored_is_named_with_its_component():
    class Forgets(Declaring):
        def __init__(self, rate: float = 1.0) -> None:
            self._rate = rate

    told = r"Forgets does not store argument 'rate'.* Write self\.rate = rate in __init__"
    layers = [Forgets(), pl.create("layer", "dense", units=3)]
    model = pl.build(pl.create("layer", "sequential", layers=layers), input_shape=(2,))
    for use in (repr, pl.Layer.arguments):
        with pytest.raises(pl.ConfigError, match=told):
            use(model.layers[0])


SEEDED = """
from pellucid import Dense, Layer, hookimpl


@hookimpl
def pellucid_register(registry):
    registry.model("seeded", "plugin_seeded:seeded", summary="a model with a seed of its own")


def seeded(seed: int) -> Layer:
    return Dense(seed + 1)
"""


def test_a_models_own_seed_is_the_one_that_build_is_given(tmp_path):
    install(tmp_path, "seeded", source=SEEDED)
    with registry_of(tmp_path) as registry, use_registry(registry):
        assert pl.build("seeded/seeded", input_shape=(2,), seed=4).output_shape((2,)) == (5,)
        model = pl.build({"type": "seeded/seeded", "seed": 2}, input_shape=(2,), seed=4)
        assert model.output_shape((2,)) == (3,) and model.runtime.seed == 4
        assert model.runtime.config["seed"] == 2
        with pytest.raises(pl.ConfigError, match="seed: missing"):
            pl.build("seeded/seeded", input_shape=(2,))
        with pytest.raises(pl.ConfigError, match="seed: expected int"):
            pl.build("seeded/seeded", input_shape=(2,), seed="one")
