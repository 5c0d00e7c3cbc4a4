"""ema: an average over the weights of the last steps, which samples better than the last weights do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from pellucid import Callback, CheckpointError, ConfigError, Equation, Example, Run, check_float


class Ema(Callback):
    """``m ← m + (1 − d_n)(θ − m)`` after step n, ``d_n = min(decay, n/(n + 9))``; the model gets m when the run ends.

    One pass over the arena a step. Training is not touched: a checkpoint holds the weights θ and, beside them, m; a run
    that goes on has the same bits as one that was never interrupted, and so has a second ``fit``. What is evaluated and
    what is saved is m: validation is on the averages, and ``best_epoch`` gives the model those of the best epoch.

    The smaller d_n at the start lets m forget the first, random weights.

    Args:
        decay: d, in [0, 1): the average is over about the last 1/(1 − d) steps.

    Errors: ConfigError where a trainer has two of them, as one model cannot end with two averages;
    and where it has averaged the weights of another trainer.

    Source: Polyak & Juditsky, 1992; Ho, Jain & Abbeel, 2020, appendix B.
    """

    equations = (
        Equation("d", r"d_n = \min\left(d, \tfrac{n}{n + 9}\right)"),
        Equation("m", r"m \leftarrow m + (1 - d_n)(\theta - m)"),
    )
    examples = (Example(), Example({"decay": 0.5}))

    def __init__(self, decay: float = 0.999) -> None:
        check_float(self, "decay", decay, "[0, 1)")
        self.decay = decay
        self._count = 0  # steps in the average
        self._average: Any = None
        self._trained: Any = None  # θ, after a run

    def on_run_start(self, run: Run) -> None:
        number = sum(isinstance(callback, Ema) for callback in run.trainer.callbacks)
        if number > 1:
            raise ConfigError(
                f"A trainer takes one 'diffusion/ema', whose average the model ends with. Received: {number} of them. "
                "To compare two decays, train two models."
            )
        if self._count > run.trainer.steps:
            raise ConfigError(
                f"This ema holds the average over {self._count} steps of another trainer. Give each trainer "
                'one of its own, by its name for example: callbacks=["diffusion/ema"].'
            )
        arena = run.trainer.runtime.arena
        ops = arena.ops
        average = arena.zeros()
        if self._average is None:
            ops.copy(arena.data, average)
        elif np.shape(self._average) != average.shape or self._average.dtype != average.dtype:
            raise CheckpointError(
                f"The checkpoint's average has {np.size(self._average)} weights of type {self._average.dtype}, and "
                f"this model {average.size} of type {average.dtype}. Begin a new run."
            )
        else:
            average[...] = ops.asarray(self._average)
            if self._trained is not None and np.array_equal(ops.to_host(arena.data), self._average):
                arena.data[...] = ops.asarray(self._trained)  # go on where training stopped
        self._average, self._trained = average, None
        run.on_step(self._follow)

    def _follow(self, run: Run) -> None:
        arena = run.trainer.runtime.arena
        self._count += 1
        arena.ops.lerp(self._average, arena.data, 1 - min(self.decay, self._count / (self._count + 9)))

    def on_run_end(self, run: Run) -> None:
        arena = run.trainer.runtime.arena
        self._average = np.array(arena.ops.to_host(self._average))
        choices = [callback.choice(run.trainer) for callback in run.trainer.callbacks]
        if any(choice is not None and choice[0] is not None for choice in choices):
            return  # the last word is with the best epoch, whose averages were kept
        self._trained = np.array(arena.ops.to_host(arena.data))
        arena.data[...] = arena.ops.asarray(self._average)

    @contextmanager
    def lent(self, run: Run) -> Iterator[None]:
        """Within: the model has the averaged weights."""
        arena = run.trainer.runtime.arena
        trained = arena.data.copy()
        arena.data[...] = arena.ops.asarray(self._average)
        try:
            yield
        finally:
            arena.data[...] = trained

    def state(self) -> dict[str, Any]:
        """The average, the number of steps in it and, after a run, the weights that training stopped with."""
        arrays = {"average": self._average, "trained": self._trained}
        kept = {name: np.array(_host(array)) for name, array in arrays.items() if array is not None}
        return {"count": self._count, **kept} if kept else {}

    def restore(self, state: Mapping[str, Any]) -> None:
        count, average, trained = state.get("count", 0), state.get("average"), state.get("trained")
        forms = [(a.shape, a.dtype) if isinstance(a, np.ndarray) else None for a in (average, trained)]
        alike = forms[0] is not None and (trained is None or forms[0] == forms[1])
        if state and not (type(count) is int and count >= 0 and alike):
            raise CheckpointError(
                f"ema remembers how many steps are in an average, and the average. Received: {count!r:.40} steps; "
                f"average, weights: {forms}."
            )
        self._count, self._average, self._trained = count, average, trained


def _host(array: Any) -> Any:
    leave = getattr(array, "get", None)  # CuPy's
    return array if leave is None else leave()
