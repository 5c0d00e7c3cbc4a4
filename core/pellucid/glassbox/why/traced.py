"""Traced: an array that knows which operation made it of what, so that any of its cells can be taken apart."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from pellucid.autodiff.primitive import Recorded
from pellucid.basics.arrays import HostArray

_serial = itertools.count()

IN_PLACE = ("fill", "partition", "put", "resize", "sort")
"""Methods of arrays that write into them: a Traced has them not."""


class Operation(NamedTuple):
    """What made a Traced of its operands.

    Attributes:
        kind: how a cell of the result follows from cells of the operands; see the rules of
            :mod:`pellucid.glassbox.why.cells`: ``"elementwise"``, ``"move"``, ``"pick"``, ``"choose"``,
            ``"reduction"``, ``"contraction"``, ``"scatter"``, or ``"opaque"``, of which it is only known that all
            cells matter.
        name: of the function: ``"multiply"``, ``"sum"``, ``"reshape"``.
        data: what the rule needs besides: axes, subscripts, the function that moves; of a move None, if the cells have
            kept their order.
    """

    kind: str
    name: str
    data: Any = None


class Traced(NDArrayOperatorsMixin):
    """An array on the host (float64, integers or booleans) and how it was computed.

    Operators, methods and NumPy's functions work on it as on an array and give further Traced ones. What is a number
    or a plain array beside it becomes a constant. ``float(x)``, ``bool(x)``, ``x.shape`` lead out: what is computed of
    them does not know that it came from here.

    Attributes:
        value: the array; of a scalar it has shape ().
        operation: None of a leaf.
        operands: what it was made of.
        symbol, quantity: of a leaf what equations call it (``"W"``), and the name under which a trace has it
            (``"layers.0.weight"``); the quantity is None of a constant.
        constant: whether no data is in it: the arguments of a component, shapes, numbers that an equation contains.
        stands: an equation's result that holds the same cells, and where in it they are (flat; -1: nowhere).
        serial: greater than those of the operands.
        used: whether something was made of it, so that it may not be written into any more.
    """

    __slots__ = (
        "_made", "constant", "operands", "operation", "quantity", "serial", "source", "stands", "symbol", "used",
        "value",
    )  # fmt: skip
    __array_priority__ = 2000
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self, value: Any, operation: Operation | None = None, operands: tuple[Traced, ...] = (), *, symbol: str = "",
        quantity: str | None = None, constant: bool = False,
    ) -> None:  # fmt: skip
        self.value: HostArray = _plain_array(value)
        self.operation = operation
        self.operands = operands
        self.symbol = symbol
        self.quantity = quantity
        self.constant = constant
        self.stands: tuple[Traced, HostArray] | None = None
        self.source: HostArray | None = None  # of a move: where each cell came from, once it was asked
        self.serial = next(_serial)
        self.used = quantity is not None
        self._made: dict[Any, Traced] = {}

    # -- NumPy's functions: NumPy asks here what they mean --

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if any(isinstance(x, Recorded) for x in (*inputs, *options.values())):
            return NotImplemented  # a Variable with a Traced value: its tape knows what to do
        return MEANINGS["ufunc"](ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if any(issubclass(t, Recorded) for t in types):
            return NotImplemented
        return MEANINGS["function"](function, args, options)

    def __array_namespace__(self, **options: Any) -> Any:
        return MEANINGS["namespace"]

    def __array__(self, *args: Any, **options: Any) -> HostArray:
        if not self.constant:
            raise TypeError(
                f"A Traced of shape {self.shape} was asked to become a plain array, and would not be known to have "
                "come from where it did. Use NumPy's functions on it, or x.value."
            )
        return np.asarray(self.value, *args)

    # -- what it is --

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def size(self) -> int:
        return self.value.size

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __index__(self) -> int:
        return self.value.__index__()

    def __bool__(self) -> bool:
        return bool(self.value)

    def __deepcopy__(self, memo: Any) -> Traced:
        return self

    def __repr__(self) -> str:
        what = self.quantity or self.symbol or (self.operation.name if self.operation else "constant")
        return f"<traced {what} {self.shape}>"

    # -- comparisons with nothing --

    def __eq__(self, other: object) -> Any:
        return constant(np.zeros(self.shape, bool)) if other is None else super().__eq__(other)

    def __ne__(self, other: object) -> Any:
        return constant(np.ones(self.shape, bool)) if other is None else super().__ne__(other)

    # -- parts and shapes --

    def __getitem__(self, index: Any) -> Any:
        return MEANINGS["getitem"](self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.become(MEANINGS["setitem"](self, index, value))

    @property
    def T(self) -> Any:
        return np.transpose(self)

    def reshape(self, *shape: Any, **options: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, **options)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None)

    def flatten(self) -> Any:
        return np.ravel(self)

    def astype(self, dtype: Any, **options: Any) -> Any:
        return MEANINGS["astype"](self, dtype)

    def item(self, *index: Any) -> Any:
        return self.value.item(*index)

    def __getattr__(self, name: str) -> Any:
        """The further methods of arrays are NumPy's functions of the same name: ``x.sum(0)`` is ``np.sum(x, 0)``."""
        if name in IN_PLACE or not callable(getattr(np.ndarray, name, None)) or not hasattr(np, name):
            raise AttributeError(f"A Traced has no {name!r}. It has those methods of arrays that make new ones.")
        return partial(getattr(np, name), self)

    # -- how it is made --

    def become(self, other: Traced) -> None:
        """Be that array from now on: what writing into an array means where operations are written down.

        Raises:
            TypeError: something was made of it already, which would then be made of something else.
        """
        if self.used:
            raise TypeError(f"{self!r} is written into after it was used. Write into a copy of it: x = x.copy().")
        for name in ("value", "operation", "operands", "symbol", "quantity", "constant", "source"):
            setattr(self, name, getattr(other, name))
        self.serial = next(_serial)


SMALL = 4096
"""Numbers in a constant array that is looked at to tell whether it is the same as another."""

MEANINGS: dict[str, Callable[..., Any]] = {}
"""What NumPy's functions mean; :mod:`pellucid.glassbox.why.operations` fills it in."""


def _plain_array(value: Any) -> HostArray:
    """As the rules expect it: floating-point numbers in float64."""
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype.kind == "f" and array.dtype != np.float64 else array


def leaf(value: Any, symbol: str, quantity: str) -> Traced:
    """A quantity of a trace, where taking apart ends."""
    return Traced(value, symbol=symbol, quantity=quantity)


def constant(value: Any, symbol: str = "") -> Traced:
    """A number or an array in which no data is; with a symbol it is an argument of a component: ``eps``."""
    return Traced(value, symbol=symbol, constant=True)


def lift(value: Any) -> Traced:
    """``value`` itself if it is traced, otherwise as a constant."""
    return value if isinstance(value, Traced) else constant(value)


def plain(value: Any) -> Any:
    """``value`` without its history, also inside of lists, tuples and dictionaries."""
    if isinstance(value, Traced):
        return value.value
    if type(value) in (list, tuple):
        return type(value)(plain(part) for part in value)
    if type(value) is dict:
        return {key: plain(part) for key, part in value.items()}
    return value


def traced_in(*values: Any) -> list[Traced]:
    """All that is traced among them, also inside of lists, tuples and dictionaries, in order."""
    found: list[Traced] = []
    for value in values:
        if isinstance(value, Traced):
            found.append(value)
        elif type(value) in (list, tuple):
            found += traced_in(*value)
        elif type(value) is dict:
            found += traced_in(*value.values())
    return found


def make(
    kind: str, name: str, operands: tuple[Traced, ...], compute: Callable[[], Any], data: Any = None, key: Any = None
) -> Traced:
    """What an operation makes of operands. The same operation on the same operands is the same Traced: an expression
    that computes again what an equation above it has defined is known to be that.

    Args:
        compute: gives the value.
        data: see :class:`Operation`.
        key: what tells this call of the operation from others on the same operands; None if they are all the same,
            something that cannot be hashed if that is not known.
    """
    owner = next((operand for operand in operands if not operand.constant), None)
    identity = (kind, name, tuple(map(_identity, operands)), key)
    try:
        known = None if owner is None else owner._made.get(identity)
    except TypeError:
        owner = known = None
    if known is not None:
        return known
    made = Traced(compute(), Operation(kind, name, data), operands, constant=owner is None and _constant(operands))
    for operand in operands:
        operand.used = True
    if owner is not None:
        owner._made[identity] = made
    return made


def _constant(operands: tuple[Traced, ...]) -> bool:
    return all(operand.constant for operand in operands)


def _identity(operand: Traced) -> Any:
    """Equal of the same Traced, and of equal constants. What is made of an operand keeps it, and so its id, alive."""
    if operand.constant and not operand.symbol and operand.size <= SMALL:
        return operand.shape, operand.dtype.str, operand.value.tobytes()
    return id(operand)
