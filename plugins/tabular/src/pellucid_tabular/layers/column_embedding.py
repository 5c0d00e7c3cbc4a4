"""ColumnEmbedding: the columns of a table, numbers first and then indexes of categories, become features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from pellucid import (
    Array,
    Context,
    Equation,
    Example,
    HostArray,
    Layer,
    Normal,
    Param,
    Shape,
    ShapeError,
    check_int,
    check_sizes,
    check_type,
)

from pellucid_tabular.layers.numbers import each_number


class ColumnEmbedding(Layer):
    """``y = [g(numbers), category₁, …, category_C]``: each category as one-hot or as a row of a learned table.

    The last C columns of x hold indexes, as floats. Index 0, a value that training has not seen or that is too rare, is
    a vector of zeros; so is whatever is no index of the column, below 0 or beyond its last. A category of few values is
    one-hot, one number for each but the unseen; of more it is a vector of ``size`` numbers, a row of the table. Numbers
    that are not whole are rounded.

    Args:
        categories: how many indexes each of the last columns has, the unseen one included.
        numbers: the layer g of the columns before them, such as ``tabular/periodic``, where there are any; None: they
            stay as they are.
        size: the numbers of a category that is looked up.
        one_hot: the most values, the unseen one not counted, that are one-hot.

    Shapes: x (N, F + C) -> y (N, G + Σ widths), with G outputs of g for F numbers; table (R, size), the values of all
    categories that are looked up, one after the other.

    Source: Guo & Berkhahn, Entity Embeddings of Categorical Variables, 2016; sizes and the choice between one-hot and
    table as in Holzmüller et al., Better by Default, 2024.
    """

    equations = (
        Equation("g", r"g = g(x_1 \ldots x_F)", why="the layer inside computes it, by equations of its own"),
        Equation("y", r"y = [g, v_1, \ldots, v_C], \quad v_c = \mathrm{onehot}(i_c) \text{ or } T_{i_c}",
                 why="its first part is the inner layer's"),
        Equation("dT", r"dT_r = \sum_{n:\, i_{nc} = r} dv_{nc}"),
        Equation("dx", r"dx = [J_g^\top dg, 0, \ldots, 0]"),
    )  # fmt: skip
    symbols: ClassVar = {"T": "table"}
    examples = (
        Example({"categories": [3, 4], "one_hot": 2, "size": 2}),
        Example({"categories": [4, 3, 5], "one_hot": 2, "size": 3, "numbers": {"type": "tabular/periodic", "size": 2}}),
        Example({"categories": [3, 2], "numbers": {"type": "tabular/periodic"}}, ((2,),)),
    )
    capturable = True
    table: Param | None
    built_for: int | None = None
    """Columns of numbers, once it is built."""

    def __init__(
        self, categories: Sequence[int], numbers: Layer | None = None, *, size: int = 8, one_hot: int = 8
    ) -> None:
        check_sizes(self, "categories", categories, "the indexes of each category, the unseen one included", least=1)
        check_int(self, "size", size, "[1, inf)")
        check_int(self, "one_hot", one_hot, "[0, inf)")
        check_type(self, "numbers", numbers, (Layer, type(None)), "a layer or None")
        self.categories = categories
        self.numbers = numbers
        self.size = size
        self.one_hot = one_hot

    def build(self, input_shape: Shape) -> None:
        self.built_for = numbers = self._numbers(input_shape)
        if self.numbers is not None and numbers:
            self.numbers.build((numbers,))
        self.output_shape(input_shape)
        rows = sum(size - 1 for size in self.categories if size - 1 > self.one_hot)
        self.table = self.param("table", (rows, self.size), init=Normal(1.0)) if rows else None

    def output_shape(self, input_shape: Shape) -> Shape:
        return (self._width(self._numbers(input_shape)) + sum(self._widths()),)

    def _numbers(self, input_shape: Shape) -> int:
        """The columns that hold numbers."""
        numbers = each_number(self, input_shape) - len(self.categories)
        if numbers < 0 or self.built_for not in (None, numbers):
            before = "" if self.built_for is None else f", and was built for {self.built_for} numbers before them"
            raise ShapeError(
                f"ColumnEmbedding has {len(self.categories)} categories, whose indexes are the last columns{before}. "
                f"Received: rows of {input_shape[0]} columns. Give it as many categories as the table has."
            )
        return numbers

    def _width(self, numbers: int) -> int:
        """What the numbers become."""
        if self.numbers is None or not numbers:
            return numbers
        (width,) = self.numbers.output_shape((numbers,))
        return int(width)

    def _widths(self) -> list[int]:
        return [size - 1 if size - 1 <= self.one_hot else self.size for size in self.categories]

    def as_calls(self, ctx: Context, x: Any) -> Any:
        """The forward as calls of its layer and of NumPy on Variables, see :func:`pellucid.slopes`."""
        numbers, first = x.shape[1] - len(self.categories), 0
        parts = [self.numbers(x[:, :numbers]) if self.numbers is not None and numbers else x[:, :numbers]]
        for column, count in enumerate(self.categories, numbers):
            known = count - 1
            hot = (np.rint(x.value[:, column])[:, None] == np.arange(1, count)).astype(x.value.dtype)
            looked_up = known > self.one_hot
            parts.append(hot @ ctx.variable(self.table)[first : first + known] if looked_up else hot)
            first += known * looked_up
        return np.concatenate(parts, axis=1)

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.x, ctx.sizes, rows = x, self._sizes(), len(x)
        g = ctx.scratch("numbers", (rows, x.shape[1] - len(self.categories)))
        ctx.op("tabular/take_columns")(x, g)
        ctx.inner = self.numbers if g.shape[1] else None
        if ctx.inner is not None:
            g = ctx.inner.forward(ctx.child("numbers", ctx.needs_dx), g)
        ctx.width = g.shape[1]
        y = ctx.scratch("y", (rows, g.shape[1] + sum(self._widths())))
        table = None if self.table is None else self.table.data
        ctx.op("tabular/look_up_forward")(x, ctx.sizes, g, table, self.size, self.one_hot, y)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        dg = ctx.scratch("dnumbers", (len(dy), ctx.width))
        dtable = self.table.grad if self.table is not None and self.table.trainable else None
        sums = None if dtable is None else ctx.scratch("sums", dtable.shape, "float64")
        ctx.op("tabular/look_up_backward")(dy, ctx.x, ctx.sizes, self.size, self.one_hot, sums, dg, dtable)
        if ctx.inner is not None:
            dg = ctx.inner.backward(ctx.child("numbers"), dg)
        if not ctx.needs_dx[0]:
            return None
        dx = ctx.scratch("dx", ctx.x.shape)
        ctx.op("tabular/put_columns")(dg, dx)
        return dx

    def _sizes(self) -> HostArray:
        return np.array(self.categories, np.int64)
