"""TransformerBlock: positions look at each other, then each is worked on by itself; both beside a short cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pellucid import (
    Array,
    ConfigError,
    Context,
    Dropout,
    Equation,
    Example,
    Initializer,
    Layer,
    Ops,
    Shape,
    ShapeError,
    check_bool,
    check_float,
    check_type,
    read,
)

from pellucid_transformer.layers.attention import MultiHeadAttention
from pellucid_transformer.layers.extending import extend, new_cache
from pellucid_transformer.layers.feed_forward import FeedForward, SwiGLU

INSIDE = "the layers inside compute it, by equations of their own"
PARTS = ("norm1", "attention", "dropout1", "norm2", "feed_forward", "dropout2")


class TransformerBlock(Layer):
    """``r = x + A(N₁(x))``, ``y = r + F(N₂(r))`` (pre-norm), or ``r = N₁(x + A(x))``, ``y = N₂(r + F(r))``, with
    attention A, a feed-forward layer F and norms N.

    Vaswani et al., Attention Is All You Need, 2017 (norms behind the sums); Radford et al., 2019, and Xiong et al., On
    Layer Normalization in the Transformer Architecture, 2020 (before them: no warm-up is needed).

    Args:
        heads: of the block's own attention.
        hidden: numbers inside of its own feed-forward layer; None: 4 D, and 8/3 D for ``"swiglu"``.
        norm: N₁ and N₂: a layer's name, or its configuration.
        norm_first: whether the norms stand before attention and feed-forward layer, or behind the sums.
        activation: of the feed-forward layer, or ``"swiglu"`` for one with a gate.
        causal: whether a position sees only those before it and itself.
        dropout: fraction of what A and F give that is dropped in training.
        rotary: base of rotary positions, such as 10000.0; None: there are none.
        kv_heads: heads of keys and values; None: as many as there are of queries.
        use_bias: whether attention and feed-forward layer have biases.
        init, output_init: initializers of the first weights of attention and feed-forward layer, and of their last.
        attention: another layer in place of attention: any that keeps the shape. It is given the mask if it takes one.
        feed_forward: another in place of the feed-forward layer.

    Shapes: x (N, T, D), and optional mask as attention takes it: (N, T) or (N, T, T) -> y (N, T, D).
    """

    equations = (
        Equation("y", r"r = x + A(N_1(x)),\quad y = r + F(N_2(r)) \quad\text{or}\quad r = N_1(x + A(x)),\quad"
                 r" y = N_2(r + F(r))", why=INSIDE),
        Equation("dx", r"dr = dy + J_{N_2}^\top J_F^\top dy,\quad dx = dr + J_{N_1}^\top J_A^\top dr"
                 r" \quad\text{or}\quad dr = (1 + J_F^\top) J_{N_2}^\top dy,\quad dx = (1 + J_A^\top) J_{N_1}^\top dr"),
    )  # fmt: skip
    examples = (
        Example({"heads": 2, "hidden": 6, "causal": True}, ((3, 4),)),
        Example({"heads": 2, "norm_first": False, "activation": "relu"}, ((None, 4), ("bool", None))),
        Example({"heads": 1, "hidden": 5, "activation": "swiglu", "norm": {"type": "transformer/rms_norm"}}, ((3, 4),)),
        Example({"heads": 1, "dropout": 0.2, "attention": {"type": "core/dense", "units": 4},
                 "feed_forward": {"type": "core/dense", "units": 4, "activation": "tanh"}}, ((3, 4),)),
    )  # fmt: skip
    capturable = True
    takes_mask = True
    beside = 0
    """How many inputs there are beside the sequences, known when it is built."""

    def __init__(
        self, heads: int, hidden: int | None = None, *, norm: str | Mapping[str, Any] = "core/layer_norm",
        norm_first: bool = True, activation: str = "gelu", causal: bool = False, dropout: float = 0.0,
        rotary: float | None = None, kv_heads: int | None = None, use_bias: bool = True,
        init: str | Initializer = "glorot", output_init: str | Initializer = "glorot",
        attention: Layer | None = None, feed_forward: Layer | None = None,
    ) -> None:  # fmt: skip
        check_type(self, "norm", norm, (str, Mapping), "a layer's name, or a table with its type")
        check_bool(self, "norm_first", norm_first)
        check_float(self, "dropout", dropout, "[0, 1)")
        check_type(self, "attention", attention, (Layer, type(None)), "a layer or None")
        check_type(self, "feed_forward", feed_forward, (Layer, type(None)), "a layer or None")
        self.heads = heads
        self.hidden = hidden
        self.norm = norm
        self.norm_first = norm_first
        self.activation = activation
        self.causal = causal
        self.dropout = dropout
        self.rotary = rotary
        self.kv_heads = kv_heads
        self.use_bias = use_bias
        self.init = init
        self.output_init = output_init
        if attention is None:
            attention = MultiHeadAttention(
                heads, kv_heads=kv_heads, causal=causal, rotary=rotary, use_bias=use_bias, init=init,
                output_init=output_init,
            )  # fmt: skip
        if feed_forward is None and activation == "swiglu":
            feed_forward = SwiGLU(hidden, init=init, output_init=output_init)
        elif feed_forward is None:
            feed_forward = FeedForward(hidden, activation, use_bias=use_bias, init=init, output_init=output_init)
        self.norm1: Layer = read("layer", norm)
        self.attention = attention
        self.dropout1 = Dropout(dropout)
        self.norm2: Layer = read("layer", norm)
        self.feed_forward = feed_forward
        self.dropout2 = Dropout(dropout)
        self._require_one_answer()

    def _require_one_answer(self) -> None:
        """A configuration holds a block's own layers too, once it is written: what it says twice must agree."""
        told = {"attention": ("heads", "kv_heads", "causal", "rotary"), "feed_forward": ("hidden", "activation")}
        for part, names in told.items():
            layer = getattr(self, part)
            own = type(layer) in (MultiHeadAttention, FeedForward, SwiGLU)
            for name in names if own else ():
                said, meant = getattr(self, name), getattr(layer, name, getattr(self, name))
                if said != meant:
                    raise ConfigError(
                        f"TransformerBlock is told two things of its {part}: {name} = {said!r}, and a layer with "
                        f"{name} = {meant!r}. Change it in both places, or leave '{part}' out."
                    )

    @property
    def integer_inputs(self) -> tuple[int, ...]:  # type: ignore[override]
        return tuple(range(1, 1 + self.beside))

    def build(self, x: Shape, *more: Shape) -> None:
        self._pass(x, more, build=True)
        self.beside = len(more)

    def output_shape(self, x: Shape, *more: Shape) -> Shape:
        return self._pass(x, more, build=False)

    def _pass(self, x: Shape, more: tuple[Shape, ...], *, build: bool) -> Shape:
        if more and not self._masked:
            raise ShapeError(
                f"The attention of this TransformerBlock, {type(self.attention).__name__}, takes no mask. Received: "
                f"inputs of shapes {[tuple(each) for each in (x, *more)]}. Give it x alone."
            )
        if len(more) > 1:
            raise ShapeError(
                f"TransformerBlock takes beside its sequences one mask. Received: {1 + len(more)} inputs, of shapes "
                f"{[tuple(each) for each in (x, *more)]}."
            )
        for name in PARTS:
            layer = getattr(self, name)
            shapes = (x, *more) if name == "attention" and self._masked else (x,)
            try:
                if build:
                    layer.build(*shapes)
                shape = layer.output_shape(*shapes)
            except ShapeError as error:
                raise ShapeError(f"{name} ({type(layer).__name__}) of TransformerBlock: {error}") from error
            if tuple(shape) != tuple(x):
                raise ShapeError(
                    f"The layers of TransformerBlock must keep the shape of their input, {tuple(x)}. Received: {shape} "
                    f"from {name} ({type(layer).__name__}). Choose its width equal to the input's."
                )
        return x

    @property
    def _masked(self) -> bool:
        """Whether the attention takes a mask."""
        return any(part.takes_mask for _, part in self.attention.walk())

    def as_calls(self, ctx: Context, x: Any, *more: Any) -> Any:
        """The forward as calls of its layers on Variables, see :func:`pellucid.slopes`."""
        beside = more if self._masked else ()
        if self.norm_first:
            r = x + self.dropout1(self.attention(self.norm1(x), *beside))
            return r + self.dropout2(self.feed_forward(self.norm2(r)))
        r = self.norm1(x + self.dropout1(self.attention(x, *beside)))
        return self.norm2(r + self.dropout2(self.feed_forward(r)))

    def forward(self, ctx: Context, x: Array, *more: Array) -> Array:
        ctx.inputs = 1 + len(more)
        beside = more if self._masked else ()
        first, every = ctx.needs_dx[:1], (True,)

        def through(name: str, z: Array, *mask: Array) -> Array:
            wanted = first if name == ("norm1" if self.norm_first else "attention") else every
            made: Array = getattr(self, name).forward(ctx.child(name, wanted * (1 + len(mask))), z, *mask)
            return made

        if self.norm_first:
            r = self._sum(ctx, "r", x, through("dropout1", through("attention", through("norm1", x), *beside)))
            return self._sum(ctx, "y", r, through("dropout2", through("feed_forward", through("norm2", r))))
        r = through("norm1", self._sum(ctx, "r", x, through("dropout1", through("attention", x, *beside))))
        return through("norm2", self._sum(ctx, "y", r, through("dropout2", through("feed_forward", r))))

    def backward(self, ctx: Context, dy: Array) -> Any:
        def back(name: str, gradient: Array) -> Array:
            dx = getattr(self, name).backward(ctx.child(name), gradient)
            return dx[0] if isinstance(dx, tuple) else dx

        if self.norm_first:
            dr = self._sum(ctx, "dr", dy, back("norm2", back("feed_forward", back("dropout2", dy))))
            dx = back("norm1", back("attention", back("dropout1", dr)))
        else:
            dz = back("norm2", dy)
            dr = back("norm1", self._sum(ctx, "dr", dz, back("feed_forward", back("dropout2", dz))))
            dx = back("attention", back("dropout1", dr))
        dx = self._sum(ctx, "dx", dr, dx) if ctx.needs_dx[0] else None
        return dx if ctx.inputs == 1 else (dx, *[None] * (ctx.inputs - 1))

    @staticmethod
    def _sum(ctx: Context, name: str, a: Array, b: Array) -> Array:
        """The short cut."""
        total = ctx.scratch(name, a.shape)
        ctx.op("transformer/add")(a, b, total)
        return total

    # -- generation ------------------------------------------------------------------------------------------------

    def new_cache(self, ops: Ops, rows: int, longest: int) -> dict[str, Any]:
        """What the layers keep of positions before, for :meth:`extend`.

        Raises:
            ConfigError: one of them cannot go on, or is not known to.
        """
        return {name: new_cache(getattr(self, name), ops, rows, longest) for name in PARTS if "dropout" not in name}

    def extend(self, ops: Ops, x: Array, cache: dict[str, Any]) -> Array:
        """y (N, S, D) of the positions x (N, S, D) that come after those in the cache, which is added to."""

        def through(name: str, z: Array) -> Array:
            return extend(getattr(self, name), ops, z, cache[name])

        if self.norm_first:
            r = x + through("attention", through("norm1", x))
            return r + through("feed_forward", through("norm2", r))
        r = through("norm1", x + through("attention", x))
        return through("norm2", r + through("feed_forward", r))
