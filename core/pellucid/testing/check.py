"""Check: one promise of the contracts, as a function that raises ConformanceError where it is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pellucid.testing.subject import Subject


def _always(subject: Subject) -> bool:
    return True


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
