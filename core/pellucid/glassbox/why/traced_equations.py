"""TracedEquations: the equations of a component evaluated on Traced arrays, each when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import Equation
from pellucid.basics.errors import DataError
from pellucid.basics.suggest import did_you_mean
from pellucid.glassbox.equations import Activation, remembered
from pellucid.glassbox.failure import ConformanceError
from pellucid.glassbox.record.names import is_helper
from pellucid.glassbox.why.operations import NoRule
from pellucid.glassbox.why.scope import TracedActivation, function_of, names_in, run, symbolic
from pellucid.glassbox.why.traced import Traced, constant, leaf, lift

Label = str | None


class TracedEquations(Mapping[str, Traced]):
    """``{of: Traced}``: the right-hand side of each equation, made of the quantities that it names.

    ::

        dense = pl.create("layer", "core/dense", units=2)
        found = TracedEquations(dense.equations, {"x": ("layers.0.x", x), "W": ("layers.0.weight", W), …},
                                {"z": ("layers.0.z", z), "y": ("layers.0.y", y)})
        found["y"]                                             # f(z): a Traced whose leaves are cells of layers.0.z

    Each equation sees those above it by their *results*, which are leaves again: ``y = f(z)`` is explained by cells of
    ``z``, and ``z`` by ``x``, ``W`` and ``b``.

    Args:
        equations: of a component, in their order.
        given: name -> (label, value). An array with a label is a quantity of that name; without one it is constant, and
            so is a fraction, which keeps its name; one array under several names, or inside of a list, is one quantity;
            other values (whole numbers, strings, None, functions, Activation)
            stand for themselves. What a function with a label returns is a quantity of that name.
        results: of -> (label, value or None): how the result of an equation is called, and the array that was recorded
            of it, which those below then see. What is not named here is called as in the equation and is evaluated.
    """

    def __init__(
        self, equations: tuple[Equation, ...], given: Mapping[str, tuple[Label, Any]],
        results: Mapping[str, tuple[Label, Any]] | None = None,
    ) -> None:  # fmt: skip
        self._equations = [equation for equation in equations if equation.python is not None]
        self._known: dict[int, Traced] = {}  # an array by its id: one quantity under however many names
        labelled = sorted(given.items(), key=lambda item: item[1][0] is None)
        self._given = {name: self._named(name, *pair) for name, pair in labelled}
        self._results = results or {}
        self._roots: dict[int, Any] = {}
        self._leaves: dict[int, Any] = {}

    def __getitem__(self, of: str) -> Traced:
        place = self._place(of, len(self._equations))
        if place is None:
            raise DataError(f"No equation with an expression is of {of!r}{did_you_mean(of, list(self))}.")
        root = lift(self._root(place))
        self._leaf(place)  # so that a recurrence in it is known to be one
        for other in self._beside(place):
            with suppress(ConformanceError):
                self._leaf(other)
        return root

    def __contains__(self, of: object) -> bool:
        return any(equation.of == of for equation in self._equations)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(equation.of for equation in self._equations))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def equation(self, of: str) -> Equation:
        """The equation whose right-hand side ``self[of]`` is: the last one of several."""
        return [equation for equation in self._equations if equation.of == of][-1]

    def is_function(self, of: str) -> bool:
        """Whether that equation defines a function, which has no cells: ``sigma = lambda a: …``."""
        place = self._place(of, len(self._equations))
        return place is not None and callable(self._root(place)) and not isinstance(self._root(place), Traced)

    def _place(self, of: str, before: int) -> int | None:
        """Where the last equation of that name stands above another one."""
        return next((i for i in range(before - 1, -1, -1) if self._equations[i].of == of), None)

    def _root(self, place: int) -> Any:
        """What the expression of an equation makes: a Traced, a number, or a function."""
        if place not in self._roots:
            equation = self._equations[place]
            assert equation.python is not None
            self._know_all(place)
            names = {}
            for name in names_in(equation.python):
                above = self._place(name, place)
                if above is not None:
                    names[name] = self._leaf(above)
                elif name in self._given:
                    names[name] = self._given[name]
            try:
                self._roots[place] = remembered(run(equation.python, equation.of, names))
            except (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError, NoRule) as error:
                raise ConformanceError(
                    f"The expression of the equation of '{equation.of}' cannot be traced: {equation.python}",
                    expected="a value", received=f"{type(error).__name__}: {error}",
                    remedy="Write it with NumPy's functions of x, dy, y, the symbols and what equations above define.",
                ) from error  # fmt: skip
        return self._roots[place]

    def _know_all(self, before: int) -> None:
        """Evaluate what was not recorded of the results above, whether it is named or not: what computes them again is
        then known to be they, ``1 − y²`` in place of ``1 − tanh(z)²``, whatever was asked first."""
        for place in range(before):
            of = self._equations[place].of
            if place not in self._leaves and self._results.get(of, (None, None))[1] is None:
                with suppress(ConformanceError):
                    self._leaf(place)

    def _beside(self, place: int) -> list[int]:
        """The equations below that call the same function: of a recurrence of several quantities each is made of the
        others, of what stands below it, too."""
        called = self._functions(place)
        return [i for i in range(place + 1, len(self._equations)) if called & self._functions(i)] if called else []

    def _functions(self, place: int) -> frozenset[str]:
        """The functions that the expression of an equation calls, of those that equations above define."""
        equation = self._equations[place]
        assert equation.python is not None
        return frozenset(e.of for e in self._equations[:place] if is_helper(e)) & names_in(equation.python)

    def _leaf(self, place: int) -> Any:
        """The result of an equation, as those below it see it."""
        if place not in self._leaves:
            self._leaves[place] = self._result(place)
        return self._leaves[place]

    def _result(self, place: int) -> Any:
        of = self._equations[place].of
        is_last = self._place(of, len(self._equations)) == place  # of several of one name it is what was recorded
        label, recorded = self._results.get(of, (None, None)) if is_last else (None, None)
        if recorded is not None:
            return leaf(recorded, of, label or of)
        root = self._root(place)
        if not isinstance(root, Traced):
            return root
        if root.constant:
            return constant(root.value, of)
        result = leaf(root.value, of, label or of)
        _stand(root, result, np.arange(root.size).reshape(root.shape))
        return result

    def _named(self, name: str, label: Label, value: Any) -> Any:
        """What a name stands for in an expression."""
        if isinstance(value, np.ndarray):
            if id(value) not in self._known:
                self._known[id(value)] = constant(value, name) if label is None else leaf(value, name, label)
            return self._known[id(value)]
        if isinstance(value, Traced):
            return value
        if isinstance(value, Activation):
            return TracedActivation(value)
        if callable(value):
            return function_of(name, value) if label is None else _drawn(name.removesuffix("_of"), label, value)
        if isinstance(value, np.generic):
            value = value.item()
        if type(value) in (list, tuple):
            parts = (self._named(f"{name}{i}", label and f"{label}{i}", part) for i, part in enumerate(value))
            return type(value)(parts)
        if label is not None and isinstance(value, int | float):
            return leaf(value, name, label)
        return symbolic(name, value)


def _drawn(name: str, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that gives numbers that were drawn: what it returns is a quantity."""
    return lambda *args: leaf(function(*args), name, label)


def _stand(made: Traced, result: Traced, places: HostArray) -> None:
    """Write down at ``made``, and at all that it has only put elsewhere, that their cells are cells of ``result``.

    A recurrence, ``np.stack([h := f(x[t], h) for t in …])``, is then one step of it: made of the h before. One of
    several quantities, such as the gates, the cell and the state of an lstm, is written as a function that makes all
    of a step, and an equation for each that calls it: ``steps = lambda: [{"i": (i := …), "h": (h := …)} for t in …]``,
    ``i = np.stack([step["i"] for step in steps()])``. What is computed twice is one array, so each cell is made of
    cells of the others.
    """
    pending = [(made, places)]
    while pending:
        made, places = pending.pop()
        if made.operation is None or made.constant:
            continue
        if made.stands is None:
            made.stands = result, places
        if made.operation.kind == "move":
            source = sources(made).ravel()
            first = 1
            for operand in made.operands:
                inside = (source >= first) & (source < first + operand.size)
                found = np.full(operand.size, -1)
                found[source[inside] - first] = places.ravel()[inside]
                first += operand.size
                pending.append((operand, found))


def sources(made: Traced) -> HostArray:
    """Of a move: which cell each cell was, counted through all operands from 1; 0 of what was filled in."""
    if made.source is None:
        assert made.operation is not None
        if made.operation.data is None:
            return np.arange(1, made.size + 1).reshape(made.shape)
        first, arrays = 1, []
        for operand in made.operands:
            arrays.append(np.arange(first, first + operand.size).reshape(operand.shape))
            first += operand.size
        made.source = np.asarray(made.operation.data(*arrays))
    return made.source
