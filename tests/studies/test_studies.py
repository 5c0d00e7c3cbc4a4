"""Every study in its short form; what is kept of the long ones and what their pages say; the words for differences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pellucid as pl
import pytest
from pellucid.workbench.cli import main as pellucid
from pellucid.workbench.experiments.experiment import check, prepare
from pellucid.workbench.experiments.sections import read_sections
from pellucid.workbench.sweeps.plan import make_plan
from scipy import stats

from studies import __main__ as command
from studies.drawing import Drawing, chosen, grouped, names_of
from studies.figure import LARGEST, draw
from studies.page import page
from studies.random_search.by_chance import search
from studies.results import OneRun, Results, Setting, collected, difference, trained_here
from studies.study import HERE, load, names
from studies.words import ACCURACY, best, compared, ranked, reached

KEPT = [name for name in names() if (HERE / name / "results.json").exists()]


def setting(name: str, *values: float, **changes: object) -> Setting:
    runs = [OneRun(seed, {ACCURACY: v, "validation accuracy": v}, {}, 1, 1.0) for seed, v in enumerate(values)]
    return Setting(name, changes, 10, runs)


@pytest.mark.parametrize("name", names())
def test_a_study_in_its_short_form(name: str, tmp_path: Path) -> None:
    study = load(name)
    assert study.question.count("?") >= 1 and len(study.question) < 400
    results = study.run_short()
    command.make(study, results, tmp_path / name)
    again = Results.read(tmp_path / name / "results.json")
    assert study.sentences(again) == study.sentences(results)
    assert all(len(each.runs) + len(each.failed) == 2 for each in again.settings)
    assert (tmp_path / name / "figure.png").stat().st_size < LARGEST
    text = (tmp_path / name / "README.md").read_text(encoding="utf-8")
    assert study.question in text and all(each.name in text for each in again.settings)


def test_results_are_collected_from_the_folders_of_a_sweep(tmp_path: Path) -> None:
    """The way of the long form: equal to what is trained without folders."""
    file = tmp_path / "study.toml"
    file.write_text(
        '[data]\ntype = "half_moons"\nn = 60\n[model]\ntype = "ann"\nhidden = [4]\n[train]\nepochs = 1\n'
        '[sweep]\nseeds = [0, 1]\n[[sweep.list]]\nname = "good"\n[[sweep.list]]\nname = "bad"\noptimizer.lr = -1.0\n'
    )
    assert pellucid(["sweep", str(file), "--out", str(tmp_path / "runs"), "--quiet", "--workers", "1"]) == 1
    found = collected("x", tmp_path / "runs")
    sections = read_sections(file)
    sections["sweep"]["list"] = sections["sweep"]["list"][:1]
    here = trained_here("x", make_plan(sections))
    assert [run.figures for run in found["good"].runs] == [run.figures for run in here["good"].runs]
    assert found["good"].runs[0].curves == here["good"].runs[0].curves
    assert not found["bad"].runs and "The 'lr' of Adam" in found["bad"].failed["1"]


@pytest.mark.parametrize("name", KEPT)
def test_a_page_says_what_its_results_say(name: str) -> None:
    study = load(name)
    results = Results.read(study.results)
    told = f"python -m studies {name} --draw"
    assert (HERE / name / "README.md").read_text(encoding="utf-8") == page(study, results), told
    assert ("Adjusted after a first look at results: " in page(study, results)) == bool(study.adjusted)
    assert (HERE / name / "figure.png").stat().st_size < LARGEST
    assert all(len(each.runs) + len(each.failed) >= 5 for each in results.settings)


def test_the_overview_is_of_the_kept_results() -> None:
    assert (HERE / "README.md").read_text(encoding="utf-8") == command.overview(), "python -m studies --all --draw"


def test_the_difference_is_that_of_pairs_by_student() -> None:
    a, b = setting("a", 0.9, 0.92, 0.95, 0.91, 0.93), setting("b", 0.88, 0.91, 0.93, 0.91, 0.9)
    found = difference(a, b, ACCURACY)
    interval = stats.ttest_rel(a.values(ACCURACY), b.values(ACCURACY)).confidence_interval(0.95)
    assert (found.mean - found.half, found.mean + found.half) == pytest.approx((interval.low, interval.high))
    assert found.clear and compared(a, b).startswith("has 1.60 points more than b (95 % interval +0.")
    assert compared(b, b).startswith("is level with b")
    assert not difference(a, replace(b, runs=b.runs[:1]), ACCURACY).clear  # one pair tells nothing
    assert reached(a) == "92.20 ± 1.92 %" and reached(replace(a, runs=[])) == "no figure"


def test_what_is_compared_on_the_test_set_is_chosen_on_the_validation_data() -> None:
    lucky, good = setting("lucky", 0.95, 0.97), setting("good", 0.9, 0.92)
    for run in good.runs:
        run.figures["validation accuracy"] = 0.99  # type: ignore[index]
    none = Setting("none", {}, 0, [], {"0": "NumericalError"})
    assert best([none, lucky, good]) is good and ranked([none, good, lucky]) == [lucky, good, none]


def test_only_the_best_of_the_settings_that_differ_in_one_thing_is_drawn() -> None:
    settings = [setting("Adam, 1", 0.5, **{"optimizer.lr": 1.0}), setting("Adam, 0.1", 0.9, **{"optimizer.lr": 0.1}),
                setting("SGD", 0.7, optimizer={"type": "sgd"}, **{"optimizer.lr": 1.0})]  # fmt: skip
    results = Results("x", "c", "d", {}, {}, 1, 1.0, 1, "reference", settings)
    assert chosen(results, Drawing(over="optimizer.lr")) == settings[1:]
    assert chosen(results, Drawing()) == settings


def test_many_settings_are_drawn_in_rows_as_no_colour_stands_for_two(tmp_path: Path) -> None:
    settings = [setting(f"s{i // 2}, lr {i % 2}", 0.9, schedule=i // 2, **{"optimizer.lr": i % 2}) for i in range(10)]
    results = Results("x", "c", "d", {}, {}, 1, 1.0, 1, "reference", settings)
    with pytest.raises(ValueError, match="10 settings have 8 colours"):
        draw(results, Drawing(), tmp_path / "figure.png")
    draw(results, Drawing(apart="optimizer.lr"), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").exists()
    rows = grouped(settings, "optimizer.lr")
    assert [names_of(row) for row in rows] == [(f"s{i}", ["lr 0", "lr 1"]) for i in range(5)]


def test_summed_gradients_are_averaged_ones_with_as_many_times_the_rate() -> None:
    """What studies/summed_gradients says of plain SGD, held against a sum that is taken by hand."""
    x, y = np.random.default_rng(0).normal(size=(8, 3)), np.arange(8) % 2

    def weights(lr: float, repeat: int) -> np.ndarray:
        model = pl.build("ann", input_shape=(3,), hidden=[4], outputs=2, seed=0, dtype="float64")
        trainer = pl.Trainer(model, optimizer={"type": "sgd", "lr": lr}, seed=0)
        for _ in range(repeat):
            trainer.train_step(x, y)
        return np.array(model.runtime.arena.data)

    start = weights(0.0, 1)
    one_by_one = np.zeros_like(start)
    for i in range(8):  # the gradient of each sample alone: what a step of rate 1 takes off
        model = pl.build("ann", input_shape=(3,), hidden=[4], outputs=2, seed=0, dtype="float64")
        pl.Trainer(model, optimizer={"type": "sgd", "lr": 1.0}, seed=0).train_step(x[i : i + 1], y[i : i + 1])
        one_by_one += start - model.runtime.arena.data
    np.testing.assert_allclose(weights(0.1 * 8, 1), start - 0.1 * one_by_one, atol=1e-12)


def test_random_search_never_gets_worse() -> None:
    ready = prepare(check({"data": {"type": "half_moons", "n": 60}, "model": {"type": "ann", "hidden": [4]},
                           "train": {"seed": 0}}))  # fmt: skip
    found = search(ready, 60, 20)
    assert len(found["loss"]) == 20 and all(a >= b for a, b in zip(found["loss"], found["loss"][1:], strict=False))
    assert found["loss"][-1] < found["loss"][0]


def test_without_a_name_nothing_is_trained(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert command.main(["--into", str(tmp_path), "--out", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("Name studies, or say --all.") and not list(tmp_path.iterdir())
    assert all(f"\n  {name} " in told for name in names())


def test_a_study_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["drop-out"]) == 2
    assert "There is no study 'drop-out'. Studies: dropout, " in capsys.readouterr().err
