"""Backend: arrays, random numbers and recording, which is what the engine knows of a backend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from pellucid.basics.arrays import Array
from pellucid.ops.lookup import shared
from pellucid.ops.random import RandomOps
from pellucid.ops.recording import Plan
from pellucid.registry.config import find_op

Result = TypeVar("Result")


class Backend(RandomOps, ABC):
    """Where arrays live, and what is done with them as such.

    What layers, losses and optimizers compute is the business of the built-ins and plugins: :class:`pellucid.Ops` has
    the operations of the former, and those of the latter are found by their names, see :meth:`op`.
    """

    kind: ClassVar[str] = "backend"
    name: ClassVar[str]
    queues: ClassVar[bool] = False
    """Whether replays are sent ahead and wait for nobody: then the cells of each are written before the first."""
    warm_up: ClassVar[int] = 0
    """How many calls of a function run by themselves before one is recorded."""
    xp: Any

    @abstractmethod
    def address(self, a: Array) -> int:
        """The address of the first element, in bytes (the arena aligns its buffers by it)."""

    def record(self, function: Callable[[], Result]) -> tuple[Result, Plan | None]:
        """Run ``function`` once. A recording backend returns a plan that replays its op calls; others return None."""
        return function(), None

    def spoil(self) -> None:
        """Array code outside of the ops is about to run: a plan that is being recorded would lack it, so it comes to
        nothing, and the function is run every time."""

    def op(self, name: str) -> Callable[..., Any]:
        """A plugin's kernel for this backend by its registered name, ``"cnn/conv2d"``."""
        kernel: Callable[..., Any] = find_op(name, self)
        return kernel

    def __getattr__(self, name: str) -> Any:
        """An operation of a derived class, which the engine need not know."""
        raise AttributeError(
            f"The backend {type(self).__name__} has no operation {name!r}. Those of the built-ins are in pellucid.Ops: "
            f"derive it from that. A plugin's are found by name, op('vendor/{name}')."
        )

    def synchronize(self) -> None:
        """Wait until all work given to the device is done."""

    def __deepcopy__(self, memo: Any) -> Backend:
        """A copied model runs on the same backend."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by its name."""
        return shared, (self.name,)

    def __repr__(self) -> str:
        return f"<pellucid backend {self.name!r}>"
