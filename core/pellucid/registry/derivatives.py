"""Derivatives: the functions beyond those of the engine that ``pellucid.grad`` differentiates; plugins add theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pellucid.basics.errors import PluginError


class Derivatives:
    """A table that plugins fill in the hook ``pellucid_derivatives``; pellucid's own built-ins come first.

    Attributes:
        meanings: function -> what it means for Variables.
    """

    def __init__(self) -> None:
        self.meanings: dict[Any, Callable[..., Any]] = {}

    def add(self, function: Any, meaning: Any) -> None:
        """What ``function(*args)`` means where a Variable is among the arguments. The first to say so counts.

        Args:
            function: of NumPy, or any other that calls NumPy's protocols, such as a ufunc of SciPy.
            meaning: takes the same arguments. Either a :class:`pellucid.Primitive`, an operation with its rules, or a
                function that is made of functions which have rules already.
        """
        if not callable(meaning):
            name = getattr(function, "__name__", function)
            raise PluginError(f"The derivative of {name} must be a Primitive or a function. Received: {meaning!r}.")
        self.meanings.setdefault(function, meaning)
