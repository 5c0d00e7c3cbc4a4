"""What makes a tree of layers a model: initialisation of its parameters, and the inputs that it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.arena import Arena
from pellucid.component import CHANGES
from pellucid.context import mix, site_key
from pellucid.errors import ConfigError, DataError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pellucid.layer import Layer, Param, Shape, State
    from pellucid.ops import Ops
    from pellucid.prediction import Prediction
    from pellucid.transform import Transform

HostArray = np.ndarray[Any, Any]


@dataclass(eq=False)
class Runtime:
    """What ``pellucid.build`` adds to a tree of layers; stands on the root as ``model.runtime``.

    Attributes:
        ops: the backend.
        dtype: floating-point type of parameters and activations.
        seed: the seed that the parameters were drawn with.
        input_shapes: one shape per input, without the batch axis.
        arena: the flat memory of all parameters.
        config: the configuration that builds this model again, by registered names only.
        transforms: fitted on the training data, applied before the model in ``predict``, and saved with it.
        classes: names of the classes, or None.
        metadata: further facts that are saved with the model, such as its "objective", there once it was trained.
        idle_predictions: by the shapes of their inputs, the memory and plan of predictions that may be used again.
    """

    ops: Ops
    dtype: np.dtype[Any]
    seed: int
    input_shapes: tuple[Shape, ...]
    arena: Arena
    config: dict[str, Any] | None = None
    transforms: list[Transform] = field(default_factory=list)
    classes: tuple[str, ...] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    idle_predictions: dict[Any, Prediction] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        """Copied and pickled without plans, which belong to this memory."""
        return self.__dict__ | {"idle_predictions": {}}


def initialize(
    model: Layer, *input_shapes: Shape, seed: int, dtype: Any, ops: Ops, config: dict[str, Any] | None = None
) -> Layer:
    """Build the layers for these input shapes, place all parameters in one arena and draw their first values.

    Each parameter draws from a generator keyed by (seed, its path): adding a layer does not change the others. Layers
    that are part of a built model already, such as a trained encoder, keep the values that they have.
    """
    declare(model, *input_shapes)
    owned: list[Param | State] = [*model.parameters(), *model.states()]
    kept = {id(item): np.array(_host(item.data)) for item in owned if item.built}
    runtime = allocate(model, *input_shapes, seed=seed, dtype=dtype, ops=ops, config=config)
    for param in runtime.arena.params:
        values = kept.get(id(param))
        if values is None:
            values = param.init(_generator(seed, param.path), param.shape, param.fan_in, param.fan_out)
        param.data[...] = ops.asarray(np.asarray(values), runtime.dtype)
    for state in model.states():
        ops.fill(state.data, state.fill)
        if id(state) in kept:
            state.data[...] = ops.asarray(kept[id(state)], runtime.dtype)
    CHANGES.count += 1  # whoever trained these layers before must notice that their memory is another
    return model


def declare(model: Layer, *input_shapes: Shape) -> None:
    """Let the layers declare their parameters and states, and give these their paths. Takes no memory for them."""
    model.build(*input_shapes)
    for path, param in model.named_parameters():
        param.path = path
    for path, state in model.named_states():
        state.path = path


def allocate(
    model: Layer, *input_shapes: Shape, seed: int, dtype: Any, ops: Ops, config: dict[str, Any] | None
) -> Runtime:
    """Take the memory of all that has been declared, filled with zeros."""
    arena = Arena(model.parameters(), dtype, ops)
    for state in model.states():
        state.data = ops.zeros(state.shape, arena.dtype)
    model.runtime = Runtime(ops, arena.dtype, seed, tuple(input_shapes), arena, config)
    return model.runtime


def _host(a: Any) -> HostArray:
    """An array of any backend as NumPy's."""
    leave = getattr(a, "get", None)  # CuPy's
    return np.asarray(a if leave is None else leave())


def _generator(seed: int, path: str) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[mix(seed & (1 << 64) - 1), site_key(path)]))


def require_runtime(model: Layer) -> Runtime:
    """The runtime of a built model, or an error with the remedy.

    Raises:
        ConfigError: not a model at all. ShapeError: not built.
    """
    if not hasattr(model, "runtime"):
        raise ConfigError(f"A built model is needed: pellucid.build(…) or pellucid.load(…). Received: {model!r:.80}.")
    if model.runtime is None:
        raise ShapeError(
            f"This {type(model).__name__} has not been built, so it has no parameters yet. "
            "Call pellucid.build(model, input_shape=…) first."
        )
    return model.runtime


def check_inputs(inputs: tuple[HostArray, ...], shapes: tuple[Shape, ...]) -> None:
    """Compare the shapes of whole inputs with those that the model, or its objective, takes."""
    if len(inputs) != len(shapes):
        raise ShapeError(f"The model takes {len(shapes)} input(s) of shapes {list(shapes)}. Received: {len(inputs)}.")
    for i, (x, shape) in enumerate(zip(inputs, shapes, strict=True)):
        fits = x.ndim == len(shape) + 1 and all(w in (None, n) for n, w in zip(x.shape[1:], shape, strict=True))
        if not fits:
            wanted = ("N", *("any" if n is None else n for n in shape))
            hint = ""
            if x.shape == shape:
                hint = " A single sample needs a batch axis: x[None]."
            elif None not in shape and x.ndim > 1 and prod(x.shape[1:]) == prod(n or 0 for n in shape):
                hint = f" The sizes agree: x.reshape(-1, {', '.join(map(str, shape))}) would fit."
            raise ShapeError(
                f"Input {i} of the model must have shape ({', '.join(map(str, wanted))}), one sample a row. "
                f"Received: {tuple(x.shape)}.{hint}"
            )
        if x.dtype.kind not in "fiub":
            raise DataError(f"Input {i} must hold numbers. Received: an array of dtype {x.dtype}.")


def as_model_input(model: Layer, i: int, x: HostArray) -> HostArray:
    """Input i in the model's floating-point type, or as int64 or bool if it holds indices or masks."""
    if i not in model.integer_inputs:
        dtype = require_runtime(model).dtype
        if x.dtype.kind != "f" or x.dtype.itemsize <= dtype.itemsize:
            return np.ascontiguousarray(x, dtype)
        with np.errstate(over="ignore"):
            converted = np.ascontiguousarray(x, dtype)
        _check_range(i, x, converted)
        return converted
    if x.dtype.kind == "f":
        raise DataError(
            f"Input {i} of the model holds indices or masks and must be of integers or booleans. Received: dtype "
            f"{x.dtype}. Convert it: x.astype('int64')."
        )
    return np.ascontiguousarray(x, bool if x.dtype.kind == "b" else np.int64)


def _check_range(i: int, x: HostArray, converted: HostArray) -> None:
    """DataError if a finite number has become infinite in the smaller type."""
    if converted.size == 0 or (np.isfinite(converted.min()) and np.isfinite(converted.max())):
        return
    lost = np.argwhere(np.isfinite(x) & ~np.isfinite(converted))
    if len(lost):
        place = tuple(int(index) for index in lost[0])
        raise DataError(
            f"Input {i} holds a number too large for the model's {converted.dtype}: {x[place]} in row {place[0]}, "
            f"column {place[1] if len(place) == 2 else place[1:]}. Scale the data, or build the model with "
            "dtype='float64'."
        )


def transformed(model: Layer, x: Any, shapes: tuple[Shape, ...] | None = None) -> tuple[HostArray, ...]:
    """``x`` as a tuple of host arrays, with the model's fitted transforms applied to the first.

    ``shapes`` are those that the inputs must have, if other than the model's.
    """
    runtime = require_runtime(model)
    first, *others = (np.asarray(part) for part in (x if isinstance(x, tuple) else (x,)))
    for transform in runtime.transforms:
        first = transform.apply(first)
    inputs = (first, *others)
    check_inputs(inputs, runtime.input_shapes if shapes is None else shapes)
    return tuple(as_model_input(model, i, part) for i, part in enumerate(inputs))


def batches(n: int, batch_size: int) -> Iterator[slice]:
    """Consecutive slices that cover n rows; at least one, so that no rows still give outputs of the right shape."""
    if not isinstance(batch_size, int | np.integer) or isinstance(batch_size, bool) or batch_size < 1:
        raise ConfigError(f"The 'batch_size' must be an int of at least 1. Received: {batch_size!r}.")
    for start in range(0, max(n, 1), batch_size):
        yield slice(start, min(start + batch_size, n))
