"""What is said of many samples is made one after the other: all of it at once took a hundred times the rows."""

from __future__ import annotations

import tracemalloc
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pellucid.workbench.cli.commands import predict
from pellucid.workbench.experiments.predictions import Predictions

ROWS = 4000


def _predictions(rows: int) -> Predictions:
    probabilities = np.full((rows, 2), 0.5)
    return Predictions(probabilities, probabilities, probabilities.argmax(axis=1), ("no", "yes"))


def _written(path: Path, rows: int) -> None:
    predictions = _predictions(rows)
    predict._write(path, predictions, partial(predict._records, predictions, [("x.csv", rows)], True))


@pytest.mark.parametrize("kind", ["csv", "json", "npz", "table"])
def test_many_predictions_need_the_memory_of_their_text(kind: str, tmp_path: Path) -> None:
    def once(rows: int) -> Any:
        if kind == "table":
            return predict._table(partial(predict._records, _predictions(rows), [("x.csv", rows)], True), True)
        return _written(tmp_path / f"{rows}.{kind}", rows)

    once(3)
    tracemalloc.start()
    try:
        once(ROWS)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 600 * ROWS, f"{most / ROWS:.0f} bytes a sample"  # the records and rows were 1,500 and more
