"""Matrix products by cuBLAS, called directly: CuPy refuses its own calls of cuBLAS while a graph is captured.

Matrices are C-contiguous, so cuBLAS, which counts along columns, sees each transposed: ``C = A B`` is asked for as
``Cᵀ = Bᵀ Aᵀ``.
"""

from __future__ import annotations

import ctypes
import threading
from ctypes import byref, c_double, c_float, c_int, c_longlong, c_size_t, c_void_p
from typing import Any

from pellucid import ConfigError

WORKSPACE = 32 << 20
"""Bytes of scratch memory that a handle is given once, so that a product inside a capture allocates nothing."""
_NONE, _TRANSPOSED = 0, 1
_DEFAULT_MATH, _TF32_MATH = 0, 3
_SCALAR = {"float32": c_float, "float64": c_double}


class Blas:
    """``out = a b`` and ``out += a b`` on the current stream, with a handle for each thread.

    Args:
        xp: CuPy.
        tf32: whether float32 products may round their factors to 10 bits of mantissa.
    """

    def __init__(self, xp: Any, *, tf32: bool = False) -> None:
        self._xp, self._tf32 = xp, tf32
        self._library = _library(xp)
        self._own = threading.local()

    def product(self, a: Any, b: Any, out: Any, *, add: bool = False, ta: bool = False, tb: bool = False) -> None:
        """out (m, n) = op(a) op(b), or is added to; op transposes where ``ta`` or ``tb`` says so.

        With a third axis in front, one product for each place on it. All of one dtype and C-contiguous.
        """
        (m, k), n = (a.shape[:-3:-1] if ta else a.shape[-2:]), out.shape[-1]
        if out.size == 0:
            return
        if k == 0:
            if not add:
                out[...] = 0
            return
        kind = a.dtype.name
        scalar = _SCALAR[kind]
        letter = "S" if kind == "float32" else "D"
        operation = [c_int(_TRANSPOSED if t else _NONE) for t in (tb, ta)]
        sizes = c_int(n), c_int(m), c_int(k)
        one, beta = byref(scalar(1)), byref(scalar(1 if add else 0))
        pointers = [c_void_p(x.data.ptr) for x in (b, a, out)]
        widths = [c_int(x.shape[-1]) for x in (b, a, out)]
        handle = self._handle()
        if out.ndim == 2:
            self._call(
                f"cublas{letter}gemm_v2", handle, *operation, *sizes, one, pointers[0], widths[0], pointers[1],
                widths[1], beta, pointers[2], widths[2],
            )  # fmt: skip
            return
        steps = [c_longlong(x.shape[-2] * x.shape[-1]) for x in (b, a, out)]
        self._call(
            f"cublas{letter}gemmStridedBatched", handle, *operation, *sizes, one, pointers[0], widths[0], steps[0],
            pointers[1], widths[1], steps[1], beta, pointers[2], widths[2], steps[2], c_int(out.shape[0]),
        )  # fmt: skip

    def _handle(self) -> c_void_p:
        """This thread's handle, on the current stream."""
        own = self._own
        device = self._xp.cuda.runtime.getDevice()
        if getattr(own, "device", None) != device:
            own.handle, own.device, own.stream = c_void_p(), None, None
            self._call("cublasCreate_v2", byref(own.handle))
            self._call("cublasSetMathMode", own.handle, c_int(_TF32_MATH if self._tf32 else _DEFAULT_MATH))
            own.workspace = self._xp.cuda.alloc(WORKSPACE)
            own.device = device  # last: what came to nothing is tried again
        stream = self._xp.cuda.get_current_stream().ptr
        if own.stream != stream:
            self._call("cublasSetStream_v2", own.handle, c_void_p(stream))
            # A new stream makes cuBLAS forget the workspace that it was given.
            self._call(
                "cublasSetWorkspace_v2", own.handle, c_void_p(own.workspace.ptr), c_size_t(WORKSPACE)
            )
            own.stream = stream
        handle: c_void_p = own.handle
        return handle

    def _call(self, name: str, *arguments: Any) -> None:
        status = getattr(self._library, name)(*arguments)
        if status:
            raise RuntimeError(f"cuBLAS: {name} gave status {status}. See cublasStatus_t in cublas_api.h.")


def _library(xp: Any) -> Any:
    """cuBLAS of the CUDA version that CuPy was built for: found by its name, or in NVIDIA's Python packages."""
    version = xp.cuda.runtime.runtimeGetVersion() // 1000
    name = f"libcublas.so.{version}"
    try:
        return ctypes.CDLL(name)
    except OSError as error:
        try:
            from cuda.pathfinder import load_nvidia_dynamic_lib

            return ctypes.CDLL(load_nvidia_dynamic_lib("cublas").abs_path)
        except Exception:
            raise ConfigError(
                f"Backend 'cupy' needs cuBLAS of CUDA {version}, {name}, and cannot load it ({error}). Install it: "
                f"pip install 'pellucid-cupy[cuda{version}]', or put the CUDA toolkit's folder into LD_LIBRARY_PATH."
            ) from error
