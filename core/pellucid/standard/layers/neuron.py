"""Neuron: the first lesson's layer, in plain Python, number by number: what dense does, without an array in it."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, prod, tanh
from typing import ClassVar

import numpy as np

from pellucid.basics.arrays import Array, HostArray, Interval, Shape
from pellucid.basics.checks import check_int
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param
from pellucid.standard.arguments import check_choice
from pellucid.standard.layers.activations import interval_of
from pellucid.standard.rows import features

Rows = list[list[float]]


def _sigmoid(z: float) -> float:
    return 1 / (1 + exp(-z)) if z >= 0 else exp(z) / (1 + exp(z))


FUNCTIONS: dict[str | None, tuple[Callable[[float], float], Callable[[float], float]]] = {
    None: (lambda z: z, lambda y: 1.0),
    "relu": (lambda z: max(z, 0.0), lambda y: 1.0 if y > 0 else 0.0),
    "sigmoid": (_sigmoid, lambda y: y * (1 - y)),
    "tanh": (tanh, lambda y: 1 - y * y),
}
"""Each activation: y = f(z), and f′(z), which follows from y."""


class Neuron(Layer):
    """``y_o = f(Σᵢ xᵢ W_io + b_o)``: ``dense`` in loops over plain numbers, to be read and stepped through.

    It learns what ``dense`` learns, to twelve digits in float64, about a thousand times more slowly.

    Args:
        units: neurons O; each has a weight for every input, and a bias.
        activation: f, ``relu``, ``sigmoid``, ``tanh``, or None, the identity.

    Shapes: x (N, …, I) -> y (N, …, O); W (I, O); b (O,).
    """

    equations = (
        Equation("z", r"z_o = b_o + \sum_i x_i W_{io}", "x @ W + b"),
        Equation("y", r"y_o = f(z_o)", "f(z)"),
        Equation("dz", r"dz_o = dy_o\, f'(z_o)", "dy * f.derivative(z)"),
        Equation("dx", r"dx_i = \sum_o dz_o W_{io}", "dz @ W.T"),
        Equation("dW", r"dW_{io} = \sum_n x_{ni}\, dz_{no}",
                 "x.reshape(-1, x.shape[-1]).T @ dz.reshape(-1, dz.shape[-1])"),
        Equation("db", r"db_o = \sum_n dz_{no}", "dz.reshape(-1, dz.shape[-1]).sum(0)"),
    )  # fmt: skip
    symbols: ClassVar = {"W": "weight", "b": "bias", "f": "activation"}
    examples = (
        Example({"activation": "sigmoid"}), Example({"units": 3}),
        Example({"units": 2, "activation": "relu"}, ((2, 3),)), Example({"units": 2, "activation": "tanh"}),
    )  # fmt: skip
    weight: Param
    bias: Param

    def __init__(self, units: int = 1, activation: str | None = None) -> None:
        check_int(self, "units", units, "[1, inf)")
        check_choice(self, "activation", activation, tuple(FUNCTIONS))
        self.units = units
        self.activation = activation

    def build(self, input_shape: Shape) -> None:
        init = "he" if self.activation == "relu" else "glorot"
        self.weight = self.param("weight", (features(self, input_shape), self.units), init=init, decay=True)
        self.bias = self.param("bias", (self.units,))

    def output_shape(self, input_shape: Shape) -> Shape:
        features(self, input_shape)
        return (*input_shape[:-1], self.units)

    def output_interval(self, *inputs: Interval) -> Interval:
        return interval_of(self.activation)

    def forward(self, ctx: Context, x: Array) -> Array:
        f, _ = FUNCTIONS[self.activation]
        weight, bias = _numbers(ctx, self.weight.data), _host(ctx, self.bias.data).tolist()
        ctx.rows, ctx.answers = _numbers(ctx, x), []
        for row in ctx.rows:
            answer = []
            for o in range(self.units):
                z = bias[o]
                for i in range(len(row)):
                    z += row[i] * weight[i][o]
                answer.append(f(z))
            ctx.answers.append(answer)
        return _array(ctx, ctx.answers, (*x.shape[:-1], self.units))

    def backward(self, ctx: Context, dy: Array) -> Array:
        _, slope = FUNCTIONS[self.activation]
        weight, inputs = _numbers(ctx, self.weight.data), self.weight.shape[0]
        dweight, dbias = [[0.0] * self.units for _ in range(inputs)], [0.0] * self.units
        dx: Rows = []
        for row, answer, dy_row in zip(ctx.rows, ctx.answers, _numbers(ctx, dy), strict=True):
            dx_row = [0.0] * inputs
            for o in range(self.units):
                dz = dy_row[o] * slope(answer[o])
                dbias[o] += dz
                for i in range(inputs):
                    dweight[i][o] += row[i] * dz
                    dx_row[i] += weight[i][o] * dz
            dx.append(dx_row)
        if self.weight.trainable:
            self.weight.grad += _array(ctx, dweight, self.weight.shape)
        if self.bias.trainable:
            self.bias.grad += _array(ctx, [dbias], self.bias.shape)
        return _array(ctx, dx, (*dy.shape[:-1], inputs))


def _host(ctx: Context, array: Array) -> HostArray:
    return np.asarray(ctx.ops.to_host(array))


def _numbers(ctx: Context, array: Array) -> Rows:
    """The rows of an array as lists of numbers of Python's."""
    rows: Rows = _host(ctx, array).reshape(-1, array.shape[-1]).tolist()
    return rows


def _array(ctx: Context, rows: Rows, shape: tuple[int, ...]) -> Array:
    """The way back, in the model's type."""
    host = np.array(rows, ctx.dtype) if prod(shape) else np.zeros(shape, ctx.dtype)
    return ctx.ops.asarray(host.reshape(shape))
