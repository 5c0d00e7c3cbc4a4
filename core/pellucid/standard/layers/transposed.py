"""Transposed: a dense layer that goes the way of another one backwards, with the same weight."""

from __future__ import annotations

from pellucid.basics.arrays import Array, Shape
from pellucid.basics.checks import check_bool, check_choice, check_type
from pellucid.basics.component import Equation
from pellucid.basics.errors import ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param
from pellucid.ops.activations import ACTIVATIONS, NEEDS_INPUT
from pellucid.standard.layers.dense import Dense
from pellucid.standard.rows import as_rows, features


class Transposed(Layer):
    """``y = f(x Wᵀ + b)`` with the ``W`` of another layer: the decoder of an autoencoder with tied weights.

    ``W`` is one parameter for both layers, and their gradients add up in it; see Vincent et al., Stacked Denoising
    Autoencoders, 2010, §3.2. In a configuration it is written ``{ref = "layers.0", transpose = true}``.

    Args:
        source: the layer whose weight is used; it stands before this one.
        activation: name of the activation f, computed in the same pass; None is the identity.
        use_bias: whether there is a ``b`` (of this layer's own).

    Shapes: x (N, …, O) -> y (N, …, I), for a source from I to O; W (I, O); b (I,).
    """

    equations = (
        Equation("y", r"y = f(x W^\top + b)", "f(x @ W.T + b)"),
        Equation("dz", r"dz = dy \odot f'(z)"),
        Equation("dx", r"dx = dz\, W", "dz @ W"),
        Equation("dW", r"dW = dz^\top x", "np.einsum('...i,...o->io', dz, x)"),
        Equation("db", r"db = \sum_n dz_n", "np.einsum('...i->i', dz)"),
    )
    symbols = {"b": "bias", "f": "activation"}  # noqa: RUF012
    examples = ()  # it cannot stand alone: the layer whose weight it shares must have been built
    capturable = True
    bias: Param | None

    def __init__(self, source: Dense, activation: str | None = None, *, use_bias: bool = True) -> None:
        check_type(self, "source", source, (Dense,), "a dense layer")
        check_choice(self, "activation", activation, (None, *ACTIVATIONS))
        check_bool(self, "use_bias", use_bias)
        self.source = source
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
