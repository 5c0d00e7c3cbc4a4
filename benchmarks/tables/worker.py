"""One contestant, one table, one seed, in a process of its own: its error on the test rows, as a line of JSON."""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np


def parts(x: Any, y: Any, task: str, seed: int) -> tuple[Any, Any, Any, Any]:
    """The same for all: a fifth of the rows for the test, drawn by the seed, classes in proportion. What a method
    holds back of the others, to stop by, is its own affair."""
    from sklearn.model_selection import train_test_split

    return train_test_split(  # type: ignore[no-any-return]
        x, y, test_size=0.2, random_state=seed, stratify=y if task == "classification" else None
    )


def error(task: str, y: Any, predicted: Any) -> float:
    """The fraction of wrong classes, or the root of the mean squared error."""
    if task == "classification":
        return float(np.mean(np.asarray(y).astype(str) != predicted.astype(str)))
    return float(np.sqrt(np.mean((np.asarray(y) - predicted) ** 2)))


def main(name: str, table: str, seed: int, folder: Path) -> dict[str, Any]:
    from benchmarks.tables.methods import METHODS, predictions
    from benchmarks.tables.sources import BY_NAME

    source = BY_NAME[table]
    train_x, test_x, train_y, test_y = parts(*source.frame(folder), source.task, seed)
    start, cpu = time.perf_counter(), time.process_time()
    fitted = METHODS[name](source.task, train_x, train_y, seed)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    start = time.perf_counter()
    predicted = predictions(name, source.task, fitted, test_x)
    return {
        "method": name, "table": table, "seed": seed, "error": error(source.task, test_y, predicted),
        "seconds": round(seconds, 2), "cpu": round(cpu, 2), "prediction": round(time.perf_counter() - start, 3),
        "rows": len(train_x),
    }  # fmt: skip


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    out = os.fdopen(os.dup(1), "w")  # libraries that print are sent to stderr
    os.dup2(2, 1)
    print(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))), file=out)
