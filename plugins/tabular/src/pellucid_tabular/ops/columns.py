"""References of column_embedding: numbers beside what indexes of categories stand for."""

from __future__ import annotations

from collections.abc import Iterator

from pellucid import Array, HostArray, Ops

from pellucid_tabular.ops.products import add_product


def take_columns(ops: Ops, x: Array, out: Array) -> None:
    """out (N, M) = the first M columns of x (N, D)."""
    out[...] = x[:, : out.shape[1]]


def put_columns(ops: Ops, x: Array, out: Array) -> None:
    """out (N, D) = x (N, M), then zeros."""
    out[:, : x.shape[1]] = x
    out[:, x.shape[1] :] = 0


def look_up_forward(
    ops: Ops, x: Array, sizes: HostArray, numbers: Array, table: Array | None, size: int, one_hot: int, y: Array
) -> None:
    """y = [numbers, the categories one-hot or as rows of the table].

    x (N, D), whose last C columns hold indexes; sizes (C,) int64: how many indexes each has, the unseen one included;
    numbers (N, M); table (R, size): the rows of all categories with more than ``one_hot`` known values, one after the
    other. Index 0, and what is no index, is a row of zeros.
    """
    y[:, : numbers.shape[1]] = numbers
    for index, known, first, columns in categories(ops, x, sizes, numbers.shape[1], size, one_hot):
        if first is None:
            y[:, columns] = index[:, None] == ops.xp.arange(1, known + 1)
        else:
            assert table is not None
            y[:, columns] = ops.xp.where(index[:, None] > 0, table[first + ops.xp.maximum(index, 1) - 1], 0)


def look_up_backward(
    ops: Ops,
    dy: Array,
    x: Array,
    sizes: HostArray,
    size: int,
    one_hot: int,
    sums: Array | None,
    dnumbers: Array | None,
    dtable: Array | None,
) -> None:
    """dnumbers = dy of the numbers; the table's rows add up dy of the rows that they were looked up in.

    sums: scratch of the table's shape, float64, or None as the table.
    """
    widths = sum(known if known <= one_hot else size for known in (int(count) - 1 for count in sizes))
    if dnumbers is not None:
        dnumbers[...] = dy[:, : dnumbers.shape[1]]
    if dtable is None:
        return
    for index, known, first, columns in categories(ops, x, sizes, dy.shape[1] - widths, size, one_hot):
        if first is not None:
            chosen = (index[:, None] == ops.xp.arange(1, known + 1)).astype(dy.dtype)
            add_product(ops, chosen, dy[:, columns], dtable[first : first + known], ta=True)


def categories(
    ops: Ops, x: Array, sizes: HostArray, at: int, size: int, one_hot: int
) -> Iterator[tuple[Array, int, int | None, slice]]:
    """Of each category its indexes, the number of its known values, its first row of the table, its columns of y."""
    first, row = x.shape[1] - len(sizes), 0
    for c, count in enumerate(sizes):
        known, value = int(count) - 1, x[:, first + c]
        index = ops.xp.where((value >= 0.5) & (value < known + 0.5), value + 0.5, 0).astype("int64")
        width = known if known <= one_hot else size
        yield index, known, (None if known <= one_hot else row), slice(at, at + width)
        at += width
        row += 0 if known <= one_hot else known
