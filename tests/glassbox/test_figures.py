"""What a recorder reads of arrays: the kernels give what array code gives, of any size, also where numbers are odd."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.flight.figures import BINS, OF_OUTPUT, Layout, Row, distribution, span_sums
from pellucid.glassbox.flight.recording import from_columns, to_columns
from pellucid.ops.kernels import native


def _both(monkeypatch: pytest.MonkeyPatch, function: Any, *given: Any, shape: Any) -> tuple[Any, Any]:
    ours, expected = np.full(shape, 7.0), np.full(shape, 8.0)
    assert getattr(native, function.__name__)(*given, ours)
    with monkeypatch.context() as without:
        without.delitem(sys.modules, "pellucid.ops.kernels.native")
        function(*given, expected)
    return ours, expected


@pytest.mark.parametrize("level", native.simd_levels())
@pytest.mark.parametrize("scale", [1.0, 1e-22, 1e30])
def test_sums_of_spans(level: str, scale: float, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, before = np.random.default_rng(0), native.simd_level()
    x, other = (rng.normal(size=5000) * scale).astype(np.float32), (rng.normal(size=5000) * scale).astype(np.float32)
    x[::3], x[7::10] = 0, other[7::10]
    spans = np.array([(0, 1), (1, 1), (3, 2100), (2100, 2117), (2120, 5000)], np.int64)
    native.use_simd(level)
    try:
        for against in (None, other):
            ours, expected = _both(monkeypatch, span_sums, x, against, spans, shape=(5, 3))
            np.testing.assert_allclose(ours, expected, rtol=1e-12)
            assert expected[2, 1] > 0
    finally:
        native.use_simd(before)


@pytest.mark.parametrize("level", native.simd_levels())
def test_distributions(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, before = np.random.default_rng(1), native.simd_level()
    native.use_simd(level)
    try:
        for rows, columns in ((1, 1), (1, 40), (3, 16), (7, 33), (130, 70)):
            y = np.maximum(rng.normal(size=(rows, columns)), 0).astype(np.float32)
            y[:, ::5] = 0
            for odd in (None, np.inf, -np.inf, np.nan, 3e38, -3e38):
                if odd is not None:
                    y[rows // 2, columns // 2] = odd
                    y[0, 0] = -odd if abs(odd) < np.inf else odd
                with np.errstate(invalid="ignore"):
                    ours, expected = _both(monkeypatch, distribution, y, shape=5 + BINS)
                largest = np.abs(y, dtype=float).max() if np.isfinite(y).all() else 0.0  # of a sum, that may cancel
                np.testing.assert_allclose(ours[:1], expected[:1], rtol=1e-12, atol=1e-12 * largest)
                np.testing.assert_allclose(ours[1:], expected[1:], rtol=1e-12)
                assert ours[4] == (~y.any(axis=0)).sum() and ours[5:].sum() == (y.size if np.isfinite(y).all() else 0)
    finally:
        native.use_simd(before)


def test_wrong_arguments_never_reach_the_kernels() -> None:
    x, out = np.zeros(4, np.float32), np.zeros((1, 3))
    for spans in ([[0, 5]], [[-1, 2]], [[3, 2]]):
        with pytest.raises(pl.DataError, match="must lie within 0 … 4"):
            native.span_sums(x, None, np.array(spans), out)
    with pytest.raises(pl.ShapeError, match=r"x, other \(n,\)"):
        native.span_sums(x, x[:3], np.array([[0, 4]]), out)
    with pytest.raises(pl.ShapeError, match=r"x \(rows, columns\)"):
        native.distribution(x, np.zeros(9))
    assert not native.span_sums(x.astype(float), None, np.array([[0, 4]]), out)
    assert not native.distribution(x[:0].reshape(0, 4), np.zeros(9)) and not native.distribution(x, np.zeros(999))


def test_rates_that_differ_have_names_of_their_own() -> None:
    """Steps in which all segments have one rate, and such in which they do not, in one recording."""
    layout = Layout([("w", 4, True), ("frozen", 2, False)], [("l.y", 6)], ["w", "b"])
    flat = np.zeros(12 + OF_OUTPUT + 3)
    flat[:6], flat[6:9], flat[-3:] = [16.0, 1.0, 0.0, 9.0, 0.0, 0.0], [4.0, 0.0, 0.0], [0.1, 0.1, 5.0]
    other = flat.copy()
    other[-2], other[8] = 0.2, 16.0
    names_and = to_columns({3: Row(layout, flat), 5: {"loss": 4.0}, 4: Row(layout, other)})
    records = from_columns(names_and[1], names_and[0], pl.CheckpointError)
    assert list(records) == [3, 4, 5] and [record["loss"] for record in records.values()] == [5.0, 5.0, 4.0]
    assert records[3]["lr"] == 0.1 and "w.lr" not in records[3] and "lr" not in records[4]
    assert (records[4]["w.lr"], records[4]["b.lr"]) == (0.1, 0.2)
    assert records[3]["w.grad.rms"] == 2 and records[3]["w.grad.zeros"] == 0.25 and records[3]["norm"] == 4
    assert records[3]["w.update.ratio"] == np.inf and records[4]["w.update.ratio"] == 0.5
    assert not any(name.startswith("frozen") for name in records[3])
