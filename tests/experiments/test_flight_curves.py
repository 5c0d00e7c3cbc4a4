"""The picture of a recording: what stands in its panels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from pellucid.glassbox.flight.recording import Parts, Recording
from pellucid.workbench.experiments.flight_curves import MOST, draw_flight

RNG = np.random.default_rng(0)
FIGURES = ("grad.rms", "update.ratio")


@pytest.fixture
def drawn(tmp_path: Path, unseen_figures: list[Any]) -> Any:
    """Draws what was recorded of steps; the panels by their titles."""

    def draw(records: dict[int, dict[str, Any]]) -> dict[str, Any]:
        Parts(tmp_path).append(records)
        draw_flight(Recording(tmp_path), tmp_path / "flight.png")
        return {axes.get_title(): axes for axes in unseen_figures[0].axes}

    return draw


def outputs(layer: str, values: Any, dead: int = 0) -> dict[str, Any]:
    """What is recorded of the outputs of a layer in one step."""
    good = values[np.isfinite(values)]
    return {
        f"{layer}.min": values.min(), f"{layer}.max": values.max(), f"{layer}.mean": values.mean(),
        f"{layer}.dead": np.int64(dead), f"{layer}.histogram": np.histogram(good, bins=16)[0],
    }  # fmt: skip


def heights(axes: Any) -> tuple[Any, Any]:
    """Of a heat map: densities (steps, bins), and the edges of the bins."""
    (mesh,) = axes.collections
    return np.asarray(mesh.get_array()).T, np.asarray(mesh.get_coordinates())[:, 0, 1]


def test_outputs_are_drawn_where_they_lie(drawn: Any) -> None:
    values = [RNG.normal(step, 1.0, size=400) for step in range(1, 6)]
    panels = drawn({step: outputs("layers.0", x) for step, x in enumerate(values, 1)})
    axes = panels["outputs layers.0; line: their mean"]
    grid, edges = heights(axes)
    assert (edges[0], edges[-1]) == (min(map(np.min, values)), max(map(np.max, values)))
    np.testing.assert_allclose(np.where(grid > 1e-3, grid, 0).sum(1), 1.0, atol=0.02)  # all outputs of each step
    middles = (edges[:-1] + edges[1:]) / 2
    np.testing.assert_allclose(grid @ middles / grid.sum(1), [x.mean() for x in values], atol=0.1)
    np.testing.assert_array_equal(axes.get_lines()[0].get_ydata(), [x.mean() for x in values])


@pytest.mark.parametrize("wrong", [np.inf, -np.inf, np.nan])
def test_steps_whose_outputs_are_no_numbers_leave_the_others_in_sight(drawn: Any, wrong: float) -> None:
    values = [RNG.normal(size=400) for _ in range(4)]
    values[2] = np.append(values[2] * 100, wrong)
    panels = drawn({step: outputs("a", x) for step, x in enumerate(values)})
    grid, edges = heights(panels["outputs a; line: their mean"])
    usual = np.concatenate([values[i] for i in (0, 1, 3)])
    assert (edges[0], edges[-1]) == (usual.min(), usual.max())
    assert grid[2].max() == grid.min() and (grid[[0, 1, 3]].max(1) > 0.02).all()


def test_outputs_that_are_all_alike(drawn: Any) -> None:
    same = drawn({1: outputs("a", np.full(10, 3.0)), 2: outputs("a", np.full(10, 3.0))})
    grid, edges = heights(same["outputs a; line: their mean"])
    assert (edges[0], edges[-1]) == (3.0, 4.0)
    np.testing.assert_allclose(grid[:, 0], 1.0)


def test_outputs_of_which_none_is_a_number(drawn: Any) -> None:
    _, edges = heights(drawn({1: outputs("a", np.full(10, np.nan))})["outputs a; line: their mean"])
    assert (edges[0], edges[-1]) == (0.0, 1.0)


def test_dead_units_gradients_and_updates_of_each_parameter(drawn: Any) -> None:
    records = {}
    for step in range(1, 4):
        params = {f"a.{name}.{what}": 10.0**-step for name in ("weight", "bias") for what in FIGURES}
        records[step] = {"loss": 1.0 / step, "norm": 1e-3, **params, **outputs("a", np.arange(8.0), dead=step - 1)}
    panels = drawn(records)
    assert list(panels) == [
        "loss and gradient", "RMS of the gradient", "update relative to the weight; dotted: 0.001", "dead units",
        "outputs a; line: their mean",
    ]  # fmt: skip
    loss = panels["loss and gradient"]
    assert [line.get_label() for line in loss.get_lines()] == ["loss of the step", "norm of the gradient"]
    assert loss.get_yscale() == panels["RMS of the gradient"].get_yscale() == "log"
    weight, bias = panels["RMS of the gradient"].get_lines()
    assert weight.get_color() == pytest.approx(bias.get_color()) and weight.get_linestyle() != bias.get_linestyle()
    assert panels["dead units"].get_lines()[0].get_ydata().tolist() == [0, 1, 2]
    assert panels["dead units"].get_yscale() == "linear"
    *_, usual = panels["update relative to the weight; dotted: 0.001"].get_lines()
    assert set(usual.get_ydata()) == {1e-3}


def test_of_many_layers_the_first_half_and_the_last_are_shown(drawn: Any) -> None:
    names = [f"layers.{i}" for i in range(MOST + 3)]
    record = {"loss": 1.0}
    for name in names:
        record |= outputs(name, np.arange(4.0)) | {f"{name}.{p}.grad.rms": 1.0 for p in ("weight", "bias")}
        record |= {f"{name}.{p}.update.ratio": 1.0 for p in ("weight", "bias")}
    panels = drawn({1: record})
    shown = [*names[: MOST // 2], *names[-MOST // 2 :]]
    assert [title.partition(";")[0] for title in panels if "outputs" in title] == [f"outputs {name}" for name in shown]
    lines = panels["RMS of the gradient"].get_lines()
    assert [line.get_label() for line in lines] == [f"{name}.weight" for name in shown]
    assert panels["RMS of the gradient"].get_yscale() == "linear"
    assert panels["dead units: none"].get_lines()[0].get_ydata().tolist() == [0]
