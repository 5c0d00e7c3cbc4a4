"""Searches: Optuna proposes, several processes share one journal, and no trial is lost with its process."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pellucid.basics.errors import DataError
from pellucid.workbench.sweeps import workers
from pellucid.workbench.sweeps.folder import SweepFolder
from pellucid.workbench.sweeps.journal import JOURNAL, Leaders, open_study
from pellucid.workbench.sweeps.ranking import Ranking, ranking
from pellucid.workbench.sweeps.searching import OWNER
from pellucid.workbench.sweeps.sweep import Search
from pellucid.workbench.sweeps.worker import work

from tests.experiments.support import IRIS, Shell
from tests.faults._processes import ended, pellucid as in_a_fork, started

posix = pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
SEARCH = """
[sweep.search]
trials = 4
optimizer.lr = { log_uniform = [0.001, 0.1] }
model.hidden = { choice = [[4], [8]] }
train.batch_size = { log_int = [8, 64] }
"""
WORDS = ("sweep", "search.toml", "--quiet", "--workers", 1)


@pytest.fixture
def search(pellucid: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line beside ``search.toml``; trials are trained in this process."""

    def asked(self: Any, number: int, job: dict[str, Any], source: workers.Source) -> dict[str, Any]:
        return work(job, self._note, lambda epoch, value: source.hopeless(job, {"epoch": epoch, "value": value}))

    monkeypatch.setattr(workers.Workers, "_asked", asked)
    Path("search.toml").write_text(IRIS + SEARCH)
    return pellucid


def trials(folder: str = "runs/search") -> list[Any]:
    search = SweepFolder(Path(folder)).plan().sweep.search
    assert search is not None
    return list(open_study(Path(folder), search, False).get_trials())


def outcome(found: Ranking) -> list[Any]:
    return sorted((group.setting.folder, group.figures["validation loss"].mean) for group in found.groups)


def test_a_search_that_was_broken_off_is_the_search_itself(search: Shell) -> None:
    search(*WORDS, "--out", "whole", "--set", "sweep.search.trials=7")
    shown = search(*WORDS)
    assert "Ranked by validation loss, lower is better" in shown and "trial 0003" in shown
    assert search.json("sweep", "runs/search", "--plan")["runs"]["finished"] == 4
    assert "model.hidden      choice [[4], [8]]" in search("sweep", "runs/search", "--plan")
    search(*WORDS, "--set", "sweep.search.trials=7")
    assert "4 of 7 trials have been begun already." in search.err
    assert outcome(ranking(Path("whole"))) == outcome(ranking(Path("runs/search")))
    states = [trial.state.name for trial in trials()]
    assert len(states) == 7 and set(states) <= {"COMPLETE", "PRUNED"}
    for group in ranking(Path("runs/search")).groups:
        assert 0.001 <= group.setting.changes["optimizer.lr"] <= 0.1
        assert group.setting.changes["model.hidden"] in ([4], [8])
        assert 8 <= group.setting.changes["train.batch_size"] <= 64
    message = search.refused("sweep", "search.toml", "--set", "sweep.search.seed=1")
    assert "its experiment, its ranges or its figure are others" in message
    assert "holds another sweep" in search.refused("sweep", "search.toml", "--set", "train.epochs=2")


def test_a_trial_that_is_behind_is_ended(search: Shell) -> None:
    lr = "sweep.search.optimizer.lr={choice=[0.02, 1e-9]}"
    search(*WORDS, "--set", lr, "--set", "sweep.search.trials=16", "--set", "sweep.search.sampler=random")
    found = {group.setting.changes["optimizer.lr"]: group for group in ranking(Path("runs/search")).groups}
    pruned = [trial for trial in trials() if trial.state.name == "PRUNED"]
    assert pruned and all(trial.params["optimizer.lr"] == 1e-9 for trial in pruned[1:])
    assert "(pruned)" in search("compare", "runs/search")
    assert set(found) == {0.02, 1e-9}
    search(*WORDS, "--out", "all", "--set", lr, "--set", "sweep.search.prune=none", "--set", "sweep.search.trials=8")
    assert {trial.state.name for trial in trials("all")} == {"COMPLETE"}


@posix
def test_two_processes_share_one_search(search: Shell) -> None:
    words = (*WORDS, "--set", "sweep.search.trials=6")
    leaders = [started(lambda: in_a_fork(*words)) for _ in range(2)]
    assert [ended(leader) for leader in leaders] == [0, 0]
    found = trials()
    assert [trial.number for trial in found] == list(range(6))
    assert all(trial.state.is_finished() for trial in found)
    assert len({trial.user_attrs[OWNER] for trial in found}) <= 2
    assert len([*Path("runs/search").glob("trial-*/seed-0/summary.json")]) == 6


@posix
def test_a_trial_whose_process_was_killed_goes_on(search: Shell) -> None:
    settings = ("train.epochs=100000", "sweep.search.prune=none", "train.checkpoint_seconds=0.02")
    long = (word for setting in settings for word in ("--set", setting))
    leader = started(lambda: in_a_fork(*WORDS, *long))
    until = time.monotonic() + 60
    while not [*Path("runs/search").glob("trial-0000*/seed-0/checkpoint.safetensors")] and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.2)
    os.kill(leader, signal.SIGKILL)
    ended(leader)
    (orphan,) = trials()
    assert orphan.state.name == "RUNNING"
    (run,) = Path("runs/search").glob("trial-0000*/seed-0")
    experiment = (run / "experiment.toml").read_text()
    (run / "experiment.toml").write_text(experiment.replace("epochs = 100000", "epochs = 2"))
    for file in ("checkpoint.safetensors", "metrics.jsonl"):
        (run / file).unlink(missing_ok=True)
    Path("runs/search/sweep.toml").write_text(Path("runs/search/sweep.toml").read_text().replace("100000", "2"))
    search("sweep", "runs/search", "--quiet", "--workers", 1)
    assert [trial.state.name for trial in trials()] == ["COMPLETE"] * 4


def test_a_trial_of_another_machine_is_left_to_it(search: Shell) -> None:
    search(*WORDS, "--set", "sweep.search.trials=1")
    options = SweepFolder(Path("runs/search")).plan().sweep.search
    assert options is not None
    open_study(Path("runs/search"), options, False).ask().set_user_attr(OWNER, "elsewhere-01234567")
    search(*WORDS, "--set", "sweep.search.trials=3")
    assert "1 trials that others have begun have not ended: elsewhere-01234567." in search.err
    assert [trial.state.name for trial in trials()] == ["COMPLETE", "RUNNING", "COMPLETE"]


def test_a_leader_that_lives_keeps_its_trials(tmp_path: Path) -> None:
    with Leaders(tmp_path) as one, Leaders(tmp_path) as other:
        assert not other.inherits(one.own) and not one.inherits(one.own)
        assert not one.inherits("elsewhere-0123")
        gone = one.own.rpartition("-")[0] + "-gone"
        assert one.inherits(gone) and one.inherits(gone)  # from now on, and it alone
        assert not other.inherits(gone)


def test_a_trial_that_fails_is_told_and_three_of_them_end_a_search(search: Shell) -> None:
    wild = "sweep.search.optimizer.lr={choice=[0.02, 1e30]}"
    search(*WORDS, "--set", wild, "--set", "sweep.search.trials=8", code=1)
    assert "NumericalError" in search.out
    assert {trial.state.name for trial in trials()} >= {"FAIL", "COMPLETE"}
    search(*WORDS, "--out", "bad", "--set", "sweep.search.optimizer.lr={uniform=[1e30, 2e30]}", code=2)
    assert "The first 3 trials have failed. The last: NumericalError" in search.err
    assert [trial.state.name for trial in trials("bad")] == ["FAIL"] * 3
    message = search.refused(*WORDS, "--out", "worse", "--set", "sweep.search.optimizer.lr={uniform=[-2, -1]}")
    assert "The 'lr' of Adam must be" in message
    assert not Path("worse").exists()


def test_by_what_a_search_goes(search: Shell) -> None:
    for setting, said in [
        ("sweep.split='test'", "sweep.split: a search looks at validation data"),
        ("sweep.metric='acuracy'", "Did you mean 'accuracy'?"),
    ]:
        assert said in search.refused(*WORDS, "--set", setting)
    assert "higher is better" in search(*WORDS, "--out", "a", "--set", "sweep.metric=accuracy")
    search(*WORDS, "--out", "b", "--set", "sweep.metric=r3", "--set", "sweep.mode=max", code=2)
    assert "has no validation r3, by which the search is to go" in search.err


def test_without_optuna_the_remedy_is_told(search: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    message = search.refused(*WORDS)
    assert "led by Optuna, which cannot be imported" in message and "pip install 'pellucid[optuna]'" in message
    assert "A search" in message and "[sweep.random] draws settings" in message


def test_half_a_line_of_the_journal_is_mended(tmp_path: Path) -> None:
    search = Search(3, 0, "tpe", "none", {})
    open_study(tmp_path, search, False).ask()
    with (tmp_path / JOURNAL).open("a") as file:
        file.write('{"op_code":4,"wor')
    open_study(tmp_path, search, False).ask()
    assert len(open_study(tmp_path, search, False).get_trials()) == 2


def test_a_line_that_is_none_of_a_journal_is_named(tmp_path: Path) -> None:
    search = Search(3, 0, "tpe", "none", {})
    open_study(tmp_path, search, False)
    with (tmp_path / JOURNAL).open("a") as file:
        file.write("garbage\n")
    with pytest.raises(DataError, match=r"journal\.log, line \d+: expected an entry of Optuna's journal.*'garbage'"):
        open_study(tmp_path, search, False)
