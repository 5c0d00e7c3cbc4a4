"""What equations may name, one vocabulary for the conformance kit and the glass box; and when each of them holds."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from pellucid.basics.component import Component, Equation
from pellucid.basics.errors import PellucidError
from pellucid.glassbox.equations import Activation, used
from pellucid.interfaces.parameters import Param, State


def numbered(name: str, things: Sequence[Any]) -> dict[str, Any]:
    """``x`` if there is one, else ``x0``, ``x1``, …."""
    if len(things) == 1:
        return {name: things[0]}
    return {f"{name}{i}": thing for i, thing in enumerate(things)}


def prefix_of(micro: int) -> str:
    """What the names of the quantities of a micro-batch begin with."""
    return "" if micro == 1 else f"micro.{micro}."


def symbols(component: Component) -> dict[str, Any]:
    """What the symbols of a component stand for: a Param, a State, a function that an argument names, a number."""
    found = {}
    for symbol, attribute in component.symbols.items():
        try:
            value = attrgetter(attribute)(component)  # "value.weight" is a parameter of a sub-layer
        except AttributeError:  # of a layer that has not been built, as one of a trace that was read from a file
            continue
        of_parameter = any(equation.of == f"d{symbol}" for equation in component.equations)
        found[symbol] = value if isinstance(value, Param | State) else _meaning(value, of_parameter)
    return found


class Attributes:
    """What equations of an objective may know of its model: its attributes, ``model.classes``."""

    def __init__(self, component: Component) -> None:
        self._component = component

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._component, name)


def _meaning(value: Any, of_parameter: bool) -> Any:
    """A parameter that there is none of is 0; a text may name an activation, and no text the identity."""
    if value is None:
        return 0.0 if of_parameter else Activation(None)
    if isinstance(value, str):
        try:
            return Activation(value)
        except PellucidError:
            return value
    return value


_GRADIENT = re.compile(r"dy\d*$")
_EVALUATION = re.compile(r"(y|loss)_evaluation(\d*)$")
_LAST = re.compile(r"(\d*)$")  # the number of an output, or nothing


@dataclass(frozen=True)
class Phases:
    """The equations of a component that hold in one call, in order.

    Attributes:
        forward, backward: those that need no gradient at the output, and those that do. An optimizer's are all forward.
        states: those of what a state becomes.
        without: those that have no expression.
    """

    forward: tuple[Equation, ...]
    backward: tuple[Equation, ...]
    states: tuple[Equation, ...]
    without: tuple[Equation, ...]

    @staticmethod
    @lru_cache(maxsize=1024)
    def _of(equations: tuple[Equation, ...], training: bool, states: frozenset[str], ordered: bool) -> Phases:
        told = {e.of for e in equations if e.python is not None}
        forward: list[Equation] = []
        backward: list[Equation] = []
        updates: list[Equation] = []
        late: set[str] = set()
        for equation in equations:
            evaluation = _EVALUATION.match(equation.of)
            if evaluation and not training and equation.python is not None:
                equation = Equation("".join(evaluation.groups()), equation.latex, equation.python, equation.why)
            elif evaluation or (not training and _LAST.sub(r"_evaluation\1", equation.of, count=1) in told):
                continue
            if equation.python is None:
                continue
            names = used(equation.python)
            if equation.of in states:
                updates.append(equation)
            elif ordered and (any(_GRADIENT.match(name) for name in names) or names & late):
                backward.append(equation)
                late.add(equation.of)
            else:
                forward.append(equation)
        without = tuple(e for e in equations if e.python is None)
        return Phases(tuple(forward), tuple(backward), tuple(updates), without)

    @staticmethod
    def of(
        equations: tuple[Equation, ...], *, training: bool = True, states: Collection[str] = (), ordered: bool = True
    ) -> Phases:
        """Sort the equations of a component.

        Args:
            training: the mode; in evaluation ``y_evaluation`` takes the place of ``y``.
            states: the symbols of states whose equations say what they become.
            ordered: whether there is a backward.
        """
        return Phases._of(equations, training, frozenset(states), ordered)


def is_helper(equation: Equation) -> bool:
    """Whether an equation only defines a function for those below it, and no numbers."""
    return equation.python is not None and equation.python.lstrip().startswith("lambda")
