"""What does the flight recorder cost? ``python -m benchmarks.recorder``: training with it beside training without.

All train 784-128-10 at batch 128 (case 1/128) in one process and take turns, a fit of sixteen epochs each, so that a
disturbance of the machine meets all of them. Counted is the processor's time: what a recorder writes to the disk is
waited for at the end of a fit, and not in a step. Run it with MALLOC_MMAP_THRESHOLD_=100000, as the other benchmarks
are; a ratio is the median over the rounds, with its 95 % interval by bootstrap.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl

from benchmarks.environment import machine

BATCH, STEPS, EPOCHS = 128, 128, 16
WITH: dict[str, dict[str, Any] | None] = {
    "off": None,
    "statistics, every 10th step": {"every": 10},
    "statistics, every step": {"every": 1},
    "everything of every step, by anchors": {"keep": ["everything"]},
}


def trainer(how: dict[str, Any] | None, optimizer: str, folder: Path) -> pl.Trainer:
    """One that records as told."""
    model = pl.build("ann", input_shape=(784,), hidden=[128], outputs=10, seed=0)
    callbacks = [] if how is None else [{"type": "recorder", "path": str(folder), **how}]
    return pl.Trainer(model, loss="softmax_cross_entropy", optimizer=optimizer, callbacks=callbacks, seed=0)


def measured(
    rounds: int, optimizer: str, folder: Path, steps: int = STEPS, epochs: int = EPOCHS
) -> dict[str, list[float]]:
    """µs per step in every round, by contestant."""
    rng = np.random.default_rng(0)
    data = rng.normal(size=(BATCH * steps, 784)).astype(np.float32), rng.integers(0, 10, BATCH * steps)
    contestants = {name: trainer(how, optimizer, folder / f"{i}") for i, (name, how) in enumerate(WITH.items())}
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        for name, each in contestants.items():
            start = time.process_time()
            each.fit(data, epochs=epochs, batch_size=BATCH, verbose=False)
            if turn:  # the first one warms up
                found[name].append((time.process_time() - start) / (steps * epochs) * 1e6)
    return found


def ratio(times: Sequence[float], off: Sequence[float]) -> tuple[float, float, float]:
    """The median over rounds, and its 95 % interval."""
    ratios = np.asarray(times) / np.asarray(off)
    drawn = np.random.default_rng(0).integers(0, len(ratios), (2000, len(ratios)))
    low, high = np.quantile(np.median(ratios[drawn], axis=1), [0.025, 0.975])
    return float(np.median(ratios)), float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--optimizer", default="adam")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    pl.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        times = measured(args.rounds, args.optimizer, Path(folder))
    rows = {name: {"µs": float(np.median(own)), "ratio": ratio(own, times["off"])} for name, own in times.items()}
    for name, row in rows.items():
        value, low, high = row["ratio"]  # type: ignore[misc]
        print(f"{name:38} {row['µs']:8.1f} µs a step   {value:.3f} [{low:.3f}, {high:.3f}]")
    if args.json is not None:
        args.json.write_text(json.dumps({"machine": machine(), "optimizer": args.optimizer, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
