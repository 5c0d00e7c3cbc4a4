# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, embedsignature=True
"""The compiled kernels of the ops in pellucid_transformer.ops: each checks its arguments by hand, fills a struct, runs it.

A function returns NotImplemented, and has done nothing, where its arguments are not what the kernels cover (float32,
C-contiguous); the reference is called instead. A wrong shape is a ShapeError.
"""
import numpy
cimport numpy as cnp
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memset

from pellucid import DataError, ShapeError

from pellucid_transformer.ops.rows import outside

include "pellucid/api.pxi"
include "pellucid/arguments.pxi"
include "python/kernels.pxi"
include "python/attention.pxi"
include "python/rows.pxi"

cnp.import_array()
pellucid_import()
