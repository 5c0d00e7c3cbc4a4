"""What ufuncs, indexing and writing into arrays mean for Traced ones, and what is known of any other function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, as_tuple
from pellucid.glassbox.why.traced import MEANINGS, Traced, lift, make, plain, traced_in

Meaning = Callable[..., Any]
FUNCTIONS: dict[Any, Meaning] = {}
"""NumPy's function -> what it means where one of its arguments is traced; :mod:`pellucid.glassbox.why.functions`."""


class NoRule(Exception):
    """A function was called in a way of which no rule speaks: the call is opaque."""


def apply(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What ``function(*args, **options)`` means where something among the arguments is traced."""
    given = {key: value for key, value in options.items() if value is not np._NoValue}
    if given.get("out") is not None:
        return opaque(function, args, given)
    given.pop("out", None)
    meaning = FUNCTIONS.get(function)
    if meaning is not None:
        try:
            return meaning(*args, **given)
        except (NoRule, TypeError):  # a signature wider than ours: never a guess
            pass
    return opaque(function, args, given)


def opaque(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A call of which only this is known: its results depend on all that is traced among the arguments."""
    operands = tuple(traced_in(args, options))
    name = getattr(function, "__name__", type(function).__name__)
    result = function(*(plain(arg) for arg in args), **{key: plain(value) for key, value in options.items()})
    if isinstance(result, np.ndarray | np.generic | float | int):
        return make("opaque", name, operands, lambda: result, key=[])
    if isinstance(result, tuple | list):
        parts = [make("opaque", name, operands, lambda part=part: part, key=[]) for part in result]  # type: ignore[misc]
        return type(result)(parts) if type(result) in (tuple, list) else tuple(parts)
    return result


def elementwise(name: str, compute: Callable[..., Any], *operands: Any, key: Any = None) -> Traced:
    """A function of the cells at the same place, after broadcasting."""
    lifted = tuple(map(lift, operands))
    return make("elementwise", name, lifted, lambda: compute(*(o.value for o in lifted)), key=key)


def move(
    name: str, function: Callable[..., Any], *operands: Traced, key: Any = None, in_order: bool = False
) -> Traced:  # fmt: skip
    """What puts cells elsewhere: ``function`` of arrays gives an array of their cells, and zeros where it fills in.

    Args:
        in_order: of one operand the same cells in the same order, in another shape.
    """
    data = None if in_order else function
    return make("move", name, operands, lambda: function(*(o.value for o in operands)), data=data, key=key)


# -- ufuncs ----------------------------------------------------------------------------------------------------------


def ufunc(function: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What ``numpy.<ufunc>`` or one of its methods means."""
    options = {key: value for key, value in options.items() if value is not None and value is not np._NoValue}
    if method == "at":
        return _at(function, *inputs)
    out = options.pop("out", None)
    if method == "__call__":
        made = _call(function, inputs, options)
    elif method == "reduce" and function in REDUCE:
        made = apply(REDUCE[function], inputs, {"axis": 0, **options})
    else:
        made = opaque(getattr(function, method), inputs, options)
    (target,) = as_tuple(out)
    if target is None:
        return made
    if not isinstance(target, Traced):
        raise TypeError(
            f"numpy.{function.__name__} was asked to write a traced result into a plain array, which cannot know where "
            "it came from. Make a new array: a = a + x."
        )
    target.become(lift(made))
    return target


REDUCE: dict[np.ufunc, Any] = {
    np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min, np.logical_or: np.any,
    np.logical_and: np.all,
}  # fmt: skip


def _call(function: np.ufunc, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    if function in FUNCTIONS and not options:  # matmul
        return FUNCTIONS[function](*inputs)
    if np.dtype(options.get("dtype", float)).kind == "f":
        options.pop("dtype", None)  # floating-point numbers stay in float64
    if options or function.signature is not None:
        return opaque(function, inputs, options)
    name = "divide" if function is np.true_divide else function.__name__
    if function.nout == 1:
        return elementwise(name, function, *inputs)
    return tuple(elementwise(f"{name}.{i}", lambda *a, i=i: function(*a)[i], *inputs) for i in range(function.nout))


def _at(function: np.ufunc, target: Any, index: Any, *values: Any) -> None:
    """``np.add.at``: each cell is what it was and the sum of what is added there."""
    if not isinstance(target, Traced) or function is not np.add:
        raise TypeError(f"numpy.{function.__name__}.at has no rule for traced arrays; numpy.add.at has, into one.")
    old, (value,) = _before(target), map(lift, values)
    if any(not part.constant for part in traced_in(index)):
        raise TypeError("numpy.add.at has no rule for an index that is computed of data.")
    index = plain(index)
    places = np.arange(old.size).reshape(old.shape)[index]
    spread = move("broadcast_to", lambda a: np.broadcast_to(a, places.shape), value, key=places.shape)

    def compute() -> HostArray:
        result = np.array(old.value, np.result_type(old.value, value.value))
        np.add.at(result, index, value.value)
        return result

    target.become(make("scatter", "add.at", (old, spread), compute, data=places.ravel(), key=[]))


def _before(target: Traced) -> Traced:
    """A Traced array as it is before it is written into."""
    if target.used:
        target.become(target)  # which is refused
    old = Traced(target.value)
    old.become(target)
    return old


# -- parts -----------------------------------------------------------------------------------------------------------


def getitem(x: Traced, index: Any) -> Traced:
    """``x[index]``; an index that is computed of data is something that the cells depend on, too."""
    if any(not part.constant for part in traced_in(index)):
        return _pick(x, as_tuple(index))
    index = plain(index)
    index = tuple(index) if type(index) is tuple else index
    return move("getitem", lambda a: a[index], x, key=_hashable(index))


def setitem(x: Traced, index: Any, value: Any) -> Traced:
    """What ``x`` is after ``x[index] = value``."""
    if any(not part.constant for part in traced_in(index)):
        raise TypeError("Writing where data says has no rule. Use np.where(mask, new, x).")
    old, new, index = _before(x), lift(value), plain(index)

    def write(into: HostArray, what: HostArray) -> HostArray:
        result = np.array(into, np.result_type(into, what))
        result[index] = what
        return result

    return make("move", "setitem", (old, new), lambda: write(old.value, new.value), data=write, key=[])


def _pick(x: Traced, index: tuple[Any, ...]) -> Traced:
    """A cell is a cell of x, and depends on the cell of the index that chose it; of a mask on the whole mask."""
    parts: list[Any] = []
    conditions: list[Traced] = []
    whole: list[bool] = []
    for part in index:
        array = plain(part) if isinstance(part, list) else part.value if isinstance(part, Traced) else part
        is_mask = getattr(array, "dtype", None) == np.bool_
        if isinstance(part, Traced) and not part.constant:
            conditions.append(part)
            whole.append(is_mask)
        elif traced_in(part) and not isinstance(part, Traced):
            raise TypeError("An index with traced numbers inside of a list has no rule. Use np.array([…]).")
        parts += list(np.nonzero(array)) if is_mask else [array]
    plain_index = tuple(parts)

    def source(a: HostArray) -> HostArray:
        return np.asarray(a[plain_index])

    return make(
        "pick", "getitem", (x, *conditions), lambda: source(x.value), key=[],
        data=(source, tuple(None if all_of_it else _chosen_by(x.shape, plain_index, c.value)
                            for all_of_it, c in zip(whole, conditions, strict=True))),
    )  # fmt: skip


def _chosen_by(shape: tuple[int, ...], index: tuple[Any, ...], condition: HostArray) -> HostArray:
    """For each cell of ``x[index]`` which cell of ``condition``, one of the arrays in the index, has chosen it."""
    arrays = [np.asarray(part) for part in index if isinstance(part, np.ndarray | list | int | np.integer)]
    together = np.broadcast_shapes(*(a.shape for a in arrays))
    by = np.broadcast_to(np.arange(condition.size).reshape(condition.shape), together).ravel()
    # In place of x: an array that says along one indexed axis where one is, indexed by "where in the index".
    parts: list[Any] = []
    axis, first = 0, None
    lengths = list(shape)
    used = sum(part is not None and part is not Ellipsis for part in index)
    for part in index:
        if part is None:
            parts.append(None)
        elif part is Ellipsis:
            parts.append(Ellipsis)
            axis += len(shape) - used
        else:
            if isinstance(part, slice):
                parts.append(part)
            elif first is None:
                first, lengths[axis] = axis, max(by.size, 1)
                parts.append(np.arange(by.size).reshape(together))
            else:
                lengths[axis] = 1
                parts.append(np.zeros(together, np.int64))
            axis += 1
    assert first is not None
    along = np.arange(lengths[first]).reshape([-1 if i == first else 1 for i in range(len(shape))])
    return by[np.asarray(np.broadcast_to(along, lengths)[tuple(parts)])].ravel()


def _hashable(index: Any) -> Any:
    """The index as a key, or a list where it has arrays: which cannot be hashed."""
    parts = as_tuple(index)
    if all(part is None or part is Ellipsis or isinstance(part, int | slice) for part in parts):
        return tuple((part.start, part.stop, part.step) if isinstance(part, slice) else part for part in parts)
    return []


def astype(x: Traced, dtype: Any) -> Traced:
    """Another type. Floating-point numbers stay in float64; where a fraction is cut off it is a function."""
    wanted = np.dtype(dtype)
    if wanted.kind == "f":
        return make("move", "astype", (x,), lambda: x.value.astype(np.float64), key="f")
    if np.can_cast(x.dtype, wanted, "safe") or (x.dtype.kind in "iu" and wanted.kind in "iu"):
        return make("move", "astype", (x,), lambda: x.value.astype(wanted), key=wanted.str)
    return elementwise(f"astype_{wanted.name}", lambda a: a.astype(wanted), x, key=wanted.str)


MEANINGS |= {
    "ufunc": ufunc, "function": apply, "getitem": getitem, "setitem": setitem, "astype": astype,
}  # fmt: skip
