"""CupyOps: CUDA GPUs through CuPy. Written, tested on the CPU as far as that goes, and refused until run on a GPU."""

from __future__ import annotations

import math
import os
from typing import Any

from pellucid.basics.arrays import Array
from pellucid.basics.errors import ConfigError
from pellucid.ops.activations import DEFAULT_ALPHA, NEEDS_INPUT, require_activation
from pellucid.ops.base import Ops
from pellucid.ops.cupy_kernels import KERNELS
from pellucid.ops.random import Stream, mix

OPT_IN = "PELLUCID_UNVERIFIED_CUPY"


class CupyOps(Ops):
    """Matrix products by cuBLAS; bias, activations, optimizers, random numbers in fused kernels; the rest through xp.

    Differences from the reference: a label out of range makes the loss NaN instead of raising at once (looking at the
    labels would wait for the GPU), and the step's finite check reports it.

    Args:
        xp: CuPy, or a stand-in for it in tests; None imports CuPy.

    Raises:
        ConfigError: the variable ``PELLUCID_UNVERIFIED_CUPY`` is not 1, CuPy is missing, or there is no GPU.
    """

    name = "cupy"

    def __init__(self, xp: Any = None) -> None:
        self.xp = _import_cupy() if xp is None else xp
        self._compiled: dict[str, Any] = {}
        self._constants: dict[int, Array] = {}

    def address(self, a: Array) -> int:
        return int(a.data.ptr)

    def synchronize(self) -> None:
        self.xp.cuda.get_current_stream().synchronize()

    # -- dense and activations ------------------------------------------------------------------------------------

    def dense_forward(
        self, x: Array, weight: Array, bias: Array | None, activation: str, y: Array, z: Array | None
    ) -> None:
        require_activation(activation, "identity")
        before = z if activation in NEEDS_INPUT else y
        self.xp.matmul(x, weight, out=before)
        alpha = DEFAULT_ALPHA.get(activation, 0.0)
        if bias is None:
            if activation != "identity":
                self._run(f"forward_{activation}", before, alpha, y)
        elif activation in NEEDS_INPUT:
            self._run(f"bias_{activation}", bias, alpha, z, y)
        else:
            self._run(f"bias_{activation}", bias, alpha, y)

    def activation_forward(self, name: str, x: Array, y: Array, alpha: float | None = None) -> None:
        require_activation(name)
        self._run(f"forward_{name}", x, DEFAULT_ALPHA.get(name, 0.0) if alpha is None else alpha, y)

    def activation_backward(
        self, name: str, dy: Array, x: Array, y: Array, dx: Array, alpha: float | None = None
    ) -> None:
        require_activation(name)
        a = DEFAULT_ALPHA.get(name, 0.0) if alpha is None else alpha
        self._run(f"backward_{name}", dy, x if name in NEEDS_INPUT else y, y, a, dx)

    # -- loss -----------------------------------------------------------------------------------------------------

    def softmax_cross_entropy(
        self, logits: Array, target: Array, weight: Array | None, loss: Array, dlogits: Array
    ) -> None:
        wrong = ((target < 0) | (target >= logits.shape[1])).any()
        self._cross_entropy_of_labels(logits, self.xp.where(wrong, 0, target), weight, loss, dlogits)
        loss[...] = self.xp.where(wrong, math.nan, loss)

    # -- optimizers -----------------------------------------------------------------------------------------------

    def sgd(
        self, data: Array, grad: Array, velocity: Array | None, hyper: Array, momentum: float, nesterov: bool
    ) -> None:
        hyper = self.asarray(hyper)
        if velocity is None:
            self._run("sgd", hyper, data, grad)
        else:
            self._run("sgd_momentum", hyper, momentum, nesterov, data, grad, velocity)

    def adam(
        self, data: Array, grad: Array, m: Array, v: Array, hyper: Array, t_cell: Array,
        beta1: float, beta2: float, eps: float, decoupled: bool,
    ) -> None:  # fmt: skip
        t = self.asarray(t_cell).reshape(1)
        self._run("adam", self.asarray(hyper), t, beta1, beta2, eps, decoupled, data, grad, m, v)

    # -- randomness -----------------------------------------------------------------------------------------------

    def dropout(self, x: Array, rate: float, stream: Stream, out: Array) -> None:
        counter = self._counter(stream, out.shape)
        rows = out.shape[0], math.prod(out.shape[1:])
        threshold = math.ceil(rate * 2**24)
        self._run("dropout", x.reshape(rows), *counter, threshold, 1 / (1 - rate), out.reshape(rows))

    def random_uniform(self, stream: Stream, out: Array) -> None:
        self._draw("uniform", stream, out)

    def random_normal(self, stream: Stream, out: Array) -> None:
        self._draw("normal", stream, out)

    def _draw(self, kernel: str, stream: Stream, out: Array) -> None:
        self._run(kernel, *self._counter(stream, out.shape), out.reshape(out.shape[0], math.prod(out.shape[1:])))

    def _counter(self, stream: Stream, shape: tuple[int, ...]) -> tuple[Array, Array, Array, Array, int]:
        """cell, mixed site, row numbers as a column, column numbers, elements per row: the kernels' ``COUNTER``."""
        per_row = math.prod(shape[1:])
        cell = self.asarray(stream.cell)
        if stream.rows is None:
            row = cell[1:] + self.xp.arange(shape[0], dtype="uint64")
        else:
            row = self.asarray(stream.rows).astype("uint64")
        columns = self.xp.arange(per_row, dtype="uint64")
        return cell, self._constant(mix(stream.site)), row.reshape(-1, 1), columns, per_row

    def _constant(self, value: int) -> Array:
        if value not in self._constants:
            self._constants[value] = super()._constant(value)
        return self._constants[value]

    # -- launching ------------------------------------------------------------------------------------------------

    def _run(self, name: str, *arguments: Any) -> None:
        kernel = self._compiled.get(name)
        if kernel is None:
            spec = KERNELS[name]
            kernel = self.xp.ElementwiseKernel(
                spec.inputs, spec.outputs, spec.body, f"pellucid_{name}", preamble=spec.preamble
            )
            self._compiled[name] = kernel
        kernel(*arguments)


def _import_cupy() -> Any:
    if os.environ.get(OPT_IN) != "1":
        raise ConfigError(
            "Backend 'cupy' is written but has never run on a GPU, so it is not offered as working. Use "
            "backend='cython'. To verify it on a machine with a GPU set "
            f"{OPT_IN}=1 and run: pytest tests/components/test_cupy_backend.py."
        )
    try:
        import cupy
    except ImportError as error:
        raise ConfigError(
            f"Backend 'cupy' needs CuPy, which cannot be imported ({error}). Install it: pip install 'pellucid[cupy]'."
        ) from error
    try:
        devices = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise ConfigError(f"Backend 'cupy' needs a GPU with a CUDA driver. Received: {error}.") from error
    if devices == 0:
        raise ConfigError("Backend 'cupy' needs a GPU. Received: none is visible (see CUDA_VISIBLE_DEVICES).")
    return cupy
