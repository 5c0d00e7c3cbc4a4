"""ConvTranspose2D: every pixel puts a small picture around itself; the convolution's adjoint, which enlarges."""

from __future__ import annotations

from pellucid import ConfigError, Equation, Example, Initializer, Regularizer, Shape, ShapeError

from pellucid_cnn.geometry import (
    Geometry,
    Padding,
    Size,
    check_groups,
    check_images,
    check_pair,
    extent,
    geometry_of,
    pad,
    pair,
)
from pellucid_cnn.layers.filter_bank import FilterBank
from pellucid_cnn.layers.window import window_equations

_X = "x.reshape(*x.shape[:3], groups, -1)"
_WEIGHT = "W.reshape(*W.shape[:3], groups, -1)"
_DZ = "dz.reshape(*dz.shape[:3], groups, -1)"


class ConvTranspose2D(FilterBank):
    """``z[a·s + i·d − p, b·s + j·d − p, f] += Σ_c x[a, b, c] W[i, j, f, c]`` for all a, b, i, j; ``y = f(z + b)``.

    It is the adjoint of the convolution with this weight that maps y's shape to x's: what that does backward, this does
    forward (Dumoulin & Visin, A guide to convolution arithmetic for deep learning, 2016). Where ``stride`` does not
    divide ``kernel_size`` some pixels of y collect more than others, which shows as a checkerboard; ``upsample``
    followed by ``conv2d`` leaves none (Odena, Dumoulin & Olah, 2016).

    Args:
        filters: channels F of the output.
        kernel_size, activation, dilation, groups, use_bias, init, regularizer, bias_regularizer: as in
            ``conv2d``.
        stride: s, pixels of y from one pixel of x to the next; 2 doubles the size.
        padding: p, what is cut off all around: ``"same"`` leaves exactly size·stride pixels, ``"valid"`` cuts nothing.
        output_padding: rows and columns added at the bottom and the right, fewer than ``stride``: convolutions of that
            stride give inputs of several sizes the same size, and this chooses among them. Not with ``"same"``, which
            has chosen.

    ``fan_in``, for ``init``, is KH·KW·C/groups divided by the stride in both directions (and at least 1): the products
    that a pixel of y collects.

    Shapes: x (N, H, W, C) -> y (N, OH, OW, F); W (KH, KW, F/groups, C); b (F,). Without ``"same"``
        OH = (H − 1)·s + (KH − 1)·d + 1 − 2·p + output_padding.

    Raises:
        ShapeError: the samples are no images, nothing is left after cutting, or the groups do not divide the channels
            or the filters.
    """

    equations = (
        *window_equations("W.shape[:2]", "stride", image="y", places="x"),
        Equation(
            "z",
            r"z_{nhwf} = \sum_{aibjc} R_{aih} S_{bjw}\, x_{nabc} W_{ijfc} + b_f",
            f"np.einsum('aih,bjw,nabgc,ijfgc->nhwgf', R, S, {_X}, {_WEIGHT}).reshape(y.shape) + b",
        ),
        Equation("y", r"y = f(z)", "f(z)"),
        Equation("dz", r"dz = dy \odot f'(z)", "dy * f.derivative(z)"),
        Equation(
            "dx",
            r"dx_{nabc} = \sum_{ihjwf} R_{aih} S_{bjw}\, dz_{nhwf} W_{ijfc}",
            f"np.einsum('aih,bjw,nhwgf,ijfgc->nabgc', R, S, {_DZ}, {_WEIGHT}).reshape(x.shape)",
        ),
        Equation(
            "dW",
            r"dW_{ijfc} = \sum_{nahbw} R_{aih} S_{bjw}\, dz_{nhwf}\, x_{nabc}",
            f"np.einsum('aih,bjw,nhwgf,nabgc->ijfgc', R, S, {_DZ}, {_X}).reshape(W.shape)",
        ),
        Equation("db", r"db_f = \sum_{nhw} dz_{nhwf}", "dz.sum((0, 1, 2))"),
    )
    examples = (
        Example({"filters": 2, "stride": 2, "activation": "tanh"}, ((2, 3, 3),)),
        Example({"filters": 2, "kernel_size": (2, 3), "padding": "valid", "activation": "gelu"}, ((None, 2, 2),)),
        Example(
            {"filters": 4, "stride": 2, "padding": [1, 0], "dilation": [1, 2], "groups": 2, "output_padding": 1,
             "use_bias": False},
            ((3, 2, 2),),
        ),
    )  # fmt: skip
    op = "cnn/conv_transpose2d"

    def __init__(
        self, filters: int, kernel_size: Size = 3, activation: str | None = None, *, stride: Size = 1,
        padding: Padding = "same", output_padding: Size = 0, dilation: Size = 1, groups: int = 1,
        use_bias: bool = True, init: str | Initializer | None = None, regularizer: Regularizer | None = None,
        bias_regularizer: Regularizer | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            filters, kernel_size, activation, stride=stride, padding=padding, dilation=dilation, groups=groups,
            use_bias=use_bias, init=init, regularizer=regularizer, bias_regularizer=bias_regularizer,
        )  # fmt: skip
        check_pair(self, "output_padding", output_padding, 0)
        added = pair(output_padding)
        fits = all(more < step for more, step in zip(added, pair(stride), strict=True))
        if not fits or (any(added) and padding == "same"):
            raise ConfigError(
                "The 'output_padding' of ConvTranspose2D must be less than its stride, and 0 with padding = 'same', "
                f"which gives exactly size * stride pixels. Received: output_padding = {output_padding!r}, stride = "
                f"{stride!r}, padding = {padding!r}."
            )
        self.output_padding = output_padding

    def build(self, input_shape: Shape) -> None:
        self.output_shape(input_shape)
        channels, per_group = check_images(self, input_shape), self.filters // self.groups
        (kernel_h, kernel_w), (stride_h, stride_w) = self.kernel, pair(self.stride)
        cells = kernel_h * kernel_w
        fan_in = max(cells * channels // (self.groups * stride_h * stride_w), 1)
        self.declare((kernel_h, kernel_w, per_group, channels), fan_in, cells * per_group)

    def output_shape(self, input_shape: Shape) -> Shape:
        check_groups(self, check_images(self, input_shape), self.groups, "input's channels")
        check_groups(self, self.filters, self.groups, "filters")
        height, width, _ = input_shape
        return self._size(0, height), self._size(1, width), self.filters

    def _size(self, axis: int, size: int | None) -> int | None:
        """Pixels of y along one direction."""
        if size is None:
            return None
        stride = pair(self.stride)[axis]
        if self.padding == "same":
            return size * stride
        cut, added = pad(self.padding, axis, 0, 1, 1, 1), pair(self.output_padding)[axis]
        result = (size - 1) * stride + extent(self.kernel[axis], pair(self.dilation)[axis]) - sum(cut) + added
        if result < 1:
            raise ShapeError(
                f"Nothing is left of the output of ConvTranspose2D: for a {('height', 'width')[axis]} of {size} it has "
                f"{result + sum(cut)} pixels, of which padding = {self.padding!r} cuts off {sum(cut)}. Give less "
                "padding or larger images."
            )
        return result

    def geometry(self, height: int, width: int) -> Geometry:
        out_h, out_w = self._size(0, height), self._size(1, width)
        assert out_h is not None and out_w is not None
        stride, dilation = pair(self.stride), pair(self.dilation)
        return geometry_of(out_h, out_w, self.kernel, stride, self.padding, dilation, self.groups)
