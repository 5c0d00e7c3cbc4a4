"""Metric: a figure computed from predictions and targets while evaluating."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import Component


class Metric(Component, ABC):
    """Accumulates over batches; ``update`` receives NumPy arrays."""

    kind: ClassVar[str] = "metric"
    part_of_step: ClassVar[bool] = False
    higher_is_better: ClassVar[bool] = True

    @abstractmethod
    def reset(self) -> None:
        """Forget all batches."""

    @abstractmethod
    def update(self, prediction: HostArray, target: HostArray, weight: HostArray | None = None) -> None:
        """Take in one batch."""

    @abstractmethod
    def result(self) -> float:
        """The figure over all batches since the last reset: a number, of Python's or of NumPy's."""
