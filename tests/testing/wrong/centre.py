"""Centre: y = x − mean of its row + b, by a kernel whose wrapper makes the mistake that ``make`` says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from pellucid import Context, Equation, Example, Layer, Ops, ShapeError

IN_C = (
    "rest of the parts", "rest of the vectors", "no more than 32 columns", "static scratch", "sums cut between threads",
    "scratch unwritten", "last row of three parts", "writes beyond", "last row of many", "gradient assigned",
    "sums in float", "no more than 64 rows", "reads beyond", "static scratch in C", "threads race", "writes its input",
    "a column in three of parts",
)  # fmt: skip
"""By their numbers in centre.c, from 1."""
IN_PYTHON = (
    "forgets remember", "scratch not kept", "bias not kept", "bias of the recording", "strided as if contiguous",
    "doubles as if floats", "NumPy for few rows", "NumPy for few columns", "NumPy for many columns",
    "freed before the end",
)  # fmt: skip
native: Any = None
_made: list[str] = [""]


@contextmanager
def make(mistake: str) -> Iterator[None]:
    """Within: the kernel makes this mistake."""
    _made.append(mistake)
    try:
        yield
    finally:
        _made.pop()


def forward(ops: Ops, x: Any, b: Any, y: Any) -> None:
    """y = x − mean(x) + b; x, y: (rows, columns), b: (columns,)."""
    y[...] = x - x.mean(axis=1, keepdims=True) + b


def backward(ops: Ops, dy: Any, db: Any, dx: Any) -> None:
    """dx = dy − mean(dy); db += Σ dy, unless it is None."""
    if db is not None:
        db += dy.sum(axis=0, dtype="float64").astype(dy.dtype)
    dx[...] = dy - dy.mean(axis=1, keepdims=True)


def forward_kernel(ops: Ops, x: Any, b: Any, y: Any) -> Any:
    return _called(x, b, y, 0)


def backward_kernel(ops: Ops, dy: Any, db: Any, dx: Any) -> Any:
    return _called(dy, db, dx, 1)


def _called(x: Any, b: Any, out: Any, back: int) -> Any:
    made = _made[-1]
    covered = made == "doubles as if floats" or all(a is None or a.dtype == np.float32 for a in (x, b, out))
    lies = made == "strided as if contiguous" or all(a is None or a.flags.c_contiguous for a in (x, b, out))
    if not covered or not lies:
        return NotImplemented
    numpy_for = {"few rows": len(x) < 8, "few columns": x.shape[1] < 8, "many columns": x.shape[1] > 50}
    if numpy_for.get(made.removeprefix("NumPy for "), False):
        (backward if back else forward)(None, x, b, out)  # type: ignore[arg-type]
        return None
    means = np.empty(max(len(x), 1), np.float32)
    if made in ("bias not kept", "bias of the recording") and not back:
        b = b.copy()
    arrays: Any = (x, b, means, out)
    if made == "forgets remember":
        arrays = None
    elif made == "scratch not kept":
        arrays = (x, b, out)
    elif made == "bias not kept" and not back:
        arrays = (x, means, out)
    elif made == "freed before the end":
        arrays = ()
    mistake = IN_C.index(made) + 1 if made in IN_C else 0
    at = [0 if a is None else a.ctypes.data for a in (x, b, means, out)]
    native.centre(*at, x.shape[0], x.shape[1], back, mistake, arrays)
    return None


class Centre(Layer):
    """y = x − mean(x) + b for each row of features."""

    equations = (
        Equation("y", r"y = x - \bar x + b", "x - x.mean(-1, keepdims=True) + b"),
        Equation("dx", r"dx = dy - \overline{dy}", "dy - dy.mean(-1, keepdims=True)"),
        Equation("db", r"db = \sum_i dy_i", "dy.sum(0)"),
    )
    symbols: ClassVar = {"b": "bias"}
    examples = (Example({}),)
    capturable = True

    def build(self, x: Any) -> None:
        self.bias = self.param("bias", self.output_shape(x))

    def output_shape(self, x: Any) -> Any:
        if len(x) != 1 or not x[0]:
            raise ShapeError(f"Centre takes features, one axis. Received: samples of shape {x}, {len(x)} axes.")
        return x

    def forward(self, ctx: Context, x: Any) -> Any:
        y = ctx.scratch("y", x.shape)
        ctx.op("wrong/centre_forward")(x, self.bias.data, y)
        return y

    def backward(self, ctx: Context, dy: Any) -> Any:
        dx = ctx.scratch("dx", dy.shape)
        ctx.op("wrong/centre_backward")(dy, self.bias.grad if self.bias.trainable else None, dx)
        return dx
