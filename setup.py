"""Builds the compiled kernels, ext/*.pyx -> pellucid.ops.kernels.*; all else stands in pyproject.toml.

The kernels are optional. Where they cannot be built (no compiler, no Cython) the package installs without them and
works on the reference backend; the reason is kept in pellucid/ops/kernels/build.log, where `pellucid doctor` finds it.
PELLUCID_SKIP_KERNELS=1 leaves them out on purpose: one wheel for every machine.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from setuptools import Extension, setup

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "ext"))

from optional import optional  # noqa: E402  isolated builds do not have this folder on their path

SOURCES = [f"ext/{name}.c" for name in ("pool", "cells", "levels", "level_generic", "level_avx2", "level_avx512")]
INCLUDE = "core/pellucid/ops/include"  # what plugins' kernels include, too
HEADERS = [
    str(path.relative_to(ROOT))
    for folder in ("ext", INCLUDE)
    for path in ROOT.glob(f"{folder}/**/*")
    if path.suffix in (".h", ".pxi")
]
FLAGS = [
    "-g0",  # no debugging information: it would make the library three times as large
    "-O3",  # loops over elements become vector instructions
    "-std=gnu11",
    "-fno-math-errno",  # sqrtf is an instruction and not a call that sets errno
    "-ffp-contract=off",  # a product and a sum are two roundings wherever they stand: ext/body/fused.h
    "-fno-trapping-math",  # a comparison may become a mask: nobody looks at the floating-point exception flags
    "-fvisibility=hidden",
    "-Wno-psabi",  # vectors are passed between inlined functions only
    # Not -march=native: the best instruction set is chosen at run time. Not -ffast-math: it would drop NaN checks, and
    # at the link switch the whole process to flush-to-zero.
]
NUMPY = "NPY_2_0_API_VERSION"  # the oldest that is supported, whose functions are used
VARIABLES = ("PELLUCID_EXT_CFLAGS", "PELLUCID_EXT_LDFLAGS")  # more flags, for the sanitizer build


def more_flags(variable: str) -> list[str]:
    return os.environ.get(variable, "").split()


def extensions() -> list[Extension]:
    """The extension, its C file written under build/; raises ImportError where a tool for building is missing."""
    import numpy
    import scipy_openblas32
    from Cython.Build import cythonize

    native = Extension(
        "pellucid.ops.kernels.native",
        ["ext/native.pyx", *SOURCES],
        depends=HEADERS,
        include_dirs=["ext", INCLUDE, numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", NUMPY), ("NPY_TARGET_VERSION", NUMPY)],
        extra_compile_args=FLAGS + more_flags(VARIABLES[0]),
        extra_link_args=["-pthread", *more_flags(VARIABLES[1])],
    )
    del scipy_openblas32  # its symbols are found at run time (preloading); here it only has to be there
    modules: list[Extension] = cythonize([native], build_dir="build/cython", include_path=["ext", INCLUDE], quiet=True)
    return modules


# The real list is made when building starts: a missing tool must not keep the package from installing.
commands = optional(
    "pellucid.ops.kernels.native",
    extensions,
    "pellucid: the compiled kernels were not built; the reference backend works without.",
)
wanted = os.environ.get("PELLUCID_SKIP_KERNELS") != "1"
native = Extension("pellucid.ops.kernels.native", ["ext/native.pyx"])
setup(cmdclass=commands, ext_modules=[native] if wanted else [])
