"""Dense: every output is a weighted sum of all inputs, then an activation; Transposed: its weight on the way back."""

from __future__ import annotations

from typing import Any, ClassVar

from pellucid.basics.arrays import Array, Interval, Shape
from pellucid.basics.checks import check_int, check_type, wrong
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.initializer import Initializer
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param
from pellucid.interfaces.regularizer import Regularizer
from pellucid.standard.arguments import check_bool, check_choice
from pellucid.standard.layers.activations import interval_of
from pellucid.standard.ops.activations import ACTIVATIONS, NEEDS_INPUT
from pellucid.standard.rows import as_rows, features

RECTIFIERS = frozenset({"relu", "leaky_relu", "elu", "softplus", "silu", "gelu"})
"""Activations that silence about half of their inputs; the default initializer is then He's, otherwise Glorot's."""


class Dense(Layer):
    """``y = f(x W + b)``; see Goodfellow, Bengio & Courville, Deep Learning, §6.1 and §6.5.

    Args:
        units: number of outputs O.
        activation: name of the activation f, computed in the same pass; None is the identity.
        use_bias: whether there is a ``b``.
        init: initializer of ``W`` or its name; None takes ``he`` before a rectifier (relu, leaky_relu, elu, softplus,
            silu, gelu) and ``glorot`` otherwise. ``b`` starts at zero.
        regularizer: a penalty on ``W``, or None.
        bias_regularizer: a penalty on ``b``, or None.

    Shapes: x (N, …, I) -> y (N, …, O); W (I, O); b (O,).
    """

    equations = (
        Equation("z", r"z = x W + b", "x @ W + b"),
        Equation("y", r"y = f(z)", "f(z)"),
        Equation("dz", r"dz = dy \odot f'(z)", "dy * f.derivative(z)"),
        Equation("dx", r"dx = dz\, W^\top", "dz @ W.T"),
        Equation("dW", r"dW = x^\top dz", "x.reshape(-1, x.shape[-1]).T @ dz.reshape(-1, dz.shape[-1])"),
        Equation("db", r"db = \sum_n dz_n", "dz.reshape(-1, dz.shape[-1]).sum(0)"),
    )
    symbols: ClassVar = {"W": "weight", "b": "bias", "f": "activation"}
    examples = (
        Example({"units": 3}),
        Example({"units": 4, "activation": "relu"}),
        Example({"units": 3, "activation": "gelu", "use_bias": False}, ((2, 5),)),
    )
    capturable = True
    transposed_twin = "core/transposed"
    weight: Param
    bias: Param | None

    def __init__(
        self, units: int, activation: str | None = None, *, use_bias: bool = True,
        init: str | Initializer | None = None, regularizer: Regularizer | None = None,
        bias_regularizer: Regularizer | None = None,
    ) -> None:  # fmt: skip
        check_int(self, "units", units, "[1, inf)")
        check_choice(self, "activation", activation, (None, *ACTIVATIONS))
        check_bool(self, "use_bias", use_bias)
        check_type(self, "init", init, (str, Initializer, type(None)), "an initializer, its name, or None")
        check_type(self, "regularizer", regularizer, (Regularizer, type(None)), "a regularizer or None")
        check_type(self, "bias_regularizer", bias_regularizer, (Regularizer, type(None)), "a regularizer or None")
        self.units = units
        self.activation = activation
        self.use_bias = use_bias
        self.init = init
        self.regularizer = regularizer
        self.bias_regularizer = bias_regularizer

    def build(self, input_shape: Shape) -> None:
        n_in = features(self, input_shape)
        init = self.init or ("he" if self.activation in RECTIFIERS else "glorot")
        self.weight = self.param("weight", (n_in, self.units), init=init, decay=True, regularizer=self.regularizer)
        self.bias = self.param("bias", (self.units,), regularizer=self.bias_regularizer) if self.use_bias else None

    def output_shape(self, input_shape: Shape) -> Shape:
        features(self, input_shape)
        return (*input_shape[:-1], self.units)

    def output_interval(self, *inputs: Interval) -> Interval:
        return interval_of(self.activation)

    def forward(self, ctx: Context, x: Array) -> Array:
        f = self.activation or "identity"
        y = ctx.scratch("y", (*x.shape[:-1], self.units))
        ctx.x, ctx.y = as_rows(ctx, x, "x"), y.reshape(-1, self.units)  # (rows, I), (rows, O)
        ctx.z = ctx.scratch("z", ctx.y.shape) if f in NEEDS_INPUT else None
        bias = None if self.bias is None else self.bias.data
        # z = x W + b; y = f(z): the reference implementation stands in pellucid/standard/ops/dense.py.
        ctx.ops.dense_forward(ctx.x, self.weight.data, bias, f, ctx.y, ctx.z)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        f = self.activation or "identity"
        dz = None if f == "identity" else ctx.scratch("dz", ctx.y.shape)
        dweight = self.weight.grad if self.weight.trainable else None
        dbias = self.bias.grad if self.bias is not None and self.bias.trainable else None
        dx = ctx.scratch("dx", ctx.x.shape) if ctx.needs_dx[0] else None
        # dz = dy ⊙ f'(z); dW += xᵀ dz; db += Σ dz; dx = dz Wᵀ, each unless it is None.
        ctx.ops.dense_backward(as_rows(ctx, dy, "dy"), ctx.x, self.weight.data, ctx.y, ctx.z, f, dz, dweight, dbias, dx)
        return None if dx is None else dx.reshape(*dy.shape[:-1], ctx.x.shape[1])


class Transposed(Layer):
    """``y = f(x Wᵀ + b)`` with the ``W`` of another layer: the decoder of an autoencoder with tied weights, or the
    head of a language model.

    ``W`` is one parameter for both layers, and their gradients add up in it; see Vincent et al., Stacked Denoising
    Autoencoders, 2010, §3.2. In a configuration it is written ``{ref = "layers.0", transpose = true}``.

    Args:
        source: the layer whose weight is used, dense or any with a ``weight`` (I, O) and ``units``, O; it stands
            before this one.
        activation: name of the activation f, computed in the same pass; None is the identity.
        use_bias: whether there is a ``b`` (of this layer's own).

    Shapes: x (N, …, O) -> y (N, …, I), for a source from I to O; W (I, O); b (I,).
    """

    equations = (
        Equation("z", r"z = x W^\top + b", "x @ W.T + b"),
        Equation("y", r"y = f(z)", "f(z)"),
        Equation("dz", r"dz = dy \odot f'(z)", "dy * f.derivative(z)"),
        Equation("dx", r"dx = dz\, W", "dz @ W"),
        Equation("dW", r"dW = dz^\top x", "dz.reshape(-1, dz.shape[-1]).T @ x.reshape(-1, x.shape[-1])"),
        Equation("db", r"db = \sum_n dz_n", "dz.reshape(-1, dz.shape[-1]).sum(0)"),
    )
    symbols: ClassVar = {"W": "source.weight", "b": "bias", "f": "activation"}
    examples = ()  # it cannot stand alone: the layer whose weight it shares must have been built
    capturable = True
    bias: Param | None

    def __init__(self, source: Layer, activation: str | None = None, *, use_bias: bool = True) -> None:
        check_type(self, "source", source, (Layer,), "a layer")
        if source.transposed_twin is None:
            raise wrong(self, "source", "a layer that can be transposed, as dense can", source)
        check_choice(self, "activation", activation, (None, *ACTIVATIONS))
        check_bool(self, "use_bias", use_bias)
        self.source: Any = source
        self.activation = activation
        self.use_bias = use_bias

    def build(self, input_shape: Shape) -> None:
        (units,) = self.output_shape(input_shape)[-1:]
        assert units is not None
        self.bias = self.param("bias", (units,)) if self.use_bias else None

    def output_shape(self, input_shape: Shape) -> Shape:
        n = features(self, input_shape)
        if "weight" not in vars(self.source):
            raise ShapeError(
                "Transposed uses the weight of a layer that has not been built yet. Place that layer before this one, "
                "and build the model before asking for shapes."
            )
        if n != self.source.units:
            raise ShapeError(
                f"Transposed takes what its source gives, {self.source.units} features. Received: {n} features."
            )
        return (*input_shape[:-1], self.source.weight.shape[0])

    def output_interval(self, *inputs: Interval) -> Interval:
        return interval_of(self.activation)

    def forward(self, ctx: Context, x: Array) -> Array:
        f = self.activation or "identity"
        weight = self.source.weight.data
        ctx.weight = ctx.scratch("weight", (weight.shape[1], weight.shape[0]))  # the kernels want it contiguous
        ctx.ops.copy(weight.T, ctx.weight)
        y = ctx.scratch("y", (*x.shape[:-1], weight.shape[0]))
        ctx.x, ctx.y = as_rows(ctx, x, "x"), y.reshape(-1, weight.shape[0])  # (rows, O), (rows, I)
        ctx.z = ctx.scratch("z", ctx.y.shape) if f in NEEDS_INPUT else None
        bias = None if self.bias is None else self.bias.data
        ctx.ops.dense_forward(ctx.x, ctx.weight, bias, f, ctx.y, ctx.z)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        f = self.activation or "identity"
        dz = None if f == "identity" else ctx.scratch("dz", ctx.y.shape)
        dbias = self.bias.grad if self.bias is not None and self.bias.trainable else None
        dx = ctx.scratch("dx", ctx.x.shape) if ctx.needs_dx[0] else None
        rows = as_rows(ctx, dy, "dy")
        ctx.ops.dense_backward(rows, ctx.x, ctx.weight, ctx.y, ctx.z, f, dz, None, dbias, dx)
        weight = self.source.weight
        if weight.trainable:  # dW += dzᵀ x: as in a dense layer whose input is dz and whose output gradient is x
            z_gradient = rows if dz is None else dz
            ctx.ops.dense_backward(
                ctx.x, z_gradient, weight.data, ctx.x, None, "identity", None, weight.grad, None, None
            )
        return None if dx is None else dx.reshape(*dy.shape[:-1], ctx.x.shape[1])
