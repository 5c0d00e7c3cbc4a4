"""Builds the compiled kernels, ext/native.pyx -> kernels.native of the package; all else stands in pyproject.toml.

The kernels are optional, as pellucid's own are: where they cannot be built the package installs without them and uses
the reference implementations; the reason is kept in its kernels/build.log, where `pellucid doctor` finds it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from setuptools import Extension, setup

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "ext"))

from optional import optional  # noqa: E402  isolated builds do not have this folder on their path

PACKAGE = "pellucid_transformer"
NAME = f"{PACKAGE}.kernels.native"
SAID = f"{PACKAGE.replace('_', '-')}: the compiled kernels were not built; it works without, slower."
SOURCES = [f"ext/{name}.c" for name in ("levels", "level_generic", "level_avx2", "level_avx512")]
HEADERS = [str(path.relative_to(ROOT)) for path in ROOT.glob("ext/**/*") if path.suffix in (".h", ".pxi")]
FLAGS = [
    "-g0",
    "-O3",
    "-std=gnu11",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=off",  # a product and a sum are two roundings wherever they stand: ext/body/fused.h
    "-fvisibility=hidden",
    "-Wno-psabi",  # vectors are passed between inlined functions only
    # Not -march=native: the best instruction set is chosen at run time. Not -ffast-math: it would drop NaN checks.
]
VARIABLES = ("PELLUCID_EXT_CFLAGS", "PELLUCID_EXT_LDFLAGS")  # more flags, for the sanitizer build


def more_flags(variable: str) -> list[str]:
    return os.environ.get(variable, "").split()


def extensions() -> list[Extension]:
    """The extension, its C file written under build/; raises ImportError where a tool for building is missing."""
    import numpy
    from build_backend import get_include
    from Cython.Build import cythonize

    include = get_include()
    native = Extension(
        NAME,
        ["ext/native.pyx", *SOURCES],
        depends=HEADERS,
        include_dirs=["ext", include, numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
        extra_compile_args=FLAGS + more_flags(VARIABLES[0]),
        extra_link_args=more_flags(VARIABLES[1]),
    )
    modules: list[Extension] = cythonize([native], build_dir="build/cython", include_path=["ext", include], quiet=True)
    return modules


# The real list is made when building starts: a missing tool must not keep the package from installing.
commands = optional(NAME, extensions, SAID)
wanted = os.environ.get("PELLUCID_SKIP_KERNELS") != "1"
setup(cmdclass=commands, ext_modules=[Extension(NAME, ["ext/native.pyx"])] if wanted else [])
