"""Scales of numbers at their limits: a few values one by one, extreme ones, ties, and states that are none."""

from __future__ import annotations

from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from pellucid import CheckpointError, ConfigError, DataError
from pellucid_tabular import scaling
from pellucid_tabular.columns import Columns
from pellucid_tabular.scaling import FEW, Quantile, Robust, _read_off

RNG = np.random.default_rng(0)


def fitted(transform: Any, x: Any) -> Any:
    transform.fit(np.asarray(x, float))
    return transform


def test_one_value_is_read_off_as_numpy_does() -> None:
    tables = [
        ([0.0, 1.0, 3.0], [-1.0, 0.0, 4.0]), ([0.0, 0.0, 1.0, 1.0, 2.0], [0.0, 1.0, 2.0, 3.0, 4.0]),
        ([-1e300, 1e300], [-1.0, 1.0]), ([0.0, 1e-320], [0.0, 1e300]),
        (np.sort(RNG.normal(size=9)).tolist(), np.sort(RNG.normal(size=9)).tolist()),
    ]  # fmt: skip
    for knots, levels in tables:
        between = [(a + b) / 2 for a, b in pairwise(knots)]
        for x in [*knots, *between, knots[0] - 1, knots[-1] + 1, np.inf, -np.inf, float("nan")]:
            np.testing.assert_array_equal(
                _read_off(x, knots, levels), np.interp(x, knots, levels), err_msg=f"{x} {knots}"
            )


@pytest.mark.parametrize("to", ["normal", "uniform"])
def test_a_few_values_and_many_have_the_same_bits_and_only_few_are_looked_up(
    to: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.round(RNG.normal(size=(200, 4)), 1)
    x[:9, 0] = np.nan
    transform = fitted(Quantile(to=to, quantiles=50), x[9:])
    y = transform.apply(x)
    looked_up: list[float] = []

    def noted(x: float, knots: list[float], levels: list[float]) -> float:
        looked_up.append(x)
        return _read_off(x, knots, levels)

    monkeypatch.setattr(scaling, "_read_off", noted)
    for rows in (1, 5, FEW // 4, FEW // 4 + 1):
        looked_up.clear()
        assert transform.apply(x[:rows]).tobytes() == y[:rows].tobytes()
        assert len(looked_up) == (4 * rows if 4 * rows <= FEW else 0)
    assert transform.apply(x[:0]).shape == (0, 4)
    shaped = fitted(Quantile(to=to, quantiles=50), x[9:].reshape(-1, 2, 2))
    for rows in (3, 100):
        assert shaped.apply(x[9 : 9 + rows].reshape(rows, 2, 2)).reshape(rows, 4).tobytes() == y[9 : 9 + rows].tobytes()
    assert transform.apply(x.astype("float32")).dtype == np.float32 and y.dtype == np.float64


@pytest.mark.parametrize("rows", [4, 10, 11, 30])
def test_the_ends_of_a_normal_scale_are_half_a_sample_away(rows: int) -> None:
    transform = fitted(Quantile(quantiles=11), np.arange(float(rows))[:, None])
    end = NormalDist().inv_cdf(1 - 0.5 / min(rows, 11))
    np.testing.assert_allclose(transform.levels[[0, -1], 0], [-end, end])
    uniform = fitted(Quantile("uniform", 11), np.arange(float(rows))[:, None])
    np.testing.assert_allclose(uniform.levels[:, 0], np.linspace(0, 1, 11))
    np.testing.assert_allclose(uniform.knots[:, 0], np.quantile(np.arange(float(rows)), np.linspace(0, 1, 11)))


def test_of_equal_values_the_middle_of_their_share_counts() -> None:
    transform = fitted(Quantile("uniform", 9), np.array([0.0] * 3 + [1.0] * 2 + [2.0] * 4)[:, None])
    assert transform.knots[:, 0].tolist() == [0] * 3 + [1] * 2 + [2] * 4
    assert transform.apply(np.array([[0.0], [1.0], [2.0]]))[:, 0].tolist() == [1 / 8, 7 / 16, 13 / 16]


def test_robust_scales_by_the_quartiles_or_half_the_range() -> None:
    x = np.array([[1.0, 0.0, 5.0], [2.0, 0.0, 5.0], [3.0, 0.0, 5.0], [4.0, 0.0, 5.0], [9.0, 8.0, 5.0]])
    transform: Any = fitted(Robust(), x)
    assert transform.center.tolist() == [3, 0, 5] and transform.spread.tolist() == [2, 4, np.inf]
    z = np.array([[3.0, 2.0, 0.0]])
    np.testing.assert_allclose(transform.apply(np.array([[9.0, 8.0, 7.0]])), z / np.sqrt(1 + z**2 / 9))
    far = transform.apply(np.array([[1e308, -1e308, 1.0], [np.nan, 0.0, 1.0]]))
    np.testing.assert_allclose(far, np.array([[3, -3, 0], [np.nan, 0, 0]]))
    tiny = fitted(Robust(), np.array([[0.0], [5e-324], [1e-323], [1.5e-323]]))
    np.testing.assert_allclose(tiny.apply(np.array([[1e300], [-1e300]])), [[3], [-3]])


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["center", "spread"])
def test_a_state_of_robust_that_is_none_is_refused(name: str, value: float) -> None:
    state = fitted(Robust(), RNG.normal(size=(9, 2))).state()
    Robust().restore(state)
    wrong: list[Any] = [{**state, name: state[name][:1]}, {**state, name: state[name].astype(int)}]
    wrong += [{**state, name: np.array([1.0, value])}] if (name, value) != ("spread", np.inf) else []
    wrong += [{**state, name: np.array([1.0, bad])} for bad in (0.0, -1.0)] if name == "spread" else []
    for each in wrong:
        with pytest.raises(CheckpointError, match="Robust must hold a finite center and a spread above 0"):
            Robust().restore(each)


@pytest.mark.parametrize("name", ["knots", "levels"])
def test_a_state_of_quantile_that_is_none_is_refused(name: str) -> None:
    state = fitted(Quantile(quantiles=5), RNG.normal(size=(9, 2))).state()
    good = Quantile(quantiles=5)
    good.restore(state)
    assert good.apply(np.zeros((1, 2))).shape == (1, 2)
    falling = state[name].copy()
    falling[2] = falling[1] - 1
    endless = state[name].copy()
    endless[-1, 0] = np.inf
    for wrong in (falling, endless, state[name][:, :1], state[name].astype(int), state[name][:4]):
        with pytest.raises(CheckpointError, match="The saved state of Quantile must hold 5 ascending finite knots"):
            Quantile(quantiles=5).restore({**state, name: wrong})
    for count in (4, 6):
        with pytest.raises(CheckpointError, match=f"must hold {count} ascending"):
            Quantile(quantiles=count).restore(state)
    for arguments in ({"quantiles": 1}, {"quantiles": 100_001}, {"ties": -0.1}, {"ties": 1.1}):
        with pytest.raises(ConfigError, match=f"'{next(iter(arguments))}' of Quantile"):
            Quantile(**arguments)


COLUMNS: list[dict[str, Any]] = [
    {"name": "n", "kind": "number"}, {"name": "d", "kind": "date"},
    {"name": "c", "kind": "category", "categories": ["x", "y"]},
]  # fmt: skip


def test_a_state_of_columns_that_is_none_is_refused() -> None:
    def made() -> Columns:
        return Columns(COLUMNS, marks=["n", "d"])

    x = np.stack([RNG.normal(size=20), RNG.integers(0, 9000, 20) + 0.5, RNG.integers(-1, 2, 20)], axis=1)
    state = fitted(made(), x).state()
    other = made()
    other.restore(state)
    assert other.apply(x).shape == (20, 3 + 6 + 2 + 1)
    for name, values in {
        "fill": [np.array([np.nan, 0, 0]), np.zeros(2), np.zeros(3, int), np.array([np.inf, 0, 0])],
        "codes": [np.array([0, 0, 2, 4]), np.array([0, 0, -1, 3]), np.zeros(3, int), np.zeros(4)],
        "marked": [np.array([0, 2]), np.array([-1, 0]), np.zeros(1, int), np.zeros(2)],
    }.items():
        for value in values:
            with pytest.raises(CheckpointError, match="Columns must hold 3 finite numbers in 'fill'"):
                made().restore({**state, name: value})
    short = {name: value[..., :2] if name.startswith("scaling_") else value for name, value in state.items()}
    with pytest.raises(CheckpointError, match="The saved scaling of Columns must be of 3 columns"):
        made().restore(short)


@pytest.mark.parametrize("least", [1, 2, 3])
def test_a_text_needs_the_least_rows(least: int) -> None:
    column = [{"name": "c", "kind": "category", "categories": [*"abc"]}]
    x = np.array([0.0, 0, 0, 1, 1, 2])[:, None]
    transform = fitted(Columns(column, least=least), x)
    expected = [2 if least <= 3 else 0, 3 if least <= 2 else 0, 4 if least <= 1 else 0]
    assert transform.apply(np.array([[0.0], [1.0], [2.0]]))[:, 0].tolist() == expected
    hot = fitted(Columns(column, least=least, one_hot=True), x)
    assert hot.apply(np.array([[0.0], [1.0], [2.0], [-1.0]])).tolist() == [
        [0, *(float(expected[i] == j + 2) for j in range(3))] if i < 3 else [0] * 4 for i in range(4)
    ]


def test_a_column_without_any_value_is_0() -> None:
    for scaling_name in ("robust", "quantile", "standard"):
        transform = Columns(COLUMNS[:1], scaling=scaling_name, marks=["n"])
        transform.fit(np.full((4, 1), np.nan))
        assert transform.apply(np.full((2, 1), np.nan)).tolist() == [[0, 1], [0, 1]]


@pytest.mark.parametrize("made", [Robust, lambda: Quantile(quantiles=5), lambda: Columns(COLUMNS)])
@pytest.mark.parametrize("wrong", [2, 4])
def test_other_columns_than_those_that_were_learned_are_refused(made: Any, wrong: int) -> None:
    x = np.stack([RNG.normal(size=20), RNG.integers(0, 9000, 20), RNG.integers(0, 2, 20)], axis=1)
    transform = fitted(made(), x)
    transform.apply(x[:3])
    for rows in (3, 300):
        with pytest.raises(DataError, match=r"samples of shape"):
            transform.apply(np.ones((rows, wrong)))
