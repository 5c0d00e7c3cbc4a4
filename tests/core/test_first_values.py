"""What a model begins with: seeds, what initializers are told of a parameter, states, what may be put in its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError, ShapeError
from pellucid.standard.arguments import MOST_SIZES, check_sizes


class Noted(pl.Initializer):
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def __call__(self, rng: np.random.Generator, shape: Any, fan_in: int, fan_out: int) -> Any:
        self.asked.append((shape, fan_in, fan_out))
        return np.zeros(shape)


class Holder(pl.Layer):
    """Its parameter, and two states."""

    def __init__(self, shape: tuple[int, ...], init: Any, **fans: int) -> None:
        self.shape, self.start, self.fans = shape, init, fans

    def build(self, input_shape: Any) -> None:
        self.weight = self.param("weight", self.shape, init=self.start, **self.fans)  # type: ignore[arg-type]
        self.seen = self.state("seen", (2, 3), fill=2.5)
        self.number = self.state("number", ())

    def output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def forward(self, ctx: pl.Context, x: Any) -> Any:
        return x

    def backward(self, ctx: pl.Context, dy: Any) -> Any:
        return dy


@pytest.mark.parametrize(
    ("shape", "fans", "told"),
    [
        ((3, 5), {}, (3, 5)), ((5,), {}, (1, 5)), ((), {}, (1, 1)), ((2, 3, 4, 5), {}, (24, 5)), ((7, 1), {}, (7, 1)),
        ((3, 5), {"fan_in": 9}, (9, 5)), ((3, 5), {"fan_out": 9}, (3, 9)),
        ((3, 5), {"fan_in": 2, "fan_out": 4}, (2, 4)),
    ],
)  # fmt: skip
def test_what_an_initializer_scales_by(shape: tuple[int, ...], fans: dict[str, int], told: tuple[int, int]) -> None:
    noted = Noted()
    model = pl.build(Holder(shape, noted, **fans), input_shape=(2,), seed=0)
    assert noted.asked == [(shape, *told)]
    (param,) = model.parameters()
    assert (param.fan_in, param.fan_out) == told and param.data.shape == shape


def test_states_begin_with_what_fills_them() -> None:
    model = pl.build(Holder((3,), "ones"), input_shape=(2,), seed=0)
    assert [state.data.tolist() for state in model.states()] == [[[2.5] * 3] * 2, 0.0]
    norm = pl.build("batch_norm", input_shape=(3,), seed=0)
    assert {path: state.data.tolist() for path, state in norm.named_states()} == {
        "running_mean": [0.0] * 3, "running_var": [1.0] * 3
    }  # fmt: skip
    norm.states()[1].data[...] = 4.0
    again = pl.build(pl.create("layer", "sequential", layers=[norm]), input_shape=(3,), seed=0)
    assert again.states()[1].data.tolist() == [4.0] * 3, "of what was built already it is kept"


@pytest.mark.parametrize("seed", [0, 1, 2**63, 2**64 - 1, np.int64(5)])
def test_a_seed_is_kept_and_gives_the_same_weights(seed: Any) -> None:
    built = [pl.build("dense", units=2, input_shape=(3,), seed=seed) for _ in range(2)]
    assert built[0].runtime.seed == int(seed)  # type: ignore[union-attr]
    np.testing.assert_array_equal(built[0].parameters()[0].data, built[1].parameters()[0].data)


@pytest.mark.parametrize("seed", [-1, 2**64, 2**65, 1.0, True, "1", [1]])
def test_what_is_no_seed(seed: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        pl.build("dense", units=2, input_shape=(3,), seed=seed)
    assert str(caught.value) == f"The 'seed' of a model must be an int in [0, 2**64). Received: {seed!r}."


def test_without_a_seed_one_is_drawn_and_noted() -> None:
    seeds = {pl.build("dense", units=2, input_shape=(3,)).runtime.seed for _ in range(3)}  # type: ignore[union-attr]
    assert len(seeds) == 3 and max(seeds) < 2**32


def test_what_may_be_assigned_to_a_parameter() -> None:
    model = pl.build("dense", units=2, input_shape=(3,), seed=0)
    weight, bias = model.parameters()
    place = weight.data
    for value in ([[1, 2], [3, 4], [5, 6]], np.arange(6).reshape(3, 2), np.ones((3, 2), "f8"), ((1, 0),) * 3):
        weight.data = value
        weight.grad = value
        assert weight.data is place and weight.data.tolist() == np.asarray(value).tolist() == weight.grad.tolist()
    bias.data += 1.5
    assert bias.data.tolist() == [1.5, 1.5]
    for wrong, shape in ((np.ones(2), (2,)), ([[1.0]], (1, 1)), (1.0, ()), (np.ones((2, 3)), (2, 3))):
        with pytest.raises(ShapeError) as caught:
            weight.data = wrong
        assert f"Parameter 'weight' holds an array of shape (3, 2). Received: {shape}." in str(caught.value)
    for odd in ([["a", "b"]] * 3, "text", [[1.0], [2.0, 3.0]], None):
        with pytest.raises(DataError, match="The value of parameter 'weight' must hold real numbers"):
            weight.data = odd
    assert weight.data.tolist() == [[1, 0]] * 3


class Lost(Holder):
    """One of its parameters is assigned to nothing."""

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.param("lost", (1,))


class Twice(Holder):
    """Two attributes hold one parameter."""

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.same = self.weight


@pytest.mark.parametrize(("kind", "told"), [(Lost, "'lost' and assigns it to no attribute"), (Twice, "'weight' twice")])
def test_every_parameter_has_one_attribute(kind: type[Holder], told: str) -> None:
    for layer in (kind((1,), "zeros"), pl.create("layer", "sequential", layers=[kind((1,), "zeros")])):
        with pytest.raises(ConfigError, match=f"{kind.__name__} declares {told}. Write self."):
            pl.build(layer, input_shape=(2,), seed=0)


@pytest.mark.parametrize(
    ("sizes", "least", "told"),
    [
        ([1] * MOST_SIZES, 0, ""), ([], 0, ""), ((3, np.int64(2)), 2, ""), ([1], 1, ""),
        ([1] * (MOST_SIZES + 1), 0, f"a list of at most 1000 ints, of it. Received: '{MOST_SIZES + 1} of them'"),
        ([], 1, r"a list of at least 1 ints of at least 1, of it. Received: []"),
        ([4], 2, "a list of at least 2 ints of at least 1, of it. Received: [4]"),
        ([4, 0], 0, "a list of ints of at least 1, of it. Received: [4, 0]"), (4, 0, "Received: 4"),
        ([True], 0, "Received: [True]"), ([2.0], 0, "Received: [2.0]"), ("44", 0, "Received: '44'"),
    ],
)  # fmt: skip
def test_lists_of_sizes(sizes: Any, least: int, told: str) -> None:
    if not told:
        check_sizes(Noted(), "hidden", sizes, "of it", least=least)
        return
    with pytest.raises(ConfigError) as caught:
        check_sizes(Noted(), "hidden", sizes, "of it", least=least)
    assert told in str(caught.value) and "'hidden' of Noted" in str(caught.value)
