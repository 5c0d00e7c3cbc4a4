"""--figures of train and evaluate, --plot of compare: what the commands write, say and refuse."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.sweeps import workers
from pellucid.workbench.sweeps.ranking import ranking
from pellucid.workbench.sweeps.worker import work

from tests.checkout import ROOT
from tests.experiments.support import IRIS, Shell

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure
from pellucid.workbench.figures.drawn import FIGURES

SOME = ("confusion", "weights", "surface")
"""Figures that are tried here; test_figures has them all."""


@pytest.fixture(autouse=True)
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved, at a tenth of their size."""
    figures: list[Figure] = []
    save = Figure.savefig

    def small(self: Figure, *given: Any, **named: Any) -> None:
        figures.append(self)
        save(self, *given, **named | {"dpi": 13})

    monkeypatch.setattr(Figure, "savefig", small)
    return figures


def test_train_and_evaluate_draw_into_the_run_folder_and_say_what_they_leave_out(
    pellucid: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr("pellucid.workbench.figures.drawn.FIGURES", {name: FIGURES[name] for name in SOME})
    said = pellucid("train", "iris.toml", "--out", "run", "--quiet", "--figures", "--set", "train.epochs=1")
    assert "figures in run/figures/test: confusion.png, weights.png\n" in said
    assert "surface.png is not drawn: a sample has the shape (4,), and is not one number or two." in said
    assert sorted(file.name for file in Path("run/figures/test").iterdir()) == ["confusion.png", "weights.png"]
    told = pellucid.json("evaluate", "run", "--split", "validation", "--figures")["figures"]
    assert told["drawn"] == ["run/figures/validation/confusion.png", "run/figures/validation/weights.png"]
    assert set(told["not_drawn"]) == {"surface.png"}
    Path("flowers.csv").write_text("a,b,c,d\n5.1,3.5,1.4,0.2\n")
    pellucid.refused("evaluate", "run", "--data", "flowers.csv", "--figures")
    assert not Path("run/figures/flowers").exists()


@pytest.mark.parametrize(("labels", "said"), [
    (3, "figures in run/figures/test: confusion.png\n"), (41, "confusion.png is not drawn: its 41 answers are more"),
])  # fmt: skip
def test_of_several_labels_a_sample_each_has_a_matrix_of_its_own(
    pellucid: Shell, monkeypatch: pytest.MonkeyPatch, seen: list[Figure], labels: int, said: str
) -> None:
    monkeypatch.setattr("pellucid.workbench.figures.drawn.FIGURES", {"confusion": FIGURES["confusion"]})
    x = np.random.default_rng(0).normal(size=(60, labels))
    np.savez("data.npz", x=x, y=(x > 0).astype(float))
    assert said in pellucid(
        "train", "--model", "ann", "--dataset", "data.npz", "--loss", "binary_cross_entropy", "--out", "run", "--quiet",
        "--set", "data.target_transforms=[]", "--set", "train.epochs=1", "--figures",
    )  # fmt: skip
    matrices = seen[-1].axes if labels == 3 else []
    assert [axes.get_title() for axes in matrices] == ["0", "1", "2"][: len(matrices)]
    assert all(sum(int(text.get_text()) for text in axes.texts) == 12 for axes in matrices)  # of the test part


def test_without_matplotlib_what_asks_for_figures_is_refused_before_any_work(
    pellucid: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    pellucid("train", "iris.toml", "--out", "run", "--quiet", "--set", "train.epochs=1")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    commands = (["train", "iris.toml", "--out", "b", "--figures"], ["evaluate", "run", "--figures"],
                ["compare", "run", "--plot", "c.png"])  # fmt: skip
    for command in commands:
        assert f"{command[-1 - ('--plot' in command)]} needs matplotlib" in pellucid.refused(*command)
        assert 'pip install "pellucid[plot]"' in pellucid.err
    assert not Path("b").exists() and not Path("run/evaluation.json").exists()


def test_runs_are_compared_in_a_picture(pellucid: Shell, seen: list[Figure]) -> None:
    for out, epochs in (("a", 1), ("b", 2)):
        pellucid("train", "iris.toml", "--out", out, "--quiet", "--set", f"train.epochs={epochs}")
    pellucid("compare", "a", "b", "--plot", "both.png")
    assert "Drawn: both.png" in pellucid.err and Path("both.png").read_bytes().startswith(b"\x89PNG")
    loss = seen[0].axes[0]
    assert [line.get_ydata().tolist() for line in loss.get_lines()] == [
        [epoch["loss"] for epoch in RunFolder(Path(out)).epochs()] for out in ("a", "b")
    ]  # fmt: skip
    assert "both.png exists already" in pellucid.refused("compare", "a", "b", "--plot", "both.png")
    Path("a/metrics.jsonl").unlink()
    assert "There is nothing to draw into c.png: no run has epochs." in pellucid.refused(
        "compare", "a", "--plot", "c.png"
    )


def test_settings_of_a_sweep_are_lines_and_their_seeds_bands(
    pellucid: Shell, seen: list[Figure], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(
        workers.Workers, "_asked", lambda self, number, job, *given: work(job | {"pictures": False}, self._note)
    )
    monkeypatch.setattr("pellucid.workbench.experiments.callbacks.threading.current_thread", lambda: None)
    Path("sweep.toml").write_text(f"{IRIS}\n[sweep]\nseeds = [0, 1]\n[sweep.grid]\n'optimizer.lr' = [1e-4, 0.05]\n")
    pellucid("sweep", "sweep.toml", "--out", "many", "--quiet")
    pellucid("compare", "many", "--plot", "many.png")
    figure = seen[-1]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "optimizer.lr = 0.05",
        "optimizer.lr = 0.0001",
    ]
    best, _ = figure.axes[0].get_lines()
    runs = [RunFolder(run).epochs() for run in ranking(Path("many")).groups[0].runs.values()]
    assert best.get_ydata() == pytest.approx([(a["loss"] + b["loss"]) / 2 for a, b in zip(*runs, strict=True)])


def test_pictures_in_the_guide_are_small() -> None:
    files = sorted((ROOT / "docs/images").glob("figures-*.png"))
    assert len(files) == 3 and all(file.stat().st_size <= 100_000 for file in files)
