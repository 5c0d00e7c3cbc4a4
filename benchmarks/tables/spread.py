"""python -m benchmarks.tables.spread --data FOLDER: what the spread of an ensemble's members says of its errors.

Of each table: the error of the half of the test rows on which members agree most, and of the other half; how the
ranks of spread and error go together (Spearman); of values, how often the truth lies within two spreads; of classes,
the expected calibration error of the probabilities over ten bins (Guo et al., On Calibration of Modern Neural
Networks, 2017).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environment import machine
from benchmarks.tables.sources import BY_NAME
from benchmarks.tables.worker import parts

BINS = 10


def together(one: Any, other: Any) -> float:
    """Spearman's correlation; 0 where one of them never changes, of which there is none."""
    from scipy.stats import spearmanr

    return float(spearmanr(one, other).statistic) if np.ptp(one) and np.ptp(other) else 0.0


def halves(spread: Any, error: Any) -> tuple[float, float]:
    """The mean error where members agree most, and where they do least."""
    order = np.argsort(spread, kind="stable")
    half = len(order) // 2
    return float(error[order[:half]].mean()), float(error[order[half:]].mean())


def calibration_error(probability: Any, right: Any) -> float:
    """Σ over bins of the share of rows times |how sure − how often right|."""
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    total = 0.0
    for k in range(BINS):
        own = bins == k
        if own.any():
            total += own.mean() * abs(probability[own].mean() - right[own].mean())
    return float(total)


def figures(table: str, seed: int, folder: Path) -> dict[str, Any]:
    from pellucid_tabular import PellucidClassifier, PellucidRegressor

    source = BY_NAME[table]
    train_x, test_x, train_y, test_y = parts(*source.frame(folder), source.task, seed)
    row: dict[str, Any] = {"table": table, "seed": seed, "rows": len(test_x)}
    if source.task == "regression":
        regressor = PellucidRegressor(random_state=seed).fit(train_x, train_y)
        said, spread = regressor.predict(test_x, return_std=True)
        error = np.abs(np.asarray(test_y) - said)
        row["within two spreads"] = float((error <= 2 * spread).mean())
    else:
        classifier = PellucidClassifier(random_state=seed).fit(train_x, train_y)
        probability = classifier.predict_proba(test_x)
        spread = classifier.spread(test_x).max(axis=1)
        error = (np.asarray(test_y).astype(str) != classifier.classes_.astype(str)[probability.argmax(1)]).astype(float)
        row["calibration error"] = calibration_error(probability.max(1), 1 - error)
    row["agreeing half"], row["other half"] = halves(spread, error)
    row["correlation"] = together(spread, error)
    return row


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables.spread", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the files")
    parser.add_argument("--tables", default="german,pima,wisconsin,digits,diabetes,abalone,white-wine,wage")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rows = []
    for table in given.tables.split(","):
        for seed in map(int, given.seeds.split(",")):
            rows.append(figures(table, seed, given.data))
            print(json.dumps(rows[-1]), flush=True)
    if given.json:
        given.json.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
