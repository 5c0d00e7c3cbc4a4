"""unet_denoiser: a denoiser of images: what is seen at full size meets what is understood at a smaller one."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Any

from pellucid import (
    Array,
    ConfigError,
    Context,
    Equation,
    Example,
    Layer,
    Sequential,
    Shape,
    ShapeError,
    check_int,
    check_type,
    create,
)

from pellucid_diffusion.denoiser import Denoiser
from pellucid_diffusion.embedding import Embedding


class UNetDenoiser(Denoiser):
    """Residual blocks that are told time and label, at smaller and smaller sizes and back, with bridges between.

    It starts by saying 0, whatever it is asked. Made of the layers of pellucid-cnn, by name.

    Args:
        classes: number of classes; 0 makes a model without labels.
        channels: of the blocks at each size, from the full one to the smallest; each size is half of the one before.
        embedding: features that time and label are turned into, an even number.

    Shapes: x_t (N, H, W, C), t (N,), label (N,) if there are classes -> (N, H, W, C). H and W divide by 2 to the power
    of the number of halvings.

    Raises:
        ConfigError: pellucid-cnn is not installed. ShapeError: no images, or sizes that do not divide.

    Source: Ho, Jain & Abbeel, 2020, appendix B; Ronneberger, Fischer & Brox, U-Net, 2015.
    """

    equations = (
        Equation("e", r"e = \mathrm{embedding}(t, \mathrm{label})"),
        Equation("h_i", r"h_0 = B_0(W x_t, e), \qquad h_i = B_i(\mathrm{pool}(h_{i-1}), e)"),
        Equation("g_i", r"g_i = D_i([\mathrm{up}(g_{i+1}), h_i], e)"),
        Equation("y", r"y = V\,\mathrm{silu}(\mathrm{norm}(g_0))"),
    )
    examples = (Example({"classes": 1, "channels": [1, 1], "embedding": 2}, ((4, 4, 1), ("int", 50), ("int", 2))),)

    def __init__(self, classes: int = 0, channels: Sequence[int] = (32, 64), embedding: int = 64) -> None:
        check_int(self, "classes", classes, "[0, inf)")
        check_type(self, "channels", channels, (list, tuple), "a list of ints, the channels at each size")
        for i, count in enumerate(channels):
            check_int(self, f"channels[{i}]", count, "[1, inf)")
        if not channels:
            raise ConfigError("The 'channels' of UNetDenoiser must hold at least one size. Received: an empty list.")
        self.classes = classes
        self.channels = channels
        self.embedding = embedding
        self.told = Embedding(embedding, classes)
        *bridged, smallest = channels
        self.entry = _cnn("conv2d", filters=channels[0], init="he")
        self.down = [_block(count) for count in bridged]
        self.pools = [_cnn("average_pool2d", size=2) for _ in bridged]
        self.middle = [_block(smallest), _block(smallest)]
        self.enlarge = [_cnn("upsample", factor=2) for _ in bridged]
        self.bridges = [_cnn("concatenate") for _ in bridged]
        self.up = [_block(count) for count in bridged]
        self.exit: Sequential | None = None

    # -- shapes --------------------------------------------------------------------------------------------------

    def build_for(self, shape: tuple[int, ...]) -> None:
        if self.exit is None:
            norm = _cnn("group_norm", groups=gcd(8, self.channels[0]))
            self.exit = Sequential([norm, create("layer", "silu"), _cnn("conv2d", filters=shape[-1], init="zeros")])
        e, seen = (self.embedding,), []
        h = _built(self.entry, shape)
        for block, pool in zip(self.down, self.pools, strict=True):
            seen.append(_built(block, h, e))
            h = _built(pool, seen[-1])
        for block in self.middle:
            h = _built(block, h, e)
        for i in reversed(range(len(self.up))):
            h = _built(self.up[i], _built(self.bridges[i], _built(self.enlarge[i], h), seen[i]), e)
        _built(self.exit, h)

    def output_shape(self, *input_shapes: Shape) -> Shape:
        shape = super().output_shape(*input_shapes)
        if len(shape) != 3:
            raise ShapeError(
                f"UNetDenoiser takes images, samples of shape (height, width, channels). Received: {shape}. Rows of "
                "pixels are made images by the data set (flat = false) or by a layer reshape."
            )
        height, width = (int(n or 0) for n in shape[:2])
        factor = 2 ** (len(self.channels) - 1)
        if height % factor or width % factor:
            fitting = " x ".join(str(-(-n // factor) * factor) for n in (height, width))
            raise ShapeError(
                f"UNetDenoiser with {len(self.channels)} 'channels' halves its images {len(self.channels) - 1} "
                f"time(s), so height and width must divide by {factor}. Received: images of {height} x {width}. Pad "
                f"them, here to {fitting}, or give fewer 'channels'."
            )
        return shape

    # -- computation ---------------------------------------------------------------------------------------------

    def as_calls(self, ctx: Context, x: Any, *told: Any) -> Any:
        """The forward as calls of its layers on Variables, see :func:`pellucid.slopes`."""
        assert self.exit is not None
        e, h, seen = self.told(*told), self.entry(x), []
        for block, pool in zip(self.down, self.pools, strict=True):
            seen.append(block(h, e))
            h = pool(seen[-1])
        for block in self.middle:
            h = block(h, e)
        for i in reversed(range(len(self.up))):
            h = self.up[i](self.bridges[i](self.enlarge[i](h), seen[i]), e)
        return self.exit(h)

    def forward(self, ctx: Context, x: Array, *told: Array) -> Array:
        assert self.exit is not None
        e = self.told.forward(ctx.child("told"), *told)
        h = self.entry.forward(ctx.child("entry", ctx.needs_dx[:1]), x)
        seen = []
        for i, (block, pool) in enumerate(zip(self.down, self.pools, strict=True)):
            seen.append(block.forward(ctx.child(f"down.{i}"), h, e))
            h = pool.forward(ctx.child(f"pools.{i}"), seen[-1])
        for i, block in enumerate(self.middle):
            h = block.forward(ctx.child(f"middle.{i}"), h, e)
        for i in reversed(range(len(self.up))):
            h = self.enlarge[i].forward(ctx.child(f"enlarge.{i}"), h)
            h = self.bridges[i].forward(ctx.child(f"bridges.{i}"), h, seen[i])
            h = self.up[i].forward(ctx.child(f"up.{i}"), h, e)
        y: Array = self.exit.forward(ctx.child("exit"), h)
        return y

    def backward(self, ctx: Context, dy: Array) -> Any:
        assert self.exit is not None
        d = self.exit.backward(ctx.child("exit"), dy)
        de = ctx.scratch("de", (d.shape[0], self.embedding))
        ctx.ops.fill(de, 0.0)
        across = []  # the gradients that come over the bridges
        for i in range(len(self.up)):
            d = self._through(ctx, f"up.{i}", self.up[i], d, de)
            d, seen = self.bridges[i].backward(ctx.child(f"bridges.{i}"), d)
            across.append(seen)
            d = self.enlarge[i].backward(ctx.child(f"enlarge.{i}"), d)
        for i in reversed(range(len(self.middle))):
            d = self._through(ctx, f"middle.{i}", self.middle[i], d, de)
        for i in reversed(range(len(self.down))):
            # h_i went two ways, so its gradient is a sum; the array belongs to the bridge's context of this call.
            ctx.ops.add_scaled(across[i], self.pools[i].backward(ctx.child(f"pools.{i}"), d), 1.0)
            d = self._through(ctx, f"down.{i}", self.down[i], across[i], de)
        dx = self.entry.backward(ctx.child("entry"), d)
        self.told.backward(ctx.child("told"), de)
        return (dx, *(None,) * len(self.integer_inputs))

    @staticmethod
    def _through(ctx: Context, name: str, block: Layer, d: Array, de: Array) -> Array:
        """The gradient at a block's image; that at e is added to ``de``."""
        dh, of_block = block.backward(ctx.child(name), d)
        ctx.ops.add_scaled(de, of_block, 1.0)
        return dh


def _block(channels: int) -> Layer:
    return _cnn("residual_block", filters=channels, normalization="group_norm", activation="silu")


def _built(layer: Layer, *shapes: Shape) -> Any:
    """The output shape of a layer that is built for these inputs."""
    layer.build(*shapes)
    return layer.output_shape(*shapes)


def _cnn(name: str, **arguments: Any) -> Layer:
    try:
        layer: Layer = create("layer", f"cnn/{name}", **arguments)
    except ConfigError as error:
        if "No plugin 'cnn'" not in str(error):
            raise
        raise ConfigError(
            "unet_denoiser is made of the layers of pellucid-cnn, which is not installed: "
            "pip install pellucid-cnn, or in a checkout of pellucid: pip install ./plugins/cnn. "
            "For flat vectors and small images take mlp_denoiser."
        ) from error
    return layer
