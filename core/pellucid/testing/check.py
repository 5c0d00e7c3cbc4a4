"""Check: one promise of the contracts, as a function that raises ConformanceError where it is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pellucid.testing.subject import Subject


def _always(subject: Subject) -> bool:
    return True


def has_expressions(subject: Subject) -> bool:
    """Whether any equation has a Python expression."""
    return any(equation.python is not None for equation in getattr(subject.target, "equations", ()))


def promises_capture(subject: Subject) -> bool:
    """Whether the component, and every layer in it, says that its calls may be recorded."""
    try:
        made = subject.create()
    except Exception:  # what is wrong with it is said by the case 'built_by_name'
        return False
    return bool(getattr(made, "capturable", False)) and all(
        layer.capturable for _, layer in (made.walk() if made.kind == "layer" else ())
    )


@dataclass(frozen=True)
class Check:
    """One promise.

    Attributes:
        run: tries it; the first line of its docstring is the promise in words.
        applies: whether the promise concerns a subject at all.
        every_example: whether it is tried with each example or with the first only.
        basic: nothing else can be tried where it is broken, so the component has no further cases then.
    """

    run: Callable[[Subject], None]
    applies: Callable[[Subject], bool] = _always
    every_example: bool = True
    basic: bool = False

    @property
    def name(self) -> str:
        return self.run.__name__

    @property
    def promise(self) -> str:
        return (self.run.__doc__ or "").strip().partition("\n")[0]


def checks(*runs: Callable[[Subject], None], applies: Callable[[Subject], bool] = _always) -> tuple[Check, ...]:
    """A check for each of these functions."""
    return tuple(Check(run, applies) for run in runs)
