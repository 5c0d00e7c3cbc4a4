# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, embedsignature=True
"""The compiled kernels: every function checks its arguments by hand, fills a C struct and runs it without the GIL.

A function returns False, and has done nothing, where its arguments are not what the kernels cover (float32,
C-contiguous); the caller then uses the reference implementation. A wrong shape is a ShapeError.
Arguments and results are specified by the reference implementation in pellucid.ops.
"""
import os
import threading

import numpy
cimport numpy as cnp
from libc.math cimport ceil
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy

from pellucid.basics.errors import ConfigError, DataError, PellucidError, ShapeError
from pellucid.standard.ops.activations import DEFAULT_ALPHA

include "pellucid/api.pxi"
include "pellucid/arguments.pxi"
include "python/kernels.pxi"
include "python/plans.pxi"
include "python/arrays.pxi"
include "python/dense.pxi"
include "python/losses.pxi"
include "python/random.pxi"
include "python/norms.pxi"
include "python/updates.pxi"
include "python/figures.pxi"
include "python/machine.pxi"
include "python/memory.pxi"
include "python/api.pxi"

cnp.import_array()
pool_open()
scipy_openblas_set_num_threads(1)  # our own threads call it, each for itself
use_simd(os.environ.get("PELLUCID_SIMD", "").strip() or None)
