"""A certificate takes one thread of NumPy's BLAS, and gives the others back."""

from __future__ import annotations

from threading import Thread
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.prove import certificate, threads


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A BLAS with seven threads; what was set, in order."""
    told = [7]
    monkeypatch.setattr(threads, "_switch", lambda: (lambda: told[-1], told.append))
    return told


def test_it_is_on_one_thread_and_gives_the_others_back(count: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    held = certificate.held_gradients

    def looked(*args: Any) -> Any:
        seen.append(count[-1])
        return held(*args)

    monkeypatch.setattr(certificate, "held_gradients", looked)
    trainer = pl.Trainer(pl.build("dense", units=2, input_shape=(3,), seed=0), loss="mse", seed=0)
    assert trainer.trace_step(np.ones((2, 3)), np.ones((2, 2))).certify(5).passed
    assert seen == [1] and count == [7, 1, 7]


def test_the_last_one_out_gives_them_back(count: list[int]) -> None:
    within = threads.one_blas_thread()
    with threads.one_blas_thread():
        other = Thread(target=within.__enter__)
        other.start()
        other.join()
    assert count == [7, 1, 1]
    within.__exit__(None, None, None)
    assert count[-1] == 7


def test_an_error_gives_them_back_too(count: list[int]) -> None:
    with pytest.raises(ZeroDivisionError), threads.one_blas_thread():
        raise ZeroDivisionError
    assert count == [7, 1, 7] and not threads._inside


def test_numpy_has_the_switch() -> None:
    """Of the wheels that the tests run on."""
    switch = threads._switch()
    if switch is None:
        pytest.skip("this NumPy has no OpenBLAS of its own")
    before = switch[0]()
    with threads.one_blas_thread():
        assert switch[0]() == 1
    assert switch[0]() == before
