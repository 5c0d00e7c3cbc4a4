"""ResidualBlock: two convolutions that learn what has to be added to their input."""

from __future__ import annotations

from typing import Any

from pellucid import (
    UNBOUNDED,
    Array,
    Context,
    Dense,
    Dropout,
    Equation,
    Example,
    Interval,
    Layer,
    Sequential,
    Shape,
    ShapeError,
    check_bool,
    check_choice,
    check_float,
    check_int,
)

from pellucid_cnn.layers.conv2d import Conv2D
from pellucid_cnn.layers.parts import Normalization, activate, normalize


class ResidualBlock(Layer):
    """``y = S x + F₂(F₁(x) + V e)``: a detour of two 3 x 3 convolutions and a short cut.

    With ``preactivation`` F is norm → f → conv, twice, and nothing stands on the way from y back to x (He et al.,
    Identity Mappings in Deep Residual Networks, 2016). Without it F₁ is conv → norm → f, F₂ is conv → norm, and the sum
    goes through f (He et al., Deep Residual Learning for Image Recognition, 2016). The short cut S is the identity, or
    a convolution of size 1 where the number of channels or the size changes.

    A second input e, if there is one, is a vector for each image, such as the embedding of a class or of a noise level.
    A dense layer V turns it into one number for each channel, which is added to all pixels (Ho et al., 2020, appendix
    B).

    Args:
        filters: channels of the output.
        stride: of the first convolution and of the short cut; 2 halves the size.
        preactivation: where the normalisation and f stand.
        normalization: ``batch_norm``, ``group_norm`` or None.
        activation: f, a name or a layer; of a layer each place gets a copy.
        dropout: fraction dropped before the second convolution, in training.

    Shapes: x (N, H, W, C), e (N, E) -> y (N, ⌈H/stride⌉, ⌈W/stride⌉, filters).
    """

    equations = (
        Equation("y", r"y = S x + F_2(F_1(x) + V e)", why="the layers inside compute it, by equations of their own"),
        Equation("dx", r"dx = S^\top dy + J_{F_1}^\top J_{F_2}^\top dy"),
        Equation("de", r"de = V^\top \textstyle\sum_{ij} (J_{F_2}^\top dy)_{ij}"),
    )
    examples = (
        Example({"filters": 3, "activation": "tanh", "normalization": None}, ((2, 3, 3),)),
        Example({"filters": 3, "stride": 2, "activation": "silu"}, ((3, 4, 2),)),
        Example({"filters": 2, "preactivation": False, "activation": "softplus", "dropout": 0.3}, ((2, 2, 2),)),
        Example({"filters": 2, "activation": "silu", "normalization": "group_norm"}, ((2, 2, 1), (2,))),
    )
    capturable = True

    def __init__(
        self, filters: int, *, stride: int = 1, preactivation: bool = True,
        normalization: Normalization | None = "batch_norm", activation: Layer | str = "relu", dropout: float = 0.0,
    ) -> None:  # fmt: skip
        check_int(self, "filters", filters, "[1, inf)")
        check_int(self, "stride", stride, "[1, inf)")
        check_bool(self, "preactivation", preactivation)
        check_choice(self, "normalization", normalization, ("batch_norm", "group_norm", None))
        check_float(self, "dropout", dropout, "[0, 1)")
        self.filters = filters
        self.stride = stride
        self.preactivation = preactivation
        self.normalization = normalization
        self.activation = activation
        self.dropout = dropout

    def build(self, shape: Shape, embedding: Shape | None = None) -> None:
        self._check(shape, embedding)
        channels = int(shape[-1] or 0)
        if not hasattr(self, "first"):
            self._make(channels)
        self.first.build(shape)
        inner = self.first.output_shape(shape)
        self.second.build(inner)
        if self.last is not None:
            self.last.build(inner)
        if self.shortcut is not None:
            self.shortcut.build(shape)
        if embedding is not None:
            if not hasattr(self, "embed"):
                self.embed = Dense(self.filters)
            self.embed.build(embedding)

    def _make(self, channels: int) -> None:
        """The parts, for images of so many channels."""
        biased = self.normalization != "batch_norm"  # batch normalisation subtracts each channel's mean, and a bias
        norm, f, drop = self._normalize, self._activate, [Dropout(self.dropout)] if self.dropout else []
        if self.preactivation:
            first = [*norm(channels), f(), Conv2D(self.filters, 3, stride=self.stride, use_bias=biased, init="he")]
            second = [*norm(self.filters), f(), *drop, Conv2D(self.filters, 3)]
        else:
            conv = Conv2D(self.filters, 3, stride=self.stride, use_bias=biased, init="he")
            first = [conv, *norm(self.filters), f()]
            second = [*drop, Conv2D(self.filters, 3, use_bias=biased), *norm(self.filters)]
        changes = channels != self.filters or self.stride != 1
        self.first, self.second = Sequential(first), Sequential(second)
        self.shortcut = Conv2D(self.filters, 1, stride=self.stride, use_bias=False) if changes else None
        self.last = None if self.preactivation else f()

    def _normalize(self, channels: int) -> list[Layer]:
        return normalize(self.normalization, channels)

    def _activate(self) -> Layer:
        return activate(self.activation)

    def output_shape(self, shape: Shape, embedding: Shape | None = None) -> Shape:
        self._check(shape, embedding)
        height, width, _ = shape
        sizes = (None if n is None else -(-n // self.stride) for n in (height, width))
        return (*sizes, self.filters)

    def output_interval(self, *inputs: Interval) -> Interval:
        return UNBOUNDED if self.last is None else self.last.output_interval(UNBOUNDED)

    def _check(self, shape: Shape, embedding: Shape | None) -> None:
        if len(shape) != 3 or shape[-1] is None:
            raise ShapeError(
                f"ResidualBlock takes images, samples of shape (height, width, channels). Received: {tuple(shape)}."
            )
        if embedding is not None and (len(embedding) != 1 or embedding[0] is None):
            raise ShapeError(
                "ResidualBlock takes as second input one vector for each image, samples of shape (E,). Received: "
                f"{tuple(embedding)}."
            )

    def as_calls(self, ctx: Context, x: Any, embedding: Any = None) -> Any:
        """The forward as calls of its layers on Variables, see :func:`pellucid.slopes`."""
        h = self.first(x)
        if embedding is not None:
            h = h + self.embed(embedding)[:, None, None, :]
        y = self.second(h) + (x if self.shortcut is None else self.shortcut(x))
        return y if self.last is None else self.last(y)

    def forward(self, ctx: Context, x: Array, embedding: Array | None = None) -> Array:
        wanted = ctx.needs_dx[:1]
        h = self.first.forward(ctx.child("first", wanted), x)
        if embedding is not None:
            e = self.embed.forward(ctx.child("embed", ctx.needs_dx[1:]), embedding)  # (N, filters)
            spread = ctx.scratch("spread", h.shape)
            # A vector for each image is an image of one pixel, and adding it to all pixels is enlarging that one.
            ctx.op("cnn/upsample_nearest_forward")(e.reshape(len(x), 1, 1, self.filters), h.shape[1:3], spread)
            ctx.ops.add_scaled(spread, h, 1.0)
            h = spread
        # Sums are made in place: what F₂ ends with, a convolution or a normalisation, keeps its input and not its y.
        y = self.second.forward(ctx.child("second", (True,)), h)
        s = x if self.shortcut is None else self.shortcut.forward(ctx.child("shortcut", wanted), x)
        ctx.ops.add_scaled(y, s, 1.0)
        return y if self.last is None else self.last.forward(ctx.child("last", (True,)), y)

    def backward(self, ctx: Context, dy: Array) -> Any:
        if self.last is not None:
            dy = self.last.backward(ctx.child("last"), dy)
        dh = self.second.backward(ctx.child("second"), dy)
        de = self._embedding_gradient(ctx, dh) if ctx.has_child("embed") else None
        dx = self.first.backward(ctx.child("first"), dh)
        ds = dy if self.shortcut is None else self.shortcut.backward(ctx.child("shortcut"), dy)
        if ctx.needs_dx[0]:
            ctx.ops.add_scaled(dx, ds, 1.0)
        return (dx, de) if ctx.has_child("embed") else dx

    def _embedding_gradient(self, ctx: Context, dh: Array) -> Array | None:
        pooled = ctx.scratch("pooled", (len(dh), 1, 1, self.filters))
        ctx.op("cnn/upsample_nearest_backward")(dh, dh.shape[1:3], pooled)
        de: Array | None = self.embed.backward(ctx.child("embed"), pooled.reshape(len(dh), self.filters))
        return de
