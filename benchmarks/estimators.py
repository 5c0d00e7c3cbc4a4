"""What the estimators cost: ``python -m benchmarks.estimators``, beside scikit-learn's MLP of the same sizes.

Everybody has a turn in every round, on the same rows, with the same layers, batches, epochs and optimizer, and early
stopping off: what is compared is the time for the same work, a training run, one row, and 100,000 rows. A ratio is that
of the medians of the rounds, with its 95 % interval (:mod:`benchmarks.statistics`); above 1 pellucid is faster.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import machine
from benchmarks.statistics import median, ratio_to_best

ROWS, COLUMNS, CLASSES = 10_000, 20, 3
MANY = 100_000
CASES: Mapping[str, tuple[int, ...]] = {"100": (100,), "256-256": (256, 256)}
"""Hidden layers; the first are those that scikit-learn's MLP has by default."""
EPOCHS, BATCH, RATE = 10, 200, 1e-3
LIMIT = 100.0
"""Microseconds that one row may take."""


def table(rows: int, seed: int = 0) -> tuple[Any, Any]:
    """Numbers and classes that follow from them, not by a line."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, COLUMNS))
    return x, np.digitize(x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]), (-0.5, 0.5))


def contestants(hidden: tuple[int, ...], epochs: int = EPOCHS) -> dict[str, Any]:
    """Estimators that do the same work, not trained yet."""
    from pellucid_tabular import PellucidClassifier
    from sklearn.neural_network import MLPClassifier

    same = {"early_stopping": False, "batch_size": BATCH, "random_state": 0}
    return {
        "pellucid": PellucidClassifier(None, hidden=hidden, epochs=epochs, learning_rate=RATE, **same),
        "scikit-learn": MLPClassifier(
            hidden, max_iter=epochs, learning_rate_init=RATE, alpha=0.0, n_iter_no_change=10**6, **same
        ),
    }


def timed(function: Callable[[], Any], calls: int = 1) -> float:
    """Seconds a call."""
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls


def measured(hidden: tuple[int, ...], rounds: int, *, rows: int = ROWS, many: int = MANY, epochs: int = EPOCHS,
             calls: int = 200) -> dict[str, dict[str, list[float]]]:  # fmt: skip
    """Seconds of every round, by what is done and by who does it."""
    x, y = table(rows)
    whole, one = table(many, seed=1)[0], x[:1].copy()
    models = contestants(hidden, epochs)
    found: dict[str, dict[str, list[float]]] = {
        what: {name: [] for name in models} for what in ("fit", "one row", "its probabilities", "many rows")
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's: it has not converged
        for model in models.values():
            model.fit(x[:500], y[:500]).predict(one)
        for _ in range(rounds):
            for name, model in models.items():
                found["fit"][name].append(timed(lambda of=model: of.fit(x, y)))
            for name, model in models.items():
                found["one row"][name].append(timed(lambda of=model: of.predict(one), calls))
                found["its probabilities"][name].append(timed(lambda of=model: of.predict_proba(one), calls))
                found["many rows"][name].append(timed(lambda of=model: of.predict(whole)))
    return found


def of_default(rounds: int, *, rows: int = 2_000, epochs: int | None = 24, calls: int = 200) -> list[float]:
    """Seconds in which the default estimator, an ensemble, predicts one row."""
    from pellucid_tabular import PellucidClassifier

    x, y = table(rows)
    model, one = PellucidClassifier(random_state=0, epochs=epochs).fit(x, y), x[:1].copy()
    model.predict(one)
    return [timed(lambda: model.predict(one), calls) for _ in range(rounds)]


def as_markdown(found: Mapping[str, Any]) -> str:
    lines = [
        f"Machine: {found['machine']['processor']}, {found['machine']['cores']} cores.", "",
        "| hidden layers | what | pellucid | scikit-learn | ratio (95 %) |",
        "|---|---|---:|---:|---:|",
    ]  # fmt: skip
    for case, times in found["cases"].items():
        for what, of in times.items():
            ratio = ratio_to_best(of["pellucid"], {"scikit-learn": of["scikit-learn"]})
            ours, theirs = (shown(median(of[name])) for name in ("pellucid", "scikit-learn"))
            lines.append(
                f"| {case} | {what} | {ours} | {theirs} | {ratio.value:.1f} ({ratio.low:.1f} to {ratio.high:.1f}) |"
            )
    default = median(found["default"])
    held = "within" if default * 1e6 <= LIMIT else "above"
    lines += ["", f"One row by the default ensemble: {shown(default)}, {held} the limit of {LIMIT:.0f} µs."]
    return "\n".join(lines) + "\n"


def shown(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--json", type=Path, help="write all times here")
    arguments = parser.parse_args()
    found = {
        "machine": machine(), "rounds": arguments.rounds,
        "cases": {name: measured(hidden, arguments.rounds) for name, hidden in CASES.items()},
        "default": of_default(arguments.rounds),
    }  # fmt: skip
    print(as_markdown(found))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
