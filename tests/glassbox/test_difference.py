"""diff says where two traces part: which quantity first, in which cell, and by how much."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest


def _trace(seed: int = 1, backend: str = "reference", units: int = 5, lr: float = 0.1, **how: Any) -> pl.Trace:
    rng = np.random.default_rng(0)
    model = pl.build("ann", input_shape=(4,), hidden=[units], outputs=3, seed=seed, backend=backend)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer={"type": "sgd", "lr": lr}, seed=3)
    x = rng.normal(size=(6, 4))
    if "x" in how:
        x[how.pop("x")] += 1.0
    return trainer.trace_step(x, rng.integers(0, 3, 6), **how)


def test_the_same_step_does_not_differ() -> None:
    found = pl.diff(_trace(), _trace())
    assert not found and found.first is None
    assert str(found) == f"Of {found.compared} quantities that both have, none differs."


def test_the_first_cell_that_differs_is_named() -> None:
    found = pl.diff(_trace(), _trace(x=(2, 1)))
    assert found
    first = found.first
    assert first is not None and (first.name, first.cell, first.cells) == ("x", (2, 1), 1)
    assert abs(first.b - first.a - 1.0) < 1e-6 and abs(first.difference - 1.0) < 1e-6
    assert "The first:\n  x[2, 1]: " in str(found) and "apart by 1 (" in str(found)
    assert [row.name for row in found.differing][1] == "layers.1.y"  # what is the array x again is not told again
    assert len(str(found).splitlines()) < 30


def test_the_order_is_that_of_the_computation_and_settings_are_told() -> None:
    found = pl.diff(_trace(), _trace(lr=0.2))
    assert found.first is not None and found.first.name == "lr"
    assert [row.name for row in found.differing] == [
        "lr",
        *(f"layers.{n}.{w}.new" for n in (1, 2) for w in ("weight", "bias")),
    ]
    assert ("optimizer.lr", 0.1, 0.2) in found.settings and "optimizer.lr 0.1 and 0.2" in str(found)
    assert ("seed", 3, 3) not in found.settings
    assert ("backend", "reference", "cython") in pl.diff(_trace(), _trace(backend="cython")).settings


def test_two_backends_are_alike_within_a_tolerance() -> None:
    assert not pl.diff(_trace(), _trace(backend="cython"), tolerance=1e-5)


def test_other_shapes_and_names_of_one_alone_are_told() -> None:
    found = pl.diff(_trace(), _trace(units=7))
    assert found.shapes["layers.1.weight"] == ((4, 5), (4, 7)) and "layers.1.weight, (4, 5) and (4, 7)" in str(found)
    found = pl.diff(_trace(), _trace(keep="loss*"))
    assert not found.differing and "x" in found.only_a and "Only in the first: rows, x, y" in str(found)


def test_what_is_not_a_number_is_told_and_equals_itself() -> None:
    one, other = _trace(), _trace()
    y = one["layers.1.y"].copy()
    y[0, 0] = np.nan
    for trace in (one, other):
        trace.quantity("layers.1.y").array = y.copy()
    assert not pl.diff(one, other)
    y[0, 1] = np.inf
    other.quantity("layers.1.y").array = y
    found = pl.diff(one, other, tolerance=0.5)
    assert found.first is not None and found.first.cell == (0, 1) and found.first.relative == np.inf


def test_what_is_no_trace_is_refused() -> None:
    with pytest.raises(pl.DataError, match=r"compares two traces.*Received: dict"):
        pl.diff({}, _trace())  # type: ignore[arg-type]
    with pytest.raises(pl.ConfigError, match="tolerance"):
        pl.diff(_trace(), _trace(), tolerance=-1.0)
