"""Recording: a sequence of kernel calls written down once and run again on the same arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol
from weakref import WeakMethod

from pellucid.basics.arrays import HostArray
from pellucid.registry.config import read

Cells = Sequence[tuple[HostArray, HostArray]]
"""Cells of one number of 8 bytes, and the values that each is given, one for each replay, of the same type."""


class Plan(Protocol):
    """A recorded sequence of kernel calls, to be run again on the same arrays."""

    def run(self, times: int = 1, cells: Cells = ()) -> bool:
        """Replay; False if a ``guard_finite`` stopped it. Before the k-th replay each of the cells is given its k-th
        value."""
        ...


class Replayed:
    """A method of no arguments whose kernel calls are recorded at the first call and replayed from the third on.

    At the second the plan is put to the proof: what it does is held against what the method does, once (``promises``, a
    built-in). On a backend that does not record, and for a method that is not ``capturable``, every call runs the
    method. Either way the same kernels run on the same arrays, so the bits are equal.

    It belongs to the object whose method it is, and does not keep it: the memory of a large batch goes when the last
    user does, not when Python looks for cycles.

    Attributes:
        capturable: whether calls are replayed; False once a recording has come to nothing, or done something else.
    """

    __slots__ = ("_method", "_new", "_plan", "_record", "_result", "_warm_up", "capturable")

    def __init__(
        self, record: Callable[..., tuple[Any, Plan | None]], method: Callable[[], Any], capturable: bool, warm_up: int
    ) -> None:
        self._record, self._method, self.capturable, self._warm_up = record, WeakMethod(method), capturable, warm_up
        self._plan: Plan | None = None
        self._new: Plan | None = None  # a plan that has not been put to the proof
        self._result: Any = None

    @property
    def recorded(self) -> bool:
        """Whether there is a plan to replay, which has stood the proof."""
        return self._plan is not None

    def __call__(self, times: int = 1, cells: Cells = ()) -> Any:
        """The method's result; False if a replayed plan was stopped by ``guard_finite``.

        Only what has been recorded may run several ``times``, each with its values of the cells, see ``Plan.run``.
        """
        if self._plan is not None:
            return self._result if self._plan.run(times, cells) else False
        method = self._method()
        assert method is not None  # whoever calls this is its owner
        if not self.capturable:
            return method()
        if self._warm_up:
            self._warm_up -= 1
            return method()
        if (new := self._new) is not None:
            made, same = read("callback", "promises").proof(method, lambda: new.run() and self._result)
            if same is not None:  # None: it was stopped on its way, and so is not yet seen to the end
                self._new, self._plan, self.capturable = None, new if same else None, same
            return made
        self._result, new = self._record(method)
        if self._result is False:  # it was stopped on its way, and what was recorded ends there
            return False
        self._new, self.capturable = new, new is not None
        return self._result
