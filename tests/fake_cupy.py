"""CuPy as far as CupyOps uses it, on the CPU: strict arrays, and element-wise kernels compiled as plain C."""

from __future__ import annotations

import ctypes
import math
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.strict_xp import StrictArray, StrictNamespace

C_TYPES = {
    "float32": "float",
    "float64": "double",
    "int64": "long long",
    "uint64": "unsigned long long",
    "bool": "_Bool",
}
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


class ElementwiseKernel:
    """Broadcasts like CuPy's; ``raw`` parameters are indexed by the body; outputs are read and written in place."""

    folder = tempfile.TemporaryDirectory(prefix="pellucid-kernels-")

    def __init__(self, inputs: str, outputs: str, body: str, name: str, preamble: str = "") -> None:
        self.parameters = [self._parse(p, False) for p in inputs.split(",")]
        self.parameters += [self._parse(p, True) for p in outputs.split(",")]
        self.body, self.name, self.preamble = body, name, preamble
        self.compiled: dict[str, Any] = {}

    @staticmethod
    def _parse(text: str, output: bool) -> tuple[bool, str, str, bool]:
        words = text.split()
        return words[0] == "raw", words[-2], words[-1], output

    def _compile(self, T: str) -> Any:
        pointers, load, store = [], [], []
        for i, (raw, kind, name, output) in enumerate(self.parameters):
            c_type = "T" if kind == "T" else C_TYPES[kind]
            pointers.append(f"{c_type} *{name if raw else f'p{i}'}")
            if not raw:
                load.append(f"{c_type} {name} = p{i}[i];")
            if output:
                store.append(f"p{i}[i] = {name};")
        source = (
            f"#include <tgmath.h>\n#define T {C_TYPES[T]}\n#define __device__ static\n{self.preamble}\n"
            f"void run(long n, {', '.join(pointers)}) {{\n"
            f"for (long i = 0; i < n; ++i) {{ {' '.join(load)}\n{self.body}\n{' '.join(store)} }} }}\n"
        )
        path = Path(self.folder.name) / f"{self.name}_{T}.c"
        path.write_text(source)
        library = path.with_suffix(".so")
        command = [str(COMPILER), "-O0", "-shared", "-fPIC", "-Wall", "-Werror", "-Wno-unused-variable"]
        subprocess.run([*command, str(path), "-o", str(library), "-lm"], check=True)
        return ctypes.CDLL(str(library)).run

    def __call__(self, *arguments: Any) -> None:
        assert len(arguments) == len(self.parameters)
        generic = {a.dtype.name for a, p in zip(arguments, self.parameters, strict=True) if p[1] == "T"}
        (T,) = generic  # one floating type for all
        shapes = [
            a.shape for a, p in zip(arguments, self.parameters, strict=True) if not p[0] and isinstance(a, StrictArray)
        ]
        shape = np.broadcast_shapes(*shapes)
        pointers, keep = [], []
        for a, (raw, kind, name, output) in zip(arguments, self.parameters, strict=True):
            dtype = T if kind == "T" else kind
            if isinstance(a, StrictArray):
                assert a.dtype == dtype, (self.name, name, a.dtype, dtype)
                host = a._array
            else:
                assert isinstance(a, int | float | bool), (self.name, name, type(a))
                host = np.array(a, dtype)
            if output:
                assert host.shape == shape and host.flags.c_contiguous, (self.name, name)
            elif not raw:
                host = np.ascontiguousarray(np.broadcast_to(host, shape))
            keep.append(host)
            pointers.append(ctypes.c_void_p(host.ctypes.data))
        if T not in self.compiled:
            self.compiled[T] = self._compile(T)
        self.compiled[T](ctypes.c_long(math.prod(shape)), *pointers)


class FakeCupy(StrictNamespace):
    """Pass this as ``xp``."""

    ElementwiseKernel = ElementwiseKernel
