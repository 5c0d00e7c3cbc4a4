"""build: a model by name; its layers are made, their parameters placed in one block of memory and initialised."""

from __future__ import annotations

from collections.abc import Mapping
from os import urandom
from typing import Any

import numpy as np

from pellucid.basics.arrays import Shape
from pellucid.basics.checks import as_python, is_int, is_size
from pellucid.basics.component import CHANGES
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Arena, Param, State
from pellucid.interfaces.runtime import Runtime
from pellucid.model.predict import predict
from pellucid.ops.backends import get_ops
from pellucid.ops.base import Backend
from pellucid.ops.random import mix, site_key
from pellucid.registry.config import config_or_none, read

DTYPES = ("float32", "float64")


def build(
    config: str | Mapping[str, Any] | Layer, *, input_shape: Any = None, seed: int | None = None,
    dtype: Any = "float32", backend: str | Backend | None = None, **arguments: Any,
) -> Layer:  # fmt: skip
    """A model by name: its layers are made, their parameters placed in one block of memory and initialised.

    Args:
        config: the name of a model or layer, a table ``{"type": name, "input_shape": […], …}``, or an unbuilt layer.
        input_shape: the shape of one sample, ``(784,)``; for several inputs a list of shapes. An axis of variable
            length is None.
        seed: of the first values of the parameters; None draws one, which ``model.runtime.seed`` records. A model with
            an argument ``seed`` of its own gets the same, unless its table says another: ``{"type": …, "seed": 3}``.
        dtype: ``"float32"`` or ``"float64"``, or NumPy's types of these names.
        backend: ``"cython"``, ``"reference"`` or a plugin's; None takes ``PELLUCID_BACKEND`` or the best
            that is installed.
        arguments: of the model's constructor.

    Raises:
        ConfigError: all mistakes in the configuration at once, each with its path.
        ShapeError: layers do not fit together; the message names the layer and the shapes so far.

    Example::

        model = build("ann", input_shape=(784,), hidden=[128, 64], outputs=10)
    """
    shape, table = input_shape, {"type": config} if isinstance(config, str) else config
    if isinstance(table, Mapping):
        table = {**table, **arguments}
        given = table.pop("input_shape", None)
        shape = given if shape is None else shape
    elif arguments:
        raise ConfigError(
            f"build takes arguments only together with a name. Received: {config!r} and {arguments!r}. "
            "Give the arguments to the layer's own constructor."
        )
    layer: Layer = read(("model", "layer"), table, seed=seed)
    dtype = getattr(dtype, "__name__", dtype)  # numpy.float32 means "float32"
    if dtype not in DTYPES:
        raise ConfigError(f"The 'dtype' of a model must be one of {', '.join(DTYPES)}. Received: {dtype!r}.")
    shapes = read_shapes(shape)
    return initialize(layer, *shapes, seed=_seed(seed), dtype=dtype, ops=get_ops(backend), config=config_or_none(layer))


def read_shapes(shape: Any) -> tuple[Shape, ...]:
    """``input_shape`` as one shape per input: ``(784,)`` is one input, ``[(784,), (10,)]`` are two."""
    if shape is None:
        raise ConfigError(
            "input_shape: missing. It is the shape of one sample, without the batch axis: input_shape=(784,)."
        )
    shape = as_python(shape)
    if is_int(shape):
        raise ConfigError(f"input_shape: expected a list of ints. Received: {shape!r}. Write ({shape},).")
    if isinstance(shape, list | tuple):
        several = bool(shape) and all(isinstance(part, list | tuple) for part in shape)
        parts = [tuple(part) for part in (shape if several else (shape,))]
        if all(size is None or is_size(size) for part in parts for size in part):
            return tuple(tuple(None if size is None else int(size) for size in part) for part in parts)
    raise ConfigError(
        "input_shape: expected a list of ints of at least 1 (None for an axis of variable length), or a list of such "
        f"lists for several inputs. Received: {shape!r}."
    )


def _seed(seed: Any) -> int:
    if seed is None:
        return int.from_bytes(urandom(4))
    if not is_int(seed) or not 0 <= int(seed) < 1 << 64:
        raise ConfigError(f"The 'seed' of a model must be an int in [0, 2**64). Received: {seed!r}.")
    return int(seed)


def initialize(
    model: Layer, *input_shapes: Shape, seed: int, dtype: Any, ops: Backend, config: dict[str, Any] | None = None
) -> Layer:
    """Build the layers for these input shapes, place all parameters in one arena and draw their first values.

    Each parameter draws from a generator keyed by (seed, its path): adding a layer does not change the others. Layers
    that are part of a built model already, such as a trained encoder, keep the values that they have.
    """
    declare(model, *input_shapes)
    owned: list[Param | State] = [*model.parameters(), *model.states()]
    kept = {id(item): np.array(ops.to_host(item.data)) for item in owned if item.built}
    runtime = allocate(model, *input_shapes, seed=seed, dtype=dtype, ops=ops, config=config)
    for param in runtime.arena.params:
        values = kept.get(id(param))
        if values is None:
            bits = np.random.Philox(key=[mix(seed & (1 << 64) - 1), site_key(param.path)])
            values = param.init(np.random.Generator(bits), param.shape, param.fan_in, param.fan_out)
        param.data[...] = ops.asarray(np.asarray(values), runtime.dtype)
    for state in model.states():
        ops.fill(state.data, state.fill)
        if id(state) in kept:
            state.data[...] = ops.asarray(kept[id(state)], runtime.dtype)
    CHANGES.count += 1  # whoever trained these layers before must notice that their memory is another
    return model


def declare(model: Layer, *input_shapes: Shape) -> None:
    """Let the layers declare their parameters and states, and give these their paths. Takes no memory for them.

    Raises:
        ConfigError: two have one name, or one was assigned to nothing, so that nobody would ever find it.
    """
    model.build(*input_shapes)
    for _, layer in model.walk():
        layer.require_assigned()
    for path, param in model.named_parameters():
        param.path = path
    for path, state in model.named_states():
        state.path = path


def allocate(
    model: Layer, *input_shapes: Shape, seed: int, dtype: Any, ops: Backend, config: dict[str, Any] | None
) -> Runtime:
    """Take the memory of all that has been declared, filled with zeros."""
    arena = Arena(model.parameters(), dtype, ops)
    for state in model.states():
        state.data = ops.zeros(state.shape, arena.dtype)
    model.runtime = Runtime(ops, arena.dtype, seed, tuple(input_shapes), arena, predict, config)
    return model.runtime
