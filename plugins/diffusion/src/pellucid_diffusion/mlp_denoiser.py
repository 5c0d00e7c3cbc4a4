"""mlp_denoiser: a denoiser of points and flat vectors: residual blocks of dense layers that are told the time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import prod
from typing import Any, ClassVar

from pellucid import (
    Array,
    Context,
    Dense,
    Equation,
    Example,
    Layer,
    LayerNorm,
    Shape,
    ShapeError,
    check_int,
    contiguous,
)

from pellucid_diffusion.denoiser import Denoiser
from pellucid_diffusion.embedding import Embedding


class MlpBlock(Layer):
    """``y = h + W₂ silu((1 + G e) ⊙ (W₁ norm(h) + b₁) + U e) + b₂``: a residual block that is told e.

    e scales and shifts the hidden units; G starts at 0.

    Args:
        units: hidden units.

    Shapes: h (N, F), e (N, E) -> y (N, F).

    Source: He et al., 2015; Perez et al., FiLM: Visual Reasoning with a General Conditioning Layer, 2018.
    """

    equations = (
        Equation("r", r"r = 1 / \sqrt{\mathrm{var}\, h + \varepsilon}", "1 / np.sqrt(x0.var(-1, keepdims=True) + eps)"),
        Equation("hhat", r"\hat h = r (h - \mathrm{mean}\, h)", "r * (x0 - x0.mean(-1, keepdims=True))"),
        Equation("a", r"a = W_1\,\mathrm{norm}(h) + b_1", "(gamma * hhat + beta) @ W1 + b1"),
        Equation("z", r"z = (1 + G e) \odot a + U e", "(1 + x1 @ G) * a + x1 @ U"),
        Equation("s", r"s = \sigma(z)", "1 / (1 + np.exp(-z))"),
        Equation("y", r"y = h + W_2\,\mathrm{silu}(z) + b_2", "x0 + (z * s) @ W2 + b2"),
        Equation("dz", r"dz = (W_2^\top dy) \odot \mathrm{silu}'(z)", "(dy @ W2.T) * s * (1 + z * (1 - s))"),
        Equation("da", r"da = (1 + G e) \odot dz", "(1 + x1 @ G) * dz"),
        Equation("g", r"g = \gamma \odot W_1^\top da", "gamma * (da @ W1.T)"),
        Equation("dx0", r"dh = dy + r (g - \mathrm{mean}\, g - \hat h\, \mathrm{mean}(g \hat h))",
                 "dy + r * (g - g.mean(-1, keepdims=True) - hhat * (g * hhat).mean(-1, keepdims=True))"),
        Equation("dx1", r"de = U^\top dz + G^\top (dz \odot a)", "dz @ U.T + (dz * a) @ G.T"),
        Equation("dG", r"dG = \sum_n (dz \odot a) e^\top", "x1.T @ (dz * a)"),
        Equation("dU", r"dU = \sum_n dz\, e^\top", "x1.T @ dz"),
    )  # fmt: skip
    symbols: ClassVar = {
        "gamma": "norm.gamma", "beta": "norm.beta", "eps": "norm.eps", "W1": "inner.weight", "b1": "inner.bias",
        "G": "factor.weight", "U": "shift.weight", "W2": "outer.weight", "b2": "outer.bias",
    }  # fmt: skip
    examples = (Example({"units": 4}, ((3,), (2,))),)
    capturable = True

    def __init__(self, units: int = 128) -> None:
        check_int(self, "units", units, "[1, inf)")
        self.units = units
        self.norm = LayerNorm()
        self.inner = Dense(units, init="he")  # the activation stands behind the sum
        self.factor = Dense(units, use_bias=False, init="zeros")
        self.shift = Dense(units, use_bias=False)
        self.outer: Dense | None = None

    def build(self, *input_shapes: Shape) -> None:
        (width,) = self.output_shape(*input_shapes)
        assert width is not None
        if self.outer is None:
            self.outer = Dense(width)
        self.norm.build((width,))
        self.inner.build((width,))
        self.factor.build(input_shapes[1])
        self.shift.build(input_shapes[1])
        self.outer.build((self.units,))

    def output_shape(self, *input_shapes: Shape) -> Shape:
        if len(input_shapes) != 2 or any(len(shape) != 1 or shape[0] is None for shape in input_shapes):
            raise ShapeError(
                "MlpBlock takes features (F,) and an embedding (E,). Received: inputs of shapes "
                f"{[tuple(shape) for shape in input_shapes]}."
            )
        return input_shapes[0]

    def forward(self, ctx: Context, h: Array, e: Array) -> Array:
        assert self.outer is not None
        of_e = ctx.needs_dx[1:]
        ctx.a = self.inner.forward(ctx.child("inner"), self.norm.forward(ctx.child("norm"), h))
        ctx.factor = self.factor.forward(ctx.child("factor", of_e), e)
        ctx.z, ctx.s = ctx.scratch("z", ctx.a.shape), ctx.scratch("s", ctx.a.shape)
        ctx.op("diffusion/modulate")(ctx.a, ctx.factor, self.shift.forward(ctx.child("shift", of_e), e), ctx.z)
        ctx.ops.activation_forward("silu", ctx.z, ctx.s)
        y = ctx.scratch("y", h.shape)
        ctx.ops.copy(h, y)
        ctx.ops.add_scaled(y, self.outer.forward(ctx.child("outer"), ctx.s), 1.0)
        return y

    def backward(self, ctx: Context, dy: Array) -> tuple[Array, Array | None]:
        assert self.outer is not None
        dz, da, dfactor = (ctx.scratch(name, ctx.z.shape) for name in ("dz", "da", "dfactor"))
        ctx.ops.activation_backward("silu", self.outer.backward(ctx.child("outer"), dy), ctx.z, ctx.s, dz)
        ctx.op("diffusion/modulate_backward")(dz, ctx.a, ctx.factor, da, dfactor)
        de, more = self.shift.backward(ctx.child("shift"), dz), self.factor.backward(ctx.child("factor"), dfactor)
        if ctx.needs_dx[1]:
            ctx.ops.add_scaled(de, more, 1.0)
        dh = ctx.scratch("dh", dy.shape)
        ctx.ops.copy(dy, dh)
        ctx.ops.add_scaled(dh, self.norm.backward(ctx.child("norm"), self.inner.backward(ctx.child("inner"), da)), 1.0)
        return dh, de if ctx.needs_dx[1] else None


class DenseDenoiser(Denoiser, ABC):
    """A dense layer, residual blocks that are told time and label, a dense layer back to the shape of x.

    It starts by saying 0, whatever it is asked.
    """

    equations = (
        Equation("e", r"e = \mathrm{embedding}(t, \mathrm{label})"),
        Equation("h", r"h_0 = W x_t + b, \qquad h_{i+1} = \mathrm{block}_i(h_i, e)"),
        Equation("y", r"y = V h_B + c"),
    )

    @abstractmethod
    def __init__(self, classes: int, hidden: int, blocks: int, embedding: int) -> None:
        check_int(self, "classes", classes, "[0, inf)")
        check_int(self, "hidden", hidden, "[1, inf)")
        check_int(self, "blocks", blocks, "[1, 1000]")
        self.classes = classes
        self.hidden = hidden
        self.blocks = blocks
        self.embedding = embedding
        self.told = Embedding(embedding, classes)
        self.entry = Dense(hidden)
        self.middle = [MlpBlock(hidden) for _ in range(blocks)]
        self.exit: Dense | None = None

    def build_for(self, shape: tuple[int, ...]) -> None:
        width = prod(shape)
        if self.exit is None:
            self.exit = Dense(width, init="zeros")
        self.entry.build((width,))
        for block in self.middle:
            block.build((self.hidden,), (self.embedding,))
        self.exit.build((self.hidden,))

    def as_calls(self, ctx: Context, x: Any, *told: Any) -> Any:
        """The forward as calls of its layers on Variables, see :func:`pellucid.slopes`."""
        assert self.exit is not None
        e, h = self.told(*told), self.entry(x.reshape(len(x), -1))
        for block in self.middle:
            h = block(h, e)
        return self.exit(h).reshape(x.shape)

    def forward(self, ctx: Context, x: Array, *told: Array) -> Array:
        assert self.exit is not None
        ctx.shape = x.shape
        e = self.told.forward(ctx.child("told"), *told)
        rows = contiguous(ctx, x, "x").reshape(x.shape[0], prod(x.shape[1:]))
        h = self.entry.forward(ctx.child("entry", ctx.needs_dx[:1]), rows)
        for i, block in enumerate(self.middle):
            h = block.forward(ctx.child(i), h, e)
        return self.exit.forward(ctx.child("exit"), h).reshape(x.shape)

    def backward(self, ctx: Context, dy: Array) -> Any:
        assert self.exit is not None
        rows = contiguous(ctx, dy, "dy").reshape(ctx.shape[0], prod(ctx.shape[1:]))
        dh = self.exit.backward(ctx.child("exit"), rows)
        de = ctx.scratch("de", (ctx.shape[0], self.embedding))
        ctx.ops.fill(de, 0.0)
        for i in range(self.blocks - 1, -1, -1):
            dh, of_block = self.middle[i].backward(ctx.child(i), dh)
            ctx.ops.add_scaled(de, of_block, 1.0)
        dx = self.entry.backward(ctx.child("entry"), dh)
        self.told.backward(ctx.child("told"), de)
        return (None if dx is None else dx.reshape(ctx.shape), *(None,) * len(self.integer_inputs))


class MlpDenoiser(DenseDenoiser):
    """A denoiser of points, flat vectors and small images: residual blocks of dense layers.

    Args:
        classes: number of classes; 0 makes a model without labels.
        hidden: features between the blocks, and hidden units inside.
        blocks: number of residual blocks.
        embedding: features that time and label are turned into, an even number.

    Shapes: x_t (N, …), t (N,), label (N,) if there are classes -> the shape of x_t. Samples of several axes are
    flattened inside.
    """

    examples = (
        Example({"hidden": 4, "blocks": 1, "embedding": 2}, ((2,), ("int", 50))),
        Example({"classes": 2, "hidden": 3, "blocks": 2, "embedding": 4}, ((2, 1), ("int", 50), ("int", 3))),
    )

    def __init__(self, classes: int = 0, hidden: int = 128, blocks: int = 3, embedding: int = 64) -> None:
        super().__init__(classes, hidden, blocks, embedding)
