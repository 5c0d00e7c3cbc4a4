"""Layers that go on: to new positions of a sequence, beside what is kept of those before.

A layer that looks at other positions says how, with two methods. ``new_cache(ops, rows, longest)`` makes what it keeps,
empty; ``extend(ops, x, cache)`` gives y (N, S, …) of the next positions x (N, S, …), as its forward over the whole
sequence would, and adds to the cache. A layer that treats every position by itself says so by ``each_position = True``
and is simply applied. Those of the core are known, and what holds nothing but such layers.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from pellucid import (
    Array,
    ConfigError,
    Context,
    Dense,
    Dropout,
    Elementwise,
    Layer,
    LayerNorm,
    Ops,
    Parallel,
    Residual,
    Sequential,
    Softmax,
    Stack,
    Transposed,
)

_EACH = (Dense, Transposed, LayerNorm, Dropout, Elementwise, Softmax)
"""Of the core: what they give at a position depends on that alone."""


@runtime_checkable
class Extends(Protocol):
    """What a layer has that goes on from what it has kept."""

    def new_cache(self, ops: Ops, rows: int, longest: int) -> Any: ...

    def extend(self, ops: Ops, x: Array, cache: Any) -> Array: ...


class Applied:
    """What is kept for a layer that treats every position by itself: memory, and nothing of the positions."""

    ctx: Context | None = None


class Chained(list[Any]):
    """What the layers of a row keep, one after another."""


def each_position(layer: Layer) -> bool:
    """Whether a layer is known to treat every position by itself."""
    if isinstance(layer, Sequential | Stack | Residual | Parallel):
        return all(each_position(child) for _, child in layer.children())
    return isinstance(layer, _EACH) or bool(getattr(layer, "each_position", False))


def new_cache(layer: Layer, ops: Ops, rows: int, longest: int) -> Any:
    """What a layer keeps of so many sequences of at most ``longest`` positions.

    Raises:
        ConfigError: it is not known how the layer goes on, or it cannot: it looks at later positions.
    """
    if isinstance(layer, Extends):
        return layer.new_cache(ops, rows, longest)
    if each_position(layer):
        return Applied()
    if isinstance(layer, Sequential | Stack):
        return Chained(new_cache(part, ops, rows, longest) for part in layer.layers)
    raise ConfigError(
        f"{type(layer).__name__} may look at other positions, and has no method 'extend' that goes on from what was "
        "kept of them. Write new_cache and extend, or each_position = True if it treats every position by itself."
    )


def extend(layer: Layer, ops: Ops, x: Array, cache: Any) -> Array:
    """y (N, S, …) of the positions x (N, S, …) that come after those in the cache, which is added to."""
    if isinstance(cache, Applied):
        if cache.ctx is None:
            dtype = next((param.data.dtype for param in layer.parameters()), x.dtype)
            cache.ctx = Context(ops, training=False, dtype=dtype)
        y: Array = layer.forward(cache.ctx, x)
        return y
    if isinstance(cache, Chained):
        for part, own in zip(layer.layers, cache, strict=True):  # type: ignore[attr-defined]
            x = extend(part, ops, x, own)
        return x
    return layer.extend(ops, x, cache)  # type: ignore[attr-defined]
