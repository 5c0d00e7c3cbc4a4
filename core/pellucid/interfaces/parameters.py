"""Param, State: what a layer owns; Arena: the flat memory that the parameters and gradients of a model lie in."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

import numpy as np

from pellucid.basics.arrays import Array, as_array
from pellucid.basics.component import CHANGES
from pellucid.basics.errors import ConfigError, ShapeError
from pellucid.basics.limits import check_memory
from pellucid.interfaces.initializer import Initializer
from pellucid.interfaces.regularizer import Regularizer
from pellucid.ops.base import Backend

ALIGNMENT = 64
"""Bytes: a cache line and the widest vector register."""


class Param:
    """A trainable array of a layer. Its memory is a view into the model's arena.

    Attributes:
        name, path: ``weight`` and, inside a model, ``layers.0.weight``.
        shape: its shape.
        decay: whether weight decay applies (weights: yes; biases and norms: no).
        regularizer: a penalty added to the training objective, or None.
        fan_in, fan_out: numbers that the initializer scales by.
    """

    __slots__ = ("_arena", "_data", "_grad", "_trainable", "decay", "fan_in", "fan_out", "init", "name", "path",
                 "regularizer", "shape")  # fmt: skip

    def __init__(
        self, name: str, shape: tuple[int, ...], init: Initializer, decay: bool,
        regularizer: Regularizer | None, fan_in: int | None, fan_out: int | None,
    ) -> None:  # fmt: skip
        self.name = self.path = name
        self.shape = shape
        self.init = init
        self.decay = decay
        self.regularizer = regularizer
        self.fan_in = prod(shape[:-1]) if fan_in is None else fan_in
        self.fan_out = (shape[-1] if shape else 1) if fan_out is None else fan_out
        self._trainable = True
        self._arena: Arena | None = None
        self._data: Array = None
        self._grad: Array = None

    @property
    def trainable(self) -> bool:
        """Whether the optimizer may change it; a frozen parameter keeps its place and its gradient is not used."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        CHANGES.count += 1

    @property
    def data(self) -> Array:
        """The values, a view into the arena. Assigning copies in place."""
        if self._data is None:
            raise ShapeError(
                f"Parameter '{self.path}' has no values yet: its layer is not part of a built model. "
                "Build the model first: pellucid.build(layer, input_shape=…)."
            )
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        self._write(self.data, value)

    def _write(self, here: Array, value: Any) -> None:
        """Copy what means an array of this shape to where the values or the gradient lie."""
        if type(value) is not type(here) or isinstance(value, np.ndarray):  # another array of a device stays there
            value = as_array(value, f"The value of parameter '{self.path}'")
        if tuple(value.shape) != self.shape:
            raise ShapeError(
                f"Parameter '{self.path}' holds an array of shape {self.shape}. Received: {tuple(value.shape)}. "
                "Assign an array of the same shape; to change the shape build a new model."
            )
        here[...] = value if self._arena is None else self._arena.ops.asarray(value, here.dtype)

    @property
    def built(self) -> bool:
        """Whether it has memory, as part of a built model."""
        return self._data is not None

    @property
    def grad(self) -> Array:
        """The gradient, a view into the arena; a backward adds to it: ``self.weight.grad += …``.

        A step of a trainer uses it up: afterwards it holds zeros, for the next step to add to. Who wants to see the
        gradient of a step subscribes: ``run.on_gradients(observer)``, see :class:`pellucid.Run`."""
        if self._grad is None:
            if self._arena is None:
                return self.data  # raises: not built
            self._grad = self._arena.gradient_of(self)
        return self._grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not self.grad:  # `p.grad += g` adds in place, then assigns the same array
            self._write(self.grad, value)

    def lives_in(self, arena: Arena) -> bool:
        """Whether its memory is part of this arena."""
        return self._arena is arena

    def bind(self, arena: Arena, data: Array) -> None:
        """Take a view into the arena as this parameter's memory (the arena calls this)."""
        self._arena, self._data, self._grad = arena, data, None

    def __getstate__(self) -> dict[str, Any]:
        """Copied and pickled without its memory: the arena of the copied model binds it anew."""
        return {name: getattr(self, name) for name in self.__slots__ if name not in ("_arena", "_data", "_grad")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self._arena = self._data = self._grad = None

    def __repr__(self) -> str:
        return f"Param({self.path!r}, shape={self.shape}, trainable={self.trainable})"


class State:
    """An array that is saved with the model and never trained, such as running statistics.

    It changes only through ``ctx.update``, after the step has been found finite.
    """

    __slots__ = ("data", "fill", "name", "path", "shape")

    def __init__(self, name: str, shape: tuple[int, ...], fill: float) -> None:
        self.name = self.path = name
        self.shape = shape
        self.fill = fill
        self.data: Array = None

    @property
    def built(self) -> bool:
        """Whether it has memory, as part of a built model."""
        return self.data is not None

    def __repr__(self) -> str:
        return f"State({self.path!r}, shape={self.shape})"


class Arena:
    """All parameters of a model in one flat, aligned buffer, in the order of ``model.parameters()``.

    One optimizer pass, one all-reduce, one norm and one snapshot serve the whole model. Gaps between parameters (at
    most 63 bytes) hold zeros.

    Attributes:
        data: the flat buffer of values.
        params: the parameters, in order.
        offsets: the first element of each parameter.
    """

    def __init__(self, params: Iterable[Param], dtype: Any, ops: Backend) -> None:
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
        check_memory(
            2 * end * self.dtype.itemsize, f"A model of {end:,} numbers, with their gradients,", "Make it smaller."
        )
        self.data = self.zeros()
        self._grad: Array | None = None
        self._bind()

    def _bind(self) -> None:
        for param, start in zip(self.params, self.offsets, strict=True):
            param.bind(self, self.view(self.data, param, start))

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
        except (MemoryError, ValueError, OverflowError) as error:  # the others: more than can be addressed
            largest = max(self.params, key=lambda param: prod(param.shape))
            gibibytes = self.size * self.dtype.itemsize // 2**30
            raise ConfigError(
                f"There is not enough memory for {self.size:,} parameters, {gibibytes:,} GiB in {self.dtype}. The "
                f"largest is '{largest.path}' of shape {largest.shape}. Make the model smaller."
            ) from error
        skip = (-self.ops.address(block) % ALIGNMENT) // self.dtype.itemsize
        return block[skip : skip + self.size]

    @staticmethod
    def view(buffer: Array, param: Param, start: int) -> Array:
        """A parameter's part of a flat buffer, in its shape."""
        return buffer[start : start + prod(param.shape)].reshape(param.shape)

    @property
    def grad(self) -> Array:
        """The flat buffer of gradients, made when first used: a model that only predicts never has one."""
        if self._grad is None:
            self._grad = self.zeros()
        return self._grad

    def gradient_of(self, param: Param) -> Array:
        """The part of it that belongs to a parameter, which takes it when it first needs it."""
        return self.view(self.grad, param, self.offsets[self.params.index(param)])

    def end(self, i: int) -> int:
        """One past the last element that belongs to parameter i, the gap behind it included."""
        return self.offsets[i + 1] if i + 1 < len(self.offsets) else self.size

    def where(self, index: int) -> tuple[str, tuple[int, ...]]:
        """The path of the parameter, and the element in it, that the flat buffer holds at ``index``."""
        for param, start in zip(self.params, self.offsets, strict=True):
            if start <= index < start + prod(param.shape):
                return param.path, tuple(int(i) for i in np.unravel_index(index - start, param.shape))
        raise IndexError(f"The arena holds no parameter at index {index}; it has {self.size} elements.")
