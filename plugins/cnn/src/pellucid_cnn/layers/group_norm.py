"""GroupNorm: give each image's channels, a group at a time, mean 0 and variance 1, then a learned scale and shift."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

from pellucid import (
    Array,
    Context,
    Equation,
    Example,
    Layer,
    PagePart,
    PageTable,
    Param,
    Shape,
    ShapeError,
    check_float,
    check_int,
    contiguous,
    features,
)

from pellucid_cnn.geometry import check_groups

_GROUPED = "reshape(len(x), -1, groups, x.shape[-1] // groups)"


class GroupNorm(Layer):
    """``y = γ ⊙ (x − μ)/√(σ² + ε) + β``, μ and biased σ² of each image over all pixels and the channels of a group
    (Wu & He, Group Normalization, 2018).

    Images do not see each other, so training and evaluation are the same and small batches do no harm. One group is
    layer normalisation of the whole image; a group for each channel is instance normalisation.

    Args:
        groups: G, must divide the number of channels.
        eps: ε, keeps the root away from zero; at least 1e-37, which float32 holds.

    Shapes: x (N, …, C) -> y of the same shape; γ, β (C,); μ, σ² (N, G).

    Raises:
        ShapeError: the groups do not divide the channels, or the samples have no axes before them.
    """

    equations = (
        Equation("X", r"X_{npgc} = x_{np,\,gC/G+c}", f"x.{_GROUPED}"),
        Equation(
            "mu",
            r"\mu_{ng} = \tfrac{1}{m} \textstyle\sum_{pc} X_{npgc}, \quad m = PC/G",
            "X.mean((1, 3), keepdims=True)",
        ),
        Equation(
            "var", r"\sigma_{ng}^2 = \tfrac{1}{m} \textstyle\sum_{pc} (X - \mu)^2", "X.var((1, 3), keepdims=True)"
        ),
        Equation("xhat", r"\hat x = (X - \mu) / \sqrt{\sigma^2 + \varepsilon}", "(X - mu) / np.sqrt(var + eps)"),
        Equation("y", r"y = \gamma \odot \hat x + \beta", "gamma * xhat.reshape(x.shape) + beta"),
        Equation(
            "dgamma",
            r"d\gamma = \textstyle\sum_{np} dy \odot \hat x",
            "(dy * xhat.reshape(x.shape)).reshape(-1, x.shape[-1]).sum(0)",
        ),
        Equation("dbeta", r"d\beta = \textstyle\sum_{np} dy", "dy.reshape(-1, x.shape[-1]).sum(0)"),
        Equation("inv_std", r"1 / \sqrt{\sigma_{ng}^2 + \varepsilon}", "1 / np.sqrt(var + eps)"),
        Equation("g", r"g = dy \odot \gamma", f"(dy * gamma).{_GROUPED}"),
        Equation(
            "dx",
            r"dx = \frac{1}{\sqrt{\sigma^2 + \varepsilon}} \left(g - \tfrac{1}{m} \textstyle\sum_{pc} g"
            r" - \hat x\, \tfrac{1}{m} \textstyle\sum_{pc} g \odot \hat x\right)",
            "((g - g.mean((1, 3), keepdims=True) - xhat * (g * xhat).mean((1, 3), keepdims=True))"
            " * inv_std).reshape(x.shape)",
        ),
    )
    symbols: ClassVar = {"gamma": "gamma", "beta": "beta"}
    examples = (Example({"groups": 2}, ((3, 2, 4),)), Example({"groups": 1, "eps": 1e-3}, ((4, 3),)))
    capturable = True
    gamma: Param
    beta: Param

    def __init__(self, groups: int = 8, eps: float = 1e-5) -> None:
        check_int(self, "groups", groups, "[1, inf)")
        check_float(self, "eps", eps, "[1e-37, inf)")
        self.groups = groups
        self.eps = eps

    def build(self, input_shape: Shape) -> None:
        self.output_shape(input_shape)
        channels = features(self, input_shape)
        self.gamma = self.param("gamma", (channels,), init="ones")
        self.beta = self.param("beta", (channels,))

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) < 2:
            raise ShapeError(
                "GroupNorm needs images or sequences, samples of shape (height, width, channels) or (length, channels)."
                f" Received: {tuple(input_shape)}. For vectors of features use layer_norm."
            )
        check_groups(self, features(self, input_shape), self.groups, "input's channels")
        return input_shape

    def page_parts(self, call: Any, trace: Any) -> list[PagePart]:
        """For the page of a step: mean and variance of each group of each image before and after."""
        grouped, name = call.name_of("X"), call.name_of("xhat")
        if grouped not in trace or name not in trace:
            return []
        both = [trace[each].transpose(0, 2, 1, 3) for each in (grouped, name)]
        rows = [each.reshape(-1, each.shape[2] * each.shape[3]) for each in both]
        return [PageTable.before_and_after("image and group", *rows)]

    def forward(self, ctx: Context, x: Array) -> Array:
        n, channels = x.shape[0], x.shape[-1]
        ctx.x = contiguous(ctx, x, "x").reshape(n, prod(x.shape[1:-1]), channels)  # (N, P, C)
        y = ctx.scratch("y", x.shape)
        ctx.mu, ctx.inv_std = ctx.scratch("mean", (n, self.groups)), ctx.scratch("inv_std", (n, self.groups))
        ctx.op("cnn/group_norm_forward")(
            ctx.x, self.gamma.data, self.beta.data, self.groups, self.eps, ctx.mu, ctx.inv_std, y.reshape(ctx.x.shape)
        )
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        dgamma = self.gamma.grad if self.gamma.trainable else None
        dbeta = self.beta.grad if self.beta.trainable else None
        dx = ctx.scratch("dx", ctx.x.shape) if ctx.needs_dx[0] else None
        gradient = contiguous(ctx, dy, "dy").reshape(ctx.x.shape)
        ctx.op("cnn/group_norm_backward")(
            gradient, ctx.x, self.gamma.data, ctx.mu, ctx.inv_std, self.groups, dgamma, dbeta, dx
        )
        return None if dx is None else dx.reshape(dy.shape)
