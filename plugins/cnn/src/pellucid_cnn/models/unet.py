"""unet: from an image to an image, through fewer and fewer pixels and back, with what was seen on the way at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pellucid import (
    Array,
    Context,
    Equation,
    Example,
    Layer,
    Sequential,
    Shape,
    ShapeError,
    check_choice,
    check_int,
    check_sizes,
)

from pellucid_cnn.geometry import check_images
from pellucid_cnn.layers.concatenate import Concatenate
from pellucid_cnn.layers.conv2d import Conv2D
from pellucid_cnn.layers.max_pool2d import MaxPool2D
from pellucid_cnn.layers.parts import Normalization, check_normalization, convolve
from pellucid_cnn.layers.upsample import Upsample

Task = Literal["regression", "segmentation"]


class UNet(Layer):
    """An image for an image of the same size: an encoder that halves the size, a decoder that doubles it again, and at
    each size a bridge from one to the other (Ronneberger, Fischer & Brox, 2015).

    ``h_i = E_i(pool(h_{i−1}))`` on the way down, ``g_i = D_i([up(g_{i+1}), h_i])`` on the way up, ``y = H g_0``. Each
    E and D is conv → norm → f, twice; up is a nearest-neighbour enlargement and a convolution, which leaves no
    checkerboard (Odena, Dumoulin & Olah, 2016); H is a convolution of size 1.

    Args:
        outputs: channels of the output: numbers for each pixel, or its classes.
        filters: channels at each size, from the full one to the smallest; the size is halved between two of them.
        activation: f, a name or a layer; of a layer each place gets a copy.
        normalization: ``batch_norm``, ``group_norm`` or None.
        bottom: a layer that follows the smallest encoder stage, or None; any that keeps the shape. One of vectors
            stands there as ``{"type": "cnn/pixelwise", "layer": …}``.
        task: what it is trained for unless told otherwise: ``regression`` takes the mean squared error,
            ``segmentation`` softmax with cross-entropy at each pixel (one output: binary cross-entropy).

    Shapes: x (N, H, W, C) -> y (N, H, W, outputs); H and W divide by 2 as often as there are halvings.
    """

    equations = (
        Equation("h_i", r"h_i = E_i(\operatorname{pool}(h_{i-1}))"),
        Equation("g_i", r"g_i = D_i([\operatorname{up}(g_{i+1}), h_i])"),
        Equation("dh_i", r"dh_i = \operatorname{pool}^\top J_{E_{i+1}}^\top dh_{i+1} + (J_{D_i}^\top dg_i)_{h}"),
    )
    examples = (
        Example({"outputs": 1, "filters": [1, 2], "activation": "tanh", "normalization": "batch_norm"}, ((2, 2, 1),)),
        Example(
            {"outputs": 2, "filters": [1, 1], "normalization": None, "activation": "tanh", "task": "segmentation",
             "bottom": {"type": "cnn/pixelwise", "layer": {"type": "core/dense", "units": 1}}},
            ((2, 2, 1),),
        ),
    )  # fmt: skip
    capturable = True

    def __init__(
        self, outputs: int, filters: Sequence[int] = (32, 64), activation: Layer | str = "silu", *,
        normalization: Normalization | None = "group_norm", bottom: Layer | None = None, task: Task = "regression",
    ) -> None:  # fmt: skip
        check_int(self, "outputs", outputs, "[1, inf)")
        check_sizes(self, "filters", filters, "the channels at each size", least=2)
        check_normalization(self, normalization)
        check_choice(self, "task", task, ("regression", "segmentation"))
        self.outputs = outputs
        self.filters = filters
        self.activation = activation
        self.normalization = normalization
        self.bottom = bottom
        self.task = task
        *bridged, smallest = filters
        self.encoder = [self._twice(channels) for channels in bridged]
        self.pools = [MaxPool2D(2) for _ in bridged]
        self.middle = self._twice(smallest)
        self.up = [Sequential([Upsample(2), Conv2D(channels, 3)]) for channels in bridged]
        self.bridges = [Concatenate() for _ in bridged]
        self.decoder = [self._twice(channels) for channels in bridged]
        self.head = Conv2D(outputs, 1)
        if task == "regression":
            loss = "core/mse"
        else:
            loss = "core/binary_cross_entropy" if outputs == 1 else "core/softmax_cross_entropy"
        self.default_objective = {"type": "core/supervised", "loss": loss}

    def _twice(self, channels: int) -> Sequential:
        """conv → norm → f, twice."""
        return Sequential(
            [layer for _ in range(2) for layer in convolve(channels, 3, self.activation, self.normalization)]
        )

    def build(self, input_shape: Shape) -> None:
        shape = self._checked(input_shape)
        seen: list[Shape] = []
        for encode, pool in zip(self.encoder, self.pools, strict=True):
            encode.build(shape)
            seen.append(encode.output_shape(shape))
            pool.build(seen[-1])
            shape = pool.output_shape(seen[-1])
        self.middle.build(shape)
        shape = self.middle.output_shape(shape)
        if self.bottom is not None:
            self.bottom.build(shape)
            self._check_bottom(self.bottom.output_shape(shape), shape)
        for i in reversed(range(len(self.encoder))):
            self.up[i].build(shape)
            joined = self.up[i].output_shape(shape), seen[i]
            self.bridges[i].build(*joined)
            shape = self.bridges[i].output_shape(*joined)
            self.decoder[i].build(shape)
            shape = self.decoder[i].output_shape(shape)
        self.head.build(shape)

    def output_shape(self, input_shape: Shape) -> Shape:
        return (*self._checked(input_shape)[:2], self.outputs)

    def _checked(self, shape: Shape) -> Shape:
        halvings = len(self.filters) - 1
        factor = 2**halvings
        check_images(self, shape)
        if None in shape:
            raise ShapeError(f"UNet takes images of one size. Received: {tuple(shape)}. Crop or pad them to one.")
        height, width = (int(n or 0) for n in shape[:2])
        if height % factor or width % factor:
            fitting = " x ".join(str(-(-n // factor) * factor) for n in (height, width))
            raise ShapeError(
                f"UNet halves its images {halvings} time(s), so height and width must divide by {factor}. Received: "
                f"images of {height} x {width}. Pad them, here to {fitting}, or give fewer 'filters'."
            )
        return shape

    def _check_bottom(self, result: Shape, shape: Shape) -> None:
        if result == shape:
            return
        remedy = f"Let it give {shape[2]} channels, the last of 'filters'."
        if result[:-1] != shape[:-1]:
            remedy = (
                'Take one that keeps height and width, or, of vectors, {"type": "cnn/pixelwise", "layer": …}, which is '
                "applied at every pixel."
            )
        raise ShapeError(
            f"The layer at the 'bottom' of UNet, {type(self.bottom).__name__}, must keep the shape of its input, "
            f"{tuple(shape)}. It gives {result}. {remedy}"
        )

    def as_calls(self, ctx: Context, x: Any) -> Any:
        """The forward as calls of its layers on Variables, see :func:`pellucid.slopes`."""
        h, seen = x, []
        for encode, pool in zip(self.encoder, self.pools, strict=True):
            seen.append(encode(h))
            h = pool(seen[-1])
        h = self.middle(h) if self.bottom is None else self.bottom(self.middle(h))
        for i in reversed(range(len(self.encoder))):
            h = self.decoder[i](self.bridges[i](self.up[i](h), seen[i]))
        return self.head(h)

    def forward(self, ctx: Context, x: Array) -> Array:
        h, seen = x, []
        for i, (encode, pool) in enumerate(zip(self.encoder, self.pools, strict=True)):
            h = encode.forward(ctx.child(f"encoder.{i}", ctx.needs_dx if i == 0 else None), h)
            seen.append(h)
            h = pool.forward(ctx.child(f"pools.{i}"), h)
        h = self.middle.forward(ctx.child("middle"), h)
        if self.bottom is not None:
            h = self.bottom.forward(ctx.child("bottom"), h)
        for i in reversed(range(len(self.encoder))):
            h = self.up[i].forward(ctx.child(f"up.{i}"), h)
            h = self.bridges[i].forward(ctx.child(f"bridges.{i}"), h, seen[i])
            h = self.decoder[i].forward(ctx.child(f"decoder.{i}"), h)
        y: Array = self.head.forward(ctx.child("head"), h)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        d = self.head.backward(ctx.child("head"), dy)
        across = []  # the gradients that come over the bridges
        for i in range(len(self.encoder)):
            d = self.decoder[i].backward(ctx.child(f"decoder.{i}"), d)
            d, seen = self.bridges[i].backward(ctx.child(f"bridges.{i}"), d)
            across.append(seen)
            d = self.up[i].backward(ctx.child(f"up.{i}"), d)
        if self.bottom is not None:
            d = self.bottom.backward(ctx.child("bottom"), d)
        d = self.middle.backward(ctx.child("middle"), d)
        for i in reversed(range(len(self.encoder))):
            d = self.pools[i].backward(ctx.child(f"pools.{i}"), d)
            # h_i went two ways, so its gradient is a sum; the array belongs to the bridge's context of this call.
            ctx.ops.add_scaled(across[i], d, 1.0)
            d = self.encoder[i].backward(ctx.child(f"encoder.{i}"), across[i])
        return d
