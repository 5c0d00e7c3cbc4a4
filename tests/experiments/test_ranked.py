"""The ranking of a sweep from the folders of its runs: order, figures over seeds, what has failed, what is missing."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from pellucid.basics.errors import ConfigError, DataError
from pellucid.workbench.experiments.sections import to_toml
from pellucid.workbench.sweeps import journal
from pellucid.workbench.sweeps.folder import Failure, SweepFolder, write_failure
from pellucid.workbench.sweeps.plan import Plan, PlannedRun, made, make_plan
from pellucid.workbench.sweeps.ranking import Group, Spread, is_sweep, ranked, ranking

BASE: dict[str, Any] = {"data": {"type": "iris"}, "model": {"type": "ann"}, "train": {"metrics": ["accuracy"]}}


def swept(folder: SweepFolder, *, seeds: int = 3, **sweep: Any) -> Plan:
    """Four settings: of 0.1 all runs are finished, of 0.2 two, of 0.3 one has failed, of 0.4 none has ended."""
    whole = {"grid": {"optimizer.lr": [0.1, 0.2, 0.3, 0.4]}, "seeds": list(range(seeds)), **sweep}
    plan = make_plan({**BASE, "sweep": whole})
    with folder.taken(plan):
        pass
    figures = {(0, 0): 0.5, (0, 1): 0.75, (0, 2): 1.0, (1, 0): 0.875, (1, 1): 0.625}
    for (setting, seed), figure in figures.items():
        finish(folder, PlannedRun(plan.settings[setting], seed), figure)
    write_failure(folder.run(PlannedRun(plan.settings[2], 1)).path, Failure("DataError", "none"))
    return plan


def finish(folder: SweepFolder, of: PlannedRun, figure: float | None, **more: Any) -> None:
    run = folder.run(of)
    run.create()
    run.write_experiment(to_toml({"train": {"metrics": ["accuracy"]}}))
    summary = {
        "validation": {"loss": 1.0, "accuracy": figure}, "test": {"loss": 2, "note": "x"},
        "chosen_by": "validation_accuracy", "training_seconds": 2.0 + of.seed, "parameters": 100 + of.seed, **more,
    }  # fmt: skip
    run.write_summary(summary)


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    return SweepFolder(tmp_path / "sweep")


def order(groups: tuple[Group, ...]) -> list[Any]:
    return [(group.setting.changes["optimizer.lr"], group.rank) for group in groups]


def test_settings_stand_in_the_order_of_their_mean(folder: SweepFolder) -> None:
    plan = swept(folder)
    found = ranking(folder.path)
    assert str(found.ruler) == "validation accuracy, higher is better" and found.varied == ("optimizer.lr",)
    assert order(found.groups) == [(0.1, 1), (0.2, 2), (0.3, None), (0.4, None)]
    best, second, failed, nothing = found.groups
    assert best.figures["validation accuracy"] == Spread(0.75, 0.25, 3) and best.seconds == Spread(3.0, 1.0, 3)
    assert list(best.figures) == ["validation loss", "validation accuracy", "test loss"]
    assert second.figures["validation accuracy"] == Spread(0.75, (2 * 0.125**2) ** 0.5, 2)
    assert best.runs == {seed: folder.run(PlannedRun(plan.settings[0], seed)).path for seed in range(3)}
    assert [group.missing for group in found.groups] == [(), (2,), (0, 2), (0, 1, 2)] and best.parameters == 100
    assert failed.failures == {1: Failure("DataError", "none")} and found.failed == 1
    assert nothing.seconds is None and nothing.parameters is None and nothing.figures == {}


@pytest.mark.parametrize(("mode", "expected"), [("max", [0.2, 0.1]), ("min", [0.1, 0.2])])
def test_more_or_less_is_better(folder: SweepFolder, mode: str, expected: list[float]) -> None:
    plan = swept(folder, seeds=1, mode=mode)
    found = ranked(plan, folder)
    assert order(found.groups)[:2] == [(expected[0], 1), (expected[1], 2)]
    assert order(found.groups)[2:] == [(0.3, None), (0.4, None)] and found.ruler is not None
    assert found.ruler.higher == (mode == "max")


def test_a_setting_without_the_figure_has_no_rank(folder: SweepFolder) -> None:
    plan = swept(folder, seeds=1)
    finish(folder, PlannedRun(plan.settings[1], 0), None, training_seconds=None, parameters="x")
    found = ranked(plan, folder)
    assert order(found.groups) == [(0.1, 1), (0.2, None), (0.3, None), (0.4, None)]
    second = found.groups[1]
    assert len(second.runs) == 1 and second.seconds is None and second.parameters is None and not second.missing


def test_before_any_run_has_ended(folder: SweepFolder) -> None:
    plan = make_plan({**BASE, "sweep": {"seeds": [1, 2]}})
    found = ranked(plan, folder)
    assert (
        found.ruler is None and [group.rank for group in found.groups] == [None] and found.groups[0].missing == (1, 2)
    )
    assert not is_sweep(folder.path)
    with pytest.raises(DataError, match="is not the folder of a sweep"):
        ranking(folder.path)
    with folder.taken(plan):
        assert is_sweep(folder.path)


def test_a_search_is_ranked_by_what_it_goes_by(folder: SweepFolder) -> None:
    plan = make_plan({**BASE, "sweep": {"search": {"trials": 3, "optimizer.lr": {"uniform": [0.0, 1.0]}}}})
    with folder.taken(plan):
        pass
    for number, loss in enumerate((0.5, 0.25, 0.75)):
        setting = made(plan.base, f"trial 000{number}", {}, {"optimizer.lr": number / 10})
        folder.write_setting(setting)
        finish(folder, PlannedRun(setting, plan.seeds[0]), 1.0, validation={"loss": loss})
    found = ranking(folder.path)
    assert str(found.ruler) == "validation loss, lower is better"
    assert order(found.groups) == [(0.1, 1), (0.0, 2), (0.2, 3)]


def test_means_and_deviations_as_they_are_told() -> None:
    assert str(Spread(0.123456, None, 1)) == "0.1235" and str(Spread(1234.5, 12.345, 2)) == "1234 ± 12"
    assert Spread.of([0.1, 0.2]) == Spread(pytest.approx(0.15), pytest.approx(0.05 * 2**0.5), 2)  # type: ignore[arg-type]


def test_optuna_says_what_has_gone_wrong_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("optuna")
    package = journal.optuna()
    package.logging.set_verbosity(logging.INFO)
    assert journal.optuna() is package and package.logging.get_verbosity() == logging.WARNING
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(ConfigError, match="led by Optuna, which cannot be imported"):
        journal.optuna()
