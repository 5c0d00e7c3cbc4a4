"""Ops: the operations that a backend provides, each defined here in plain array code, which is its specification."""

from __future__ import annotations

from typing import Any

import numpy

from pellucid.basics.arrays import Array
from pellucid.ops.base import Backend
from pellucid.standard.ops.dense import DenseOps
from pellucid.standard.ops.normalisation import NormalisationOps
from pellucid.standard.ops.objectives import ObjectiveOps
from pellucid.standard.ops.updates import UpdateOps


class Ops(DenseOps, ObjectiveOps, NormalisationOps, UpdateOps, Backend):
    """The operations of one backend, and their reference implementation over the array namespace ``xp``.

    A backend subclasses this, sets ``name`` and ``xp``, says how arrays reach it (``asarray``, ``to_host``,
    ``address``) and overrides what it accelerates; everything else works through ``xp``. The docstrings specify:

    * **Outputs** are given by the caller, preallocated, C-contiguous, and named last. Unless said otherwise they are
      overwritten, whatever they held, and overlap no input. Sums over a batch that go to parameters are *added to*.
    * **Inputs** are never written and may be non-contiguous. Layers pass views of two axes, (rows, features).
    * **dtype**: float32 or float64, the same for all floating arguments unless stated; the result's rounding may differ
      between backends within a few units of the last place, random bits may not differ at all.
    * **Sums over rows** are taken in float64, or in short chains of float32 that are added up in float64: a chain of n
      additions is off by up to n/2 units of the last place, which for a million rows can be 1 %. Matrix products
      over rows (dW = xᵀ dz) add up blocks of a few hundred rows: of a million equal rows they are off by 2e-5.
    * **0 rows** are allowed everywhere.
    * **Values that change from step to step** come in cells (small arrays), so that a step can be recorded once and
      replayed; ``float`` arguments are constants of the component.

    Array code here uses only what NumPy and CuPy share, and never NumPy itself: the tests run it on an array type that
    refuses to become a ``numpy.ndarray``.
    """


class ReferenceOps(Ops):
    """The operations in plain array code: the specification, the fallback, and what gradient checks run on.

    Args:
        xp: the array namespace; NumPy unless a test brings a stricter one.
    """

    name = "reference"

    def __init__(self, xp: Any = numpy) -> None:
        self.xp = xp

    def address(self, a: Array) -> int:
        return int(a.ctypes.data)
