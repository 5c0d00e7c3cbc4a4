"""FeedForward and SwiGLU: what a transformer does with each position by itself, over a wider layer and back."""

from __future__ import annotations

from typing import ClassVar

from pellucid import (
    ACTIVATIONS,
    NEEDS_INPUT,
    Array,
    Context,
    Equation,
    Example,
    Initializer,
    Layer,
    Param,
    Shape,
    as_rows,
    check_bool,
    check_choice,
    check_int,
    check_type,
    features,
)


class FeedForward(Layer):
    """``y = f(x W + b) U + c``, as wide at the end as at the beginning (Vaswani et al., 2017, §3.3).

    Args:
        hidden: H, numbers between the two products; None: 4 D.
        activation: f, by its name.
        use_bias: whether there are b and c.
        init, output_init: initializers of W and of U, or their names. b and c start at zero.

    Shapes: x (N, …, D) -> y of the same shape; W (D, H); b (H,); U (H, D); c (D,).
    """

    equations = (
        Equation("z", r"z = x W + b", "x @ W + b"),
        Equation("h", r"h = f(z)", "f(z)"),
        Equation("y", r"y = h U + c", "h @ U + c"),
        Equation("rows", r"dy_n", "dy.reshape(-1, dy.shape[-1])"),
        Equation("dU", r"dU = h^\top dy", "h.reshape(-1, h.shape[-1]).T @ rows"),
        Equation("dc", r"dc = \sum_n dy_n", "rows.sum(0)"),
        Equation("dz", r"dz = dy\, U^\top \odot f'(z)", "dy @ U.T * f.derivative(z)"),
        Equation("dW", r"dW = x^\top dz", "x.reshape(-1, x.shape[-1]).T @ dz.reshape(-1, dz.shape[-1])"),
        Equation("db", r"db = \sum_n dz_n", "dz.reshape(-1, dz.shape[-1]).sum(0)"),
        Equation("dx", r"dx = dz\, W^\top", "dz @ W.T"),
    )
    symbols: ClassVar = {
        "W": "weight", "b": "bias", "U": "output_weight", "c": "output_bias", "f": "activation",
    }  # fmt: skip
    examples = (
        Example({"hidden": 6}, ((3, 4),)),
        Example({"activation": "relu", "use_bias": False}, ((4,),)),
        Example({"hidden": 5, "activation": "silu"}, ((None, 3),)),
    )
    capturable = True
    each_position = True
    weight: Param
    bias: Param | None
    output_weight: Param
    output_bias: Param | None

    def __init__(
        self, hidden: int | None = None, activation: str = "gelu", *, use_bias: bool = True,
        init: str | Initializer = "glorot", output_init: str | Initializer = "glorot",
    ) -> None:  # fmt: skip
        if hidden is not None:
            check_int(self, "hidden", hidden, "[1, inf)")
        check_choice(self, "activation", activation, ACTIVATIONS)
        check_bool(self, "use_bias", use_bias)
        check_type(self, "init", init, (str, Initializer), "an initializer or its name")
        check_type(self, "output_init", output_init, (str, Initializer), "an initializer or its name")
        self.hidden = hidden
        self.activation = activation
        self.use_bias = use_bias
        self.init = init
        self.output_init = output_init

    def build(self, input_shape: Shape) -> None:
        width = features(self, input_shape)
        hidden = 4 * width if self.hidden is None else self.hidden
        self.weight = self.param("weight", (width, hidden), init=self.init, decay=True)
        self.bias = self.param("bias", (hidden,)) if self.use_bias else None
        self.output_weight = self.param("output_weight", (hidden, width), init=self.output_init, decay=True)
        self.output_bias = self.param("output_bias", (width,)) if self.use_bias else None

    def output_shape(self, input_shape: Shape) -> Shape:
        features(self, input_shape)
        return input_shape

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.x = as_rows(ctx, x, "x")  # (rows, D)
        shape = (ctx.x.shape[0], self.weight.shape[1])
        ctx.h = ctx.scratch("h", shape)
        ctx.z = ctx.scratch("z", shape) if self.activation in NEEDS_INPUT else None
        y = ctx.scratch("y", x.shape)
        ctx.y = y.reshape(ctx.x.shape)
        ctx.ops.dense_forward(ctx.x, self.weight.data, _values(self.bias), self.activation, ctx.h, ctx.z)
        ctx.ops.dense_forward(ctx.h, self.output_weight.data, _values(self.output_bias), "identity", ctx.y, None)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        rows, dh, dz = as_rows(ctx, dy, "dy"), ctx.scratch("dh", ctx.h.shape), ctx.scratch("dz", ctx.h.shape)
        dx = ctx.scratch("dx", ctx.x.shape) if ctx.needs_dx[0] else None
        weight, bias, out, out_bias = map(_gradient, (self.weight, self.bias, self.output_weight, self.output_bias))
        # dU += hᵀ dy; dc += Σ dy; dh = dy Uᵀ. Then dz = dh ⊙ f'(z); dW += xᵀ dz; db += Σ dz; dx = dz Wᵀ.
        ctx.ops.dense_backward(rows, ctx.h, self.output_weight.data, ctx.y, None, "identity", None, out, out_bias, dh)
        ctx.ops.dense_backward(dh, ctx.x, self.weight.data, ctx.h, ctx.z, self.activation, dz, weight, bias, dx)
        return None if dx is None else dx.reshape(dy.shape)


class SwiGLU(Layer):
    """``y = (silu(x W) ⊙ (x V)) U``: a gate decides what of a linear layer passes (Shazeer, GLU Variants, 2020).

    Args:
        hidden: H, numbers between the products; None: 8/3 D, rounded up to a multiple of 8, so that there are as many
            weights as in a ``feed_forward`` of 4 D.
        init, output_init: initializers of W and V, and of U, or their names.

    Shapes: x (N, …, D) -> y of the same shape; [W, V] (D, 2H) side by side, ``weight``; U (H, D), ``output_weight``.
    """

    equations = (
        Equation("half", r"H", "U.shape[0]"),
        Equation("a", r"a = x W", "x @ WV[:, :half]"),
        Equation("b", r"b = x V", "x @ WV[:, half:]"),
        Equation("sigma", r"s = \sigma(a)", "1 / (1 + np.exp(-a))"),
        Equation("h", r"h = a \odot s \odot b", "a * sigma * b"),
        Equation("y", r"y = h U", "h @ U"),
        Equation("dU", r"dU = h^\top dy", "h.reshape(-1, half).T @ dy.reshape(-1, dy.shape[-1])"),
        Equation("dh", r"dh = dy\, U^\top", "dy @ U.T"),
        Equation(
            "da", r"da = dh \odot b \odot s \odot (1 + a \odot (1 - s))", "dh * b * sigma * (1 + a * (1 - sigma))"
        ),
        Equation("db", r"db = dh \odot a \odot s", "dh * a * sigma"),
        Equation("dz", r"dz = [da, db]", "np.concatenate([da, db], -1)"),
        Equation("dWV", r"d[W, V] = x^\top dz", "x.reshape(-1, x.shape[-1]).T @ dz.reshape(-1, 2 * half)"),
        Equation("dx", r"dx = dz\, [W, V]^\top", "dz @ WV.T"),
    )
    symbols: ClassVar = {"WV": "weight", "U": "output_weight"}
    examples = (Example({"hidden": 6}, ((3, 4),)), Example({}, ((2, 4),)), Example({"hidden": 5}, ((None, 3),)))
    capturable = True
    each_position = True
    weight: Param
    output_weight: Param

    def __init__(
        self, hidden: int | None = None, *, init: str | Initializer = "glorot",
        output_init: str | Initializer = "glorot",
    ) -> None:  # fmt: skip
        if hidden is not None:
            check_int(self, "hidden", hidden, "[1, inf)")
        check_type(self, "init", init, (str, Initializer), "an initializer or its name")
        check_type(self, "output_init", output_init, (str, Initializer), "an initializer or its name")
        self.hidden = hidden
        self.init = init
        self.output_init = output_init

    def build(self, input_shape: Shape) -> None:
        width = features(self, input_shape)
        hidden = -(-8 * width // 24) * 8 if self.hidden is None else self.hidden
        self.weight = self.param("weight", (width, 2 * hidden), init=self.init, decay=True, fan_out=hidden)
        self.output_weight = self.param("output_weight", (hidden, width), init=self.output_init, decay=True)

    def output_shape(self, input_shape: Shape) -> Shape:
        features(self, input_shape)
        return input_shape

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.x = as_rows(ctx, x, "x")  # (rows, D)
        rows, hidden = ctx.x.shape[0], self.output_weight.shape[0]
        ctx.z, ctx.h = ctx.scratch("z", (rows, 2 * hidden)), ctx.scratch("h", (rows, hidden))
        y = ctx.scratch("y", x.shape)
        ctx.y = y.reshape(ctx.x.shape)
        ctx.ops.dense_forward(ctx.x, self.weight.data, None, "identity", ctx.z, None)
        ctx.op("transformer/gate_forward")(ctx.z, ctx.h)
        ctx.ops.dense_forward(ctx.h, self.output_weight.data, None, "identity", ctx.y, None)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        rows, dh, dz = as_rows(ctx, dy, "dy"), ctx.scratch("dh", ctx.h.shape), ctx.scratch("dz", ctx.z.shape)
        dx = ctx.scratch("dx", ctx.x.shape) if ctx.needs_dx[0] else None
        out, weight = _gradient(self.output_weight), _gradient(self.weight)
        ctx.ops.dense_backward(rows, ctx.h, self.output_weight.data, ctx.y, None, "identity", None, out, None, dh)
        ctx.op("transformer/gate_backward")(dh, ctx.z, dz)
        ctx.ops.dense_backward(dz, ctx.x, self.weight.data, ctx.z, None, "identity", None, weight, None, dx)
        return None if dx is None else dx.reshape(dy.shape)


def _values(param: Param | None) -> Array | None:
    return None if param is None else param.data


def _gradient(param: Param | None) -> Array | None:
    """Where the gradient of a parameter goes; None where there is none, or it is frozen."""
    return param.grad if param is not None and param.trainable else None
