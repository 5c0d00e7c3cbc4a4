"""What frames show over a plane and along a line, of networks whose weights are set by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio import frames as made_by
from pellucid_studio.experiment import Ready
from pellucid_studio.frames import GRID, LINE, MOST_CLASSES, MOST_UNITS, Frames, _grid, _line

from plugins.studio.tests.by_hand import CORNERS, PICTURES, linear, made, points, read, shown

# -- the plane and the line --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("units", [1, 2, 3, MOST_CLASSES, MOST_CLASSES + 1, MOST_CLASSES + 4])
def test_of_several_values_each_of_the_first_ten_has_a_surface(units: int) -> None:
    frames, look, weight = linear(units)
    surface = read(made(frames, look)["surface"]["grid"])
    shown = min(units, MOST_CLASSES)
    expected = (points(frames) @ weight + np.arange(units)).T.reshape(units, GRID, GRID)[:shown]
    assert surface.shape == ((GRID, GRID) if units == 1 else (shown, GRID, GRID))
    np.testing.assert_allclose(surface.reshape(expected.shape), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("classes", [2, MOST_CLASSES, MOST_CLASSES + 1])
def test_of_classes_each_of_the_first_ten_has_a_surface_of_its_probability(classes: int) -> None:
    labels = (np.arange(classes + 1) % classes).tolist()
    x = [[a / classes, (a % 3) / 2] for a in range(classes + 1)]
    frames, look, weight = linear(classes, labels, "softmax_cross_entropy", x=x)
    z = points(frames) @ weight + np.arange(classes)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = (p / p.sum(axis=1, keepdims=True)).T.reshape(classes, GRID, GRID)[:MOST_CLASSES]
    np.testing.assert_allclose(read(made(frames, look)["surface"]["grid"]), p, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("units", [3, MOST_UNITS, MOST_UNITS + 1])
def test_of_each_unit_every_second_point_is_shown_and_of_no_more_than_sixty_four(units: int) -> None:
    frames, look, weight = linear(units)
    ((path, maps),) = [(unit["path"], read(unit["maps"])) for unit in made(frames, look)["units"]]
    values = (points(frames) @ weight + np.arange(units)).T.reshape(units, GRID, GRID)
    assert path == "" and maps.shape == (min(units, MOST_UNITS), GRID // 2, GRID // 2)
    np.testing.assert_allclose(maps, values[:MOST_UNITS, ::2, ::2], rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("shape", [(GRID * GRID,), (GRID * GRID - 1, 2), (GRID * GRID, 2, 1), (4, 2)])
def test_what_is_no_row_of_units_for_each_point_has_no_maps(shape: tuple[int, ...]) -> None:
    assert Frames._maps(np.zeros(shape)) is None


def test_points_of_the_grid_go_row_by_row_from_the_lowest_and_those_of_the_line_from_the_left() -> None:
    grid, line = _grid((-1.0, 3.0), (10.0, 20.0)), _line((2.0, 5.0))
    assert grid.shape == (GRID * GRID, 2) and line.shape == (LINE, 1) and grid.dtype == line.dtype == np.float32
    np.testing.assert_allclose(grid[[0, GRID - 1, -GRID, -1]], [[-1, 10], [3, 10], [-1, 20], [3, 20]])
    np.testing.assert_allclose(grid[GRID + 1], [-1 + 4 / (GRID - 1), 10 + 10 / (GRID - 1)], rtol=1e-6)
    np.testing.assert_allclose(line[[0, 60, 120, 240], 0], [2.0, 2.75, 3.5, 5.0])


def test_of_one_logit_the_curve_shows_how_probable_it_makes_it() -> None:
    frames, look, _ = linear(1, [0.0, 1.0, 0.25, 1.0], "binary_cross_entropy", x=[[0.0], [1.0], [2.0], [4.0]])
    ((low, high),) = frames.bounds or ((0, 0),)
    assert (low, high) == pytest.approx((2 - 2.4, 2 + 2.4))
    x = np.linspace(low, high, LINE)
    np.testing.assert_allclose(read(made(frames, look)["line"]), 1 / (1 + np.exp(-x)), rtol=1e-5)


def test_of_several_values_the_curve_shows_the_first() -> None:
    frames, _, _ = linear(1, [0.0, 1.0, 0.0, 1.0], x=[[0.0], [1.0], [2.0], [4.0]])
    line = np.linspace(-1, 2, LINE)
    for given in (np.stack([line, 2 * line], axis=1), (line, 5 * line), line):
        frames.network.outputs = lambda x, given=given: (given, {})  # type: ignore[method-assign,misc]
        np.testing.assert_array_equal(frames._along(line), line)


@pytest.mark.parametrize(
    ("x", "y", "axes"),
    [
        (np.zeros((4, 1)), np.zeros(4), 1), (np.zeros((4, 2)), np.zeros(4), 2), (np.zeros((4, 3)), np.zeros(4), 0),
        (np.full((4, 2), np.inf), np.zeros(4), 0), (np.full((4, 1), np.nan), np.zeros(4), 0),
        (np.zeros((4, 2, 1)), np.zeros((4, 2, 1)), 0), (np.zeros((4, 2)), None, 2),
    ],
)  # fmt: skip
def test_a_plane_is_of_two_numbers_and_a_line_of_one(x: Any, y: Any, axes: int) -> None:
    with np.errstate(all="ignore"):
        train = pl.Split(np.asarray(x, np.float32), y)
        trainer = pl.Trainer(pl.build(PICTURES, input_shape=x.shape[1:], seed=0), loss="mse", seed=0)
        frames = Frames(Ready({}, {"data": {"type": "own"}}, trainer, pl.Splits(train, train, train), 1, 4))
    assert len(frames.bounds or ()) == axes
    assert (frames._line is None, frames._grid is None) == (axes != 1, axes != 2)


# -- what is too large -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wide", "points"), [([0.0, 0.0], GRID * GRID), ([0.0], LINE)])
def test_so_many_numbers_of_all_points_are_shown_and_no_more(
    wide: list[float], points: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each point four numbers: three units and one."""
    layers = [{"type": "dense", "units": 3}, {"type": "dense", "units": 1}]
    for most, there in ((4 * points, True), (4 * points - 1, False)):
        monkeypatch.setattr(made_by, "MOST_NUMBERS", most)
        frames, look = shown([wide, [1.0] * len(wide)], np.zeros(2), {"type": "sequential", "layers": layers})
        frames.described()
        frame = made(frames, look)
        assert (("surface" in frame) or ("line" in frame)) == there
        assert (frames.bounds is None) == (points == LINE and not there)


def test_samples_are_counted_round_and_so_are_their_parts() -> None:
    frames, _, _ = linear(1)
    assert [frames.sample(i).tolist() for i in (1, 3, 4, 9)] == [[CORNERS[i]] for i in (1, 3, 0, 1)]
    frames.samples = (np.arange(6).reshape(3, 2), np.arange(3)), None
    for number, row in ((2, 2), (3, 0), (7, 1)):
        first, second = frames.sample(number)
        assert first.tolist() == [[2 * row, 2 * row + 1]] and second.tolist() == [row]
