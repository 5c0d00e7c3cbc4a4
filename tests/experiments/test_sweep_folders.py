"""What of a sweep is still to be done: states of runs, who trains them, what may change; without any training."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pellucid.basics.errors import ConfigError, DataError
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.sweeps import leading
from pellucid.workbench.sweeps.folder import Failure, SweepFolder, read_failure, write_failure
from pellucid.workbench.sweeps.leading import Shares, lead, refusals, search, tried
from pellucid.workbench.sweeps.plan import MOST_RUNS, Plan, PlannedRun, made, make_plan, shown
from pellucid.workbench.sweeps.workers import BLAS, MOST_DEATHS, _steps

BASE: dict[str, Any] = {"data": {"type": "iris"}, "model": {"type": "ann"}, "train": {"epochs": 5, "seed": 3}}
GRID = {"sweep": {"grid": {"optimizer.lr": [0.1, 0.2, 0.3, 0.4, -1.0]}, "seeds": [7]}}
SEARCH = {"sweep": {"search": {"trials": 6, "optimizer.lr": {"uniform": [0.0, 1.0]}}}}


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    return SweepFolder(tmp_path / "sweep")


def plan(more: dict[str, Any], **base: Any) -> Plan:
    return make_plan({**BASE, **base, **more})


def come_so_far(folder: SweepFolder, runs: list[PlannedRun]) -> None:
    """The first is finished, the second has failed for good, the third for now, the fourth is begun."""
    finished, failed, tried_again, begun = (folder.run(run) for run in runs[:4])
    finished.create()
    finished.write_summary({"validation": {"loss": 0.5}})
    write_failure(failed.path, Failure("NumericalError", "nan"))
    write_failure(tried_again.path, Failure("DataError", "none"))
    begun.create()
    begun.write_experiment("")


def test_how_far_runs_have_come(folder: SweepFolder) -> None:
    runs = plan(GRID).runs
    come_so_far(folder, runs)
    assert [folder.state(folder.run(run)) for run in runs] == ["finished", "failed", "failed", "begun", "open"]
    assert folder.states(runs) == {"finished": 1, "failed": 2, "begun": 1, "open": 1}
    assert [folder.waits(folder.run(run)) for run in runs] == [False, False, True, True, True]
    write_failure(folder.run(runs[0]).path, Failure("DataError", "before it was finished"))
    assert folder.state(folder.run(runs[0])) == "finished" and not folder.waits(folder.run(runs[0]))


def test_a_leader_trains_what_waits_and_is_not_refused(folder: SweepFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = plan({"sweep": {**GRID["sweep"], "pictures": True}})
    come_so_far(folder, whole.runs)
    given: list[Any] = []

    def work(share: Shares, source: Any, runs: Any, telling: Any, note: Any) -> None:
        given.extend([share, [source.next() for _ in range(3)], list(runs), telling.count])

    monkeypatch.setattr(leading, "work", work)
    monkeypatch.setattr(leading, "usable_cores", lambda: 8)
    lines, notes = list[str](), list[str]()
    refused = refusals(tried(whole))
    assert list(refused) == [whole.settings[4].folder]
    assert lead(whole, refused, folder, None, lines.append, notes.append) is None
    share, jobs, runs, count = given
    waiting = [str(folder.run(run).path) for run in whole.runs[2:4]]
    assert (share, runs, count) == (Shares(2, 4), waiting, 3)
    assert [job and job["folder"] for job in jobs] == [*waiting, None] and jobs[0]["pictures"] is True
    assert notes == ["2 of 5 runs have been trained already."]
    assert len(lines) == 1 and lines[0].startswith(
        "3/5  optimizer.lr = -1.0, seed 7: failed: ConfigError: optimizer.lr:"
    )
    failure = read_failure(folder.run(whole.runs[4]).path)
    assert failure is not None and failure.type == "ConfigError" and "The 'lr' of Adam must be" in failure.message
    given.clear()
    only = plan({"sweep": {"grid": {"optimizer.lr": [-1.0]}, "seeds": [0]}})
    assert lead(only, {only.settings[0].folder: ConfigError("no")}, folder, None, lines.append, notes.append) is None
    assert (
        not given
        and len(notes) == 1
        and lines[-1].endswith("1/1  optimizer.lr = -1.0, seed 0: failed: ConfigError: no")
    )


def test_a_search_counts_the_trials_that_have_ended(folder: SweepFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("optuna")
    whole = plan(SEARCH)
    with folder.taken(whole):
        pass
    settings = [made(whole.base, f"trial {n:04}", {}, {"optimizer.lr": n / 10}) for n in range(5)]
    for setting in settings:
        folder.write_setting(setting)
    come_so_far(folder, [PlannedRun(setting, 3) for setting in settings])
    given: list[Any] = []

    def work(share: Shares, source: Any, runs: Any, telling: Any, note: Any) -> None:
        given.append((share, telling.count, telling._total, source.runs is runs))

    monkeypatch.setattr(leading, "work", work)
    monkeypatch.setattr(leading, "usable_cores", lambda: 8)
    notes: list[str] = []
    assert search(whole, folder, 2, notes.append, notes.append) is None
    assert given == [(Shares(2, 4), 3, 6, True)]
    assert notes == ["5 of 6 trials have been begun already."]
    assert search(whole, folder, None, notes.append, notes.append) is None
    assert given[1][0] == Shares(6, 1)


def test_a_setting_of_a_trial_is_kept_and_found(folder: SweepFolder) -> None:
    whole = plan(SEARCH)
    assert folder.found(whole).settings == () and folder.found(plan(GRID)).settings == plan(GRID).settings
    settings = [
        made(whole.base, f"trial {n:04}", {}, {"model.hidden": [n]}, pruned=n == 1) for n in (0, 1)
    ]  # fmt: skip
    for setting in settings:
        folder.write_setting(setting)
    found = folder.found(whole).settings
    assert [(each.name, each.varied, each.pruned, each.folder) for each in found] == [
        (each.name, each.varied, each.pruned, each.folder) for each in settings
    ]
    for content in ("{", "[]", '{"name": "a", "settings": {}}', '{"name": "a", "settings": 3, "pruned": false}'):
        (folder.path / settings[0].folder / "setting.json").write_text(content)
        with pytest.raises(DataError, match=r"setting\.json cannot be read: .* It must hold the setting of a trial"):
            folder.found(whole)


def test_why_a_run_has_failed(tmp_path: Path) -> None:
    assert read_failure(tmp_path) is None
    write_failure(tmp_path / "a" / "b", Failure("DataError", "No such file.\nmore"))
    failure = read_failure(tmp_path / "a" / "b")
    assert failure == Failure("DataError", "No such file.\nmore") and failure.line == "DataError: No such file."
    for content, expected in [
        ("{", "JSONDecodeError"), ("[]", "DataError"), ('{"type": 3}', "3"), ("[" * 100_000, None),
        (" " * (1 << 16) + "{}", "JSONDecodeError"), (" " * ((1 << 16) - 2) + "{}", "None"),
    ]:  # fmt: skip
        (tmp_path / "failure.json").write_text(content)
        found = read_failure(tmp_path)
        assert found is not None and (expected is None or found.type == expected)


def test_a_folder_holds_one_sweep_that_may_grow(folder: SweepFolder) -> None:
    with pytest.raises(DataError, match=r"is not the folder of a sweep: it has no sweep\.toml"):
        folder.plan()
    small = plan({"sweep": {"grid": {"optimizer.lr": [0.1, 0.2]}, "seeds": [7]}})
    with folder.taken(small):
        assert tomllib.loads(folder.file.read_text()) == small.sections
        assert folder.file.read_text().startswith("# This sweep as it was asked for. To go on with it, give its folder")
        with pytest.raises(ConfigError, match="Another process is training in"), folder.taken(small):
            pass
    with folder.taken(plan(GRID)):
        pass
    with pytest.raises(ConfigError) as error, folder.taken(small):
        pass
    gone = plan(GRID).runs[2].label
    assert f"holds another sweep: 3 of its 5 runs are none of this one, as {gone}. A sweep may grow" in str(error.value)
    with (
        pytest.raises(ConfigError, match="its experiment, its ranges or its figure are others"),
        folder.taken(plan(SEARCH)),
    ):
        pass


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"sweep": {"search": {**SEARCH["sweep"]["search"], "trials": 99}}}, True),
        ({"sweep": {**SEARCH["sweep"], "pictures": True}}, True), ({"train": {**BASE["train"], "threads": 2}}, True),
        ({"train": {**BASE["train"], "checkpoint_seconds": 1.0}}, True),
        ({"train": {**BASE["train"], "seed": 4}}, False),
        ({"sweep": {"search": {**SEARCH["sweep"]["search"], "seed": 1}}}, False),
        ({"sweep": {**SEARCH["sweep"], "metric": "loss"}}, False), ({"model": {"type": "ann", "hidden": [3]}}, False),
    ],
)  # fmt: skip
def test_what_may_change_while_a_search_goes_on(folder: SweepFolder, change: dict[str, Any], same: bool) -> None:
    with folder.taken(plan(SEARCH)), folder.taken(plan(SEARCH)):  # by several processes at a time
        pass
    changed = make_plan({**BASE, **SEARCH, **change})
    assert (changed.searched == plan(SEARCH).searched) == same
    if same:
        with folder.taken(changed):
            pass
    else:
        with pytest.raises(ConfigError, match="holds another sweep: its experiment"), folder.taken(changed):
            pass


def test_what_is_tried_before_a_search_stands_in_the_middle_of_its_ranges() -> None:
    ranges = {"trials": 2, "optimizer.lr": {"uniform": [0.2, 0.6]}, "model.hidden": {"choice": [[1], [2], [3]]}}
    (setting,) = tried(plan({"sweep": {"search": ranges}}))
    assert setting.changes == {"optimizer.lr": 0.4, "model.hidden": [2]} and setting.name == "" and not setting.pruned
    assert tried(plan(GRID)) == plan(GRID).settings


# -- plans -----------------------------------------------------------------------------------------------------------


def test_so_many_runs_there_may_be() -> None:
    values = [n / 1000 for n in range(MOST_RUNS // 10)]
    whole = {"grid": {"optimizer.lr": values}, "seeds": list(range(10))}
    assert len(plan({"sweep": whole}).runs) == MOST_RUNS
    for more in ({"seeds": list(range(11))}, {"list": [{"name": "a"}, {"name": "b", "model.dropout": 0.1}]},
                 {"random": {"draws": 2, "model.dropout": {"uniform": [0.0, 0.5]}}}):  # fmt: skip
        with pytest.raises(ConfigError, match=r"sweep: makes (11|20),000 runs\. At most 10,000"):
            plan({"sweep": {**whole, **more}})


def test_seeds_are_those_of_the_sweep_or_the_one_of_the_training() -> None:
    grid = {"grid": {"optimizer.lr": [0.1]}}
    assert plan({"sweep": {**grid, "seeds": [5, 0]}}).seeds == (5, 0)
    for seed, expected in ((3, 3), (0, 0), ("x", 0), (None, 0)):
        train = {"epochs": 1} if seed is None else {"seed": seed}
        assert plan({"sweep": grid}, train=train).seeds == (expected,)
    assert plan({"sweep": grid}, train=3).seeds == (0,)


def test_values_in_few_letters() -> None:
    values = [
        ("true", True), ("1", 1), ("0.5", 0.5), ("[1, 2]", (1, 2)), ("[false]", [False]), ("None", None),
        ("sgd lr=0.1 nesterov=true", {"type": "sgd", "lr": 0.1, "nesterov": True}), ("a=[1] b=x", {"a": [1], "b": "x"}),
    ]  # fmt: skip
    assert [shown(value) for _, value in values] == [text for text, _ in values]


def test_settings_change_copies_sections_first() -> None:
    base = {"model": {"hidden": [8]}, "optimizer": {"type": "sgd", "lr": 1}}
    setting = made(base, "n", {"model.hidden.0": 3}, {"optimizer.lr": 2, "optimizer": {"momentum": 0.5}, "loss": "mse"})
    assert setting.sections == {
        "model": {"hidden": [3]}, "optimizer": {"type": "sgd", "lr": 2, "momentum": 0.5}, "loss": "mse",
    }  # fmt: skip
    assert base == {"model": {"hidden": [8]}, "optimizer": {"type": "sgd", "lr": 1}} and not setting.pruned
    assert setting.label == "n, optimizer.lr = 2, optimizer = momentum=0.5, loss = mse"
    assert made(base, "", {}, {}).label == "as it is" and made(base, "n", {"a": 1}, {}).label == "n"


def test_how_far_a_run_is_saved(tmp_path: Path) -> None:
    assert _steps(RunFolder(tmp_path)) == 0
    RunFolder(tmp_path).checkpoint.write_bytes(b"no checkpoint")
    assert _steps(RunFolder(tmp_path)) == 0 and MOST_DEATHS == 3 and set(BLAS) >= {"OMP_NUM_THREADS"}
