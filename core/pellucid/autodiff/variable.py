"""Variable: an array that remembers how it was computed; plain NumPy code on it becomes differentiable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

from pellucid.autodiff import elementwise as e, functions as f, products, shapes
from pellucid.autodiff.primitive import Recorded, shape_of, strip
from pellucid.basics.errors import DifferentiationError


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

    def __add__(self, other: Any) -> Any:
        return e.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return e.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return e.subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return e.subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return e.multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return e.multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return e.divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return e.divide(other, self)

    def __pow__(self, other: Any) -> Any:
        return e.power(self, other)

    def __rpow__(self, other: Any) -> Any:
        return e.power(other, self)

    def __matmul__(self, other: Any) -> Any:
        return products.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return products.matmul(other, self)

    def __neg__(self) -> Any:
        return e.negative(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return e.absolute(self)

    # -- comparisons and logic: plain arrays --

    def __eq__(self, other: object) -> Any:
        return strip(self) == strip(other)

    def __ne__(self, other: object) -> Any:
        return strip(self) != strip(other)

    def __lt__(self, other: Any) -> Any:
        return strip(self) < strip(other)

    def __le__(self, other: Any) -> Any:
        return strip(self) <= strip(other)

    def __gt__(self, other: Any) -> Any:
        return strip(self) > strip(other)

    def __ge__(self, other: Any) -> Any:
        return strip(self) >= strip(other)

    def __invert__(self) -> Any:
        return ~strip(self)

    def __and__(self, other: Any) -> Any:
        return strip(self) & strip(other)

    def __rand__(self, other: Any) -> Any:
        return strip(other) & strip(self)

    def __or__(self, other: Any) -> Any:
        return strip(self) | strip(other)

    def __ror__(self, other: Any) -> Any:
        return strip(other) | strip(self)

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

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        return f.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Any:
        return f.squeeze(self, axis)

    def ravel(self) -> Any:
        return f.ravel(self)

    def flatten(self) -> Any:
        return f.ravel(self)

    def repeat(self, repeats: int, axis: int | None = None) -> Any:
        return f.repeat(self, repeats, axis)

    def astype(self, dtype: Any) -> Any:
        return shapes.astype(self, dtype=dtype)

    def copy(self) -> Any:
        return e.positive(self)

    # -- reductions --

    def sum(self, axis: Any = None, *, keepdims: bool = False) -> Any:
        return f.sum(self, axis, keepdims=keepdims)

    def mean(self, axis: Any = None, *, keepdims: bool = False) -> Any:
        return f.mean(self, axis, keepdims=keepdims)

    def prod(self, axis: Any = None, *, keepdims: bool = False) -> Any:
        return f.prod(self, axis, keepdims=keepdims)

    def max(self, axis: Any = None, *, keepdims: bool = False) -> Any:
        return f.max(self, axis, keepdims=keepdims)

    def min(self, axis: Any = None, *, keepdims: bool = False) -> Any:
        return f.min(self, axis, keepdims=keepdims)

    def var(self, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
        return f.var(self, axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
        return f.std(self, axis, ddof=ddof, keepdims=keepdims)

    def cumsum(self, axis: int | None = None) -> Any:
        return f.cumsum(self, axis)

    def clip(self, min: Any = None, max: Any = None) -> Any:
        return f.clip(self, min, max)

    def dot(self, other: Any) -> Any:
        return products.dot(self, other)

    def argmax(self, axis: int | None = None) -> Any:
        return strip(self).argmax(axis)

    def argmin(self, axis: int | None = None) -> Any:
        return strip(self).argmin(axis)
