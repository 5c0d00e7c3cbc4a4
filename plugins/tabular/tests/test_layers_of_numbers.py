"""Layers of numbers: what they begin with, the edges of bins, what they refuse; members drawn within their ranges."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, ShapeError
from pellucid_tabular.ensemble import Ensemble
from pellucid_tabular.layers.column_embedding import ColumnEmbedding
from pellucid_tabular.layers.periodic import PLR, Periodic
from pellucid_tabular.layers.piecewise_linear import PiecewiseLinear
from pellucid_tabular.layers.scaling import Scaling

from tests.components import support as components


def built(layer: Any, columns: int, backend: str | None = None) -> Any:
    return pl.build(layer, input_shape=(columns,), seed=0, backend=backend)


# -- edges of bins ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spread", "low", "high", "bins"), [(1.0, -2.0, 2.0, 4), (2.0, -3.0, 1.0, 7), (1.0, 0.5, 0.75, 1)]
)
def test_bins_have_equal_shares_of_a_normal_distribution(spread: float, low: float, high: float, bins: int) -> None:
    layer = built(PiecewiseLinear(2, bins=bins, spread=spread, low=low, high=high), 3)
    assert layer.edges.shape == (3, bins + 1) and layer.weight.shape == (3, bins, 2)
    normal = NormalDist(0, spread)
    for edges in layer.edges:
        assert edges[0] == low and edges[-1] == high
        shares = np.diff([normal.cdf(edge) for edge in edges])
        np.testing.assert_allclose(shares, (normal.cdf(high) - normal.cdf(low)) / bins)


def test_a_shorter_list_of_edges_repeats_its_last() -> None:
    layer = built(PiecewiseLinear(1, bins=[[0.0, 1.0, 2.0, 3.0], [5.0, 6.0], [1.0, 1.0, 4.0]]), 3)
    assert layer.edges.tolist() == [[0, 1, 2, 3], [5, 6, 6, 6], [1, 1, 4, 4]]
    with pytest.raises(ShapeError, match="edges for 3 numbers, and a row has 2"):
        built(PiecewiseLinear(1, bins=[[0.0, 1.0]] * 3), 2)


@pytest.mark.parametrize(
    "edges",
    [[[1.0]], [[]], ["ab"], [[0.0, "a"]], [[1.0, 0.0]], [[0.0, np.inf]], [[0.0, np.nan]], [3.0], [[0.0, 1.0], [2.0]]],
)
def test_edges_must_be_two_and_rise(edges: Any) -> None:
    with pytest.raises(ConfigError, match=rf"bins\[{len(edges) - 1}\] must be at least two finite numbers"):
        PiecewiseLinear(bins=edges)
    assert PiecewiseLinear(bins=[[0.0, 0.0], (0, 1)]).bins == [[0.0, 0.0], (0, 1)], "equal ones are a step"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [({"bins": []}, "an empty list"), ({"bins": 0}, "'bins' of Piecew"), ({"size": 0}, "'size' of Piecew"),
     ({"spread": 0.0}, "'spread' of Piecew"), ({"low": 1.0, "high": 1.0}, "'high' must be above low"),
     ({"low": np.inf}, "'low' of Piecew"), ({"high": np.nan}, "'high' of Piecew")],
)  # fmt: skip
def test_other_bins_are_refused(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        PiecewiseLinear(**arguments)


# -- what layers begin with ------------------------------------------------------------------------------------------


def test_waves_begin_as_they_are_said_to() -> None:
    layer = built(Periodic(5, frequencies=25, sigma=0.4), 400)
    assert (layer.frequency.shape, layer.phase.shape, layer.weight.shape, layer.bias.shape) == (
        (400, 25), (400, 25), (400, 25, 4), (400, 4),
    )  # fmt: skip
    assert layer.frequency.data.std() == pytest.approx(0.4, rel=0.03) and abs(layer.frequency.data.mean()) < 0.02
    other = built(PLR(5, frequencies=25, sigma=0.2), 400)
    assert (other.weight.shape, other.bias.shape, other.phase) == ((400, 50, 5), (400, 5), None)
    assert other.frequency.data.std() == pytest.approx(0.2, rel=0.03)
    bounds = [
        (layer.phase, np.pi),
        (layer.weight, 0.2),
        (layer.bias, 0.2),
        (other.weight, 50**-0.5),
        (other.bias, 50**-0.5),
    ]
    for param, bound in bounds:
        assert 0.99 * bound < np.abs(param.data).max() <= bound * 1.000001 and abs(param.data.mean()) < 0.05 * bound
    bins = built(PiecewiseLinear(8, bins=3), 400)
    assert (bins.weight.data == 0).all()
    for param in (bins.slope, bins.bias):
        assert param.shape == (400, 8) and 0.99 < np.abs(param.data).max() <= 1 and abs(param.data.mean()) < 0.05
    assert (built("tabular/scaling", 7).scale.data == 1).all()
    table = built(ColumnEmbedding([400, 3], size=9), 2).table.data
    assert table.shape == (399, 9) and table.std() == pytest.approx(1, rel=0.05)
    decays = {
        type(each).__name__: [p.name.rpartition(".")[2] for p in each.parameters() if p.decay]
        for each in (layer, other, bins)
    }
    assert decays == {"Periodic": ["weight"], "PLR": ["weight"], "PiecewiseLinear": ["weight"]}


@pytest.mark.parametrize("made", [Periodic, PLR])
def test_waves_refuse_what_they_cannot_be(made: Any) -> None:
    least = 2 if made is Periodic else 1
    made(least, frequencies=1, sigma=0.0)
    for arguments in ({"size": least - 1}, {"frequencies": 0}, {"sigma": -0.1}):
        with pytest.raises(ConfigError, match=f"'{next(iter(arguments))}' of {made.__name__}"):
            made(**arguments)


# -- categories ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("numbers", [0, 2])
@pytest.mark.parametrize("backend", [None, "reference"])
def test_few_values_are_one_hot_and_more_are_looked_up(numbers: int, backend: str | None) -> None:
    layer = built(ColumnEmbedding([3, 6, 5], size=2, one_hot=4), numbers + 3, backend)
    assert layer.output_shape((numbers + 3,)) == (numbers + 2 + 2 + 4,)
    assert layer.table.shape == (5, 2)
    table = layer.table.data = np.arange(10.0).reshape(5, 2)
    rows: list[Any] = [([0, 0, 0], [0, 0], [0, 0], [0] * 4), ([1, 1, 4], [1, 0], table[0], [0, 0, 0, 1]),
            ([2, 5, 1], [0, 1], table[4], [1, 0, 0, 0]), ([3, 6, 5], [0, 0], [0, 0], [0] * 4),
            ([-1, -1, 2.4], [0, 0], [0, 0], [0, 1, 0, 0]), ([0.6, 1.6, 0.4], [1, 0], table[1], [0] * 4)]  # fmt: skip
    before = [7.0, 8.0][:numbers]
    x = np.array([[*before, *indexes] for indexes, *_ in rows])
    expected = [[*before, *first, *second, *third] for _, first, second, third in rows]
    np.testing.assert_allclose(layer.predict(x), expected)
    with pytest.raises(ShapeError, match="ColumnEmbedding has 3 categories"):
        built(ColumnEmbedding([3, 3, 3]), 2)
    with pytest.raises(ShapeError, match=rf"was built for {numbers} numbers before them"):
        layer.output_shape((numbers + 4,))


@pytest.mark.parametrize("backend", [None, "reference"])
def test_the_gradient_of_a_row_is_the_sum_over_those_that_took_it(backend: str | None) -> None:
    layer = components.built(ColumnEmbedding([3, 4, 2, 5], size=2, one_hot=2), (6,), ops=pl.get_ops(backend))
    x = np.array([[0.5, 7, 1, 3, 1, 4], [0.25, 8, 0, 3, 0, 1], [2, 9, 2, 1, 1, 4.0]])  # of 2, 3, 1 and 4 known values
    dy = np.arange(1.0, 28).reshape(3, 9)  # two numbers, two one-hot, two looked up, one one-hot, two looked up
    ctx = components.context(pl.get_ops(backend))
    assert layer.forward(ctx, x).shape == dy.shape and layer.table.shape == (3 + 4, 2)
    dx = layer.backward(ctx, dy)
    assert dx.tolist() == [[*row[:2], 0, 0, 0, 0] for row in dy.tolist()]
    first, second = [dy[2, 4:6], [0, 0], dy[0, 4:6] + dy[1, 4:6]], [dy[1, 7:], [0, 0], [0, 0], dy[0, 7:] + dy[2, 7:]]
    np.testing.assert_array_equal(layer.table.grad, [*first, *second])


# -- gradients -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made", [Scaling, lambda: Periodic(3), lambda: PLR(2), lambda: PiecewiseLinear(2, bins=3),
             lambda: ColumnEmbedding([3, 9], numbers=Scaling(), size=2, one_hot=2)],
    ids=["Scaling", "Periodic", "PLR", "PiecewiseLinear", "ColumnEmbedding"],
)  # fmt: skip
def test_a_frozen_parameter_alone_has_no_gradient_and_a_first_layer_gives_none(made: Any) -> None:
    layer = components.built(made(), (4,), dtype="float64")
    x = np.array([[0.5, -1.0, 1.0, 3.0], [-0.25, 0.75, 2.0, 8.0], [1.5, 0.1, 1.0, 5.0]])

    def gradients(needs_dx: bool = True) -> tuple[dict[str, Any], Any]:
        ctx = components.context()
        ctx.needs_dx = (needs_dx,)
        for param in layer.parameters():
            param.grad[...] = 0
        y = layer.forward(ctx, x.copy())
        dx = layer.backward(ctx, np.cos(np.arange(y.size)).reshape(y.shape))
        return {param.name: param.grad.copy() for param in layer.parameters()}, dx

    whole, dx = gradients()
    first, none = gradients(needs_dx=False)
    assert none is None and dx.shape == x.shape and dx.any() and all(grad.any() for grad in whole.values())
    for frozen in (None, *layer.parameters()):
        if frozen is not None:
            frozen.trainable = False
            first, again = gradients()
            frozen.trainable = True
            np.testing.assert_array_equal(again, dx)
        for name, grad in whole.items():
            np.testing.assert_array_equal(first[name], 0 if frozen is not None and name == frozen.name else grad)


def test_scaling_multiplies_each_number_and_learns_its_factor() -> None:
    layer = components.built(Scaling(), (2,), dtype="float64")
    layer.scale.data = np.array([2.0, -3.0])
    ctx, x, dy = components.context(), np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.0, 10.0], [-2.0, 1.0]])
    assert layer.forward(ctx, x).tolist() == [[2, -6], [6, -15]]
    assert layer.backward(ctx, dy).tolist() == [[2, -30], [-4, -3]] and layer.scale.grad.tolist() == [-5, 25]


# -- members ---------------------------------------------------------------------------------------------------------


def test_members_are_drawn_evenly_and_to_both_ends() -> None:
    drawn = Ensemble(
        1,
        members=300,
        widths=(16, 64),
        depths=(2, 4),
        rates=(0.25, 4.0),
        dropouts=(0.1, 0.5),
        settings={"numbers": None},
    ).drawn
    widths, depths = [each.hidden[0] for each in drawn], [len(each.hidden) for each in drawn]
    assert {*widths} == {16, 24, 32, 40, 48, 56, 64} and all(len({*each.hidden}) == 1 for each in drawn)
    assert abs(np.mean(np.array(widths) < 32) - 0.45) < 0.08, "as many below twice the least as above"
    np.testing.assert_allclose(np.bincount(depths)[2:] / 300, 1 / 3, atol=0.08)
    rates, dropouts = np.log2([each.rate for each in drawn]), np.array([each.dropout for each in drawn])
    for values, low, high in ((rates, -2, 2), (dropouts, 0.1, 0.5)):
        assert low <= values.min() < low + 0.03 * (high - low) and high - 0.03 * (high - low) < values.max() <= high
        np.testing.assert_allclose(values.mean(), (low + high) / 2, atol=0.06 * (high - low))
        assert abs(np.corrcoef(values, widths)[0, 1]) < 0.15
    assert (np.round(dropouts, 4) == dropouts).all() and min(each.seed for each in drawn) >= 0
    assert max(each.seed for each in drawn) > 2**30.9 and abs(np.corrcoef(rates, dropouts)[0, 1]) < 0.15
    narrow = Ensemble(1, members=20, widths=(3, 5), depths=(1, 1), rates=(1.0, 1.0), dropouts=(0.0, 0.0)).drawn
    assert {each.hidden for each in narrow} <= {(3,), (5,)} and {(each.rate, each.dropout) for each in narrow} == {
        (1, 0)
    }


@pytest.mark.parametrize("name", ["widths", "depths", "rates", "dropouts"])
def test_ranges_are_two_numbers_of_which_the_first_is_the_least(name: str) -> None:
    good = {"widths": (8, 8), "depths": (1, 64), "rates": (1e-3, 1e-3), "dropouts": (0.0, 0.0)}
    Ensemble(1, members=1, **{name: good[name]})  # type: ignore[arg-type]
    below = {"widths": 0, "depths": 0, "rates": 0.0, "dropouts": -0.1}[name]
    above = {"widths": np.inf, "depths": 65, "rates": np.inf, "dropouts": 1.0}[name]
    for wrong in ((2, 1), (1,), (1, 2, 3), 3, "ab", (below, good[name][1]), (good[name][0], above)):
        with pytest.raises(ConfigError, match=f"'{name}' of Ensemble"):
            Ensemble(1, members=1, **{name: wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "good"),
    [({"outputs": 0}, 1), ({"members": 0}, 1), ({"members": 4097}, 2), ({"patience": 0}, 1), ({"folds": 0}, 1),
     ({"seed": -1}, 0), ({"task": "ranking"}, "regression")],
)  # fmt: skip
def test_what_an_ensemble_cannot_be_is_refused(arguments: dict[str, Any], good: Any) -> None:
    (name,) = arguments
    Ensemble(**{"outputs": 1, "members": 1, name: good})
    with pytest.raises(ConfigError, match=f"'{name}' of Ensemble"):
        Ensemble(**{"outputs": 1, "members": 1, **arguments})
