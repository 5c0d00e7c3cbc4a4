"""FilterBank: what a convolution and its transpose have in common: arguments, bias, activation, backward."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from pellucid import (
    ACTIVATIONS,
    NEEDS_INPUT,
    RECTIFIERS,
    Array,
    Context,
    Initializer,
    Interval,
    Layer,
    PagePart,
    PageWindow,
    Param,
    Regularizer,
    check_bool,
    check_choice,
    check_int,
    check_type,
    contiguous,
    interval_of,
)

from pellucid_cnn.geometry import Geometry, Padding, Pair, Size, check_padding, check_pair, pair


class FilterBank(Layer):
    """``y = f(A x + b)`` where the linear map A moves a bank of filters over images; subclasses say how.

    Their arguments are described in :class:`pellucid_cnn.layers.conv2d.Conv2D`.
    """

    symbols: ClassVar = {"W": "weight", "b": "bias", "f": "activation"}
    capturable = True
    op: ClassVar[str]
    """The vendor and name of A's ops, without ``_forward`` and ``_backward``."""
    weight: Param
    bias: Param | None

    def __init__(
        self, filters: int, kernel_size: Size = 3, activation: str | None = None, *, stride: Size = 1,
        padding: Padding = "same", dilation: Size = 1, groups: int = 1, use_bias: bool = True,
        init: str | Initializer | None = None, regularizer: Regularizer | None = None,
        bias_regularizer: Regularizer | None = None,
    ) -> None:  # fmt: skip
        check_int(self, "filters", filters, "[1, inf)")
        check_pair(self, "kernel_size", kernel_size)
        check_choice(self, "activation", activation, (None, *ACTIVATIONS))
        check_pair(self, "stride", stride)
        check_padding(self, padding)
        check_pair(self, "dilation", dilation)
        check_int(self, "groups", groups, "[1, inf)")
        check_bool(self, "use_bias", use_bias)
        check_type(self, "init", init, (str, Initializer, type(None)), "an initializer, its name, or None")
        check_type(self, "regularizer", regularizer, (Regularizer, type(None)), "a regularizer or None")
        check_type(self, "bias_regularizer", bias_regularizer, (Regularizer, type(None)), "a regularizer or None")
        self.filters = filters
        self.kernel_size = kernel_size
        self.activation = activation
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self.use_bias = use_bias
        self.init = init
        self.regularizer = regularizer
        self.bias_regularizer = bias_regularizer

    @abstractmethod
    def geometry(self, height: int, width: int) -> Geometry:
        """How the window moves, for inputs of this size."""

    @property
    def kernel(self) -> Pair:
        """Height and width of a filter."""
        return pair(self.kernel_size)

    def declare(self, shape: tuple[int, ...], fan_in: int, fan_out: int) -> None:
        """The parameters: filters of this shape, and a bias for each."""
        init = self.init or ("he" if self.activation in RECTIFIERS else "glorot")
        self.weight = self.param(
            "weight", shape, init=init, decay=True, regularizer=self.regularizer, fan_in=fan_in, fan_out=fan_out
        )
        self.bias = self.param("bias", (self.filters,), regularizer=self.bias_regularizer) if self.use_bias else None

    def output_interval(self, *inputs: Interval) -> Interval:
        return interval_of(self.activation)

    def page_parts(self, call: Any, trace: Any) -> list[PagePart]:
        """For the page of a step: where the kernel lies for a cell that was clicked."""
        return [PageWindow("The patch under the kernel, and the kernel", "z", ("x", "W"))]

    def forward(self, ctx: Context, x: Array) -> Array:
        f = self.activation or "identity"
        ctx.x = contiguous(ctx, x, "x")
        height, width, _ = self.output_shape(ctx.x.shape[1:])
        ctx.geometry = self.geometry(*ctx.x.shape[1:3])
        ctx.y = ctx.scratch("y", (ctx.x.shape[0], height, width, self.filters))
        ctx.z = ctx.scratch("z", ctx.y.shape) if f in NEEDS_INPUT else None
        bias = None if self.bias is None else self.bias.data
        # y = f(A x + b): the reference implementation stands in pellucid_cnn/ops/convolution.py.
        ctx.op(f"{self.op}_forward")(ctx.x, self.weight.data, bias, ctx.geometry, f, ctx.y, ctx.z)
        return ctx.y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        f = self.activation or "identity"
        dz = None if f == "identity" else ctx.scratch("dz", ctx.y.shape)
        dweight = self.weight.grad if self.weight.trainable else None
        dbias = self.bias.grad if self.bias is not None and self.bias.trainable else None
        dx = ctx.scratch("dx", ctx.x.shape) if ctx.needs_dx[0] else None
        # dz = dy ⊙ f'(z); dW, db and dx = Aᵀ dz, each unless it is None.
        ctx.op(f"{self.op}_backward")(
            contiguous(ctx, dy, "dy"), ctx.x, self.weight.data, ctx.y, ctx.z, ctx.geometry, f, dz,
            dweight, dbias, dx,
        )  # fmt: skip
        return dx
