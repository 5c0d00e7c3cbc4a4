"""Containers: the chain rule as a loop, short cuts, branches, shape errors that show the way."""

from __future__ import annotations

import re

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError, ShapeError
from pellucid.interfaces.context import Context
from pellucid.ops.backends import get_ops
from pellucid.testing import check_gradients


def dense(units, **arguments):
    return {"type": "dense", "units": units, **arguments}


def build(config, shape=(3,)):
    return pl.build(config, input_shape=shape, seed=0, dtype="float64", backend="reference")


def test_forward_is_the_composition_of_the_layers():
    model = build({"type": "sequential", "layers": [dense(4, activation="tanh"), dense(2)]})
    x = np.random.default_rng(0).standard_normal((5, 3))
    w1, b1, w2, b2 = (p.data for p in model.parameters())
    np.testing.assert_allclose(model.predict(x), np.tanh(x @ w1 + b1) @ w2 + b2, rtol=1e-14)
    assert model.output_shape((3,)) == (2,)


def test_no_input_gradient_below_the_first_trainable_layer():
    model = build({"type": "sequential", "layers": [dense(4), dense(4), dense(2)]})
    for param in model.layers[0].parameters():
        param.trainable = False
    ctx = Context(get_ops("reference"), training=True, dtype="float64", needs_dx=(False,))
    model.forward(ctx, np.ones((5, 3)))
    assert ctx.child(0).needs_dx == (False,)
    assert not any(ctx.child(1).needs_dx)
    assert all(ctx.child(2).needs_dx)
    assert model.backward(ctx, np.ones((5, 2))) is None
    assert (model.layers[1].weight.grad != 0).any()


def test_residual_adds_its_input():
    model = build({"type": "residual", "layer": dense(3)})
    x = np.random.default_rng(0).standard_normal((5, 3))
    w, b = (p.data for p in model.parameters())
    np.testing.assert_allclose(model.predict(x), x + x @ w + b, rtol=1e-14)
    with pytest.raises(ShapeError, match="keep the shape"):
        build({"type": "residual", "layer": dense(4)})


@pytest.mark.parametrize("join", ["concatenate", "sum"])
@pytest.mark.parametrize("branches", [[dense(3), "relu"], ["relu", dense(3)], [dense(3), dense(3)], ["relu", "tanh"]])
def test_a_branch_that_answers_none_decides_for_no_other(branches, join):
    branched = {"type": "parallel", "layers": branches, "join": join}
    model = build({"type": "sequential", "layers": [branched, dense(2)]})
    x, dy = np.random.default_rng(0).standard_normal((5, 3)), np.ones((5, 2))
    found = []
    for wanted in (True, False):  # False: as the first layer of a model that is trained
        for param in model.parameters():
            param.grad = np.zeros(param.shape)
        ctx = Context(get_ops("reference"), training=True, dtype="float64", needs_dx=(wanted,))
        model.forward(ctx, x)
        assert (model.backward(ctx, dy) is None) is not wanted
        found.append([param.grad.copy() for param in model.parameters()])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


class Forked(pl.Layer):
    """A layer of two outputs, for one of two inputs."""

    def output_shape(self, input_shape):
        return input_shape, input_shape

    def forward(self, ctx, x):
        return 1.0 * x, 2.0 * x

    def backward(self, ctx, da, db):
        return da + 2.0 * db


class Added(pl.Composite):
    def call(self, ctx, a, b):
        return a + b


@pytest.mark.parametrize("name", ["residual", "sequential", "parallel"])
def test_a_layer_of_two_inputs_in_the_middle_of_a_container_of_one(name):
    several = pl.Sequential([Forked(), Added(), pl.Dense(3)])
    part = {"layer": several} if name == "residual" else {"layers": [several]}
    check_gradients(pl.create("layer", name, **part), np.ones((2, 3)))
    model = pl.build(pl.Sequential([pl.create("layer", name, **part), pl.Dense(1)]), input_shape=(3,), seed=0)
    pl.Trainer(model, loss="mse").train_step(np.ones((2, 3)), np.ones((2, 1)))


@pytest.mark.parametrize(("join", "width"), [("concatenate", 8), ("sum", 4)])
def test_parallel_joins_its_branches(join, width):
    model = build({"type": "parallel", "join": join, "layers": [dense(4), dense(4)]})
    x = np.random.default_rng(0).standard_normal((5, 3))
    outputs = [x @ layer.weight.data + layer.bias.data for layer in model.layers]
    expected = np.concatenate(outputs, axis=1) if join == "concatenate" else sum(outputs)
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-14)
    assert model.output_shape((3,)) == (width,)


@pytest.mark.parametrize(("join", "shape", "dshape"), [("sum", (5, 3), (5, 4)), ("concatenate", (5, 3), (5, 8)),
                                                      ("concatenate", (50, 2, 3), (50, 2, 8))])  # fmt: skip
def test_a_step_through_branches_can_be_recorded(join, shape, dshape):
    pytest.importorskip("pellucid.ops.kernels.native")
    config = {"type": "parallel", "join": join, "layers": [dense(4, activation="relu"), dense(4)]}
    model = pl.build(config, input_shape=shape[1:], seed=0, backend="cython")
    assert all(layer.capturable for _, layer in model.walk())
    ctx, x, dy = Context(get_ops("cython"), training=True), np.ones(shape, np.float32), np.ones(dshape, np.float32)

    def step():
        return model.forward(ctx, x), model.backward(ctx, dy)

    (y, dx), plan = ctx.ops.record(step)
    assert plan is not None
    x[0], dy[1] = 2, 3
    plan.run()
    replayed = y.copy(), dx.copy()
    for ours, theirs in zip(replayed, step(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_shape_error_names_the_layer_and_the_shapes_so_far():
    config = {"type": "sequential", "layers": [dense(4), {"type": "residual", "layer": dense(5)}, dense(2)]}
    with pytest.raises(ShapeError, match=r"layers\.1 \(Residual\).*\(3,\) → Dense \(4,\)"):
        build(config)


@pytest.mark.parametrize("config", [dense(2), "tanh", "flatten", {"type": "sequential", "layers": [dense(2)]},
                                    {"type": "residual", "layer": "tanh"}])  # fmt: skip
def test_a_wrong_number_of_inputs_is_refused_before_anything_is_built(config):
    with pytest.raises(ShapeError, match=r"takes one input\. Received: 2, of shapes \[\(3,\), \(2,\)\]"):
        build(config, [(3,), (2,)])
    with pytest.raises(ShapeError, match=r"takes one input\. Received: 0, of shapes \[\]"):
        build(config).output_shape()


def test_inputs_are_counted_by_the_names_that_an_author_gives_them():
    class Told(pl.Composite):
        def __init__(self):
            self.inner = pl.create("layer", "dense", units=2)

        def declare(self, x, told, gate=None):
            self.scale = self.param("scale", x)

        def call(self, ctx, x, told, gate=None):
            return self.inner(x) + told if gate is None else self.inner(x) * gate + told

    assert build(Told(), [(3,), (2,)]).output_shape((3,), (2,), (2,)) == (2,)
    with pytest.raises(ShapeError, match=r"Told takes 3 inputs, x, told, \[gate\]\. Received: 1, of shapes \[\(3,\)\]"):
        build(Told())
    with pytest.raises(ShapeError, match=r"Received: 4, of shapes"):
        build(Told(), [(3,)] * 4)


def of_shape(output_shape):
    """A layer whose class has this ``output_shape``."""
    methods = {"output_shape": output_shape, "forward": lambda self, ctx, x: x, "backward": lambda self, ctx, dy: dy}
    return type("Own", (pl.Layer,), methods)()


@pytest.mark.parametrize("kind", [staticmethod, classmethod], ids=lambda kind: kind.__name__)
def test_output_shape_may_be_static_or_of_the_class(kind):
    layer = of_shape(staticmethod(lambda a: a) if kind is staticmethod else classmethod(lambda cls, a: a))
    assert layer.output_shape((3,)) == type(layer).output_shape((3,)) == (3,)
    with pytest.raises(ShapeError, match=r"Own takes one input\. Received: 2, of shapes"):
        layer.output_shape((3,), (2,))


@pytest.mark.parametrize(
    ("output_shape", "shapes", "expected"),
    [
        (lambda self: (1,), [(3,)], "takes no input. Received: 1, of"),
        (lambda self, a, *rest: a, [], "takes at least one input, a, *rest. Received: 0, of"),
        (lambda self, a, b, c=None, *rest: a, [(3,)], "takes at least 2 inputs, a, b, [c], *rest. Received: 1, of"),
    ],
)
def test_what_an_author_asks_for_is_said(output_shape, shapes, expected):
    with pytest.raises(ShapeError, match=re.escape(expected)):
        of_shape(output_shape).output_shape(*shapes)


def test_outputs_without_a_last_axis_cannot_be_joined():
    for shape in ([], [1]):
        config = {"type": "parallel", "layers": [{"type": "reshape", "shape": shape}, {"type": "reshape", "shape": []}]}
        with pytest.raises(ShapeError, match=r"Parallel cannot be joined by concatenate: \[\("):
            build(config, (1,))


def test_wrong_arguments():
    with pytest.raises(ConfigError, match="at least one layer"):
        pl.create("layer", "sequential", layers=[])
    with pytest.raises(ConfigError, match="join"):
        pl.create("layer", "parallel", layers=[dense(2)], join="stack")
