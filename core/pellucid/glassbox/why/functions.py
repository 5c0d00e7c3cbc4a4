"""What NumPy's functions mean for Traced arrays: moves, reductions, contractions, and what is made from others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np

from pellucid.autodiff.shapes import axes_of
from pellucid.basics.arrays import HostArray, as_tuple
from pellucid.glassbox.why.operations import FUNCTIONS, NoRule, elementwise, move
from pellucid.glassbox.why.traced import Traced, constant, lift, make, plain, traced_in

MOVES = (
    "append", "array_split", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_to", "concatenate", "copy", "delete",
    "diag", "diagonal", "dsplit", "dstack", "expand_dims", "flip", "fliplr", "flipud", "hsplit", "hstack",
    "column_stack", "compress", "matrix_transpose", "moveaxis", "pad", "permute_dims", "ravel", "repeat", "reshape",
    "resize", "roll", "rollaxis", "rot90", "split", "squeeze", "stack", "swapaxes", "take", "tile", "transpose", "tril",
    "triu", "unstack", "vsplit", "vstack",
)  # fmt: skip
"""Functions of their first argument, an array or a list of them, that put its cells elsewhere."""
IN_ORDER = {"reshape": 1, "ravel": 0, "expand_dims": 1, "squeeze": 1, "copy": 0, "atleast_1d": 0, "atleast_2d": 0}
"""Those that keep the order of the cells, unless told another ``order``: by how many arguments do not tell it."""
ITEMWISE = ("nan_to_num", "round", "around", "fix", "sinc", "real", "isclose")
"""Functions of the cells at the same place that are no ufuncs."""
REDUCTIONS = ("sum", "prod", "max", "min", "amax", "amin", "any", "all", "argmax", "argmin", "count_nonzero")


def meaning(function: Callable[..., Any]) -> Callable[..., Any]:
    """Enter it as what NumPy's function of its name means."""
    FUNCTIONS[getattr(np, function.__name__.rstrip("_"))] = function
    return function


# -- moves -----------------------------------------------------------------------------------------------------------


def _moving(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    def moved(first: Any, *args: Any, **options: Any) -> Any:
        if any(not part.constant for part in traced_in(args, options)):
            raise NoRule
        if name.startswith("atleast") and args:
            raise NoRule
        args, options = plain(args), plain(options)
        several = type(first) in (list, tuple)
        if name == "pad" and not _only_moves(*args[1:], **options):
            raise NoRule
        operands = tuple(stacked(part) for part in first) if several else (lift(first),)
        whole = _call(function, several, args, options)
        key = (args, tuple(options.items()))
        if not name.endswith("split") and name != "unstack":
            in_order = not several and "order" not in options and len(args) <= IN_ORDER.get(name, -1)
            return move(name, whole, *operands, key=key, in_order=in_order)
        count = len(whole(*(o.value for o in operands)))
        parts = [move(name, lambda *a, i=i: whole(*a)[i], *operands, key=(key, i)) for i in range(count)]
        return tuple(parts) if name == "unstack" else parts

    return moved


def _only_moves(
    mode: Any = "constant", *, constant_values: Any = 0, reflect_type: str = "even", **options: Any
) -> bool:  # fmt: skip
    """Whether ``np.pad`` with these arguments repeats cells or fills in zeros."""
    kind = mode in ("constant", "edge", "reflect", "symmetric", "wrap")
    return kind and not np.any(constant_values) and reflect_type == "even"


def _call(function: Any, several: bool, args: Any, options: Any) -> Callable[..., Any]:
    if several:
        return lambda *arrays: function(list(arrays), *args, **options)
    return lambda array: function(array, *args, **options)


def stacked(part: Any) -> Traced:
    """An item of a list of arrays, which may be a list of arrays again."""
    return FUNCTIONS[np.stack](part) if type(part) in (list, tuple) and traced_in(part) else lift(part)


FUNCTIONS |= {getattr(np, name): _moving(name) for name in MOVES if hasattr(np, name)}


@meaning
def broadcast_arrays(*arrays: Any, subok: bool = False) -> Any:
    shape = np.broadcast_shapes(*(np.shape(plain(a)) for a in arrays))
    return tuple(FUNCTIONS[np.broadcast_to](lift(a), shape) for a in arrays)


@meaning
def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    x, indices = lift(x), lift(indices)
    if axis is None:
        return np.ravel(x)[indices]
    axis %= x.ndim
    grid = [np.arange(n).reshape([-1 if i == j else 1 for j in range(x.ndim)]) for i, n in enumerate(x.shape)]
    return x[tuple(indices if i == axis else part for i, part in enumerate(grid))]


_take = FUNCTIONS[np.take]


def take(x: Any, indices: Any, axis: int | None = None, **options: Any) -> Any:
    if not isinstance(indices, Traced) or indices.constant:
        return _take(x, indices, axis, **options)
    if options:
        raise NoRule
    x = lift(x)
    return np.ravel(x)[indices] if axis is None else x[(slice(None),) * (axis % x.ndim) + (indices,)]


FUNCTIONS[np.take] = take


# -- element by element ----------------------------------------------------------------------------------------------


def _itemwise(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    def found(x: Any, *args: Any, **options: Any) -> Any:
        if traced_in(args, options):
            raise NoRule
        told = ", ".join([*map(str, args), *(f"{key}={value}" for key, value in options.items())])
        return elementwise(f"{name}({told})" if told else name, lambda a: function(a, *args, **options), x)

    return found


FUNCTIONS |= {getattr(np, name): _itemwise(name) for name in ITEMWISE}


def where(condition: Any, *both: Any) -> Any:
    """The cell of one of the two, and that it was chosen by the condition's cell."""
    if len(both) != 2:
        raise NoRule
    operands = tuple(map(lift, (condition, *both)))
    return make("choose", "where", operands, lambda: np.where(*(o.value for o in operands)))


FUNCTIONS[np.where] = where


@meaning
def select(conditions: Any, choices: Any, default: Any = 0) -> Any:
    chosen = default
    for condition, choice in list(zip(conditions, choices, strict=True))[::-1]:
        chosen = where(condition, choice, chosen)
    return chosen


@meaning
def clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = a_min if min is None else min, a_max if max is None else max
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


# -- reductions ------------------------------------------------------------------------------------------------------


def reduce(name: str, function: Callable[..., Any], x: Any, axis: Any, keepdims: Any) -> Traced:
    """A function of all cells along some axes."""
    x, keepdims = lift(x), bool(keepdims)
    axes = axes_of(axis if axis is None or isinstance(axis, tuple) else int(axis), x.ndim)
    given = axis if axis is None or x.ndim else None
    return make(
        "reduction", name, (x,), lambda: function(x.value, axis=given, keepdims=keepdims), data=axes,
        key=(axes, keepdims),
    )  # fmt: skip


def _check(dtype: Any, out: Any = None) -> None:
    """Raise NoRule where the result is cut to whole numbers, or written somewhere."""
    if out is not None or (dtype is not None and np.dtype(dtype).kind != "f"):
        raise NoRule


def _reducing(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    def reduced(x: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False) -> Any:
        _check(dtype, out)
        if type(x) in (list, tuple):
            x = stacked(x)
        return reduce(name.removeprefix("a") if name in ("amax", "amin") else name, function, x, axis, keepdims)

    if name in ("sum", "prod"):
        return reduced

    def without_dtype(x: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
        return reduced(x, axis, None, out, keepdims)

    return without_dtype


FUNCTIONS |= {getattr(np, name): _reducing(name) for name in REDUCTIONS}


@meaning
def mean(x: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    _check(dtype, out)
    x = stacked(x)
    return np.sum(x, axis=axis, keepdims=keepdims) / prod(x.shape[a] for a in axes_of(axis, x.ndim))


@meaning
def var(
    x: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False
) -> Any:  # fmt: skip
    _check(dtype, out)
    x = stacked(x)
    count = prod(x.shape[a] for a in axes_of(axis, x.ndim))
    return np.sum((x - mean(x, axis, keepdims=True)) ** 2, axis=axis, keepdims=keepdims) / (count - ddof)


@meaning
def std(
    x: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False
) -> Any:  # fmt: skip
    return np.sqrt(var(x, axis, dtype, out, ddof=ddof, keepdims=keepdims))


@meaning
def ptp(x: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    _check(None, out)
    return np.max(x, axis=axis, keepdims=keepdims) - np.min(x, axis=axis, keepdims=keepdims)


@meaning
def average(x: Any, axis: Any = None, weights: Any = None, *, keepdims: Any = False) -> Any:
    if weights is None:
        return mean(x, axis, keepdims=keepdims)
    if np.shape(plain(x)) != np.shape(plain(weights)):
        raise NoRule
    return np.sum(lift(x) * weights, axis=axis, keepdims=keepdims) / np.sum(lift(weights), axis=axis, keepdims=keepdims)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = lift(x)
    if ord not in (None, 2) or (ord == 2 and (x.ndim if axis is None else len(as_tuple(axis))) != 1):
        raise NoRule
    return np.sqrt(np.sum(x**2, axis=axis, keepdims=keepdims))


FUNCTIONS[np.linalg.norm] = norm


@meaning
def cumsum(x: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    _check(dtype, out)
    x = lift(x)
    if axis is None:
        x, axis = np.ravel(x), 0
    n = x.shape[axis]
    moveaxis = FUNCTIONS[np.moveaxis]
    return moveaxis(einsum("st,...t->...s", np.tri(n), moveaxis(x, axis, -1)), -1, axis)


@meaning
def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    along = FUNCTIONS[np.moveaxis](lift(x), axis, 0)
    for _ in range(n):
        along = along[1:] - along[:-1]
    return FUNCTIONS[np.moveaxis](along, 0, axis)


@meaning
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return np.sum(np.diagonal(x, offset, axis1, axis2), axis=-1)


# -- contractions ----------------------------------------------------------------------------------------------------


def contraction(operands: tuple[Traced, ...], inputs: list[str], output: str) -> Traced:
    """``Σ`` of products over the letters that are not in ``output``; the letters of each operand's axes in ``inputs``.
    An axis of length 1 fits one of any length."""
    text = f"{','.join(inputs)}->{output}"

    def compute() -> HostArray:
        lengths = _lengths(operands, inputs)
        if any(o.value.shape[i] != lengths[c] for o, s in zip(operands, inputs, strict=True) for i, c in enumerate(s)):
            values = [np.broadcast_to(o.value, [lengths[c] for c in s]) for o, s in zip(operands, inputs, strict=True)]
        else:
            values = [o.value for o in operands]
        values = [v.astype(np.int64) if v.dtype == np.bool_ and len(values) > 1 else v for v in values]
        return np.asarray(np.einsum(text, *values, optimize=len(values) > 1))

    return make("contraction", "einsum", operands, compute, data=(tuple(inputs), output), key=text)


def _lengths(operands: tuple[Traced, ...], inputs: list[str]) -> dict[str, int]:
    """How long the axis of each letter is."""
    lengths: dict[str, int] = {}
    for operand, letters in zip(operands, inputs, strict=True):
        for letter, n in zip(letters, operand.shape, strict=True):
            lengths[letter] = n if lengths.get(letter, 1) == 1 else lengths[letter]
    return lengths


def _letters(taken: str = "") -> Iterator[str]:
    return (letter for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in taken)


@meaning
def einsum(subscripts: Any, *arrays: Any, optimize: Any = False) -> Any:
    if not isinstance(subscripts, str):
        raise NoRule
    operands = tuple(map(lift, arrays))
    text = subscripts.replace(" ", "")
    left, arrow, output = text.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(operands):
        raise NoRule
    if not arrow:
        once = sorted(c for c in set(left) - {",", "."} if left.count(c) == 1)
        output = ("..." if "..." in left else "") + "".join(once)
    extra = [o.ndim - len(s.replace("...", "")) for o, s in zip(operands, inputs, strict=True)]
    most = max((n for n, s in zip(extra, inputs, strict=True) if "..." in s), default=0)
    free = _letters(text)
    dots = "".join(next(free) for _ in range(most))
    inputs = [s.replace("...", dots[most - n :]) for n, s in zip(extra, inputs, strict=True)]
    return contraction(operands, inputs, output.replace("...", dots))


@meaning
def matmul(a: Any, b: Any) -> Any:
    a, b = lift(a), lift(b)
    if not a.ndim or not b.ndim or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        return np.matmul(a.value, b.value)  # which says what is wrong
    batch = "".join(c for c, _ in zip(_letters("xyz"), range(max(a.ndim, b.ndim) - 2), strict=False))
    left = batch[len(batch) - (a.ndim - 2) :] + "xy" if a.ndim > 1 else "y"
    right = batch[len(batch) - (b.ndim - 2) :] + "yz" if b.ndim > 1 else "y"
    return contraction((a, b), [left, right], batch + left[-2:-1] + (right[-1:] if b.ndim > 1 else ""))


@meaning
def dot(a: Any, b: Any) -> Any:
    a, b = lift(a), lift(b)
    if not a.ndim or not b.ndim:
        return a * b
    return tensordot(a, b, (a.ndim - 1, max(b.ndim - 2, 0)))


@meaning
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = lift(a), lift(b)
    if isinstance(axes, int):
        axes = (range(a.ndim - axes, a.ndim), range(axes))
    first, second = ([i % x.ndim for i in np.ravel(list(which) if isinstance(which, range) else which)]
                     for which, x in zip(axes, (a, b), strict=True))  # fmt: skip
    free = _letters()
    left = [next(free) for _ in range(a.ndim)]
    right = [left[first[second.index(i)]] if i in second else next(free) for i in range(b.ndim)]
    output = [c for i, c in enumerate(left) if i not in first] + [c for i, c in enumerate(right) if i not in second]
    return contraction((a, b), ["".join(left), "".join(right)], "".join(output))


@meaning
def inner(a: Any, b: Any) -> Any:
    a, b = lift(a), lift(b)
    return a * b if not a.ndim or not b.ndim else tensordot(a, b, (a.ndim - 1, b.ndim - 1))


@meaning
def outer(a: Any, b: Any) -> Any:
    return np.ravel(lift(a))[:, None] * np.ravel(lift(b))[None]


@meaning
def vdot(a: Any, b: Any) -> Any:
    return tensordot(np.ravel(lift(a)), np.ravel(lift(b)), 1)


# -- what knows only the shape ---------------------------------------------------------------------------------------


def _of_shape(name: str) -> Callable[..., Any]:
    function = getattr(np, name)
    return lambda x, *args, **options: constant(function(plain(x), *args, **options))


FUNCTIONS |= {getattr(np, name): _of_shape(name) for name in ("zeros_like", "ones_like", "empty_like")}


@meaning
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    filled = np.broadcast_to(lift(fill_value), lift(x).shape)
    return filled.astype(lift(x).dtype if dtype is None else dtype)


def _plainly(name: str) -> Callable[..., Any]:
    function = getattr(np, name)
    return lambda *args, **options: function(*plain(args), **plain(options))


OF_SHAPE = ("shape", "ndim", "size", "result_type", "shares_memory", "may_share_memory", "iscomplexobj", "isrealobj")
FUNCTIONS |= {getattr(np, name): _plainly(name) for name in OF_SHAPE}
