"""The rules by which an epoch could be chosen, and that the command's parts fit together."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pellucid as pl
import pytest

from benchmarks import best_epoch
from benchmarks.environment import ROOT

ACCURACY = np.array([0.5, 0.8, 0.8, 0.6, 0.8, 0.7])
LOSS = np.array([0.9, 0.7, 0.5, 0.3, 0.6, 0.35])


@pytest.mark.parametrize(("rule", "epoch"), [
    ("accuracy, first of equals", 1), ("accuracy, last of equals", 4), ("accuracy, then loss", 2), ("loss", 3),
    ("mean accuracy of three, then loss", 4), ("mean loss of three", 5), ("last epoch", 5),
])  # fmt: skip
def test_rules(rule: str, epoch: int) -> None:
    assert best_epoch.RULES[rule](ACCURACY, LOSS) == epoch


def test_a_run_is_compared_and_shown() -> None:
    splits = best_epoch.SETS["iris"](0)
    setting = {"optimizer": "adam", "schedule": None, "epochs": 3, "batch_size": 32}
    runs = np.stack([best_epoch.trained(splits, setting, seed) for seed in (0, 1)])
    assert runs.shape == (2, 3, 4)
    found = {"short": {"iris": best_epoch.compared(runs)}}
    means = {"short": best_epoch.over_all(found["short"])}
    text = best_epoch.as_markdown({"seeds": 2, "date": "now", "results": found, "over_all": means})
    assert all(f"| {rule} | " in text for rule in best_epoch.RULES)


def test_the_page_shows_the_figures_that_are_kept() -> None:
    kept = json.loads((ROOT / "benchmarks" / "results" / "best-epoch.json").read_text(encoding="utf-8"))
    page = Path(ROOT / "docs" / "decisions" / "best-epoch.md").read_text(encoding="utf-8")
    assert kept["seeds"] == 30 and all(len(sets) >= 6 for sets in kept["results"].values())
    for means in kept["over_all"].values():
        for rule in ("accuracy, then loss", "loss", "last epoch"):
            assert f"{means[rule]['gain']:+.2f} ± {means[rule]['error']:.2f}" in page


def test_best_epoch_takes_the_epoch_of_the_rule() -> None:
    class Figures(pl.Metric):
        def reset(self) -> None: ...
        def update(self, prediction: object, target: object, weight: object = None) -> None: ...
        def result(self) -> float:
            return float(next(figures))

    figures = iter([0.5, 0.9, 0.9, 0.9])
    splits = best_epoch.SETS["iris"](0)
    best = pl.create("callback", "best_epoch")
    model = pl.build("ann", input_shape=(4,), hidden=[4], outputs=3, seed=0)
    history = pl.Trainer(model, metrics=[Figures()], callbacks=[best], seed=0).fit(splits, epochs=4, verbose=False)
    accuracy, loss = np.array([0.5, 0.9, 0.9, 0.9]), np.array(history["validation_loss"])
    assert best.epoch == best_epoch.RULES["accuracy, then loss"](accuracy, loss) + 1
