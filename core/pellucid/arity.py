"""A layer takes as many inputs as its methods name; another number of them is a ShapeError, before anything is done."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

from pellucid.errors import ShapeError

if TYPE_CHECKING:
    from pellucid.layer import Layer, Shape


def counted(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of layers that takes one shape for each input that it names, with their number checked."""

    @wraps(method)
    def checked(layer: Layer, *input_shapes: Shape) -> Any:
        require_inputs(layer, method, input_shapes)
        return method(layer, *input_shapes)

    return checked


def require_inputs(layer: Layer, method: Callable[..., Any], input_shapes: Sequence[Shape], before: int = 1) -> None:
    """Compare the number of inputs with those that a function names, after ``before`` other parameters, such as self.

    Raises:
        ShapeError: there are more, or fewer than those without a default. ``*inputs`` takes any number.
    """
    signature = inspect.signature(method)
    try:
        signature.bind(*[None] * before, *input_shapes)
    except TypeError as error:
        named = [p for p in signature.parameters.values() if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD)][before:]
        names = [f"[{p.name}]" if p.default is not p.empty else f"{p}".partition(":")[0] for p in named]
        expected = "one input" if len(names) == 1 else f"{len(names)} inputs, {', '.join(names)}"
        raise ShapeError(
            f"{type(layer).__name__} takes {expected}. Received: {len(input_shapes)}, of shapes "
            f"{[tuple(shape) for shape in input_shapes]}. Give one shape for each input, without the batch axis."
        ) from error
