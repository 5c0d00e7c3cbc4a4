"""ScaledDotProductAttention: each query takes a mean of values, weighted by how well their keys suit it."""

from __future__ import annotations

from typing import Any, ClassVar

from pellucid import Array, Context, Equation, Example, Layer, PagePart, Shape, ShapeError, check_bool, contiguous

from pellucid_transformer.layers.arguments import check_given_mask, check_heads, check_mask, check_some, width_of
from pellucid_transformer.layers.equations import ATTENTION, GRADIENTS, HEADS
from pellucid_transformer.layers.pictures import map_pictures


class ScaledDotProductAttention(Layer):
    """``y = softmax(q kᵀ/√d) v`` for each head, over the keys that a query sees (Vaswani et al., 2017, §3.2.1).

    What a query sees: the keys at which the mask is true; with ``causal`` none behind itself, where the last query
    stands beside the last key. A query that sees nothing gives zeros, and has no gradient.

    Args:
        heads: H, how many attentions there are side by side, each on d numbers of a position.
        kv_heads: K, how many heads of keys and values there are, each shared by H/K heads of queries (Ainslie et al.,
            GQA, 2023); None: H.
        causal: nothing that comes later is seen.

    Shapes: q (N, T, H·d), k and v (N, S, K·d), and optional mask (N, S) or (N, T, S) -> y (N, T, H·d).

    Raises:
        ConfigError: heads that kv_heads does not divide.
        ShapeError: sequences or a mask of other shapes.
    """

    equations = (
        *HEADS,
        Equation("m", r"m \text{: the mask, 1 without one}",
                 "inputs[3] if len(inputs) > 3 else np.ones(inputs[1].shape[:2], np.bool_)"),
        Equation("Q", r"Q_h \text{: head } h \text{ of } q", "apart(inputs[0], heads)"),
        Equation("K", r"K_h \text{: its head of } k", "spread(apart(inputs[1], kv_heads or heads))"),
        Equation("V", r"V_h \text{: its head of } v", "spread(apart(inputs[2], kv_heads or heads))"),
        *ATTENTION,
        Equation("y", r"y_t = o_t", "o"),
        Equation("do", r"do = dy", "dy"),
        *GRADIENTS,
        Equation("dx0", r"dq_t = [dQ_{1t}, \dots, dQ_{Ht}]", "join(dQ)"),
        Equation("dx1", r"dk_s = [dK_{1s}, \dots, dK_{Ks}]", "join(dK)"),
        Equation("dx2", r"dv_s = [dV_{1s}, \dots, dV_{Ks}]", "join(dV)"),
    )  # fmt: skip
    symbols: ClassVar = {}
    examples = (
        Example({"heads": 2}, ((4, 6), (5, 6), (5, 6))),
        Example({"heads": 2}, ((4, 6), (5, 6), (5, 6), ("bool", 5))),
        Example({"heads": 1, "causal": True}, ((4, 3), (4, 3), (4, 3), ("bool", 4, 4))),
        Example({"heads": 4, "kv_heads": 2, "causal": True}, ((4, 8), (6, 4), (6, 4))),
        Example({"heads": 2}, ((None, 4), (None, 4), (None, 4))),
    )
    capturable = True
    masked = False
    """Whether there is a mask, known when it is built."""

    def __init__(self, heads: int, *, kv_heads: int | None = None, causal: bool = False) -> None:
        check_heads(self, heads, kv_heads)
        check_bool(self, "causal", causal)
        self.heads = heads
        self.kv_heads = kv_heads
        self.causal = causal

    @property
    def integer_inputs(self) -> tuple[int, ...]:  # type: ignore[override]
        return (3,) if self.masked else ()

    def page_parts(self, call: Any, trace: Any) -> list[PagePart]:
        """For the page of a step: the map of each head."""
        return map_pictures(call, trace)

    def build(self, q: Shape, k: Shape, v: Shape, *mask: Shape) -> None:
        self.output_shape(q, k, v, *mask)
        self.masked = bool(mask)

    def output_shape(self, q: Shape, k: Shape, v: Shape, *mask: Shape) -> Shape:
        widths = [width_of(self, shape, what) for shape, what in ((q, "queries"), (k, "keys"), (v, "values"))]
        kv_heads = self.kv_heads or self.heads
        size, rest = divmod(widths[0], self.heads)
        lengths_fit = k[0] is None or v[0] is None or k[0] == v[0]
        if rest or widths[1:] != [kv_heads * size] * 2 or not lengths_fit:
            raise ShapeError(
                f"{type(self).__name__} needs queries of {self.heads} heads, (T, {self.heads}·d), and keys and values "
                f"of {kv_heads}, (S, {kv_heads}·d). Received: {tuple(q)}, {tuple(k)}, {tuple(v)}."
            )
        check_mask(self, q[0], k[0], mask)
        return q

    def forward(self, ctx: Context, q: Array, k: Array, v: Array, *mask: Array) -> Array:
        check_some(self, q.shape[1], k.shape[1])
        if k.shape[1] != v.shape[1]:
            raise ShapeError(
                f"{type(self).__name__} needs a value for each key. Received: {k.shape[1]} keys, {v.shape[1]} values."
            )
        ctx.qkv = [contiguous(ctx, part, name) for part, name in ((q, "q"), (k, "k"), (v, "v"))]
        ctx.mask = contiguous(ctx, mask[0], "mask") if mask else None
        if ctx.mask is not None:
            check_given_mask(self, len(q), q.shape[1], k.shape[1], ctx.mask.shape)
        ctx.rows = ctx.scratch("rows", (2, len(q), self.heads, q.shape[1]))
        ctx.y = ctx.scratch("y", q.shape)
        # P = softmax(q kᵀ/√d), y = P v: the reference implementation stands in ops/attention.py.
        ctx.op("transformer/attention_forward")(
            *ctx.qkv, ctx.mask, self.heads, self.kv_heads or self.heads, self.causal, ctx.rows, ctx.y
        )
        return ctx.y

    def backward(self, ctx: Context, dy: Array) -> Any:
        gradients = [ctx.scratch(f"d{i}", part.shape) for i, part in enumerate(ctx.qkv)]
        ctx.op("transformer/attention_backward")(
            contiguous(ctx, dy, "dy"), *ctx.qkv, ctx.mask, self.heads, self.kv_heads or self.heads, self.causal,
            ctx.rows, ctx.y, *gradients,
        )  # fmt: skip
        return tuple(gradients) if ctx.mask is None else (*gradients, None)
