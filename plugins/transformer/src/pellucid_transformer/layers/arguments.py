"""What attention layers ask of their arguments and of what they are given."""

from __future__ import annotations

from pellucid import ConfigError, Layer, Shape, ShapeError, check_int


def check_heads(layer: Layer, heads: int, kv_heads: int | None) -> None:
    """Heads are at least one, and divided evenly between the heads of keys and values.

    Raises:
        ConfigError: they are not.
    """
    check_int(layer, "heads", heads, "[1, inf)")
    if kv_heads is not None:
        check_int(layer, "kv_heads", kv_heads, "[1, inf)")
        if heads % kv_heads:
            raise ConfigError(
                f"{type(layer).__name__} divides its heads evenly between its kv_heads. Received: heads={heads}, "
                f"kv_heads={kv_heads}. Choose kv_heads among the divisors of heads."
            )


def check_mask(layer: Layer, queries: int | None, keys: int | None, more: tuple[Shape, ...]) -> None:
    """Beside the sequences may stand one mask, of the keys or of all pairs.

    Raises:
        ShapeError: there is something else.
    """
    if len(more) > 1 or any(shape not in ((keys,), (None,), (queries, keys)) for shape in more):
        raise ShapeError(
            f"{type(layer).__name__} takes beside its sequences one mask, which says what is seen: of shape ({keys},), "
            f"a truth value for each key, or ({queries}, {keys}), one for each query and key. "
            f"Received: {', '.join(str(tuple(shape)) for shape in more)}."
        )


def check_given_mask(layer: Layer, n: int, queries: int, keys: int, shape: tuple[int, ...]) -> None:
    """The same of a mask that has come, where lengths were left open before.

    Raises:
        ShapeError: it has another shape, or there is no key.
    """
    if shape not in ((n, keys), (n, queries, keys)):
        raise ShapeError(
            f"{type(layer).__name__} needs a mask of shape {(n, keys)} or {(n, queries, keys)} here. Received: {shape}."
        )


def check_some(layer: Layer, queries: int, keys: int) -> None:
    """A sequence has at least one position.

    Raises:
        ShapeError: it has none.
    """
    if not queries or not keys:
        raise ShapeError(
            f"{type(layer).__name__} needs sequences of at least one position. Received: {queries} queries and {keys} "
            "keys. Leave empty sequences out, or pad them and say so by a mask."
        )


def width_of(layer: Layer, shape: Shape, what: str) -> int:
    """The numbers of a position of a sample (T, D), of which T may vary.

    Raises:
        ShapeError: it is no sequence.
    """
    if len(shape) != 2 or shape[1] is None:
        raise ShapeError(
            f"{type(layer).__name__} needs {what} of 2 axes, (positions, features), of which the positions may vary, "
            f"None. Received: {tuple(shape)}."
        )
    return shape[1]
