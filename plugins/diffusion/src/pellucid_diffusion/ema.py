"""ema: an average over the weights of the last steps, which samples better than the last weights do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from pellucid import Callback, ConfigError, Equation, Example, Run, check_float


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
        self._memory: dict[str, Any] = {}  # count, average, and after a run trained: θ; changed in place

    def on_run_start(self, run: Run) -> None:
        number = sum(isinstance(callback, Ema) for callback in run.trainer.callbacks)
        if number > 1:
            raise ConfigError(
                f"A trainer takes one 'diffusion/ema', whose average the model ends with. Received: {number} of them. "
                "To compare two decays, train two models."
            )
        if run.trainer.steps == 0 and self._memory.get("count"):
            raise ConfigError(
                f"This ema holds the average over {self._memory['count']} steps of another trainer. Give each trainer "
                'one of its own, by its name for example: callbacks=["diffusion/ema"].'
            )
        arena = run.trainer.runtime.arena
        ops = arena.ops
        average, memory = arena.zeros(), self._memory
        if "average" in memory:
            average[...] = ops.asarray(memory["average"])
            if "trained" in memory and np.array_equal(ops.to_host(arena.data), memory["average"]):
                arena.data[...] = ops.asarray(memory["trained"])  # go on where training stopped
        else:
            ops.copy(arena.data, average)
            memory["count"] = 0
        memory.pop("trained", None)
        memory["average"] = average
        run.on_step(self._follow)

    def _follow(self, run: Run) -> None:
        arena, memory = run.trainer.runtime.arena, self._memory
        memory["count"] += 1
        n = memory["count"]
        arena.ops.lerp(memory["average"], arena.data, 1 - min(self.decay, n / (n + 9)))

    def on_run_end(self, run: Run) -> None:
        arena, memory = run.trainer.runtime.arena, self._memory
        average = memory["average"] = np.array(arena.ops.to_host(memory["average"]))
        choices = [callback.choice(run.trainer) for callback in run.trainer.callbacks]
        if any(choice is not None and choice[0] is not None for choice in choices):
            return  # the last word is with the best epoch, whose averages were kept
        memory["trained"] = np.array(arena.ops.to_host(arena.data))
        arena.data[...] = arena.ops.asarray(average)

    @contextmanager
    def lent(self, run: Run) -> Iterator[None]:
        """Within: the model has the averaged weights."""
        arena, average = run.trainer.runtime.arena, self._memory["average"]
        trained = arena.data.copy()
        arena.data[...] = arena.ops.asarray(average)
        try:
            yield
        finally:
            arena.data[...] = trained

    def state(self) -> dict[str, Any]:
        """The average, the number of steps in it and, after a run, the weights that training stopped with."""
        return {name: value if name == "count" else np.array(_host(value)) for name, value in self._memory.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._memory.clear()
        self._memory.update(state)


def _host(array: Any) -> Any:
    leave = getattr(array, "get", None)  # CuPy's
    return array if leave is None else leave()
