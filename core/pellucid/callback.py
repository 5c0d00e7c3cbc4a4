"""Callback: an object that is told when a run starts, when an epoch ends and when the run ends."""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING, ClassVar

from pellucid.component import Component

if TYPE_CHECKING:
    from pellucid.run import Run


class Callback(Component, ABC):  # noqa: B024  (every hook is optional)
    """Override what you need. Per-step observers subscribe on the run: ``run.on_step(fn, every=n)``."""

    kind: ClassVar[str] = "callback"

    def on_run_start(self, run: Run) -> None:  # noqa: B027
        """Before the first step of a ``fit``."""

    def on_epoch_end(self, run: Run) -> None:  # noqa: B027
        """After an epoch and its validation; ``run.history[-1]`` holds its figures."""

    def on_run_end(self, run: Run) -> None:  # noqa: B027
        """After the last epoch, and also when the run is stopped early."""
