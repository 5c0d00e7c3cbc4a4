"""Recording: a sequence of kernel calls written down once and run again on the same arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol
from weakref import WeakMethod

from pellucid.registry.config import read


class Plan(Protocol):
    """A recorded sequence of kernel calls, to be run again on the same arrays."""

    def run(self, times: int = 1) -> bool:
        """Replay; False if a ``guard_finite`` stopped it. On a backend that ``queues`` a second argument may follow, a
        function ``before(k)`` that writes the cells of the k-th replay."""
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
        self._plan: Any = None  # a Plan; that of a backend which queues takes ``before``, too
        self._new: Any = None  # a plan that has not been put to the proof
        self._result: Any = None

    @property
    def recorded(self) -> bool:
        """Whether there is a plan to replay, which has stood the proof."""
        return self._plan is not None

    def __call__(self, times: int = 1, before: Callable[[int], None] | None = None) -> Any:
        """The method's result; False if a replayed plan was stopped by ``guard_finite``.

        Only what has been recorded may run several ``times``; ``before`` is for backends that queue, see ``Plan.run``.
        """
        if self._plan is not None:
            finished = self._plan.run(times) if before is None else self._plan.run(times, before)
            return self._result if finished else False
        method = self._method()
        assert method is not None  # whoever calls this is its owner
        if not self.capturable:
            return method()
        if self._warm_up:
            self._warm_up -= 1
            return method()
        if (new := self._new) is not None:
            run = new.run if before is None else lambda: new.run(1, before)
            made, same = read("callback", "promises").proof(method, lambda: run() and self._result)
            if same is not None:  # None: it was stopped on its way, and so is not yet seen to the end
                self._new, self._plan, self.capturable = None, new if same else None, same
            return made
        self._result, new = self._record(method)
        if self._result is False:  # it was stopped on its way, and what was recorded ends there
            return False
        self._new, self.capturable = new, new is not None
        return self._result
