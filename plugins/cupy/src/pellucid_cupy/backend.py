"""CupyOps: CUDA GPUs through CuPy, cuBLAS, fused kernels, and steps replayed as CUDA graphs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from pellucid import DEFAULT_ALPHA, NEEDS_INPUT, Array, ConfigError, DataError, Stream, get_ops, mix, require_activation

from pellucid_cupy.availability import require_gpu
from pellucid_cupy.cells import NotRecordableError
from pellucid_cupy.kernels import BIAS, CELLS, GATHER, UPDATES, forward_value
from pellucid_cupy.losses import FusedLosses
from pellucid_cupy.normalisation import FusedNormalisation

_WORDS = {16: "gather16", 8: "gather8", 4: "gather4", 1: "gather1"}


class CupyOps(FusedNormalisation, FusedLosses):
    """Matrix products by cuBLAS; what is element-wise, a sum or a loss in kernels of its own; the rest through xp.

    A step that is ``capturable`` runs once by itself and once into a CUDA graph, which is replayed from then on:
    nothing of it waits for the device, and ``fit`` looks at the numbers every 32 steps at the most.

    Differences from the reference: a label out of range makes the loss NaN instead of raising at once (looking at the
    labels would wait for the GPU), and the step's finite check reports it.

    Args:
        xp: CuPy, or a stand-in for it in tests; None imports CuPy.
        blas, device: likewise.

    Raises:
        ConfigError: this part has not passed on a GPU, CuPy is missing, or there is no GPU.
    """

    name = "cupy"
    registered = "cupy"

    def __init__(self, xp: Any = None, *, blas: Any = None, device: Any = None, tf32: bool = False) -> None:
        if xp is None:
            xp = require_gpu(self.registered)
        super().__init__(xp, blas=blas, device=device, tf32=tf32)
        self._constants: dict[int, Array] = {}

    def __reduce__(self) -> tuple[Any, ...]:

        return get_ops, (self.registered,)

    # -- arrays ----------------------------------------------------------------------------------------------------

    def fill(self, out: Array, value: float) -> None:
        if out.dtype.kind == "f":
            self.run("fill", value, out)
        else:
            out[...] = value

    def copy(self, x: Array, out: Array) -> None:
        self.run("copy", self.cell(x), out)

    def scale(self, out: Array, factor: float) -> None:
        self.run("scale", factor, out)

    def add_scaled(self, out: Array, x: Array, factor: float) -> None:
        if type(out) is np.ndarray and self.recording is None:
            out += factor * float(x)
        elif type(out) is np.ndarray and self.recording is not None:
            self._to_cell("add_to_cell", self.recording.cells.state(out), x, float(factor))
        else:
            self.run("add_scaled", x, factor, out)

    def lerp(self, out: Array, x: Array, rate: float) -> None:
        self.run("lerp", x, rate, out)

    def clip_norm(self, out: Array, sum_squares: Array, limit: float) -> None:
        self.run("clip_norm", sum_squares, limit, out)

    def gather(self, source: Array, index: Array, out: Array) -> None:
        recording = self.recording
        if recording is not None:
            limit = recording.limits.setdefault(id(index), source.shape[0])
            recording.limits[id(index)] = min(limit, source.shape[0])
            index = recording.cells.index(index)
        elif not (type(index) is np.ndarray and source.flags.c_contiguous):
            super().gather(source, index, out)
            return
        else:
            self._require_rows(index, source.shape[0])
            index = self.xp.asarray(index)
        if out.size:
            n_bytes = out.dtype.itemsize * math.prod(out.shape[1:])
            low = n_bytes | self.address(source) | self.address(out)
            word = next(word for word in _WORDS if low % word == 0)
            per_row = n_bytes // word
            total = per_row * out.shape[0]
            self.each(GATHER, _WORDS[word], total, source, index, out, per_row, total)

    def _require_rows(self, index: np.ndarray[Any, Any], rows: int) -> None:

        if index.shape[0] and not (int(index.min()) >= 0 and int(index.max()) < rows):
            raise DataError(
                f"Cannot gather rows: an index lies outside 0 … {rows - 1}. Received: {int(index.min())} … "
                f"{int(index.max())}. Check how the row numbers were made."
            )

    # -- cells -----------------------------------------------------------------------------------------------------

    def increment(self, cell: Array) -> None:
        if type(cell) is not np.ndarray:
            self._to_cell("increment", cell)
        elif self.recording is None:
            super().increment(cell)
        else:
            self._to_cell("increment", self.recording.cells.state(cell))

    def guard_finite(self, cell: Array) -> bool:
        recording = self.recording
        if recording is None:
            return math.isfinite(float(cell))
        if type(cell) is np.ndarray:
            raise NotRecordableError("the finite check of a number on the host")
        self.launch(CELLS, "guard", (1, 1), (32, 1), recording.cells.control, cell, harmless=True)
        recording.guarded = True
        return True

    def next_rows(self, order: Array, cursor: Array, index: Array) -> None:
        if self.recording is None:
            super().next_rows(order, cursor, index)
            return
        if not all(type(a) is np.ndarray for a in (order, cursor, index)):
            raise NotRecordableError("row numbers that are not the host's")
        cells = self.recording.cells
        place, feed = cells.rows(order, cursor, index)
        n = index.shape[0]
        self.each(CELLS, "take_rows", n, cells.control, feed, place, n)

    def _to_cell(self, name: str, cell: Array, *arguments: Any) -> None:
        self.launch(CELLS, name, (1, 1), (32, 1), self._control(), cell, *arguments, harmless=True)

    # -- dense and activations -------------------------------------------------------------------------------------

    def dense_forward(
        self, x: Array, weight: Array, bias: Array | None, activation: str, y: Array, z: Array | None
    ) -> None:
        require_activation(activation, "identity")
        before: Array = z if activation in NEEDS_INPUT else y
        self.product(x, weight, before)
        self.finish(bias, activation, before, y)

    def finish(self, bias: Array | None, activation: str, z: Array, y: Array) -> None:
        """y = f(z + bias) in one pass; z keeps z + bias if it is another array than y."""
        alpha = DEFAULT_ALPHA.get(activation, 0.0)
        if bias is None:
            if activation != "identity":
                self.run(f"forward_{activation}", z, alpha, y)
        elif y.size:
            cols = y.shape[-1]
            rows = y.size // cols
            grid = -(-cols // self.block[0]), max(1, min(1024, -(-rows // (4 * self.block[1]))))
            self.launch(BIAS, "add_bias", grid, self.block, bias, z, y, rows, cols, float(alpha), dtype=y.dtype,
                        VALUE=forward_value(activation), KEEP=str(int(activation in NEEDS_INPUT)))  # fmt: skip

    def dense_backward(
        self, dy: Array, x: Array, weight: Array, y: Array, z: Array | None, activation: str, dz: Array | None,
        dweight: Array | None, dbias: Array | None, dx: Array | None,
    ) -> None:  # fmt: skip
        dz = self.through(dy, y, z, activation, dz, dbias)
        if dweight is not None:
            self.product(x, dz, dweight, add=True, ta=True)
        if dx is not None:
            self.product(dz, weight, dx, tb=True)

    def through(
        self, dy: Array, y: Array, z: Array | None, activation: str, dz: Array | None, dbias: Array | None
    ) -> Array:
        """dz = dy ⊙ f′(z) and dbias += Σ dz in one pass; the result is dz, or dy itself for the identity."""
        require_activation(activation, "identity")
        dy = self.contiguous(dy)
        if activation == "identity":
            if dbias is not None:
                self.columns("identity", dy, None, None, None, dbias)
            return dy
        alpha = DEFAULT_ALPHA.get(activation, 0.0)
        if dbias is None:
            self.run(f"backward_{activation}", dy, z if activation in NEEDS_INPUT else y, y, alpha, dz)
        else:
            self.columns(activation, dy, z, y, dz, dbias, alpha)
        return dz

    def activation_forward(self, name: str, x: Array, y: Array, alpha: float | None = None) -> None:
        require_activation(name)
        self.run(f"forward_{name}", x, DEFAULT_ALPHA.get(name, 0.0) if alpha is None else alpha, y)

    def activation_backward(
        self, name: str, dy: Array, x: Array, y: Array, dx: Array, alpha: float | None = None
    ) -> None:
        require_activation(name)
        a = DEFAULT_ALPHA.get(name, 0.0) if alpha is None else alpha
        self.run(f"backward_{name}", dy, x if name in NEEDS_INPUT else y, y, a, dx)

    # -- optimizers ------------------------------------------------------------------------------------------------

    def sgd(
        self, data: Array, grad: Array, velocity: Array | None, hyper: Array, momentum: float, nesterov: bool
    ) -> None:
        self.each(UPDATES, "sgd", data.size, self._control(), self.cell(hyper), data, grad, velocity, data.size,
                  float(momentum), int(nesterov), dtype=data.dtype, harmless=True)  # fmt: skip

    def adam(
        self, data: Array, grad: Array, m: Array, v: Array, hyper: Array, t_cell: Array,
        beta1: float, beta2: float, eps: float, decoupled: bool,
    ) -> None:  # fmt: skip
        words = self.together(data.size, data, grad, m, v)
        count = data.size // words
        self.each(UPDATES, "adam", count, self._control(), self.cell(hyper), self.cell(t_cell), data, grad, m, v,
                  count, float(beta1), float(beta2), float(eps), int(decoupled), dtype=data.dtype, harmless=True,
                  VEC=str(words))  # fmt: skip

    def adagrad(self, data: Array, grad: Array, v: Array, hyper: Array, eps: float) -> None:
        self._update("adagrad", hyper, data, grad, v, rates=(eps,))

    def rmsprop(
        self, data: Array, grad: Array, v: Array, a: Array | None, u: Array | None, hyper: Array,
        rho: float, momentum: float, eps: float,
    ) -> None:  # fmt: skip
        self._update("rmsprop", hyper, data, grad, v, a, u, rates=(rho, momentum, eps))

    def lion(self, data: Array, grad: Array, m: Array, hyper: Array, beta1: float, beta2: float) -> None:
        self._update("lion", hyper, data, grad, m, rates=(beta1, beta2))

    def _update(self, name: str, hyper: Array, data: Array, *arrays: Array | None, rates: tuple[float, ...]) -> None:
        self.each(UPDATES, name, data.size, self._control(), self.cell(hyper), data, *arrays, data.size,
                  *map(float, rates), dtype=data.dtype, harmless=True)  # fmt: skip

    def clip_value(self, out: Array, limit: float) -> None:
        self.run("clip_value", limit, out)

    # -- randomness ------------------------------------------------------------------------------------------------

    def dropout(self, x: Array, rate: float, stream: Stream, out: Array) -> None:
        threshold = math.ceil(rate * 2**24)
        flat = self.contiguous(x).reshape(-1)
        self.run("dropout", flat, *self._counter(stream, out.shape), threshold, 1 / (1 - rate), out.reshape(-1))

    def random_uniform(self, stream: Stream, out: Array) -> None:
        self.run("uniform", *self._counter(stream, out.shape), out.reshape(-1))

    def random_normal(self, stream: Stream, out: Array) -> None:
        self.run("normal", *self._counter(stream, out.shape), out.reshape(-1))

    def _counter(self, stream: Stream, shape: tuple[int, ...]) -> tuple[Array, Array, Array, bool, int]:
        """The arguments that ``COUNTER`` declares."""
        given = stream.rows is not None
        rows = self.cell(stream.rows) if given else self._go
        return self.cell(stream.cell), self._constant(mix(stream.site)), rows, given, math.prod(shape[1:])

    def _constant(self, value: int) -> Array:
        if value not in self._constants:
            self._constants[value] = super()._constant(value)
        return self._constants[value]


class TensorFloatOps(CupyOps):
    """``cupy``, with the factors of float32 products rounded to 10 bits of mantissa (TF32): faster, and less exact."""

    registered = "cupy/tf32"

    def __init__(self) -> None:
        super().__init__(tf32=True)


class BFloat16Ops(CupyOps):
    """bfloat16 with float32 master weights: not there yet, and refused by name."""

    registered = "cupy/bfloat16"

    def __init__(self) -> None:
        raise ConfigError(
            "Backend 'cupy/bfloat16' does not exist yet: nothing of it has been written. Use backend='cupy', or "
            "backend='cupy/tf32' where the tensor cores are wanted."
        )
