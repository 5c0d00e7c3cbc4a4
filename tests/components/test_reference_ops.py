"""The reference operations as such: random bits, erf, cells of the training loop, aliasing, extremes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError, DataError
from pellucid.ops.random import Stream
from pellucid.standard.ops.activations import ACTIVATIONS
from scipy import special, stats

from tests.components.support import REFERENCE as OPS

MASK = (1 << 64) - 1


# -- randomness --------------------------------------------------------------------------------------------------------


def splitmix(z: int) -> int:
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
    return z ^ z >> 31


def bits_by_definition(step_key: int, site: int, row: int, per_row: int, j: int) -> int:
    key = splitmix(step_key ^ splitmix(site))
    return splitmix((key + (row * per_row + j + 1) * 0x9E3779B97F4A7C15) & MASK)


def stream(offset: int = 0, rows: Any = None, key: int = MASK - 12345, site: int = MASK - 7) -> Stream:
    return Stream(np.array([key, offset], np.uint64), site, rows)


def test_splitmix_is_the_published_generator() -> None:
    """Reference output of splitmix64 with seed 1234567 (Vigna's public-domain program)."""
    state, out = 1234567, []
    for _ in range(3):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        out.append(splitmix(state))
    assert out == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@pytest.mark.parametrize(("offset", "rows"), [(0, None), (1000, None), (0, np.array([5, 5, 0, 2**40]))])
def test_every_element_is_the_hash_of_its_row_and_column(offset: int, rows: Any) -> None:
    s = stream(offset, rows)
    u64, u32 = np.empty((4, 2, 3)), np.empty((4, 2, 3), np.float32)
    normal, kept = np.empty((4, 2, 3)), np.empty((4, 2, 3))
    OPS.random_uniform(s, u64)
    OPS.random_uniform(s, u32)
    OPS.random_normal(s, normal)
    OPS.dropout(np.ones_like(kept), 0.37, s, kept)
    for i in range(4):
        row = int(rows[i]) if rows is not None else offset + i
        for j in range(6):
            bits = bits_by_definition(int(s.cell[0]), s.site, row, 6, j)
            at = (i, j // 3, j % 3)
            assert u64[at] == (bits >> 11) * 2.0**-53
            assert u32[at] == (bits >> 40) * 2.0**-24
            u1, u2 = ((bits >> 32) + 0.5) * 2.0**-32, (bits & 0xFFFFFFFF) * 2.0**-32
            assert normal[at] == pytest.approx(math.sqrt(-2 * math.log(u1)) * math.cos(2 * math.pi * u2), rel=1e-13)
            assert kept[at] == ((1 / 0.63) if (bits >> 40) * 2.0**-24 >= 0.37 else 0)


def test_distributions() -> None:
    uniform, normal = np.empty((300, 400)), np.empty((300, 400))
    OPS.random_uniform(stream(), uniform)
    OPS.random_normal(stream(site=3), normal)
    assert uniform.min() >= 0 and uniform.max() < 1
    assert stats.kstest(uniform.ravel(), "uniform").pvalue > 1e-4
    assert stats.kstest(normal.ravel(), "norm").pvalue > 1e-4
    for a in (uniform, normal):  # neighbours in a row and in a column are uncorrelated
        centred = a - a.mean()
        assert abs((centred[:, 1:] * centred[:, :-1]).mean()) < 5 * a.var() / math.sqrt(a.size)
        assert abs((centred[1:] * centred[:-1]).mean()) < 5 * a.var() / math.sqrt(a.size)


def test_random_arrays_without_rows_or_columns() -> None:
    for shape in ((0, 3), (3, 0), (4,)):
        out = np.full(shape, np.nan)
        OPS.random_normal(stream(), out)
        OPS.dropout(out, 0.5, stream(), out)
        assert np.isfinite(out).all()


def test_dropped_values_are_zero_whatever_they_were() -> None:
    x = np.full((50, 4), np.nan)
    out = np.empty_like(x)
    OPS.dropout(x, 0.5, stream(), out)
    assert (out == 0).sum() + np.isnan(out).sum() == x.size
    assert 0 < (out == 0).sum() < x.size


# -- activations -------------------------------------------------------------------------------------------------------


def test_erf_is_exact_to_the_last_places() -> None:
    x = np.concatenate([np.linspace(-8, 8, 4001), [0.0, -0.0, 1e-300, 50, -1e308]])
    np.testing.assert_allclose(OPS._erf(x), special.erf(x), rtol=0, atol=2e-15)
    single = OPS._erf(np.clip(x, -1e30, 1e30).astype("float32"))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, special.erf(x), rtol=0, atol=5e-7)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activations_stay_finite_and_without_warnings_at_extremes(name: str, dtype: str) -> None:
    big = float(np.finfo(dtype).max)
    tiny = float(np.finfo(dtype).smallest_subnormal)
    x = np.array([0.0, -0.0, tiny, -tiny, 100.0, -100.0, 1e4, -1e4, big, -big], dtype)
    with OPS.quiet():
        y, dx = np.empty_like(x), np.empty_like(x)
        OPS.activation_forward(name, x, y)
        OPS.activation_backward(name, np.ones_like(x), x, y, dx)
    assert np.isfinite(y).all()
    assert np.isfinite(dx[:8]).all()
    y8, dx8 = np.empty_like(x[:8]), np.empty_like(x[:8])
    OPS.activation_forward(name, x[:8], y8)  # and up to ±10⁴ without a warning, which the tests make an error
    OPS.activation_backward(name, np.ones_like(y8), x[:8], y8, dx8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nan_goes_through_activations(name: str) -> None:
    x = np.array([np.nan, 1.0])
    y = np.empty(2)
    OPS.activation_forward(name, x, y)
    assert np.isnan(y[0]) and np.isfinite(y[1])


def test_activations_may_work_in_place() -> None:
    x = np.random.default_rng(0).normal(size=(4, 5))
    for name in ACTIVATIONS:
        y, buffer = np.empty_like(x), x.copy()
        OPS.activation_forward(name, x, y)
        OPS.activation_forward(name, buffer, buffer)
        np.testing.assert_array_equal(buffer, y)
        dx, dy = np.empty_like(x), x.copy()
        OPS.activation_backward(name, dy, x, y, dx)
        OPS.activation_backward(name, dy, x, y, dy)
        np.testing.assert_array_equal(dy, dx)


def test_the_derivative_of_relu_at_zero_is_zero() -> None:
    dx = np.empty(1)
    OPS.activation_backward("relu", np.ones(1), None, np.zeros(1), dx)
    assert dx[0] == 0


def test_unknown_activations_are_refused() -> None:
    x = np.ones((1, 1))
    for call in (
        lambda: OPS.activation_forward("sine", x, x),
        lambda: OPS.activation_backward("sine", x, x, x, x),
        lambda: OPS.dense_forward(x, x, None, "sine", np.empty((1, 1)), None),
        lambda: OPS.dense_backward(x, x, x, x, None, "sine", None, None, None, None),
    ):
        with pytest.raises(ConfigError, match=r"Unknown activation 'sine'. Known: .*relu"):
            call()


# -- arrays and cells --------------------------------------------------------------------------------------------------


def test_array_operations() -> None:
    out = OPS.zeros((3,), "float32")
    OPS.fill(out, 2.0)
    OPS.add_scaled(out, np.ones(3, np.float32), 0.5)
    OPS.scale(out, 2.0)
    np.testing.assert_array_equal(out, [5, 5, 5])
    OPS.lerp(out, np.full(3, 9, np.float32), 0.25)
    np.testing.assert_array_equal(out, [6, 6, 6])
    OPS.copy(np.arange(3), out)
    np.testing.assert_array_equal(out, [0, 1, 2])
    assert out.dtype == np.float32


def test_gather_takes_rows_of_any_dtype() -> None:
    index = np.array([2, 0, 2])
    for source in (np.arange(12.0).reshape(3, 2, 2), np.arange(3, dtype=np.uint8), np.eye(3, dtype=bool)):
        out = np.empty((3, *source.shape[1:]), source.dtype)
        OPS.gather(source, index, out)
        np.testing.assert_array_equal(out, source[index])
    OPS.gather(np.ones((3, 2)), index[:0], np.empty((0, 2)))


@pytest.mark.parametrize("bad", [3, -1])
def test_gather_refuses_rows_that_are_not_there(bad: int) -> None:
    out = np.zeros(2)
    with pytest.raises(DataError, match=r"outside 0 … 2. Received: .*Check how the row numbers were made"):
        OPS.gather(np.ones(3), np.array([0, bad]), out)
    assert not out.any()


def test_sum_squares_is_accurate_and_shows_what_is_not_finite() -> None:
    total = np.zeros(())
    x = np.random.default_rng(0).normal(size=100_001).astype("float32")
    OPS.sum_squares(x, total)
    assert float(total) == pytest.approx(math.fsum(float(v) ** 2 for v in x), rel=1e-12)
    OPS.sum_squares(np.full((2, 2), 1e30, np.float32), total)  # would overflow in float32
    assert float(total) == pytest.approx(4e60)
    for bad in (np.inf, -np.inf, np.nan, 1e200):
        OPS.sum_squares(np.array([1.0, bad]), total)
        assert not OPS.guard_finite(total)
    OPS.sum_squares(np.zeros((0, 3)), total)
    assert total == 0 and OPS.guard_finite(total)


def test_clip_norm() -> None:
    g, total = np.array([3.0, 4.0]), np.zeros(())
    OPS.sum_squares(g, total)
    OPS.clip_norm(g, total, 10.0)
    np.testing.assert_array_equal(g, [3, 4])
    OPS.clip_norm(g, total, 1.0)
    np.testing.assert_allclose(g, [0.6, 0.8], rtol=1e-15)
    zero = np.zeros(2)
    OPS.clip_norm(zero, np.zeros(()), 1.0)
    assert not zero.any()


def test_cells_of_the_training_loop() -> None:
    order, cursor, index = np.array([4, 2, 0, 1, 3]), np.array(1), np.empty(2, np.int64)
    OPS.next_rows(order, cursor, index)
    np.testing.assert_array_equal(index, [2, 0])
    OPS.next_rows(order, cursor, index)
    np.testing.assert_array_equal(index, [1, 3])
    OPS.increment(cursor)
    assert cursor == 6
    calls: list[int] = []
    assert OPS.record(lambda: calls.append(1) or "result") == ("result", None)
    assert calls == [1]


def test_dense_computes_only_what_is_asked_for() -> None:
    rng = np.random.default_rng(0)
    x, weight, dy = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=(4, 2))
    y = np.empty((4, 2))
    OPS.dense_forward(x, weight, None, "identity", y, None)
    np.testing.assert_allclose(y, x @ weight)
    dweight, dx = np.ones((3, 2)), np.full((4, 3), np.nan)
    OPS.dense_backward(dy, x, weight, y, None, "identity", None, dweight, None, dx)
    np.testing.assert_allclose(dweight, 1 + x.T @ dy)  # added to
    np.testing.assert_allclose(dx, dy @ weight.T)  # overwritten
    OPS.dense_backward(dy, x, weight, y, None, "identity", None, None, None, None)
