"""Conv2D: small filters that are held against every place of an image."""

from __future__ import annotations

from pellucid import Equation, Example, Shape

from pellucid_cnn.geometry import Geometry, check_groups, check_images, geometry_of, pair, places
from pellucid_cnn.layers.filter_bank import FilterBank
from pellucid_cnn.layers.window import window_equations

_GROUPED = "x.reshape(*x.shape[:3], groups, -1)"
_WEIGHT = "W.reshape(*W.shape[:3], groups, -1)"
_DZ = "dz.reshape(*dz.shape[:3], groups, -1)"


class Conv2D(FilterBank):
    """``z[a, b, f] = Σ_ijc x[a·s + i·d − p, b·s + j·d − p, c] W[i, j, c, f] + b[f]``, ``y = f(z)``.

    Every place of the image is a sample of one dense layer whose inputs are the pixels of a small window: that is all,
    and why few weights suffice (LeCun et al., Gradient-based learning applied to document recognition, 1998;
    Goodfellow, Bengio & Courville, Deep Learning, chapter 9). As in all libraries it is a correlation: W is not
    mirrored.

    Args:
        filters: channels F of the output.
        kernel_size: height and width of the window: a number, or two.
        activation: name of the activation f, computed in the same pass; None is the identity.
        stride: s, pixels from one place to the next; 2 halves the size. A number, or two.
        padding: p, zeros around the image: ``"same"`` gives ⌈size/stride⌉ places, of odd paddings the larger half at
            the bottom and the right; ``"valid"`` none; or numbers of rows and columns.
        dilation: d, pixels from one cell of the window to the next. A number, or two.
        groups: the channels are split into so many groups: filters of one see channels of the same one only. With as
            many groups as channels each channel is filtered by itself ("depthwise").
        use_bias: whether there is a ``b``.
        init: initializer of ``W`` or its name; None takes ``he`` before a rectifier and ``glorot`` otherwise, as in
            ``dense``, with ``fan_in`` = KH·KW·C/groups. ``b`` starts at zero.
        regularizer: a penalty on ``W``, or None.
        bias_regularizer: a penalty on ``b``, or None.

    Shapes: x (N, H, W, C) -> y (N, OH, OW, F); W (KH, KW, C/groups, F); b (F,). Without padding
        OH = ⌊(H − (KH − 1)·d − 1)/s⌋ + 1: rows that do not fill a stride are left out.

    Raises:
        ShapeError: the samples are no images, the window is larger than the padded image, or the groups do not divide
            the channels or the filters.
    """

    equations = (
        *window_equations("W.shape[:2]", "stride"),
        Equation(
            "z",
            r"z_{nabf} = \sum_{ijc} x_{n,\,as+id-p,\,bs'+jd'-p',\,c}\, W_{ijcf} + b_f"
            r" = \sum_{ihjwc} R_{aih} S_{bjw} x_{nhwc} W_{ijcf} + b_f",
            f"np.einsum('aih,bjw,nhwgc,ijcgf->nabgf', R, S, {_GROUPED}, {_WEIGHT}).reshape(y.shape) + b",
        ),
        Equation("y", r"y = f(z)", "f(z)"),
        Equation("dz", r"dz = dy \odot f'(z)", "dy * f.derivative(z)"),
        Equation(
            "dx",
            r"dx_{nhwc} = \sum_{aibjf} R_{aih} S_{bjw}\, dz_{nabf}\, W_{ijcf}",
            f"np.einsum('aih,bjw,nabgf,ijcgf->nhwgc', R, S, {_DZ}, {_WEIGHT}).reshape(x.shape)",
        ),
        Equation(
            "dW",
            r"dW_{ijcf} = \sum_{nahbw} R_{aih} S_{bjw}\, x_{nhwc}\, dz_{nabf}",
            f"np.einsum('aih,bjw,nhwgc,nabgf->ijcgf', R, S, {_GROUPED}, {_DZ}).reshape(W.shape)",
        ),
        Equation("db", r"db_f = \sum_{nab} dz_{nabf}", "dz.sum((0, 1, 2))"),
    )
    examples = (
        Example({"filters": 2, "activation": "tanh"}, ((3, 4, 2),)),
        Example({"filters": 2, "kernel_size": (1, 2), "padding": "valid", "activation": "silu"}, ((None, 3, 2),)),
        Example(
            {"filters": 2, "stride": 2, "padding": [0, 2], "dilation": [1, 2], "groups": 2, "use_bias": False},
            ((5, 3, 4),),
        ),
    )
    op = "cnn/conv2d"

    def build(self, input_shape: Shape) -> None:
        self.output_shape(input_shape)
        kernel_h, kernel_w = self.kernel
        channels = check_images(self, input_shape) // self.groups
        cells = kernel_h * kernel_w
        self.declare(
            (kernel_h, kernel_w, channels, self.filters), cells * channels, cells * self.filters // self.groups
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        check_groups(self, check_images(self, input_shape), self.groups, "input's channels")
        check_groups(self, self.filters, self.groups, "filters")
        stride, dilation = pair(self.stride), pair(self.dilation)
        return (*places(self, input_shape, self.kernel, stride, self.padding, dilation), self.filters)

    def geometry(self, height: int, width: int) -> Geometry:
        stride, dilation = pair(self.stride), pair(self.dilation)
        return geometry_of(height, width, self.kernel, stride, self.padding, dilation, self.groups)
