"""Variable: an array that remembers how it was computed; plain NumPy code on it becomes differentiable."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NoReturn

import numpy

from pellucid.autodiff import elementwise as e, functions as f, products, shapes
from pellucid.autodiff.primitive import Recorded, shape_of, strip
from pellucid.basics.errors import DifferentiationError


def _sides(operation: Callable[[Any, Any], Any]) -> tuple[Any, Any]:
    """An operator as the methods of a Variable on its left and of one on its right."""
    return lambda self, other: operation(self, other), lambda self, other: operation(other, self)


def _plain(operation: Callable[[Any, Any], Any]) -> Any:
    """An operator as the method that applies it to the plain arrays."""
    return lambda self, other: operation(strip(self), strip(other))


IN_PLACE = ("partition", "put", "resize", "sort")
"""Methods of arrays that write into them; NumPy's functions of these names make new ones."""


class Variable(Recorded):
    """An array on a tape.

    Operators, methods and NumPy's functions work on it as on an array (``x @ w + b``, ``x.mean(axis=0)``,
    ``np.exp(x)``, ``np.concatenate([x, y])``); the tape writes down what was computed. Comparisons and functions that
    are constant between jumps (``np.sign``, ``argmax``) give plain arrays. Variables are values: writing into one is
    refused, and ``x += 1`` makes a new one under the old name.
    """

    __slots__ = ()
    __array_priority__ = 1000  # the other operand's operators leave the work to ours
    __hash__ = None  # type: ignore[assignment]

    # -- NumPy's functions: NumPy asks here what they mean --

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__":
            raise DifferentiationError(
                f"numpy.{ufunc.__name__}.{method} has no derivative rule. Use the function of its own name, such as "
                "np.sum for np.add.reduce."
            )
        return f.apply(ufunc, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        return f.apply(function, args, options)

    def __deepcopy__(self, memo: Any) -> Any:
        return self  # nothing writes into it; a copy on a copied tape would have no gradient

    def __array__(self, *args: Any, **options: Any) -> Any:
        if self.slot is not None:
            self._refuse("become a plain array", "np.asarray, np.array and assigning to elements of an array do that")
        return strip(self).__array__(*args, **options)  # a constant has no gradient to lose

    def _number(self, kind: type) -> Any:
        if self.slot is not None:
            self._refuse(f"become a plain {kind.__name__}", "the functions of the module math do that, use NumPy's")
        return kind(strip(self))

    def __float__(self) -> float:
        return self._number(float)

    def __int__(self) -> int:
        return self._number(int)

    def __index__(self) -> int:
        return strip(self).__index__()

    def __bool__(self) -> bool:
        return bool(strip(self))

    def _refuse(self, what: str, hint: str) -> NoReturn:
        raise DifferentiationError(
            f"A Variable of shape {self.shape} was asked to {what}, and its gradient would be lost ({hint}). To join "
            "Variables use np.stack or np.concatenate; where no gradient is wanted, take x.value."
        )

    # -- what it is --

    @property
    def shape(self) -> tuple[int, ...]:
        return shape_of(self.value)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(getattr(self.value, "size", 1))

    @property
    def dtype(self) -> Any:
        """The dtype, or ``float`` for a Python number."""
        return getattr(self.value, "dtype", float)

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"Variable({self.value!r})"

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        raise DifferentiationError(
            f"A Variable of shape {self.shape} cannot be written into: the tape has used its value already. Make a new "
            "one: np.where(mask, new, x), or np.concatenate of its parts."
        )

    # -- arithmetic --

    __add__, __radd__ = _sides(e.add)
    __sub__, __rsub__ = _sides(e.subtract)
    __mul__, __rmul__ = _sides(e.multiply)
    __truediv__, __rtruediv__ = _sides(e.divide)
    __pow__, __rpow__ = _sides(e.power)
    __matmul__, __rmatmul__ = _sides(products.matmul)
    __mod__, __rmod__ = _sides(numpy.remainder)
    __floordiv__, __rfloordiv__ = _sides(numpy.floor_divide)

    def __neg__(self) -> Any:
        return e.negative(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return e.absolute(self)

    # -- comparisons and logic: plain arrays --

    __eq__, __ne__ = _plain(operator.eq), _plain(operator.ne)
    __lt__, __le__ = _plain(operator.lt), _plain(operator.le)
    __gt__, __ge__ = _plain(operator.gt), _plain(operator.ge)
    __and__ = __rand__ = _plain(operator.and_)
    __or__ = __ror__ = _plain(operator.or_)

    def __invert__(self) -> Any:
        return ~strip(self)

    # -- parts and shapes --

    def __getitem__(self, index: Any) -> Any:
        plain = tuple(strip(part) for part in index) if isinstance(index, tuple) else strip(index)
        return shapes.getitem(self, index=plain)

    @property
    def T(self) -> Any:
        return f.transpose(self)

    def reshape(self, *shape: Any) -> Any:
        return f.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        return f.transpose(self, axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None)

    ravel = flatten = f.ravel

    def astype(self, dtype: Any) -> Any:
        return shapes.astype(self, dtype=dtype)

    def copy(self) -> Any:
        return e.positive(self)

    # -- reductions --

    sum, mean = f.sum, f.mean

    def __getattr__(self, name: str) -> Any:
        """The further methods of arrays are NumPy's functions of the same name: ``x.trace()`` is ``np.trace(x)``."""
        if name in IN_PLACE or not callable(getattr(numpy.ndarray, name, None)) or not hasattr(numpy, name):
            raise AttributeError(
                f"A Variable has no {name!r}. It has those methods of arrays that are functions of NumPy and do not "
                "write into them. Where no gradient is wanted, take the plain array, x.value."
            )
        return partial(getattr(numpy, name), self)
