"""Composite: gradients against hand-written backwards and central differences, shapes, contexts, refusals."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import DataError, DifferentiationError, ShapeError
from pellucid.interfaces.context import Context
from pellucid.ops.backends import get_ops
from pellucid.standard.layers.activations import Tanh
from pellucid.standard.layers.containers import Sequential
from pellucid.standard.layers.dense import Dense
from pellucid.standard.layers.dropout import Dropout
from pellucid.standard.layers.normalisation import BatchNorm
from pellucid.standard.layers.reshape import Flatten
from pellucid.testing.gradients import check_gradients

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 5))


def context(**options: Any) -> Context:
    return Context(get_ops("reference"), **{"training": True, "dtype": "float64", **options})


class TwoLayers(pl.Composite):
    def __init__(self) -> None:
        self.first, self.second = Dense(4, "tanh"), Dense(3)

    def call(self, ctx: Context, *inputs: Any) -> Any:
        (x,) = inputs
        return self.second(self.first(x))


class Gated(pl.Composite):
    """Own parameters on both sides of a Variable, alone, and as an argument of a NumPy function."""

    def __init__(self, units: int = 4) -> None:
        self.units = units
        self.value, self.gate = Dense(units), Dense(units, "sigmoid")

    def declare(self, *input_shapes: Any) -> None:
        self.scale = self.param("scale", (self.units,), init="ones")
        self.shift = self.param("shift", (self.units,), init="normal")

    def call(self, ctx: Context, *inputs: Any) -> Any:
        (x,) = inputs
        y = np.tanh(self.value(x)) * self.gate(x) * self.scale + self.shift * self.gate(x)
        return np.maximum(y, self.shift) + np.exp(ctx.variable(self.scale))


class Nested(pl.Composite):
    def __init__(self) -> None:
        self.blocks = [Gated(3), Gated(3)]
        self.parts = {"norm": BatchNorm(), "drop": Dropout(0.5)}

    def call(self, ctx: Context, *inputs: Any) -> Any:
        (x,) = inputs
        for block in self.blocks:
            x = self.parts["norm"](block(x)) + x[:, :3]
        return self.parts["drop"](x)


class Shared(pl.Composite):
    def __init__(self) -> None:
        self.dense = Dense(5, "tanh")

    def call(self, ctx: Context, *inputs: Any) -> Any:
        (x,) = inputs
        return self.dense(self.dense(x) + x)


class Labelled(pl.Composite):
    """Labels pick rows of a table, a mask hides elements; two outputs."""

    integer_inputs = (1, 2)

    def declare(self, *input_shapes: Any) -> None:
        self.table = self.param("table", (3, input_shapes[0][-1]), init="normal")

    def call(self, ctx: Context, *inputs: Any) -> Any:
        x, labels, mask = inputs
        rows = ctx.variable(self.table)[labels] + np.eye(3)[labels][:, :1]
        return x * rows, np.where(mask, x, 0.0).sum(axis=1)


def test_gradients_are_those_of_the_hand_written_backward() -> None:
    ours, theirs = TwoLayers(), Sequential([Dense(4, "tanh"), Dense(3)])
    for model in (ours, theirs):
        pl.build(model, input_shape=(5,), seed=1, dtype="float64")
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        a.data = b.data
    dy = RNG.normal(size=(6, 3))
    one, two = context(), context()
    assert np.array_equal(ours.forward(one, X), theirs.forward(two, X))
    assert np.array_equal(ours.backward(one, dy), theirs.backward(two, dy))
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert np.array_equal(a.grad, b.grad)


@pytest.mark.parametrize("model", [TwoLayers(), Gated(), Nested(), Shared()], ids=lambda model: type(model).__name__)
def test_gradients_agree_with_central_differences(model: Any) -> None:
    assert check_gradients(model, X, tolerance=1e-6).compared > X.size


def test_integers_and_masks_get_no_gradient() -> None:
    labels, mask = np.array([0, 2, 1, 1, 0, 2]), X > 0
    check_gradients(Labelled(), X, labels, mask)
    model = pl.build(Labelled(), input_shape=[(5,), (), (5,)], seed=0, dtype="float64")
    assert model.output_shape((5,), (), (5,)) == ((5,), ())
    ctx = context()
    y, _ = model.forward(ctx, X, labels, mask)
    assert model.backward(ctx, np.ones_like(y), np.ones(6))[1:] == (None, None)
    with pytest.raises(DataError, match=r"Input 1 of Labelled.*float64.*astype"):
        model.forward(context(), X, labels * 1.0, mask)


def test_a_composite_inside_a_sequential_inside_a_composite() -> None:
    class Outer(pl.Composite):
        def __init__(self) -> None:
            self.inner = Sequential([Gated(3), Tanh(), TwoLayers()])

        def call(self, ctx: Context, *inputs: Any) -> Any:
            return self.inner(inputs[0]) * 2

    check_gradients(Outer(), X)
    model = pl.build(Outer(), input_shape=(5,), seed=0)
    assert [p.path for p in model.parameters()][:3] == ["inner.layers.0.scale", "inner.layers.0.shift",
                                                        "inner.layers.0.value.weight"]  # fmt: skip


def test_gradients_accumulate_over_backwards() -> None:
    model = pl.build(Gated(), input_shape=(5,), seed=0, dtype="float64")
    ctx, dy = context(), RNG.normal(size=(6, 4))
    model.forward(ctx, X)
    dx = model.backward(ctx, dy)
    once = [p.grad.copy() for p in model.parameters()]
    assert np.array_equal(model.backward(ctx, dy), dx)
    for param, grad in zip(model.parameters(), once, strict=True):
        assert np.array_equal(param.grad, 2 * grad)


def test_two_calls_in_flight_and_threads() -> None:
    model = pl.build(Gated(), input_shape=(5,), seed=0, dtype="float64")
    dy = RNG.normal(size=(6, 4))

    def gradient(x: Any) -> Any:
        ctx = context()
        model.forward(ctx, x)
        return ctx

    one, two = gradient(X), gradient(X * 2)
    dx_two, dx_one = model.backward(two, dy), model.backward(one, dy)
    again = gradient(X)
    assert np.array_equal(model.backward(again, dy), dx_one)
    assert not np.array_equal(dx_one, dx_two)
    with ThreadPoolExecutor(2) as pool:
        outputs = list(pool.map(lambda x: model.forward(context(), x), [X, X * 2] * 20))
    assert all(np.array_equal(y, outputs[i % 2]) for i, y in enumerate(outputs))


class Spy(Dense):
    calls: ClassVar[list[tuple[str, tuple[bool, ...]]]] = []

    def forward(self, ctx: Context, *inputs: Any) -> Any:
        self.calls.append(("forward", ctx.needs_dx))
        return super().forward(ctx, *inputs)

    def backward(self, ctx: Context, *dy: Any) -> Any:
        self.calls.append(("backward", ctx.needs_dx))
        return super().backward(ctx, *dy)


def test_only_wanted_gradients_are_computed() -> None:
    class Chain(pl.Composite):
        def __init__(self) -> None:
            self.layers = [Spy(4), Spy(3), Spy(2)]

        def call(self, ctx: Context, *inputs: Any) -> Any:
            (x,) = inputs
            for layer in self.layers:
                x = layer(x)
            return x

    model: Any = pl.build(Chain(), input_shape=(5,), seed=0, dtype="float64")
    for param in model.layers[0].parameters():
        param.trainable = False
    Spy.calls.clear()
    ctx = context(needs_dx=(False,))
    model.forward(ctx, X)
    assert model.backward(ctx, np.ones((6, 2))) is None
    # The frozen first layer has no backward, and the one above it finds no gradient for its input.
    assert Spy.calls == [("forward", (False,)), ("forward", (False,)), ("forward", (True,)), ("backward", (True,)),
                         ("backward", (False,))]  # fmt: skip
    assert not any(p.grad.any() for p in model.layers[0].parameters())
    assert all(p.grad.any() for p in model.layers[1].parameters())


def test_everything_frozen() -> None:
    model = pl.build(Gated(), input_shape=(5,), seed=0, dtype="float64")
    for param in model.parameters():
        param.trainable = False
    ctx = context(needs_dx=(False,))
    model.forward(ctx, X)
    assert model.backward(ctx, np.ones((6, 4))) is None
    assert not model.runtime.arena.grad.any()


def test_a_backward_without_a_forward_or_of_another_shape() -> None:
    model = pl.build(Gated(), input_shape=(5,), seed=0, dtype="float64")
    ctx = context()
    with pytest.raises(AttributeError, match="needs a forward on the same context"):
        model.backward(ctx, np.ones((6, 4)))
    model.forward(ctx, X)
    with pytest.raises(ShapeError, match=r"\(6, 4\)\. Received: \(6, 1\)"):
        model.backward(ctx, np.ones((6, 1)))


def test_memory_is_freed_without_the_garbage_collector() -> None:
    """Nothing on a tape points back at it: the activations of a step go as soon as the next one begins."""
    model = pl.build(Nested(), input_shape=(5,), seed=0, dtype="float64")
    ctx = context()
    gc.disable()
    try:
        model.forward(ctx, X)
        model.backward(ctx, np.ones((6, 3)))
        old = weakref.ref(ctx.tape)
        model.forward(ctx, X)
        assert old() is None
    finally:
        gc.enable()


def test_several_inputs_none_of_whose_gradients_are_wanted() -> None:
    class Sum(pl.Composite):
        def __init__(self) -> None:
            self.dense = Dense(3)

        def call(self, ctx: Context, a: Any, b: Any) -> Any:
            return self.dense(a + b)

    class Outer(pl.Composite):
        def __init__(self) -> None:
            self.inner = Sequential([Sum(), Dense(2)])

        def call(self, ctx: Context, a: Any, b: Any) -> Any:
            return self.inner(a, b)

    model: Any = pl.build(Outer(), input_shape=[(5,), (5,)], seed=0, dtype="float64")
    ctx = context(needs_dx=(False, False))
    model.forward(ctx, X, X)
    assert model.backward(ctx, np.ones((6, 2))) == (None, None)
    assert model.inner.layers[0].dense.weight.grad.any()


def test_an_unused_output_and_an_unused_input() -> None:
    class Half(pl.Composite):
        def __init__(self) -> None:
            self.dense = Dense(4)

        def call(self, ctx: Context, *inputs: Any) -> Any:
            a, _ = inputs
            left, right = np.split(self.dense(a), 2, axis=1)
            return left, right.value.sum() * 0 + np.tanh(right)

    model = pl.build(Half(), input_shape=[(5,), (2,)], seed=0, dtype="float64")
    ctx = context()
    model.forward(ctx, X, np.ones((6, 2)))
    da, db = model.backward(ctx, np.ones((6, 2)), np.zeros((6, 2)))
    assert da == pytest.approx(np.ones((6, 2)) @ model.dense.weight.data[:, :2].T)
    assert not db.any()


def test_float32_in_float32_out_whatever_the_constants() -> None:
    class Wide(pl.Composite):
        def __init__(self) -> None:
            self.dense = Dense(3)

        def call(self, ctx: Context, *inputs: Any) -> Any:
            return self.dense(inputs[0] * np.arange(5.0)) * np.pi * np.arange(3.0)

    model = pl.build(Wide(), input_shape=(5,), seed=0)
    ctx = context(dtype="float32")
    x = X.astype(np.float32)
    assert model.forward(ctx, x).dtype == np.float32
    assert model.backward(ctx, np.ones((6, 3), np.float32)).dtype == np.float32
    assert model.predict(x).dtype == np.float32


def test_randomness_training_and_states_through_the_context() -> None:
    class Noisy(pl.Composite):
        def declare(self, *input_shapes: Any) -> None:
            self.mean = self.state("mean", input_shapes[0])

        def call(self, ctx: Context, *inputs: Any) -> Any:
            (x,) = inputs
            if ctx.training:
                ctx.update(self.mean, x.mean(axis=0).value, 0.5)
                x = x + 0.1 * ctx.normal(x.shape)
            return x - self.mean

    model: Any = pl.build(Noisy(), input_shape=(5,), seed=0, dtype="float64")
    ctx = context(seed=3)
    first = model.forward(ctx, X).copy()
    assert not model.mean.data.any()
    ctx.commit()
    assert model.mean.data == pytest.approx(0.5 * X.mean(axis=0))
    ctx.begin(1, 0)
    assert not np.allclose(model.forward(ctx, X) + 0.5 * X.mean(axis=0), first)
    assert model.predict(X) == pytest.approx(X - model.mean.data)
    check_gradients(Noisy(), X)


# -- shapes ----------------------------------------------------------------------------------------------------------


def test_asking_for_a_shape_declares_nothing() -> None:
    model = Gated()
    assert model.output_shape((5,)) == (4,)
    assert "scale" not in vars(model)
    assert model.parameters() == []


def test_axes_of_variable_length() -> None:
    class Pool(pl.Composite):
        def __init__(self) -> None:
            self.dense = Dense(16)

        def call(self, ctx: Context, *inputs: Any) -> Any:
            y = self.dense(inputs[0])
            return y, y.mean(axis=1)

    model = pl.build(Pool(), input_shape=(None, 5), seed=0)
    assert model.output_shape((None, 5)) == ((None, 16), (16,))
    assert model.output_shape((16, 5)) == ((16, 16), (16,))
    assert [y.shape for y in model.predict(np.ones((2, 7, 5)))] == [(2, 7, 16), (2, 16)]


def test_a_layer_that_needs_a_fixed_length_says_so() -> None:
    class Flat(pl.Composite):
        def __init__(self) -> None:
            self.steps = [Flatten(), Dense(3)]

        def call(self, ctx: Context, *inputs: Any) -> Any:
            return self.steps[1](self.steps[0](inputs[0]))

    assert pl.build(Flat(), input_shape=(4, 5), seed=0).output_shape((4, 5)) == (3,)
    with pytest.raises(ShapeError, match=r"steps\.1 \(Dense\) of Flat"):
        pl.build(Flat(), input_shape=(None, 5), seed=0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda self, ctx, x: x @ np.ones((3, 2)), ShapeError, r"Wrong\.call does not fit inputs of shape \(5,\)"),
        (lambda self, ctx, x: x[:, 7], ShapeError, "does not fit"),
        (lambda self, ctx, x: x.sum(axis=0), ShapeError, "batch as the first axis"),
        (lambda self, ctx, x: self.dense(x.sum()), ShapeError, r"dense \(Dense\) of Wrong"),
        (lambda self, ctx, x: x.value, DifferentiationError, "must return a Variable.*ndarray"),
        (lambda self, ctx, x: self.dense(x.value), DifferentiationError, r"plain arrays.*ctx\.variable"),
        (lambda self, ctx, x: np.unwrap(x), DifferentiationError, "no derivative rule"),
    ],
)
def test_mistakes_are_found_when_it_is_built(call: Any, error: type[Exception], words: str) -> None:
    class Wrong(pl.Composite):
        def __init__(self) -> None:
            self.dense = Dense(2)

        def call(self, ctx: Context, *inputs: Any) -> Any:
            return call(self, ctx, *inputs)

    with pytest.raises(error, match=words):
        pl.build(Wrong(), input_shape=(5,), seed=0)


def test_variable_outside_of_call_and_grad_around_a_layer() -> None:
    with pytest.raises(DifferentiationError, match=r"outside Composite\.call.*param\.data"):
        context().variable(X)

    class Curved(pl.Composite):
        def __init__(self) -> None:
            self.dense = Dense(2)

        def call(self, ctx: Context, *inputs: Any) -> Any:
            return pl.grad(lambda x: np.sum(self.dense(x)))(inputs[0])

    with pytest.raises(DifferentiationError, match=r"pellucid\.grad"):
        pl.build(Curved(), input_shape=(5,), seed=0)


def test_grad_inside_call_and_its_own_gradient() -> None:
    class Force(pl.Composite):
        """y = −∂E/∂x of an energy with a parameter: the gradient of a gradient."""

        def declare(self, *input_shapes: Any) -> None:
            self.stiffness = self.param("stiffness", input_shapes[0], init="ones")

        def call(self, ctx: Context, *inputs: Any) -> Any:
            k = ctx.variable(self.stiffness)
            return -pl.grad(lambda x: np.sum(k * x**4))(inputs[0])

    model = pl.build(Force(), input_shape=(5,), seed=0, dtype="float64")
    assert model.predict(X) == pytest.approx(-4 * X**3)
    check_gradients(Force(), X)


def test_pickle_and_deepcopy() -> None:
    model = pl.build(Gated(), input_shape=(5,), seed=0)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert np.array_equal(other.predict(X), model.predict(X))


def test_building_again_is_idempotent_and_other_widths_are_refused() -> None:
    model = pl.build(Gated(), input_shape=(5,), seed=0)
    before = model.parameters()
    model.build((5,))
    assert all(a is b for a, b in zip(before, model.parameters(), strict=True))
    with pytest.raises(ShapeError, match=r"value \(Dense\) of Gated"):
        model.build((6,))


def test_it_trains() -> None:
    model = pl.build(Gated(4), input_shape=(5,), seed=0)
    target = np.tanh(X @ RNG.normal(size=(5, 4)))
    history = pl.Trainer(model, loss="mse", optimizer={"type": "adam", "lr": 0.02}, seed=0).fit(
        (X, target), epochs=60, batch_size=6, verbose=False
    )
    assert history[-1]["loss"] < 0.2 * history[0]["loss"]
