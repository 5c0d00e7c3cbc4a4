"""All that a step keeps has been written by it: no number of a trace is what lay in the memory before."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from tests.glassbox.every import cases

MARK = {np.dtype(np.float32): (np.uint32, 0x7FC0DEAD), np.dtype(np.float64): (np.uint64, 0x7FF80000DEADBEEF)}
"""A NaN that nothing computes, in the bits of each type."""


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory that is asked for without being set holds that NaN."""
    empty = np.empty

    def marked_empty(*args: Any, **how: Any) -> Any:
        array = empty(*args, **how)
        if array.dtype in MARK:
            bits, mark = MARK[array.dtype]
            array.view(bits)[...] = mark
        return array

    monkeypatch.setattr(np, "empty", marked_empty)


def unwritten(case: Any) -> list[str]:
    """Quantities of a step that hold the mark."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        case.trainer.train_step(*case.batch)
        trace = case.trainer.trace_step(*case.batch)
    found = []
    for name in trace.names():
        array = np.ascontiguousarray(trace[name])
        if array.dtype in MARK and array.size:
            bits, mark = MARK[array.dtype]
            found += [name] * bool((array.view(bits) == mark).any())
    return found


def test_memory_that_is_not_set_is_seen(marked: None) -> None:
    array = np.empty(3, np.float32)
    array[1] = 0
    assert (array.view(np.uint32) == MARK[array.dtype][1]).tolist() == [True, False, True]


@pytest.mark.parametrize("name", ["core/dense", "core/batch_norm", "recurrent/gru", "recurrent/lstm"])
def test_what_a_step_keeps_was_written(name: str, marked: None) -> None:
    for case in [case for case in cases(name, "float32") if case.name == name]:
        assert unwritten(case) == [], case


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_of_every_component_what_a_step_keeps_was_written(dtype: str, marked: None) -> None:
    for case in cases("", dtype):
        assert unwritten(case) == [], case
