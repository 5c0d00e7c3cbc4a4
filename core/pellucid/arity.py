"""A layer takes as many inputs as its methods name; another number of them is a ShapeError, before anything is done."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

from pellucid.errors import ShapeError

if TYPE_CHECKING:
    from pellucid.layer import Shape


def counted(method: Any, owner: type) -> Any:
    """A method of a class of layers that takes one shape for each input that it names, with their number checked."""
    wrapped = isinstance(method, staticmethod | classmethod)
    function = method.__func__ if wrapped else method
    before = 0 if isinstance(method, staticmethod) else 1

    @wraps(function)
    def checked(*arguments: Any) -> Any:
        whose: Any = arguments[0] if before else owner
        layer = whose if isinstance(whose, type) else type(whose)
        require_inputs(layer, function, arguments[before:], before)
        return function(*arguments)

    return type(method)(checked) if wrapped else checked


def require_inputs(layer: type, method: Callable[..., Any], input_shapes: Sequence[Shape], before: int) -> None:
    """Compare the number of inputs of this class of layers with those that a function names, after ``before`` other
    parameters, such as self.

    Raises:
        ShapeError: there are more, or fewer than those without a default. ``*inputs`` takes any number.
    """
    signature = inspect.signature(method)
    try:
        signature.bind(*[None] * before, *input_shapes)
    except TypeError as error:
        named = [p for p in signature.parameters.values() if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD)][before:]
        raise ShapeError(
            f"{layer.__name__} takes {_expected(named)}. Received: {len(input_shapes)}, of shapes "
            f"{[tuple(shape) for shape in input_shapes]}. Give one shape for each input, without the batch axis."
        ) from error


def _expected(named: Sequence[inspect.Parameter]) -> str:
    """``no input``, ``one input``, ``3 inputs, x, told, [gate]`` or ``at least one input, x, *others``."""
    names = [f"[{p.name}]" if p.default is not p.empty else f"{p}".partition(":")[0] for p in named]
    listed = f", {', '.join(names)}" if len(names) > 1 else ""
    more = bool(named) and named[-1].kind is inspect.Parameter.VAR_POSITIONAL
    n = sum(not name.startswith(("[", "*")) for name in names) if more else len(names)
    number = {0: "no input", 1: "one input"}.get(n, f"{n} inputs")
    return f"{'at least ' if more else ''}{number}{listed}"
