"""Pooling: one vector for each sequence; Unit: vectors of length 1."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pellucid import (
    Array,
    Context,
    Equation,
    Example,
    Interval,
    Layer,
    Shape,
    ShapeError,
    as_rows,
    check_choice,
    check_float,
    contiguous,
    features,
)


class Pooling(Layer):
    """``y_n = Σ_t s_nt x_nt``: the mean over the positions of a sequence that are there, or the first of them.

    Args:
        take: ``"mean"`` or ``"first"``.

    Shapes: x (N, T, D), and optional mask (N, T), which positions there are -> y (N, D); zeros where there is none.
    """

    equations = (
        Equation("m", r"m_{nt} = 1 \quad\text{(with a mask: whether position } t \text{ is there)}",
                 "inputs[1] != 0 if len(inputs) > 1 else np.ones(inputs[0].shape[:2], np.bool_)"),
        Equation("taken", r"f_{nt} = m_{nt} \quad\text{(first: whether it is the first that is)}",
                 "m & (m.cumsum(1) == 1) if take == 'first' else m"),
        Equation("s", r"s_{nt} = f_{nt} / \sum_u f_{nu}", "taken / np.maximum(taken.sum(1, keepdims=True), 1)"),
        Equation("y", r"y_n = \sum_t s_{nt} x_{nt}", "(s[..., None] * inputs[0]).sum(1)"),
        Equation("dx", r"dx_{nt} = s_{nt}\, dy_n", "s[..., None] * dy[:, None]"),
    )  # fmt: skip
    examples = (
        Example({}, ((4, 3),)), Example({"take": "mean"}, ((None, 3), ("bool", None))),
        Example({"take": "first"}, ((4, 2), ("bool", 4))),
    )  # fmt: skip
    capturable = True
    takes_mask = True
    beside = 0
    """How many inputs there are beside the sequences, known when it is built."""

    def __init__(self, take: Literal["mean", "first"] = "mean") -> None:
        check_choice(self, "take", take, ("mean", "first"))
        self.take = take

    @property
    def integer_inputs(self) -> tuple[int, ...]:  # type: ignore[override]
        return tuple(range(1, 1 + self.beside))

    def build(self, x: Shape, *mask: Shape) -> None:
        self.output_shape(x, *mask)
        self.beside = len(mask)

    def output_shape(self, x: Shape, *mask: Shape) -> Shape:
        if len(x) != 2 or x[1] is None:
            raise ShapeError(
                f"Pooling needs sequences, samples of 2 axes: (positions, features). Received: samples of shape {x}."
            )
        if len(mask) > 1 or any(len(m) != 1 or (None not in (m[0], x[0]) and m[0] != x[0]) for m in mask):
            raise ShapeError(
                f"Pooling takes beside its sequences a mask of shape ({x[0]},). Received: inputs of shapes "
                f"{[tuple(shape) for shape in (x, *mask)]}."
            )
        return (x[1],)

    def output_interval(self, *inputs: Interval) -> Interval:
        low, high = inputs[0]
        return min(low, 0.0), max(high, 0.0)

    def forward(self, ctx: Context, x: Array, *mask: Array) -> Array:
        ctx.shape, ctx.inputs = x.shape, 1 + len(mask)
        ctx.mask = contiguous(ctx, mask[0], "mask") if mask else None
        if ctx.mask is not None and ctx.mask.shape != x.shape[:2]:
            raise ShapeError(
                f"Pooling needs a mask of shape {tuple(x.shape[:2])} for an input of shape {tuple(x.shape)}. Received: "
                f"{tuple(ctx.mask.shape)}."
            )
        y = ctx.scratch("y", (x.shape[0], x.shape[2]))
        ctx.op("transformer/pool_forward")(contiguous(ctx, x, "x"), ctx.mask, self.take == "first", y)
        return y

    def backward(self, ctx: Context, dy: Array) -> Any:
        dx = ctx.scratch("dx", ctx.shape)
        ctx.op("transformer/pool_backward")(contiguous(ctx, dy, "dy"), ctx.mask, self.take == "first", dx)
        return dx if ctx.inputs == 1 else (dx, None)


class Unit(Layer):
    """``y = x/√(Σ x² + ε)``: vectors of length 1, whose products are cosines.

    Args:
        eps: ε, keeps the root away from zero, in (0, ∞): a row of zeros stays one.

    Shapes: x (N, …, D) -> y of the same shape.
    """

    equations = (
        Equation("r", r"r_n = 1/\sqrt{\sum_d x_{nd}^2 + \varepsilon}",
                 "1 / np.sqrt((x**2).sum(-1, keepdims=True) + eps)"),
        Equation("y", r"y_n = r_n x_n", "r * x"),
        Equation("dx", r"dx_n = r_n \left(dy_n - y_n \sum_d dy_{nd} y_{nd}\right)",
                 "r * (dy - y * (dy * y).sum(-1, keepdims=True))"),
    )  # fmt: skip
    examples = (Example({}), Example({"eps": 1e-2}, ((3, 4),)))
    capturable = True
    each_position = True
    symbols: ClassVar[dict[str, str]] = {}

    def __init__(self, eps: float = 1e-6) -> None:
        check_float(self, "eps", eps, "[1e-37, inf)")
        self.eps = eps

    def output_shape(self, input_shape: Shape) -> Shape:
        features(self, input_shape)
        return input_shape

    def output_interval(self, *inputs: Interval) -> Interval:
        return (-1.0, 1.0)

    def forward(self, ctx: Context, x: Array) -> Array:
        rows = as_rows(ctx, x, "x")
        y = ctx.scratch("y", x.shape)
        ctx.y, ctx.inverse = y.reshape(rows.shape), ctx.scratch("inverse", rows.shape[:1])
        ctx.op("transformer/unit_forward")(rows, self.eps, ctx.inverse, ctx.y)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array:
        dx = ctx.scratch("dx", ctx.y.shape)
        ctx.op("transformer/unit_backward")(as_rows(ctx, dy, "dy"), ctx.y, ctx.inverse, dx)
        return dx.reshape(dy.shape)
