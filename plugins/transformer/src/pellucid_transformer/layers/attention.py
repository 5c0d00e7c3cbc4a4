"""MultiHeadAttention: positions look at each other, each head in its own way (Vaswani et al., 2017, §3.2.2)."""

from __future__ import annotations

from typing import Any, ClassVar

from pellucid import (
    Array,
    ConfigError,
    Context,
    Equation,
    Example,
    Initializer,
    Layer,
    Ops,
    PagePart,
    Param,
    Shape,
    ShapeError,
    as_rows,
    check_bool,
    check_float,
    check_int,
    check_type,
    contiguous,
)

from pellucid_transformer.layers.arguments import check_given_mask, check_heads, check_mask, check_some, width_of
from pellucid_transformer.layers.cache import KeyValueCache
from pellucid_transformer.layers.equations import ATTENTION, GRADIENTS, HEADS
from pellucid_transformer.layers.pictures import map_pictures
from pellucid_transformer.ops.rotary import angles

_PROJECTED = (
    Equation("z", r"z = x W + b \text{, side by side } q, k, v \text{ (cross: } k, v \text{ of the context)}",
             "inputs[1 if cross else 0] @ W + b"),
    Equation("q", r"q \text{ of } z \text{ (cross: } x W_q + b_q)",
             "inputs[0] @ Wq + bq if cross else z[..., :len(U)]"),
    Equation("block", r"\text{the last numbers of } z \text{: keys, then values}",
             "lambda i: (lambda n: z[..., z.shape[2] - i * n : z.shape[2] - i * n + n])"
             "(len(U) * (kv_heads or heads) // heads)"),
    Equation("turn", r"\text{turned by } t\, \rho^{-2i/d} \text{ in the plane of numbers } i, i + d/2",
             "lambda z, back=1: z if rotary is None else (lambda a, h: np.concatenate(["
             "z[..., :h] * np.cos(a) - back * z[..., h:] * np.sin(a),"
             " z[..., h:] * np.cos(a) + back * z[..., :h] * np.sin(a)], 3))(np.arange(z.shape[2])[:, None]"
             " * float(rotary) ** (-2 * np.arange(z.shape[3] // 2) / z.shape[3]), z.shape[3] // 2)"),
    Equation("Q", r"Q_h \text{: head } h \text{ of } q", "turn(apart(q, heads))"),
    Equation("K", r"K_h \text{: its head of } k",
             "spread(turn(apart(block(2), kv_heads or heads)))"),
    Equation("V", r"V_h \text{: its head of } v", "spread(apart(block(1), kv_heads or heads))"),
    Equation("m", r"m \text{: the mask, 1 without one}",
             "inputs[1 + cross] if len(inputs) > 1 + cross else np.ones(z.shape[:2], np.bool_)"),
)  # fmt: skip

_BACK = (
    Equation("dq", r"dq_t = [dQ_{1t}, \dots, dQ_{Ht}]", "join(turn(dQ, -1))"),
    Equation("dz", r"dz = [dq, dk, dv] \text{ (cross: } [dk, dv])",
             "np.concatenate([*([] if cross else [dq]), join(turn(dK, -1)), join(dV)], 2)"),
    Equation("dW", r"dW = x^\top dz", "np.einsum('nsi,nsj->ij', inputs[1 if cross else 0], dz)"),
    Equation("db", r"db = \sum dz", "dz.sum((0, 1))"),
    Equation("dWq", r"dW_q = x^\top dq", "np.einsum('nti,ntj->ij', inputs[0], dq)"),
    Equation("dbq", r"db_q = \sum dq", "dq.sum((0, 1))"),
    Equation("dx0", r"dx = dz\, W^\top \text{ (cross: } dq\, W_q^\top)", "dq @ Wq.T if cross else dz @ W.T"),
    Equation("dx", r"\text{the same}", "dx0"),
    Equation("dx1", r"dc = dz\, W^\top", "dz @ W.T"),
)  # fmt: skip


class MultiHeadAttention(Layer):
    """``y = [head₁, …, head_H] U + c`` with ``head_h = softmax(Q_h K_hᵀ/√d) V_h`` and ``[Q, K, V] = x W + b``.

    Positions look at each other: query t of a head takes a mean of the values, weighted by how well their keys suit
    it. The three products are one. With ``cross`` keys and values are those of a second input, the context. What is
    seen: where the mask is true, and with ``causal`` nothing that comes later; a query that sees nothing gives c.

    Args:
        heads: H.
        kv_heads: K, heads of keys and values, each shared by H/K heads of queries; None: H.
        head_size: d; None: D/H.
        causal: nothing that comes later is seen.
        cross: keys and values are made of a second input.
        rotary: base of the angles by which queries and keys are turned, which grow with their position, 10000 say (Su
            et al., RoFormer, 2021), number i of a head together with i + d/2; None: positions are not told.
        use_bias: whether there are b and c.
        init: initializer of W, or its name.
        output_init: that of U; None: the same.

    Shapes: x (N, T, D), with ``cross`` a context (N, S, C), and optional mask (N, S) of keys or (N, T, S) of pairs ->
    y (N, T, D); W (D, (H + 2K)·d), b, U (H·d, D), c (D,); with ``cross`` W (C, 2K·d), W_q (D, H·d), b_q.

    Raises:
        ConfigError: heads that kv_heads does not divide; causal or rotary with cross; rotary and an odd head_size.
        ShapeError: sequences or a mask of other shapes; D that H does not divide, and no head_size.
    """

    equations = (
        *HEADS,
        *_PROJECTED,
        *ATTENTION,
        Equation("y", r"y = o\, U + c", "o @ U + c"),
        Equation("dU", r"dU = o^\top dy", "np.einsum('nti,ntj->ij', o, dy)"),
        Equation("dc", r"dc = \sum dy", "dy.sum((0, 1))"),
        Equation("do", r"do = dy\, U^\top", "dy @ U.T"),
        *GRADIENTS,
        *_BACK,
    )
    symbols: ClassVar = {
        "W": "weight", "b": "bias", "U": "output_weight", "c": "output_bias", "Wq": "query_weight", "bq": "query_bias",
    }  # fmt: skip
    examples = (
        Example({"heads": 2}, ((4, 6),)),
        Example({"heads": 2, "causal": True, "head_size": 4}, ((4, 6), ("bool", 4))),
        Example({"heads": 2, "use_bias": False}, ((3, 4), ("bool", 3, 3))),
        Example({"heads": 4, "kv_heads": 2, "causal": True, "rotary": 10000.0}, ((5, 8),)),
        Example({"heads": 2, "cross": True}, ((3, 4), (5, 3))),
        Example({"heads": 2, "cross": True, "kv_heads": 1}, ((3, 4), (5, 3), ("bool", 5))),
        Example({"heads": 2}, ((None, 4),)),
    )
    capturable = True
    masked = False
    """Whether there is a mask, known when it is built."""
    weight: Param
    bias: Param | None
    output_weight: Param
    output_bias: Param | None
    query_weight: Param | None
    query_bias: Param | None

    def __init__(
        self, heads: int, *, kv_heads: int | None = None, head_size: int | None = None, causal: bool = False,
        cross: bool = False, rotary: float | None = None, use_bias: bool = True, init: str | Initializer = "glorot",
        output_init: str | Initializer | None = None,
    ) -> None:  # fmt: skip
        check_heads(self, heads, kv_heads)
        if head_size is not None:
            check_int(self, "head_size", head_size, "[1, inf)")
        if rotary is not None:
            check_float(self, "rotary", rotary, "(1, inf)")
        for name, value in (("causal", causal), ("cross", cross), ("use_bias", use_bias)):
            check_bool(self, name, value)
        check_type(self, "init", init, (str, Initializer), "an initializer or its name")
        check_type(self, "output_init", output_init, (str, Initializer, type(None)), "an initializer, its name or None")
        if cross and (causal or rotary is not None):
            raise ConfigError(
                f"{type(self).__name__} with cross looks at another sequence, of which no position is before or behind "
                f"a query. Received: causal={causal}, rotary={rotary}. Leave them out."
            )
        self.heads = heads
        self.kv_heads = kv_heads
        self.head_size = head_size
        self.causal = causal
        self.cross = cross
        self.rotary = rotary
        self.use_bias = use_bias
        self.init = init
        self.output_init = output_init

    @property
    def takes_mask(self) -> bool:  # type: ignore[override]
        return not self.cross

    @property
    def integer_inputs(self) -> tuple[int, ...]:  # type: ignore[override]
        return (1 + self.cross,) if self.masked else ()

    def page_parts(self, call: Any, trace: Any) -> list[PagePart]:
        """For the page of a step: the map of each head."""
        return map_pictures(call, trace)

    def build(self, x: Shape, *more: Shape) -> None:
        self.output_shape(x, *more)
        self.masked = len(more) > self.cross
        features = width_of(self, x, "sequences")
        size = self._size(features)
        queries, keys = self.heads * size, (self.kv_heads or self.heads) * size
        source, width = features, queries + 2 * keys
        if self.cross:
            source, width = width_of(self, more[0], "a context"), 2 * keys
            self.query_weight = self.param("query_weight", (features, queries), init=self.init, decay=True)
            self.query_bias = self.param("query_bias", (queries,)) if self.use_bias else None
        else:
            self.query_weight = self.query_bias = None
        self.weight = self.param(
            "weight", (source, width), init=self.init, decay=True, fan_in=source, fan_out=queries
        )  # fmt: skip
        self.bias = self.param("bias", (width,)) if self.use_bias else None
        self.output_weight = self.param(
            "output_weight", (queries, features), init=self.output_init or self.init, decay=True
        )
        self.output_bias = self.param("output_bias", (features,)) if self.use_bias else None

    def output_shape(self, x: Shape, *more: Shape) -> Shape:
        self._size(width_of(self, x, "sequences"))
        if self.cross and not more:
            raise ShapeError(
                f"{type(self).__name__} with cross needs a second input, the context. Received: one, {tuple(x)}."
            )
        if self.cross:
            width_of(self, more[0], "a context")
        check_mask(self, x[0], more[0][0] if self.cross else x[0], more[self.cross :])
        return x

    def _size(self, features: int) -> int:
        """d."""
        if self.head_size is None and features % self.heads:
            raise ShapeError(
                f"{type(self).__name__} divides the features of a position evenly between its {self.heads} heads. "
                f"Received: {features} features. Give head_size, or another number of heads."
            )
        size = self.head_size or features // self.heads
        if self.rotary is not None and size % 2:
            raise ShapeError(
                f"{type(self).__name__} with rotary turns the numbers of a head by pairs. Received: heads of {size}. "
                "Give an even head_size."
            )
        return size

    # -- forward and backward --------------------------------------------------------------------------------------

    def forward(self, ctx: Context, x: Array, *more: Array) -> Array:
        (n, steps, features), context = x.shape, more[0] if self.cross else x
        check_some(self, steps, context.shape[1])
        mask = more[self.cross :]
        ctx.inputs, ctx.mask = 1 + len(more), contiguous(ctx, mask[0], "mask") if mask else None
        if ctx.mask is not None:
            check_given_mask(self, n, steps, context.shape[1], ctx.mask.shape)
        ctx.x = as_rows(ctx, x, "x")
        ctx.context = as_rows(ctx, context, "context") if self.cross else ctx.x
        ctx.shapes = x.shape, context.shape
        # z = x W + b: queries, keys and values side by side.
        ctx.z = self._project(ctx, ctx.context, self.weight, self.bias, "z")
        ctx.q = self._project(ctx, ctx.x, self.query_weight, self.query_bias, "q") if self.cross else None
        if self.rotary is not None:
            turn = angles(self.rotary, len(self.output_weight.data) // self.heads, 0, steps)
            ctx.turn = ctx.scratch("turn", turn.shape)
            ctx.ops.copy(ctx.ops.asarray(turn), ctx.turn)
            ctx.op("transformer/rotate")(ctx.turn, self._turned, False, ctx.z.reshape(n, steps, self.weight.shape[1]))
        # o = softmax(Q Kᵀ/√d) V of every head; P is not kept but made again by backward.
        ctx.rows = ctx.scratch("rows", (2, n, self.heads, steps))
        ctx.o = ctx.scratch("o", (n, steps, len(self.output_weight.data)))
        ctx.op("transformer/attention_forward")(*self._parts(ctx, ctx.q, ctx.z), *self._what(ctx), ctx.rows, ctx.o)
        y = self._project(ctx, as_rows(ctx, ctx.o, "o"), self.output_weight, self.output_bias, "y")
        return y.reshape(n, steps, features)

    def backward(self, ctx: Context, dy: Array) -> Any:
        do = ctx.scratch("do", ctx.o.shape)
        self._gradients(ctx, dy, ctx.o, self.output_weight, self.output_bias, do)
        dz = ctx.scratch("dz", ctx.z.shape)
        dq = None if ctx.q is None else ctx.scratch("dq", ctx.q.shape)
        ctx.op("transformer/attention_backward")(
            do, *self._parts(ctx, ctx.q, ctx.z), *self._what(ctx), ctx.rows, ctx.o, *self._parts(ctx, dq, dz)
        )
        if self.rotary is not None:
            ctx.op("transformer/rotate")(ctx.turn, self._turned, True, dz.reshape(*ctx.shapes[0][:2], dz.shape[1]))
        wanted = ctx.needs_dx[int(self.cross)]
        dcontext = ctx.scratch("dcontext", ctx.shapes[1]) if wanted else None
        self._gradients(ctx, dz, ctx.context, self.weight, self.bias, dcontext)
        if not self.cross:
            return dcontext if ctx.inputs == 1 else (dcontext, None)
        dx = ctx.scratch("dx", ctx.shapes[0]) if ctx.needs_dx[0] else None
        self._gradients(ctx, dq, ctx.x, self.query_weight, self.query_bias, dx)
        return (dx, dcontext) if ctx.inputs == 2 else (dx, dcontext, None)

    @property
    def _turned(self) -> int:
        """How many heads at the left of z are turned: those of queries and keys."""
        return self.heads + (self.kv_heads or self.heads)

    def _what(self, ctx: Context) -> tuple[Any, ...]:
        return ctx.mask, self.heads, self.kv_heads or self.heads, self.causal

    def _parts(self, ctx: Context, queries: Array | None, z: Array) -> tuple[Array, ...]:
        """q (N, T, H·d), k and v (N, S, K·d), or their gradients: views of the rows in which they stand."""
        (n, steps, _), (_, keys, _) = ctx.shapes
        width = len(self.output_weight.data)
        size = width // self.heads * (self.kv_heads or self.heads)
        rows = z.reshape(n, keys, z.shape[1])
        first = 0 if self.cross else width
        q = rows[:, :, :width] if queries is None else queries.reshape(n, steps, width)
        return q, rows[:, :, first : first + size], rows[:, :, first + size :]

    def _project(self, ctx: Context, x: Array, weight: Param | None, bias: Param | None, name: str) -> Array:
        """x W + b of rows."""
        assert weight is not None
        y = ctx.scratch(name, (len(x), weight.shape[1]))
        ctx.ops.dense_forward(x, weight.data, None if bias is None else bias.data, "identity", y, None)
        return y

    def _gradients(
        self, ctx: Context, dy: Array, x: Array, weight: Param | None, bias: Param | None, dx: Array | None
    ) -> None:
        """dW += xᵀ dy, db += Σ dy, dx = dy Wᵀ."""
        assert weight is not None
        x = x.reshape(-1, x.shape[-1])
        ctx.ops.dense_backward(
            as_rows(ctx, dy, "dy"), x, weight.data, dy.reshape(-1, dy.shape[-1]), None, "identity", None,
            weight.grad if weight.trainable else None, bias.grad if bias is not None and bias.trainable else None,
            None if dx is None else dx.reshape(x.shape),
        )  # fmt: skip

    # -- generation ------------------------------------------------------------------------------------------------

    def new_cache(self, ops: Ops, rows: int, longest: int) -> KeyValueCache:
        """Room for the keys and values of so many positions, for :meth:`extend`.

        Raises:
            ConfigError: later positions change what earlier ones are, so that nothing can be kept.
        """
        if not self.causal:
            raise ConfigError(
                f"{type(self).__name__} without causal looks at what comes later, so keys and values of a text that "
                "grows cannot be kept. Set causal = true."
            )
        width = len(self.output_weight.data) // self.heads * (self.kv_heads or self.heads)
        return KeyValueCache(ops, rows, longest, width, self.weight.data.dtype)

    def extend(self, ops: Ops, x: Array, cache: KeyValueCache) -> Array:
        """y (N, S, D) of the positions x (N, S, D) that come after those in the cache, which is added to."""
        n, steps, _ = x.shape
        width, first = len(self.output_weight.data), cache.length
        z = _product(ops, x, self.weight, self.bias)
        if self.rotary is not None:
            turn = ops.empty((2, steps, width // self.heads // 2), z.dtype)
            turn[...] = ops.asarray(angles(self.rotary, width // self.heads, first, steps))
            ops.op("transformer/rotate")(turn, self._turned, False, z)
        size = (z.shape[2] - width) // 2
        keys, values = cache.add(z[:, :, width : width + size], z[:, :, width + size :])
        o, rows = ops.empty((n, steps, width), z.dtype), ops.empty((2, n, self.heads, steps), z.dtype)
        ops.op("transformer/attention_forward")(
            z[:, :, :width], keys, values, None, self.heads, self.kv_heads or self.heads, True, rows, o
        )
        return _product(ops, o, self.output_weight, self.output_bias)


def _product(ops: Ops, x: Array, weight: Param, bias: Param | None) -> Array:
    """x W + b of sequences."""
    y = ops.empty((*x.shape[:2], weight.shape[1]), x.dtype)
    rows = ops.xp.ascontiguousarray(x).reshape(-1, x.shape[2])
    ops.dense_forward(
        rows, weight.data, None if bias is None else bias.data, "identity", y.reshape(len(rows), -1), None
    )
    return y
