"""Derivatives of further functions of NumPy: the built-in part of the table that plugins extend.

The engine has the rules that operators and methods of Variables need (:mod:`pellucid.autodiff`). What is here is made
of them, or has a rule of its own, in files by subject; each file ends in its table, NumPy's function -> what it means
for Variables. A plugin does the same, in its hook ``pellucid_derivatives``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pellucid.standard.derivatives import arrangement, einsum, elementwise, linalg, products, reductions

TABLE: dict[Any, Callable[..., Any]] = (
    elementwise.TABLE | arrangement.TABLE | reductions.TABLE | products.TABLE | einsum.TABLE | linalg.TABLE
)
