"""Mistakes in the C kernels: one build holds all of them, and a number in the library says which one is made.

Each text that is replaced becomes ``(pellucid_mistake == k ? (new) : (old))``, so the kernels are compiled once.
"""

from __future__ import annotations

import ctypes
import importlib
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
from pellucid import get_include
from pellucid.testing import Case, ConformanceError
from pellucid.testing.subject import Backends

from tests.testing.mutation import executed, first_failure, source_of

ROOT = Path(__file__).parents[2]
COMPARED = (
    "accumulation", "extremes", "frozen", "input_gradient_not_needed", "inputs_untouched", "large_inputs", "parity",
    "sizes", "steps", "recorded_plan", "threads",
)  # fmt: skip
"""The checks that run on the fast backend."""
FLAGS = ("-O1", "-std=gnu11", "-fPIC", "-fno-math-errno", "-fno-trapping-math", "-fvisibility=hidden", "-Wno-psabi")
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
SOURCES = ("pool", "cells", "levels", "level_generic", "level_avx2", "level_avx512")


@dataclass(frozen=True)
class KernelMistake:
    """One change of a kernel's source; an ``old`` that ends in a semicolon is a statement, otherwise an expression."""

    what: str
    file: str
    old: str
    new: str
    subjects: tuple[str, ...]

    def seeded_into(self, source: str, number: int) -> str:
        """The source that makes this mistake when ``pellucid_mistake`` is the number."""
        if source.count(self.old) != 1:
            raise ValueError(f"{self.what!r}: {self.old!r} stands {source.count(self.old)} times in {self.file}.")
        wrong = f"pellucid_mistake == {number}"
        if self.old.endswith(";"):
            return source.replace(self.old, f"if ({wrong}) {{ {self.new} }} else {{ {self.old} }}")
        return source.replace(self.old, f"({wrong} ? ({self.new}) : ({self.old}))")


class MutantKernels:
    """The kernels with all mistakes, none of which is made until :meth:`caught` asks for it.

    Args:
        folder: where they are built.
        mistakes: what may go wrong.
    """

    def __init__(self, folder: Path, mistakes: Sequence[KernelMistake]) -> None:
        library = build(folder, mistakes)
        loader = ExtensionFileLoader("pellucid.ops.kernels.native", str(library))
        spec = spec_from_file_location(loader.name, str(library), loader=loader)
        assert spec is not None
        importlib.import_module("pellucid.ops.kernels.native")  # loads the BLAS that the kernels are linked to
        native = module_from_spec(spec)
        loader.exec_module(native)
        self._selected = ctypes.c_int.in_dll(ctypes.CDLL(str(library)), "pellucid_mistake")
        self.mistakes = mistakes
        self.backends = Backends(fast=backend(native))

    def caught(self, mistake: KernelMistake) -> tuple[Case, ConformanceError] | None:
        """The first case that fails with this mistake, or None."""
        self._selected.value = self.mistakes.index(mistake) + 1
        try:
            return first_failure(mistake.subjects, self.backends, COMPARED)
        finally:
            self._selected.value = 0


def build(folder: Path, mistakes: Sequence[KernelMistake]) -> Path:
    """Compile the kernels with all mistakes; returns the extension module's file."""
    ext = folder / "ext"
    shutil.copytree(ROOT / "ext", ext)
    for number, mistake in enumerate(mistakes, 1):
        file = ext / "body" / mistake.file
        file.write_text(mistake.seeded_into(file.read_text(encoding="utf-8"), number), encoding="utf-8")
    header, cells = ext / "kernels.h", ext / "cells.c"
    header.write_text(header.read_text(encoding="utf-8") + "\nextern int pellucid_mistake;\n", encoding="utf-8")
    number = '\n__attribute__((visibility("default"))) int pellucid_mistake = 0;\n'
    cells.write_text(cells.read_text(encoding="utf-8") + number, encoding="utf-8")
    include = get_include()
    _run(sys.executable, "-m", "cython", "-3", "-I", ext, "-I", include, ext / "native.pyx", "-o", folder / "native.c")
    includes = [f"-I{ext}", f"-I{include}", f"-I{np.get_include()}", f"-I{sysconfig.get_paths()['include']}"]
    objects = []
    for source in (*(ext / f"{name}.c" for name in SOURCES), folder / "native.c"):
        objects.append(folder / f"{source.stem}.o")
        optimize = ["-O0"] if source.stem == "native" else []
        macros = [f"-D{name}=NPY_2_0_API_VERSION" for name in ("NPY_NO_DEPRECATED_API", "NPY_TARGET_VERSION")]
        _run(str(COMPILER), *FLAGS, *optimize, *macros, *includes, "-c", source, "-o", objects[-1])
    library = folder / f"native{sysconfig.get_config_var('EXT_SUFFIX')}"
    _run(str(COMPILER), "-shared", "-pthread", *objects, "-lm", "-o", library)
    return library


def _run(*command: Any) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{done.stderr}")


def backend(native: Any) -> Any:
    """The compiled backend on these kernels."""
    name = "tests_mutant_native"
    source = source_of("pellucid.standard.ops.cython").replace(
        "from pellucid.ops.kernels import native", f"import {name} as native"
    )
    sys.modules[name] = native
    try:
        return executed("pellucid.standard.ops.cython", source).CythonOps()
    finally:
        del sys.modules[name]
