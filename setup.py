"""Builds the compiled kernels, ext/*.pyx -> pellucid.ops.kernels.*; all else stands in pyproject.toml.

The kernels are optional. Where they cannot be built (no compiler, no Cython) the package installs without them and
works on the reference backend; the reason is kept in pellucid/ops/kernels/build.log, where `pellucid doctor` finds it.
PELLUCID_SKIP_KERNELS=1 leaves them out on purpose: one wheel for every machine.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
import traceback
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
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
    "-fno-trapping-math",  # a comparison may become a mask: nobody looks at the floating-point exception flags
    "-fvisibility=hidden",
    "-Wno-psabi",  # vectors are passed between inlined functions only
    # Not -march=native: the best instruction set is chosen at run time. Not -ffast-math: it would drop NaN checks, and
    # at the link switch the whole process to flush-to-zero.
]
VARIABLES = ("PELLUCID_EXT_CFLAGS", "PELLUCID_EXT_LDFLAGS")  # more flags, for the sanitizer build


def more_flags(variable: str) -> list[str]:
    return os.environ.get(variable, "").split()


def settle_compiler() -> None:
    """Python names the compiler that it was built with; where that is not installed, use one that is."""
    named = (sysconfig.get_config_var("CC") or "").split()
    if os.environ.get("CC") or not named or shutil.which(named[0]):
        return
    there = [name for name in ("cc", "gcc", "clang") if shutil.which(name)]
    if there:
        os.environ["CC"] = there[0]  # the linker's command follows it


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
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
        extra_compile_args=FLAGS + more_flags(VARIABLES[0]),
        extra_link_args=["-pthread", *more_flags(VARIABLES[1])],
    )
    del scipy_openblas32  # its symbols are found at run time (preloading); here it only has to be there
    modules: list[Extension] = cythonize([native], build_dir="build/cython", include_path=["ext", INCLUDE], quiet=True)
    return modules


class OptionalBuild(build_ext):
    """Builds the extension, or writes down why it could not."""

    def run(self) -> None:
        log = Path(self.get_ext_fullpath("pellucid.ops.kernels.native")).with_name("build.log")
        try:
            self.distribution.ext_modules = self.extensions = extensions()
            for extension in self.extensions:
                extension._needs_stub = False
            settle_compiler()
            super().run()
        except Exception:
            if os.environ.get("PELLUCID_REQUIRE_KERNELS") == "1":
                raise
            reason = traceback.format_exc()
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(reason, encoding="utf-8")
            print(f"pellucid: the compiled kernels were not built; the reference backend works without.\n{reason}")
        else:
            log.unlink(missing_ok=True)


# The real list is made when building starts: a missing tool must not keep the package from installing.
wanted = os.environ.get("PELLUCID_SKIP_KERNELS") != "1"
native = Extension("pellucid.ops.kernels.native", ["ext/native.pyx"])
setup(cmdclass={"build_ext": OptionalBuild}, ext_modules=[native] if wanted else [])
