"""CuPy as far as the backend uses it, on the CPU: strict arrays, kernels compiled as plain C, and a capture that holds.

Element-wise kernels become a loop. The others are CUDA C as it is: every thread of a block is a thread of the CPU, and
``__syncthreads`` a barrier. A capture notes the launches and runs none of them; array code inside of one raises, for
what it did would be missing from the replays.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pellucid_cupy.backend import CupyOps
from pellucid_cupy.cells import NotRecordableError

from tests import strict_xp as strict
from tests.strict_xp import StrictArray, StrictNamespace

C_TYPES = {
    "float32": "float", "float64": "double", "int64": "long long", "uint64": "unsigned long long", "bool": "_Bool",
    "uint8": "unsigned char", "int32": "int",
}  # fmt: skip
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
FOLDER = tempfile.TemporaryDirectory(prefix="pellucid-kernels-")
WARNINGS = ["-Wall", "-Werror", "-Wno-unused-variable", "-Wno-unused-function", "-Wno-comment"]


def compiled(text: str, *flags: str) -> Any:
    """The library of this C source."""
    path = Path(FOLDER.name) / f"{hashlib.sha1(text.encode()).hexdigest()}.c"
    library = path.with_suffix(".so")
    if not library.exists():
        path.write_text(text)
        command = [str(COMPILER), "-O1", "-shared", "-fPIC", *WARNINGS, *flags, str(path), "-o", str(library), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + text
    return ctypes.CDLL(str(library))


class Capture:
    """The launches that have been noted instead of run, while a capture is going on."""

    going_on: list[Callable[[], None]] | None = None

    @classmethod
    def run(cls, launch: Callable[[], None]) -> None:
        if cls.going_on is None:
            launch()
        else:
            cls.going_on.append(launch)

    @classmethod
    def refuse(cls) -> None:
        if cls.going_on is not None:
            raise NotRecordableError("array code on the stand-in")

    @classmethod
    def refuse_to_wait(cls) -> None:
        if cls.going_on is not None:  # as CuPy has it
            raise RuntimeError("the current stream is capturing, so synchronous API calls are disallowed")


strict.on_work, strict.on_look = Capture.refuse, Capture.refuse_to_wait


class ElementwiseKernel:
    """Broadcasts like CuPy's; ``raw`` parameters are indexed by the body; outputs are read and written in place."""

    def __init__(self, inputs: str, outputs: str, body: str, name: str, preamble: str = "") -> None:
        self.parameters = [self._parse(p, False) for p in inputs.split(",")]
        self.parameters += [self._parse(p, True) for p in outputs.split(",")]
        self.body, self.name, self.preamble = body, name, preamble
        self.compiled: dict[Any, Any] = {}

    @staticmethod
    def _parse(text: str, output: bool) -> tuple[bool, str, str, bool]:
        words = text.split()
        return words[0] == "raw", words[-2], words[-1], output

    def _compile(self, types: dict[str, str]) -> Any:
        pointers, load, store = [], [], []
        for k, (raw, kind, name, output) in enumerate(self.parameters):
            c_type = kind if kind in "TS" else C_TYPES[kind]
            pointers.append(f"{c_type} *{name if raw else f'p{k}'}")
            if not raw:
                load.append(f"{c_type} {name} = p{k}[i];")
            if output:
                store.append(f"p{k}[i] = {name};")
        defined = "".join(f"#define {kind} {C_TYPES[name]}\n" for kind, name in types.items())
        return compiled(
            f"#include <tgmath.h>\n{defined}#define __device__ static\n{self.preamble}\n"
            f"void run(long n, {', '.join(pointers)}) {{\n"
            f"for (long i = 0; i < n; ++i) {{ {' '.join(load)}\n{self.body}\n{' '.join(store)} }} }}\n"
        ).run

    def __call__(self, *arguments: Any) -> None:
        Capture.run(lambda: self._run(*arguments))

    def _run(self, *arguments: Any) -> None:
        assert len(arguments) == len(self.parameters), (self.name, len(arguments), len(self.parameters))
        types: dict[str, str] = {}
        for a, p in zip(arguments, self.parameters, strict=True):
            if p[1] in "TS" and isinstance(a, StrictArray):
                assert types.setdefault(p[1], a.dtype.name) == a.dtype.name, (self.name, p)  # one type for all
        shapes = [
            a.shape for a, p in zip(arguments, self.parameters, strict=True) if not p[0] and isinstance(a, StrictArray)
        ]
        shape = np.broadcast_shapes(*shapes)
        pointers, keep, apart = [], [], []
        for a, (raw, kind, name, output) in zip(arguments, self.parameters, strict=True):
            dtype = types[kind] if kind in "TS" else kind
            if isinstance(a, StrictArray):
                assert a.dtype == dtype, (self.name, name, a.dtype, dtype)
                host = a._array
            else:
                assert isinstance(a, int | float | bool), (self.name, name, type(a))
                host = np.array(a, dtype)
            if output:
                assert host.shape == shape, (self.name, name, host.shape, shape)
                if not host.flags.c_contiguous:
                    apart.append((host, np.ascontiguousarray(host)))
                    host = apart[-1][1]
            elif not raw:
                host = np.ascontiguousarray(np.broadcast_to(host, shape))
            keep.append(host)
            pointers.append(ctypes.c_void_p(host.ctypes.data))
        key = tuple(sorted(types.items()))
        if key not in self.compiled:
            self.compiled[key] = self._compile(types)
        self.compiled[key](ctypes.c_long(math.prod(shape)), *pointers)
        for place, together in apart:
            place[...] = together


CUDA = """
#include <stdbool.h>
#include <tgmath.h>
#include <pthread.h>
#include <stdlib.h>
typedef struct { unsigned x, y, z; } dim3_;
static _Thread_local dim3_ threadIdx, blockIdx;
static dim3_ blockDim, gridDim;
static pthread_barrier_t barrier_;
#define __syncthreads() pthread_barrier_wait(&barrier_)
#define __shared__ static
#define __global__ static
#define __device__ static
#define __align__(n) __attribute__((aligned(n)))
"""
THREADS = """
typedef struct { void *arguments; dim3_ thread, block; } work_;
static void call_(void **a);
static void *thread_(void *p) {
    work_ *w = p;
    threadIdx = w->thread; blockIdx = w->block;
    call_(w->arguments);
    return 0;
}
void run(unsigned gx, unsigned gy, unsigned bx, unsigned by, void **arguments) {
    gridDim = (dim3_){gx, gy, 1}; blockDim = (dim3_){bx, by, 1};
    for (unsigned j = 0; j < gy; ++j) for (unsigned i = 0; i < gx; ++i) {
        pthread_t threads[1024]; work_ work[1024];
        pthread_barrier_init(&barrier_, 0, bx * by);
        for (unsigned t = 0; t < bx * by; ++t) {
            work[t] = (work_){arguments, {t % bx, t / bx, 0}, {i, j, 0}};
            if (pthread_create(&threads[t], 0, thread_, &work[t])) abort();  // the others would wait forever
        }
        for (unsigned t = 0; t < bx * by; ++t) pthread_join(threads[t], 0);
        pthread_barrier_destroy(&barrier_);
    }
}
"""


class RawKernel:
    """CUDA C compiled as C: int arguments are ``long long``, floats ``double``, arrays pointers; nothing is checked
    beyond that. Blocks are cut down to a few threads, which the kernels must bear."""

    threads = 4, 2
    """Of a block at the most, along x and y: threads of a CPU are dear."""

    def __init__(self, code: str, name: str, options: tuple[str, ...] = ()) -> None:
        self.name = name
        self.code = CUDA + code.replace('extern "C" ', "")
        self.parameters = self._parameters(self.code)
        passed = ", ".join(f"*({kind}*)a[{k}]" for k, kind in enumerate(self.parameters))
        self.code += f"{THREADS}\nstatic void call_(void **a) {{ {name}({passed}); }}\n"
        self.function: Any = None

    def _parameters(self, code: str) -> list[str]:
        """The types of the kernel's parameters, from its declaration or from the macro that makes it."""
        done = subprocess.run([str(COMPILER), "-E", "-P", "-x", "c", "-"], input=code, capture_output=True, text=True)
        text = done.stdout
        start = text.index(f"void {self.name}(") + len(f"void {self.name}(")
        declared = text[start : text.index(")", start)]
        return ["".join(part.rpartition("*")[:2]) or part.strip().rpartition(" ")[0] for part in declared.split(",")]

    def __call__(self, grid: tuple[int, ...], block: tuple[int, ...], arguments: tuple[Any, ...]) -> None:
        Capture.run(lambda: self._run(grid, block, arguments))

    def _run(self, grid: tuple[int, ...], block: tuple[int, ...], arguments: tuple[Any, ...]) -> None:
        assert len(arguments) == len(self.parameters), (self.name, len(arguments), self.parameters)
        assert math.prod(block) <= 1024 and max(grid[1:], default=1) < 65536
        if self.function is None:
            self.function = compiled(self.code, "-pthread").run
        values = []
        for a, kind in zip(arguments, self.parameters, strict=True):
            if isinstance(a, StrictArray):
                assert kind.endswith("*"), (self.name, kind)
                assert a.flags.c_contiguous, (self.name, kind)
                values.append(ctypes.c_void_p(a._array.ctypes.data))
            elif isinstance(a, float):
                assert kind.strip() == "double", (self.name, kind)
                values.append(ctypes.c_double(a))
            else:
                assert isinstance(a, int) and (kind.strip() == "long long" or a == 0), (self.name, kind, a)
                values.append(ctypes.c_longlong(a))
        pointers = (ctypes.c_void_p * len(values))(*(ctypes.addressof(v) for v in values))
        (gx, gy), (bx, by) = (*grid, 1)[:2], (*block, 1)[:2]
        self.function(gx, gy, min(bx, self.threads[0]), min(by, self.threads[1]), pointers)


class FakeCupy(StrictNamespace):
    """Pass this as ``xp``."""

    ElementwiseKernel = ElementwiseKernel
    RawKernel = RawKernel


class FakeBlas:
    """cuBLAS's part of the work, by NumPy."""

    def product(self, a: Any, b: Any, out: Any, *, add: bool = False, ta: bool = False, tb: bool = False) -> None:
        assert a.flags.c_contiguous and b.flags.c_contiguous and out.flags.c_contiguous
        assert a.dtype == b.dtype == out.dtype

        def run() -> None:
            x = np.swapaxes(a._array, -1, -2) if ta else a._array
            y = np.swapaxes(b._array, -1, -2) if tb else b._array
            product = np.matmul(x, y)
            out._array[...] = out._array + product if add else product

        Capture.run(run)


class FakeDevice:
    """A device that is always done, and a graph that is a list of launches."""

    def __init__(self) -> None:
        self.launches = self.downloads = 0

    def capture(self, work: Callable[[], Any], taken: set[int]) -> tuple[Any, Any, Any]:
        graph = Capture.going_on = []
        try:
            return work(), graph, None
        finally:
            Capture.going_on = None

    def belongs(self, array: Any, taken: set[int]) -> bool:
        return False

    def launch(self, graph: Any) -> None:
        self.launches += 1
        for launch in graph:
            launch()

    def pinned(self, words: int) -> np.ndarray[Any, Any]:
        return np.full(words, -(1 << 60), np.int64)

    def upload(self, host: np.ndarray[Any, Any], device: Any) -> None:
        device._array.reshape(-1)[: host.size] = host

    def download(self, device: Any, host: np.ndarray[Any, Any]) -> None:
        self.downloads += 1
        host[...] = device._array

    def mark(self) -> Any:
        return object()

    def wait(self, mark: Any) -> None:
        assert mark is not None

    def constant(self, host: np.ndarray[Any, Any]) -> Any:
        return StrictArray(host.copy())


class FakeCupyOps(CupyOps):
    """The backend on the CPU."""

    block = RawKernel.threads

    def __init__(self) -> None:
        super().__init__(FakeCupy(), blas=FakeBlas(), device=FakeDevice())

    def address(self, a: Any) -> int:
        return int(a._array.ctypes.data)

    def synchronize(self) -> None:
        pass
