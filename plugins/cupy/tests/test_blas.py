"""What is asked of cuBLAS, answered by NumPy on the same addresses: sizes, transposes and widths are cuBLAS's own."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pellucid import ConfigError
from pellucid_cupy import blas


class Library:
    """cuBLAS as its manual has it: matrices by columns, scalars by address."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.math: int | None = None

    def cublasCreate_v2(self, handle: Any) -> int:
        return 0

    def cublasSetMathMode(self, handle: Any, mode: Any) -> int:
        self.math = mode.value
        return 0

    def cublasSetStream_v2(self, handle: Any, stream: Any) -> int:
        self.calls.append(f"stream {stream.value}")
        return 0

    def cublasSetWorkspace_v2(self, handle: Any, workspace: Any, size: Any) -> int:
        self.calls.append(f"workspace {size.value}")
        return 0

    def __getattr__(self, name: str) -> Any:
        kind = {"S": np.float32, "D": np.float64}[name[len("cublas")]]
        return self.batched(kind) if name.endswith("Batched") else self.single(kind)

    def single(self, kind: Any) -> Any:
        def gemm(
            h: Any, ta: Any, tb: Any, m: Any, n: Any, k: Any, alpha: Any, a: Any, lda: Any, b: Any, ldb: Any,
            beta: Any, c: Any, ldc: Any,
        ) -> int:  # fmt: skip
            assert alpha._obj.value == 1
            left = matrix(kind, a, lda, *((k, m) if ta.value else (m, k)))
            right = matrix(kind, b, ldb, *((n, k) if tb.value else (k, n)))
            out = matrix(kind, c, ldc, m, n)
            out[...] = (left.T if ta.value else left) @ (right.T if tb.value else right) + beta._obj.value * out
            return 0

        return gemm

    def batched(self, kind: Any) -> Any:
        def gemm(
            h: Any, ta: Any, tb: Any, m: Any, n: Any, k: Any, alpha: Any, a: Any, lda: Any, step_a: Any, b: Any,
            ldb: Any, step_b: Any, beta: Any, c: Any, ldc: Any, step_c: Any, count: Any,
        ) -> int:  # fmt: skip
            size = np.dtype(kind).itemsize
            for i in range(count.value):
                places = (
                    SimpleNamespace(value=p.value + i * step.value * size)
                    for p, step in ((a, step_a), (b, step_b), (c, step_c))
                )
                at_a, at_b, at_c = places
                self.single(kind)(h, ta, tb, m, n, k, alpha, at_a, lda, at_b, ldb, beta, at_c, ldc)
            return 0

        return gemm


def matrix(kind: Any, pointer: Any, width: Any, rows: Any, cols: Any) -> Any:
    """A matrix of so many rows that lies in memory by columns."""
    assert width.value == rows.value  # no gaps
    c_type = {np.float32: ctypes.c_float, np.float64: ctypes.c_double}[kind]
    flat = np.ctypeslib.as_array((c_type * (rows.value * cols.value)).from_address(pointer.value))
    return flat.reshape(cols.value, rows.value).T


class OnDevice:
    """An array as Blas looks at it."""

    def __init__(self, host: np.ndarray) -> None:
        self.host, self.shape, self.dtype, self.size, self.ndim = host, host.shape, host.dtype, host.size, host.ndim
        self.data = SimpleNamespace(ptr=host.ctypes.data)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.host[index] = value


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    made = Library()
    monkeypatch.setattr(blas, "_library", lambda xp: made)
    return made


def device(stream: int = 7) -> Any:
    runtime = SimpleNamespace(getDevice=lambda: 0, runtimeGetVersion=lambda: 13020)
    cuda = SimpleNamespace(
        runtime=runtime, get_current_stream=lambda: SimpleNamespace(ptr=stream), alloc=lambda n: SimpleNamespace(ptr=64)
    )
    return SimpleNamespace(cuda=cuda)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("several", [(), (3,)], ids=["one", "several"])
@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize(("ta", "tb"), [(False, False), (True, False), (False, True)])
def test_products(library: Library, ta: bool, tb: bool, add: bool, several: Any, dtype: str) -> None:
    rng = np.random.default_rng(0)
    m, k, n = 4, 5, 6
    a = rng.normal(size=(*several, k, m) if ta else (*several, m, k)).astype(dtype)
    b = rng.normal(size=(*several, n, k) if tb else (*several, k, n)).astype(dtype)
    out = rng.normal(size=(*several, m, n)).astype(dtype)
    expected = (np.swapaxes(a, -1, -2) if ta else a) @ (np.swapaxes(b, -1, -2) if tb else b) + (out if add else 0)
    blas.Blas(device()).product(OnDevice(a), OnDevice(b), OnDevice(out), add=add, ta=ta, tb=tb)
    np.testing.assert_allclose(out, expected, rtol=1e-5 if dtype == "float32" else 1e-13)


def test_nothing_to_multiply(library: Library) -> None:
    out = np.ones((2, 3))
    empty = OnDevice(np.empty((2, 0))), OnDevice(np.empty((0, 3)))
    products = blas.Blas(device())
    products.product(*empty, OnDevice(out), add=True)
    assert (out == 1).all()
    products.product(*empty, OnDevice(out))
    assert (out == 0).all()
    products.product(OnDevice(np.ones((0, 2))), OnDevice(np.ones((2, 3))), OnDevice(np.ones((0, 3))))
    assert library.calls == []


def test_tf32_and_streams(library: Library) -> None:
    xp = device()
    products = blas.Blas(xp, tf32=True)
    a = OnDevice(np.eye(2))
    for _ in range(2):
        products.product(a, a, OnDevice(np.empty((2, 2))))
    assert library.math == 3
    assert library.calls == ["stream 7", f"workspace {blas.WORKSPACE}"]
    xp.cuda.get_current_stream = lambda: SimpleNamespace(ptr=9)
    products.product(a, a, OnDevice(np.empty((2, 2))))
    assert library.calls[2:] == ["stream 9", f"workspace {blas.WORKSPACE}"]


def test_an_error_of_the_library_is_named(library: Library) -> None:
    library.cublasSetStream_v2 = lambda *a: 13  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="cublasSetStream_v2 gave status 13"):
        blas.Blas(device()).product(OnDevice(np.eye(2)), OnDevice(np.eye(2)), OnDevice(np.eye(2)))


def test_without_cublas_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(ConfigError, match=r"libcublas\.so\.13.*pip install 'pellucid-cupy\[cuda13\]'"):
        blas.Blas(device())


def test_a_handle_that_came_to_nothing_is_made_again(library: Library) -> None:
    products, a, out = blas.Blas(device()), OnDevice(np.eye(2)), OnDevice(np.zeros((2, 2)))
    library.cublasCreate_v2 = lambda handle: 3  # type: ignore[method-assign]  # no memory for it
    with pytest.raises(RuntimeError, match="cublasCreate_v2 gave status 3"):
        products.product(a, a, out)
    created = []
    library.cublasCreate_v2 = lambda handle: created.append(handle) or 0  # type: ignore[method-assign]
    products.product(a, a, out)
    assert len(created) == 1 and (out.host == np.eye(2)).all()
