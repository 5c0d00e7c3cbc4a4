"""A search from one trial to the next, without any training: what Optuna is told, and what is asked of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pellucid.basics.errors import ConfigError, DataError
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.sweeps import journal
from pellucid.workbench.sweeps.draws import Draw
from pellucid.workbench.sweeps.folder import Failure, SweepFolder
from pellucid.workbench.sweeps.journal import JOURNAL, Leaders, _mend, held, open_study, proposed, sampler
from pellucid.workbench.sweeps.plan import make_plan
from pellucid.workbench.sweeps.ruler import Ruler
from pellucid.workbench.sweeps.searching import OWNER, Searching
from pellucid.workbench.sweeps.sweep import Search
from pellucid.workbench.sweeps.workers import End

pytest.importorskip("optuna")

SECTIONS: dict[str, Any] = {
    "data": "iris", "model": {"type": "ann"}, "train": {"epochs": 5, "seed": 3},
    "sweep": {"search": {"trials": 4, "optimizer.lr": {"uniform": [0.0, 1.0]}}},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    return SweepFolder(tmp_path)


@pytest.fixture
def leaders(tmp_path: Path) -> Iterator[Leaders]:
    with Leaders(tmp_path) as leaders:
        yield leaders


def searching(folder: SweepFolder, leaders: Leaders, *, higher: bool = False, **search: Any) -> Searching:
    plan = make_plan({**SECTIONS, "sweep": {"search": {**SECTIONS["sweep"]["search"], **search}}})
    assert plan.sweep.search is not None
    ruler = Ruler("loss", "validation", higher)
    return Searching(plan, plan.sweep.search, folder, ruler, leaders, lambda run: {"folder": str(folder.run(run).path)})


def trial(of: Searching) -> dict[str, Any]:
    job = of.next()
    assert job is not None
    return job


def finish(job: dict[str, Any], loss: float | None, epochs: int = 5) -> End:
    run = RunFolder(Path(job["folder"]))
    run.create()
    run.write_summary({"validation": {"loss": loss}, "epochs": epochs})
    return End(job, "finished")


def told(of: Searching) -> list[Any]:
    return [(frozen.state.name, frozen.value) for frozen in of._study.get_trials()]


def test_trials_from_the_first_to_the_last(folder: SweepFolder, leaders: Leaders) -> None:
    search = searching(folder, leaders)
    jobs = [trial(search) for _ in range(4)]
    assert search.next() is None and len({job["folder"] for job in jobs}) == 4 and set(jobs[0]) == {"folder", "figure"}
    assert {job["figure"] for job in jobs} == {"validation_loss"} and list(search.runs) == [
        job["folder"] for job in jobs
    ]
    assert [run.seed for run in search.runs.values()] == [3] * 4
    assert [run.setting.name for run in search.runs.values()] == [f"trial 000{n}" for n in range(4)]
    kept = json.loads(Path(jobs[0]["folder"]).parent.joinpath("setting.json").read_text())
    assert kept["name"] == "trial 0000" and not kept["pruned"] and 0 <= kept["settings"]["optimizer.lr"] <= 1
    search.ended(finish(jobs[0], 0.5))
    search.ended(End(jobs[1], "failed", Failure("DataError", "no")))
    search.ended(End(jobs[2], "stopped"))
    assert told(search) == [("COMPLETE", 0.5), ("FAIL", None), ("RUNNING", None), ("RUNNING", None)]
    assert search.elsewhere() == []
    search._study._storage.set_trial_user_attr(3, OWNER, "else-1234")
    assert search.elsewhere() == ["else-1234"]
    with pytest.raises(ConfigError, match=r"has no validation loss, by which the search is to go"):
        search.ended(finish(jobs[3], None))
    assert told(search)[3] == ("FAIL", None)


def test_a_search_without_pruning_asks_nothing_on_the_way(folder: SweepFolder, leaders: Leaders) -> None:
    assert trial(searching(folder, leaders, prune="none"))["figure"] is None


@pytest.mark.parametrize("higher", [False, True])
def test_a_trial_behind_the_median_of_the_others_is_hopeless(
    folder: SweepFolder, leaders: Leaders, higher: bool
) -> None:
    """Of the first five none is; then one that is worse than their median, 3, at the same epoch."""
    search = searching(folder, leaders, higher=higher, trials=8)
    for value in (1.0, 2.0, 3.0, 4.0, 5.0):
        job = trial(search)
        for epoch in (1, 2):
            assert search.hopeless(job, {"epoch": epoch, "value": value}) is False
        search.ended(finish(job, value))
    better, worse = (4.0, 2.0) if higher else (2.0, 4.0)
    job = trial(search)
    assert search.hopeless(job, {"epoch": 1, "value": better}) is False
    assert search.hopeless(job, {"epoch": 1, "value": worse}) is False  # an epoch is told once
    search.ended(finish(job, better))
    job = trial(search)
    assert search.hopeless(job, {"epoch": 1, "value": worse}) is True
    search.ended(finish(job, worse, epochs=2))
    assert told(search)[5] == ("COMPLETE", better)
    assert told(search)[-1][0] == "PRUNED"
    setting = search.runs[job["folder"]].setting
    assert json.loads((folder.path / setting.folder / "setting.json").read_text())["pruned"] is True
    found = folder.found(search._plan).settings
    assert [each.pruned for each in found] == [False] * 6 + [True]


@pytest.mark.parametrize(("failures", "good", "ends"), [(3, False, True), (2, False, False), (3, True, False)])
def test_three_failures_and_no_success_end_a_search(
    folder: SweepFolder, leaders: Leaders, failures: int, good: bool, ends: bool
) -> None:
    search = searching(folder, leaders, trials=9)
    if good:
        search.ended(finish(trial(search), 1.0))
    for _ in range(failures - 1):
        search.ended(End(trial(search), "failed", Failure("DataError", "no\nmore")))
    last = End(trial(search), "failed", Failure("DataError", "no\nmore"))
    if ends:
        with pytest.raises(ConfigError, match=r"^The first 3 trials have failed\. The last: DataError: no$"):
            search.ended(last)
    else:
        search.ended(last)


@pytest.mark.parametrize(("epochs", "state"), [(5, "COMPLETE"), (2, "PRUNED")])
def test_a_trial_that_was_done_when_its_process_died_is_told(
    folder: SweepFolder, leaders: Leaders, epochs: int, state: str
) -> None:
    """It is taken up by the next process on its machine; one that ended early had been ended by us."""
    search = searching(folder, leaders, trials=7)
    for value in (1.0, 2.0, 3.0, 4.0, 5.0):
        job = trial(search)
        for epoch in (1, 2):
            search.hopeless(job, {"epoch": epoch, "value": value})
        search.ended(finish(job, value))
    job = trial(search)
    for epoch in (1, 2):
        search.hopeless(job, {"epoch": epoch, "value": 9.0})
    finish(job, 9.0, epochs)
    search._study._storage.set_trial_user_attr(5, OWNER, f"{leaders.own.rpartition('-')[0]}-gone")
    another = searching(folder, leaders, trials=7)
    assert trial(another)["folder"] != job["folder"]
    assert [name for name, _ in told(another)] == ["COMPLETE"] * 5 + [state, "RUNNING"]


# -- proposals -------------------------------------------------------------------------------------------------------


class Suggests:
    """Takes the low end of each range, and the last of each list."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def suggest_float(self, path: str, low: float, high: float, *, log: bool) -> float:
        self.asked.append(("float", path, low, high, log))
        return low

    def suggest_int(self, path: str, low: int, high: int, *, log: bool) -> int:
        self.asked.append(("int", path, low, high, log))
        return low

    def suggest_categorical(self, path: str, names: list[Any]) -> Any:
        self.asked.append((path, names))
        return names[-1]


def test_what_is_asked_of_a_trial() -> None:
    suggests = Suggests()
    ranges = {
        "a": Draw("uniform", (0.123456, 1.0)), "b": Draw("log_uniform", (1e-3, 1.0)), "c": Draw("int", (1, 5)),
        "d": Draw("log_int", (2, 9)), "e": Draw("choice", ([8], {"type": "x", "a": 1}, "relu", [8, 4])),
    }  # fmt: skip
    assert proposed(suggests, ranges) == {"a": 0.1235, "b": 1e-3, "c": 1, "d": 2, "e": [8, 4]}
    assert suggests.asked == [
        ("float", "a", 0.123456, 1.0, False), ("float", "b", 1e-3, 1.0, True), ("int", "c", 1, 5, False),
        ("int", "d", 2, 9, True), ("e", ["[8]", '{"a": 1, "type": "x"}', "relu", "[8, 4]"]),
    ]  # fmt: skip


def test_the_random_numbers_of_a_trial_are_its_own() -> None:
    search = Search(9, 2, "random", "none", {})
    seeds = [sampler(search, number)._rng.rng.get_state()[1][0] for number in (0, 1)]
    assert seeds == [2 * 1_000_003, 2 * 1_000_003 + 1]
    large = sampler(Search(9, 1 << 30, "random", "none", {}), 5)
    assert large._rng.rng.get_state()[1][0] == ((1 << 30) * 1_000_003 + 5) % (1 << 32)
    learns = sampler(Search(9, 2, "tpe", "none", {}), 0)
    assert type(learns).__name__ == "TPESampler" and learns._constant_liar


def test_how_a_study_is_made(tmp_path: Path) -> None:
    for higher, prune in ((False, "median"), (True, "none")):
        folder = tmp_path / prune
        folder.mkdir()
        study = open_study(folder, Search(3, 0, "tpe", prune, {}), higher)
        assert study.direction.name == ("MAXIMIZE" if higher else "MINIMIZE") and study.study_name == "sweep"
        assert type(study.pruner).__name__ == ("MedianPruner" if prune == "median" else "NopPruner")
    assert not (tmp_path / "median" / "asking.lock").exists()


def test_half_a_line_is_taken_away_and_no_whole_one(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL
    _mend(path)
    for content, whole in [(b"", b""), (b'{"a": 1}\n{}\n', b'{"a": 1}\n{}\n'), (b"{}\n{", b"{}\n"), (b"{", b"")]:
        path.write_bytes(content)
        _mend(path)
        assert path.read_bytes() == whole
    path.write_bytes(b"{}\n{}\nno\n{}\n")
    with pytest.raises(DataError, match=r"journal\.log, line 3: expected an entry .* Received: 'no'\. Take this line"):
        _mend(path)


def test_leaders_answer_for_their_own_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "my.host-1")
    with Leaders(tmp_path) as one, Leaders(tmp_path) as other:
        assert one.own.startswith("my_host_1-") and one.own != other.own
        assert (tmp_path / "leaders" / one.own).exists()
        for owner, inherited in [
            (one.own, False), (other.own, False), ("my_host_1-gone", True), ("my_host_1-go/ne", False),
            ("my_host_1-", False), ("else-gone", False), ("gone", False),
        ]:  # fmt: skip
            assert one.inherits(owner) is inherited, owner
    with Leaders(tmp_path) as third:
        assert third.inherits(one.own) and third.inherits("my_host_1-gone")
    monkeypatch.setattr("socket.gethostname", lambda: "")
    assert journal._host() == "host"


def test_a_lock_is_given_back_whatever_happens() -> None:
    class Lock:
        did = ""

        def acquire(self) -> None:
            self.did += "a"

        def release(self) -> None:
            self.did += "r"
            raise RuntimeError("somebody has taken it")

    lock = Lock()
    with pytest.raises(ZeroDivisionError), held(lock):
        assert lock.did == "a"
        raise ZeroDivisionError
    assert lock.did == "ar"
