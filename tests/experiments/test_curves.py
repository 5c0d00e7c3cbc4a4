"""curves.png: what is drawn, for runs of every kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure
from pellucid.workbench.experiments.curves import draw
from pellucid.workbench.experiments.figures import dots

SUMMARY: dict[str, Any] = {
    "model": "ann/ann", "data": "datasets/iris", "best_epoch": 2, "test": {"loss": 0.5, "accuracy": 0.9},
    "parameters": 1234, "epochs": 3, "training_seconds": 1.5,
}  # fmt: skip


def epochs(*losses: float, **more: list[Any]) -> list[dict[str, Any]]:
    return [
        {"epoch": i + 1, "step": i, "loss": loss, "lr": 0.1, "seconds": 1.0} | {n: v[i] for n, v in more.items()}
        for i, loss in enumerate(losses)
    ]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    figures: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *a, **k: (figures.append(self), save(self, *a, **k))[1])
    return figures


def test_panels_lines_and_best_epoch(tmp_path: Path, drawn: list[Figure]) -> None:
    lines = epochs(3.0, 2.0, 1.5, validation_loss=[3.0, 2.5, 2.6], validation_accuracy=[0.3, 0.8, 0.7])
    draw(lines, SUMMARY, tmp_path / "c.png")
    assert (tmp_path / "c.png").stat().st_size > 10_000
    loss, accuracy, rate = drawn[0].axes
    assert [panel.get_title() for panel in (loss, accuracy, rate)] == ["loss", "accuracy", "learning rate"]
    texts = [text.get_text() for text in loss.get_legend().get_texts()]
    assert texts == ["training", "validation", "best epoch 2: 2.5"]
    assert [text.get_text() for text in accuracy.get_legend().get_texts()] == ["validation", "best epoch 2: 0.8"]
    assert list(loss.lines[0].get_ydata()) == [3.0, 2.0, 1.5]
    heading = [text.get_text() for text in drawn[0].texts]
    assert heading == ["ann on iris", "test loss 0.5, accuracy 0.9   ·   1,234 parameters   ·   3 epochs in 1.50 s"]


def test_a_figure_of_both_parts_stands_in_one_panel_with_a_line_for_each(tmp_path: Path, drawn: list[Figure]) -> None:
    lines = epochs(3.0, 2.0, kl=[0.1, 0.2], validation_kl=[0.3, 0.4], validation_accuracy=[0.5, 0.6], noise=[0.7, 0.8])
    draw(lines, SUMMARY, tmp_path / "c.png")
    panels = {panel.get_title(): panel for panel in drawn[0].axes}
    assert list(panels) == ["loss", "kl", "accuracy", "noise", "learning rate"]
    colors = {"training": panels["loss"].lines[0].get_color(), "validation": panels["kl"].lines[1].get_color()}
    assert len({*colors.values()}) == 2
    for title, parts in (
        ("kl", {"training": [0.1, 0.2], "validation": [0.3, 0.4]}), ("accuracy", {"validation": [0.5, 0.6]}),
        ("noise", {"training": [0.7, 0.8]}),
    ):  # fmt: skip
        named = [text.get_text() for text in panels[title].get_legend().get_texts()]
        for (part, values), line, name in zip(parts.items(), panels[title].lines, named, strict=False):
            assert (name, line.get_color(), list(line.get_ydata())) == (part, colors[part], values)
        assert named[len(parts)] == f"best epoch 2: {[*parts.values()][-1][-1]:g}"


def test_one_epoch_is_singular(tmp_path: Path, drawn: list[Figure]) -> None:
    draw(epochs(1.0), SUMMARY | {"epochs": 1, "best_epoch": 1}, tmp_path / "c.png")
    assert drawn[0].texts[1].get_text().endswith("1 epoch in 1.50 s")


@pytest.mark.parametrize(
    ("lines", "scale"),
    [
        (epochs(1.0, 0.9), "linear"),
        (epochs(100.0, 1.0), "log"),
        (epochs(100.0, -1.0), "linear"),  # a logarithm of it does not exist
        (epochs(1.0), "linear"),
        (epochs(1.0, 2.0, validation_loss=[None, 3.0]), "linear"),  # not finite in the first epoch
    ],
)
def test_scale_of_the_loss(tmp_path: Path, drawn: list[Figure], lines: list[dict], scale: str) -> None:
    draw(lines, SUMMARY | {"best_epoch": 1, "test": None}, tmp_path / "c.png")
    assert drawn[0].axes[0].get_yscale() == scale


def test_many_metrics_take_further_rows(tmp_path: Path, drawn: list[Figure]) -> None:
    more = {f"validation_m{i}": [0.1, 0.2] for i in range(4)}
    draw(epochs(1.0, 0.5, **more), SUMMARY, tmp_path / "c.png")
    assert [panel.get_title() for panel in drawn[0].axes] == ["loss", "m0", "m1", "m2", "m3", "learning rate"]


@pytest.mark.parametrize(
    ("values", "alone"),
    [
        ([1.0, 2.0, 3.0], []), ([1.0], [0]), ([1.0, None, 3.0, 4.0], [0]), ([1.0, 2.0, None, 4.0], [3]),
        ([None, 2.0, None, 4.0, None], [1, 3]), ([None, None], []), ([1.0, float("inf"), 2.0], [0, 2]),
    ],
)  # fmt: skip
def test_a_number_without_one_beside_it_is_a_dot(values: list[float | None], alone: list[int]) -> None:
    told = dots([float("nan") if value is None else value for value in values])
    assert told == ({"marker": "o", "markevery": alone, "markersize": 4} if alone else {})


def test_dots_stand_in_the_curves(tmp_path: Path, drawn: list[Figure]) -> None:
    draw(epochs(1.0, 2.0, 3.0, accuracy=[0.5, None, 0.75]), SUMMARY | {"epochs": 3}, tmp_path / "c.png")
    loss, accuracy = (panel.lines[0] for panel in drawn[0].axes[:2])
    assert loss.get_marker() == "None" and (accuracy.get_marker(), accuracy.get_markevery()) == ("o", [0, 2])
