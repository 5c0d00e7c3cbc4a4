"""A strict stand-in for CuPy: an array namespace whose arrays refuse to become, or to be mixed with, NumPy arrays.

It does on the CPU what a GPU would do to careless code: ``np.exp(x)``, ``x + np.ones(3)`` and ``np.asarray(x)`` raise.
Only the functions and methods listed here exist; CuPy has them all under the same names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

FUNCTIONS = frozenset([
    "abs", "absolute", "add", "arange", "arccos", "arcsin", "arctan", "arctan2", "array", "ascontiguousarray",
    "bincount", "broadcast_to", "clip", "concatenate", "copysign", "cos", "cosh", "cumsum", "divide", "einsum", "empty",
    "exp", "expand_dims", "expm1", "eye", "flip", "floor", "full", "isfinite", "log", "log10", "log1p", "log2",
    "logaddexp", "matmul", "max", "maximum", "min", "minimum", "moveaxis", "multiply", "negative", "ones", "pad",
    "positive", "power", "prod", "reciprocal", "repeat", "rint", "roll", "sign", "sin", "sinh", "sqrt", "square",
    "squeeze", "subtract", "sum", "swapaxes", "tan", "tanh", "transpose", "tril", "triu", "where", "zeros",
    "zeros_like", "arccosh", "arcsinh", "arctanh", "argsort", "cbrt", "cumprod", "deg2rad", "degrees", "exp2", "fabs",
    "floor_divide", "fmax", "fmin", "fmod", "hypot", "isnan", "logaddexp2", "rad2deg", "radians", "remainder", "trunc",
])  # fmt: skip
LINALG = frozenset(["cholesky", "det", "inv", "norm", "slogdet", "solve"])
METHODS = frozenset([
    "all", "any", "argmax", "astype", "copy", "cumsum", "max", "mean", "min", "reshape", "sum", "swapaxes",
    "transpose", "view",
])  # fmt: skip
COMPARISONS = ["lt", "le", "gt", "ge", "eq", "ne"]
ARITHMETIC = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"]
BITWISE = ["and", "or", "xor", "lshift", "rshift"]


def _idle() -> None:
    """Nobody wants to know."""


on_work: Callable[[], None] = _idle
"""Called before array code runs; a stand-in for a device that is capturing raises here."""
on_look: Callable[[], None] = _idle
"""Called before an array is copied to the host; likewise."""


class LeakError(TypeError):
    """Array data would have passed between the device and NumPy without being asked to."""


def _unwrap(value: Any) -> Any:
    if isinstance(value, StrictArray):
        return value._array
    if isinstance(value, np.ndarray | np.generic):
        raise LeakError(f"a NumPy {type(value).__name__} was mixed with an array of the device")
    if isinstance(value, tuple | list):
        return type(value)(_unwrap(item) for item in value)
    return value


def _wrap(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_wrap(item) for item in value)
    return StrictArray(np.asarray(value)) if isinstance(value, np.ndarray | np.generic) else value


class StrictArray:
    """An array of the stand-in; 0-d results are arrays, as on a device."""

    __slots__ = ("_array",)
    __array_priority__ = 100  # as CuPy's
    __array_ufunc__ = None  # numpy.ndarray + StrictArray raises instead of making an object array
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise LeakError("implicit conversion of an array of the device to NumPy; use ops.to_host")

    def get(self) -> np.ndarray:
        """The one way out: explicit, and a copy."""
        on_look()
        return np.array(self._array)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return strict_xp

    def __getattr__(self, name: str) -> Any:
        if name in METHODS:
            if name not in ("reshape", "view", "transpose", "swapaxes"):
                on_work()
            method = getattr(self._array, name)
            return lambda *args, **kwargs: _wrap(method(*_unwrap(args), **{k: _unwrap(v) for k, v in kwargs.items()}))
        raise AttributeError(f"the strict stand-in has no array method {name!r}")

    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    flags = property(lambda self: self._array.flags)
    T = property(lambda self: StrictArray(self._array.T))

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, index: Any) -> StrictArray:
        return StrictArray(np.asarray(self._array[_unwrap(index)]))

    def __setitem__(self, index: Any, value: Any) -> None:
        on_work()
        self._array[_unwrap(index)] = _unwrap(value)

    def __bool__(self) -> bool:
        on_work()
        return bool(self._array)

    def __int__(self) -> int:
        on_work()
        return int(self._array)

    def __float__(self) -> float:
        on_work()
        return float(self._array)

    def __neg__(self) -> StrictArray:
        on_work()
        return StrictArray(np.asarray(-self._array))

    def __invert__(self) -> StrictArray:
        on_work()
        return StrictArray(np.asarray(~self._array))

    def __repr__(self) -> str:
        return f"Strict{self._array!r}"


def _define(name: str) -> None:
    def forward(self: StrictArray, other: Any) -> Any:
        if getattr(other, "__array_priority__", 0) > self.__array_priority__:
            return NotImplemented  # a Variable of the tape, which knows what to do with us
        on_work()
        result = getattr(self._array, f"__{name}__")(_unwrap(other))
        return result if result is NotImplemented else _wrap(result)

    def reflected(self: StrictArray, other: Any) -> Any:
        on_work()
        result = getattr(self._array, f"__r{name}__")(_unwrap(other))
        return result if result is NotImplemented else _wrap(result)

    def in_place(self: StrictArray, other: Any) -> StrictArray:
        on_work()
        getattr(self._array, f"__i{name}__")(_unwrap(other))
        return self

    setattr(StrictArray, f"__{name}__", forward)
    if name not in COMPARISONS:
        setattr(StrictArray, f"__r{name}__", reflected)
        setattr(StrictArray, f"__i{name}__", in_place)


for _name in COMPARISONS + ARITHMETIC + BITWISE:
    _define(_name)


class StrictNamespace:
    """Takes the place of ``xp``."""

    def __init__(self, module: Any = np, functions: frozenset[str] = FUNCTIONS) -> None:
        self._module, self._functions = module, functions

    @property
    def linalg(self) -> StrictNamespace:
        return StrictNamespace(np.linalg, LINALG)

    def __getattr__(self, name: str) -> Any:
        if name not in self._functions:
            raise AttributeError(f"the strict stand-in has no function {name!r}; if CuPy has it, list it")
        function = getattr(self._module, name)

        def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
            if name != "empty":
                on_work()
            if out is not None:
                function(*_unwrap(args), out=_unwrap(out), **kwargs)
                return out
            return _wrap(function(*_unwrap(args), **{k: _unwrap(v) for k, v in kwargs.items()}))

        if hasattr(function, "at"):
            call.at = lambda *args: function.at(*_unwrap(args))  # type: ignore[attr-defined]
        return call

    @staticmethod
    def asarray(value: Any, dtype: Any = None) -> StrictArray:
        """The one way in: explicit, as ``cupy.asarray`` is."""
        return StrictArray(np.asarray(value._array if isinstance(value, StrictArray) else value, dtype=dtype))

    @staticmethod
    def asnumpy(value: StrictArray) -> np.ndarray:
        """The same as a function."""
        return value.get()


strict_xp = StrictNamespace()
