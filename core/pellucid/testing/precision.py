"""require_precise: what is computed in float32 is what is computed in float64, but for rounding."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.glassbox.failure import require_close
from pellucid.testing.subject import ROUNDING
from pellucid.testing.trial import Arrays, CallTrial, Result

EPS = 2.0**-23
REMEDY = (
    "Compute in the model's type throughout, sum many numbers in float64, and subtract the mean before squaring: "
    "E x² − (E x)² cancels."
)


def require_precise(single: CallTrial, double: CallTrial, given: Arrays, when: str, training: bool = True) -> None:
    """Raise ConformanceError where a call in float32 is further from one in float64 than the rounding of its inputs and
    parameters explains; ``given`` are arrays of float32."""
    wide = tuple(None if x is None else x.astype(np.float64) if x.dtype.kind == "f" else x for x in given)
    rng = np.random.default_rng(17)

    def called(trial: CallTrial, arrays: Arrays) -> Result:
        with np.errstate(all="ignore"):
            return trial.call(*arrays, ctx=trial.context(training=training))

    narrow = called(single, tuple(None if x is None else single.ops.asarray(x) for x in given))
    exact = called(double, wide)
    nearby = []
    kept = double.values()
    for _ in range(2):
        for owned in double.owned():
            owned.data[...] = _shaken(owned.data, rng)
        nearby.append(called(double, tuple(x if x is None else _shaken(x, rng) for x in wide)))
        for owned in double.owned():
            owned.data[...] = kept[owned.path]
    for i, name in enumerate(_names(exact)):
        mine, theirs = _numbers(narrow)[i], _numbers(exact)[i]
        if mine is None or theirs is None or mine.dtype.kind != "f" or not np.isfinite(mine).all():
            continue
        doubt = max(float(np.max(np.abs(_numbers(near)[i] - theirs), initial=0.0)) for near in nearby)
        scale = float(np.max(np.abs(theirs), initial=1.0))
        require_close(f"{name} {when} in float32, against float64,", mine, theirs,
                      ROUNDING * max(1.0, min(scale, 30.0)) + 16 * doubt, REMEDY)  # fmt: skip


def _shaken(x: Any, rng: np.random.Generator) -> Any:
    """The same numbers, each moved by as much as float32 rounds."""
    return x * (1 + EPS * rng.choice((-1, 1), x.shape)) if x.dtype.kind == "f" else x


def _names(result: Result) -> list[str]:
    word, of_inputs = result.words
    return [
        *(f"{word} {i}" for i in range(len(result.y))), *(f"{of_inputs} {i}" for i in range(len(result.dx))),
        *(f"The gradient of '{path}'" for path in result.grads),
    ]  # fmt: skip


def _numbers(result: Result) -> Arrays:
    return (*result.y, *result.dx, *result.grads.values())
