# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, embedsignature=True
"""The compiled kernels of the ops in pellucid_tabular.ops: each checks its arguments by hand, fills a struct, runs it.

A function returns NotImplemented, and has done nothing, where its arguments are not what the kernels cover (float32,
C-contiguous); the reference is called instead. A wrong shape is a ShapeError.
"""
import numpy
cimport numpy as cnp
from libc.stdint cimport int64_t
from libc.string cimport memset

from pellucid import DataError, ShapeError

include "pellucid/api.pxi"
include "pellucid/arguments.pxi"
include "python/kernels.pxi"
include "python/numbers.pxi"
include "python/columns.pxi"
include "python/mixture.pxi"

cnp.import_array()
pellucid_import()
