"""Arena: one flat buffer of parameters and one of gradients; layers hold views into them."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.errors import ConfigError

if TYPE_CHECKING:
    from pellucid.layer import Array, Param
    from pellucid.ops import Ops

ALIGNMENT = 64
"""Bytes: a cache line and the widest vector register."""


class Arena:
    """All parameters of a model in one flat, aligned buffer, in the order of ``model.parameters()``.

    One optimizer pass, one all-reduce, one norm and one snapshot serve the whole model. Gaps between parameters (at
    most 63 bytes) hold zeros.

    Attributes:
        data: the flat buffer of values.
        params: the parameters, in order.
        offsets: the first element of each parameter.
    """

    def __init__(self, params: Iterable[Param], dtype: Any, ops: Ops) -> None:
        self.params = list(params)
        self.dtype = np.dtype(dtype)
        self.ops = ops
        unit = ALIGNMENT // self.dtype.itemsize
        self.offsets: list[int] = []
        end = 0
        for param in self.params:
            self.offsets.append(end)
            end += -(-prod(param.shape) // unit) * unit
        self.size = end
        self.data = self.zeros()
        self._grad: Array | None = None
        self._bind()

    def _bind(self) -> None:
        for param, start in zip(self.params, self.offsets, strict=True):
            param.bind(self, self._view(self.data, param, start))

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles: the values, not the gradients."""
        return {**self.__dict__, "data": np.array(self.ops.to_host(self.data)), "_grad": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.data = self.zeros()
        self.data[...] = self.ops.asarray(state["data"])
        self._bind()

    def zeros(self) -> Array:
        """A new flat buffer as large as the arena, aligned, for the optimizer's memory, a snapshot, or the like."""
        unit = ALIGNMENT // self.dtype.itemsize
        # Not ops.zeros: that belongs to the step and is replayed with it, while these zeros are written once.
        try:
            block = self.ops.xp.zeros(self.size + unit, self.dtype)
        except (MemoryError, ValueError) as error:  # ValueError: more than can be addressed
            raise self._too_large() from error
        skip = (-self.ops.address(block) % ALIGNMENT) // self.dtype.itemsize
        return block[skip : skip + self.size]

    def _too_large(self) -> ConfigError:
        largest = max(self.params, key=lambda param: prod(param.shape))
        gibibytes = self.size * self.dtype.itemsize / 2**30
        return ConfigError(
            f"There is not enough memory for {self.size:,} parameters, {gibibytes:,.1f} GiB in {self.dtype}. The "
            f"largest is '{largest.path}' of shape {largest.shape}. Make the model smaller."
        )

    @staticmethod
    def _view(buffer: Array, param: Param, start: int) -> Array:
        return buffer[start : start + prod(param.shape)].reshape(param.shape)

    @property
    def grad(self) -> Array:
        """The flat buffer of gradients, made when first used: a model that only predicts never has one."""
        self.allocate_gradients()
        return self._grad

    def allocate_gradients(self) -> None:
        if self._grad is None:
            self._grad = self.zeros()
            for param, start in zip(self.params, self.offsets, strict=True):
                param.bind_gradient(self._view(self._grad, param, start))

    def end(self, i: int) -> int:
        """One past the last element that belongs to parameter i, the gap behind it included."""
        return self.offsets[i + 1] if i + 1 < len(self.offsets) else self.size

    def where(self, index: int) -> tuple[str, tuple[int, ...]]:
        """The path of the parameter, and the element in it, that the flat buffer holds at ``index``."""
        for param, start in zip(self.params, self.offsets, strict=True):
            if start <= index < start + prod(param.shape):
                return param.path, tuple(int(i) for i in np.unravel_index(index - start, param.shape))
        raise IndexError(f"The arena holds no parameter at index {index}; it has {self.size} elements.")
