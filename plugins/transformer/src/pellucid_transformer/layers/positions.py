"""Positions: where a token stands, added to what it is."""

from __future__ import annotations

from typing import ClassVar, Literal

from pellucid import (
    Array,
    Context,
    Equation,
    Example,
    Initializer,
    Layer,
    Normal,
    Ops,
    Param,
    Shape,
    ShapeError,
    check_choice,
    check_int,
    check_type,
    contiguous,
)


class Going:
    """How many positions there have been, and the table of sinusoids, once it is asked for."""

    length = 0
    table: Array | None = None


class Positions(Layer):
    """``y_nt = x_nt + P_t``: a row of a learned table for each position, or sines and cosines of many periods.

    Sinusoids are those of Vaswani et al., Attention Is All You Need, 2017, §3.5: ``P_{t,2i} = sin(t ω_i)``,
    ``P_{t,2i+1} = cos(t ω_i)`` with ``ω_i = 10000^{−2i/D}``. Positions that turn queries and keys are an argument of
    attention, ``rotary``.

    Args:
        form: ``"learned"`` or ``"sinusoidal"``.
        longest: L, the most positions that a sample may have.
        init: initializer of a learned P or its name; None: N(0, 0.02²).

    Shapes: x (N, T, D), T ≤ L -> y of the same shape; P (L, D).

    Raises:
        ShapeError: more positions than L.
    """

    equations = (
        Equation("column", r"d = 0, \dots, D - 1", "np.arange(x.shape[-1])"),
        Equation("angle", r"a_{td} = t \cdot 10000^{-2 \lfloor d/2 \rfloor / D}",
                 "np.arange(x.shape[1])[:, None] * 10000.0 ** (-(column // 2 * 2) / x.shape[-1])"),
        Equation("rows", r"P_t \quad\text{learned, or}\quad \sin a_{td}, \cos a_{td} \text{ in turns}",
                 "P[:x.shape[1]] if form == 'learned' else np.where(column % 2 == 0, np.sin(angle), np.cos(angle))"),
        Equation("y", r"y_{nt} = x_{nt} + P_t", "x + rows"),
        Equation("dx", r"dx = dy", "dy"),
        Equation("dP", r"dP_t = \sum_n dy_{nt}",
                 "np.concatenate([dy.sum(0), np.zeros((longest - dy.shape[1], dy.shape[2]))])"),
    )  # fmt: skip
    symbols: ClassVar = {"P": "table"}
    examples = (
        Example({"longest": 5}, ((4, 3),)),
        Example({"form": "sinusoidal", "longest": 80}, ((None, 6),)),
    )
    capturable = True
    table: Param | None

    def __init__(
        self, longest: int, form: Literal["learned", "sinusoidal"] = "learned", *,
        init: str | Initializer | None = None,
    ) -> None:  # fmt: skip
        check_int(self, "longest", longest, "[1, inf)")
        check_choice(self, "form", form, ("learned", "sinusoidal"))
        check_type(self, "init", init, (str, Initializer, type(None)), "an initializer, its name, or None")
        self.longest = longest
        self.form = form
        self.init = init

    def build(self, x: Shape) -> None:
        _, width = self.output_shape(x)
        assert width is not None
        learned = self.form == "learned"
        self.table = self.param("table", (self.longest, width), init=self.init or Normal(0.02)) if learned else None

    def output_shape(self, x: Shape) -> Shape:
        if len(x) != 2 or x[1] is None:
            raise ShapeError(
                f"Positions needs sequences, samples of 2 axes: (positions, features). Received: samples of shape {x}."
            )
        self._check(x[0])
        return x

    def _check(self, positions: int | None) -> None:
        if positions is not None and positions > self.longest:
            raise ShapeError(
                f"Positions knows {self.longest} positions. Received: sequences of {positions}. Cut them, or build the "
                "model with more positions (longest; context of a language_model)."
            )

    def forward(self, ctx: Context, x: Array) -> Array:
        self._check(x.shape[1])
        if self.table is None:
            table = ctx.scratch("table", x.shape[1:])
            ctx.op("transformer/sinusoids")(table)
        else:
            table = self.table.data
        y = ctx.scratch("y", x.shape)
        ctx.op("transformer/add_positions")(contiguous(ctx, x, "x"), table, y)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array:
        if self.table is not None and self.table.trainable:
            ctx.op("transformer/add_positions_backward")(contiguous(ctx, dy, "dy"), self.table.grad)
        return dy

    # -- generation ------------------------------------------------------------------------------------------------

    def new_cache(self, ops: Ops, rows: int, longest: int) -> Going:
        """Where a text that grows has come to, for :meth:`extend`."""
        return Going()

    def extend(self, ops: Ops, x: Array, cache: Going) -> Array:
        """y (N, S, D) of the positions x (N, S, D) that come after those before."""
        first, end = cache.length, cache.length + x.shape[1]
        self._check(end)
        if self.table is not None:
            table = self.table.data
        elif cache.table is None:
            table = cache.table = ops.empty((self.longest, x.shape[2]), x.dtype)
            ops.op("transformer/sinusoids")(table)
        else:
            table = cache.table
        cache.length = end
        return x + table[first:end]
