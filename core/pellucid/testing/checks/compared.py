"""What is shown as checked is compared: no expression stands idle, and what a component is for has one, or a reason."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from unittest import SkipTest

from pellucid.basics.component import Component, Equation
from pellucid.glassbox.equations import idle, noted_comparisons
from pellucid.glassbox.failure import ConformanceError, require
from pellucid.testing.check import Check, has_expressions
from pellucid.testing.subject import Subject

VALUES = {"layer": ("y", "y0"), "loss": ("loss",), "objective": ("objective",)}
"""What a component of a kind is for."""
BY_CHANCE = {"initializer": ("mean", "variance")}
"""What is compared as far as chance allows."""


def value_checked(subject: Subject) -> None:
    """What it is for has an expression to be checked by, or the equation says why it has none."""
    equations = _equations(subject)
    wanted = VALUES[subject.entry.kind]
    told = [equation for equation in equations if equation.of in wanted]
    require(
        any(equation.python is not None or equation.why.strip() for equation in told),
        f"There is no expression of '{wanted[0]}', so what it computes is not checked.",
        expected=f"Equation('{wanted[0]}', latex, python), or Equation('{wanted[0]}', latex, why=…)",
        received=", ".join(f"'{equation.of}'" for equation in equations) or "no equations",
        remedy="Write beside the LaTeX a Python expression of the same, or why none is short enough.",
    )  # fmt: skip


def expressions_compared(subject: Subject) -> None:
    """Each expression is held against the code, in one example at least, or used by one below that is."""
    compared = set(BY_CHANCE.get(subject.entry.kind, ()))
    equations = _equations(subject)
    if subject.entry.kind == "metric":
        compared.add([equation.of for equation in equations if equation.python is not None][-1])
    for example in getattr(subject.target, "examples", Component.examples):
        own = replace(subject, example=example)
        for check in _HOLDING[subject.entry.kind]:
            with noted_comparisons() as found, suppress(ConformanceError, SkipTest):  # what is wrong they say
                check.run(own)
            compared |= found
    left = idle(equations, compared)
    require(
        not left, f"Shown as checked, and neither compared nor used by an expression below: {_quoted(left)}.",
        expected="a quantity of the code, as docs/plugins/conformance.md lists them, or one that another one needs",
        received=f"compared: {_quoted(sorted(compared))}",
        remedy="Give it the name of what the code computes (dW needs symbols = {'W': 'weight'}), use it below, or "
        "leave out its expression.",
    )  # fmt: skip


def _equations(subject: Subject) -> tuple[Equation, ...]:
    return tuple(getattr(subject.target, "equations", ()))


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "nothing"


_HOLDING: dict[str, tuple[Check, ...]] = {}
"""By kind: the checks that hold equations against the code."""


def with_compared(kind: str, tried: tuple[Check, ...]) -> tuple[Check, ...]:
    """The checks of a kind, and that its expressions are compared by those that are called ``equations``."""
    _HOLDING[kind] = tuple(check for check in tried if check.name == "equations")
    if not _HOLDING[kind]:
        return tried
    value = (Check(value_checked, every_example=False),) if kind in VALUES else ()
    return (*tried, *value, Check(expressions_compared, has_expressions, every_example=False))
