"""What layers of numbers have in common: an input (N, F) of a fixed number of them."""

from __future__ import annotations

from pellucid import Component, Shape, ShapeError


def each_number(layer: Component, input_shape: Shape) -> int:
    """The number of numbers of a row.

    Raises:
        ShapeError: a row is no vector of a fixed length.
    """
    if len(input_shape) != 1 or input_shape[0] is None:
        raise ShapeError(
            f"{type(layer).__name__} needs rows of numbers, (N, F) with a fixed F. Received: samples of shape "
            f"{tuple(input_shape)}. Give input_shape=(F,), or flatten before."
        )
    return input_shape[0]
