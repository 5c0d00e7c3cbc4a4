"""Callback: an object that is told when a run starts, when an epoch ends and when the run ends."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar

from pellucid.component import Component

if TYPE_CHECKING:
    from pellucid.training.run import Run


class Callback(Component, ABC):
    """Override what you need. Per-step observers subscribe on the run: ``run.on_step(fn, every=n)``."""

    kind: ClassVar[str] = "callback"

    def on_run_start(self, run: Run) -> None:
        """Before the first step of a ``fit``."""

    def on_epoch_end(self, run: Run) -> None:
        """After an epoch and its validation; ``run.history[-1]`` holds its figures."""

    def on_run_end(self, run: Run) -> None:
        """After the last epoch, and also when the run is stopped early or an error ends it. The callbacks are called
        in reverse, as ``with`` statements unwind."""

    def lent(self, run: Run) -> AbstractContextManager[None]:
        """Within: the model has the weights that this callback wants evaluated and kept, such as an average, in place
        of those that are trained. It is entered around the validation of an epoch, and by ``best_epoch``; who looks at
        the model in ``on_epoch_end`` does so too: ``with run.lent(): …``. By default the weights are what they are."""
        return nullcontext()

    def state(self) -> dict[str, Any]:
        """What a continued run needs to know: NumPy arrays, and values that JSON can hold. Saved in checkpoints."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave."""
