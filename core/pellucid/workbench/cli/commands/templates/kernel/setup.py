"""Builds ext/native.pyx, the compiled ops; all else stands in pyproject.toml."""

from __future__ import annotations

import numpy
import pellucid
from Cython.Build import cythonize
from setuptools import Extension, setup

INCLUDE = ["ext", pellucid.get_include(), numpy.get_include()]
native = Extension(
    "pellucid_plugname.native", ["ext/native.pyx"], depends=["ext/cube.h"], include_dirs=INCLUDE,
    extra_compile_args=["-O3"],
)  # fmt: skip
setup(ext_modules=cythonize([native], include_path=INCLUDE, build_dir="build/cython", quiet=True))
