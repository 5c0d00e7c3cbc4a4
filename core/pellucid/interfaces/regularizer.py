"""Regularizer: a penalty on a parameter, reported apart from the data loss and never averaged over the batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from pellucid.basics.arrays import Array
from pellucid.basics.component import Component


class Regularizer(Component, ABC):
    """A function of one parameter that is added to what training minimises.

    It acts once a step, after the micro-batches and ranks have been reduced.
    """

    kind: ClassVar[str] = "regularizer"

    @abstractmethod
    def penalty(self, ops: Any, data: Array) -> float:
        """Its value."""

    @abstractmethod
    def add_gradient(self, ops: Any, data: Array, grad: Array) -> None:
        """Add its gradient to ``grad``."""
