"""Opened: what a page asks of a trace, which stands above it and calls it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import Equation
from pellucid.glassbox.record.quantity import Call, Quantity


class Opened(Protocol):
    """A :class:`~pellucid.glassbox.trace.Trace`, or what looks like one."""

    calls: list[Call]
    setting: Any

    @property
    def inside(self) -> Any: ...

    def names(self) -> list[str]: ...
    def __iter__(self) -> Iterator[str]: ...
    def __contains__(self, name: object) -> bool: ...
    def __getitem__(self, name: str) -> HostArray: ...
    def quantity(self, name: str) -> Quantity: ...
    def equations(self, call: Call) -> Sequence[Equation]: ...
