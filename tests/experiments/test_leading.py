"""What a sweep is led by: its lines, its ruler, its draws, the journal of a search; each alone, by hand."""

from __future__ import annotations

import signal
from math import exp, inf, log
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pellucid.basics.errors import ConfigError
from pellucid.workbench.experiments.callbacks import SIGNALS
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.sections import to_toml
from pellucid.workbench.sweeps import leading
from pellucid.workbench.sweeps.draws import Draw, is_draw, unit
from pellucid.workbench.sweeps.folder import Failure, SweepFolder
from pellucid.workbench.sweeps.leading import Listed, Shares, job_of, refusals, require_workers
from pellucid.workbench.sweeps.plan import PlannedRun, Setting
from pellucid.workbench.sweeps.ruler import Ruler, figure_of
from pellucid.workbench.sweeps.sweep import Sweep
from pellucid.workbench.sweeps.telling import Telling, once

RUN = PlannedRun(Setting("", {}, {"optimizer.lr": 0.1}, {"train": {"epochs": 3}}), 7)
FIGURES: dict[str, Any] = {
    "validation": {"loss": 0.5, "accuracy": 0.98765}, "test": {"loss": 0.25}, "training_seconds": 1.26,
    "chosen_by": "validation_accuracy",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    return SweepFolder(tmp_path)


def finished(folder: SweepFolder, summary: dict[str, Any] = FIGURES, metrics: Any = ("accuracy",)) -> RunFolder:
    run = folder.run(RUN)
    run.create()
    run.write_experiment(to_toml({"train": {"metrics": list(metrics)}}))
    run.write_summary(summary)
    return run


# -- lines -----------------------------------------------------------------------------------------------------------


def test_a_line_for_each_run_that_has_ended(folder: SweepFolder) -> None:
    lines: list[str] = []
    telling = Telling(Sweep(), folder, 100, 7, lines.append)
    finished(folder)
    telling.finished(RUN)
    finished(folder, {**FIGURES, "validation": {"accuracy": None}, "training_seconds": 60})
    telling.finished(RUN)
    telling.failed(RUN, Failure("DataError", f"\n{'x' * 300}\nmore"))
    label = "optimizer.lr = 0.1, seed 7"
    assert lines == [
        f"  8/100  {label}: validation accuracy 0.9877, 1.3 s", f"  9/100  {label}: validation accuracy –, 60.0 s",
        f" 10/100  {label}: failed: DataError: {'x' * 189}",
    ]  # fmt: skip
    assert telling.count == 10


def test_each_text_is_told_once() -> None:
    told: list[str] = []
    tell = once(told.append)
    for text in "abab":
        tell(text)
    assert told == ["a", "b"]


# -- what ranks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sweep", "expected"),
    [
        (Sweep(), "validation accuracy, higher is better"), (Sweep(metric="loss"), "validation loss, lower is better"),
        (Sweep(split="test"), "test accuracy, higher is better"),
        (Sweep(mode="min"), "validation accuracy, lower is better"),
        (Sweep(metric="loss", mode="max"), "validation loss, higher is better"),
    ],
)  # fmt: skip
def test_a_finished_run_says_what_the_sweep_leaves_open(folder: SweepFolder, sweep: Sweep, expected: str) -> None:
    both = {**FIGURES, "test": {"loss": 0.25, "accuracy": 0.5}}
    assert str(Ruler.of(sweep, finished(folder, both))) == expected


def test_without_a_chosen_epoch_the_first_metric_ranks_and_without_one_the_loss(folder: SweepFolder) -> None:
    plain = {"validation": {"loss": 0.5, "accuracy": 1.0, "f1": 1.0}, "chosen_by": None}
    assert str(Ruler.of(Sweep(), finished(folder, plain, ["f1", "accuracy"]))) == "validation f1, higher is better"
    assert str(Ruler.of(Sweep(), finished(folder, plain, []))) == "validation loss, lower is better"
    tested = {"validation": None, "test": {"loss": 0.5}, "chosen_by": "loss"}
    assert str(Ruler.of(Sweep(), finished(folder, tested, []))) == "test loss, lower is better"
    with pytest.raises(
        ConfigError, match=r"ranked by 'f2': the figures of its runs on the validation data are loss, a"
    ):
        Ruler.of(Sweep(metric="f2"), finished(folder, plain))
    with pytest.raises(ConfigError, match=r"on the test data are none\."):
        Ruler.of(Sweep(split="test"), finished(folder, plain))


@pytest.mark.parametrize(
    ("sweep", "train", "expected"),
    [
        (Sweep(), {}, "validation loss, lower is better"),
        (Sweep(metric="penalty", split="validation"), {}, "validation penalty, lower is better"),
        (Sweep(mode="max"), {}, "validation loss, higher is better"),
        (Sweep(metric="anything", mode="min"), {}, "validation anything, lower is better"),
        (Sweep(metric="accuracy"), {}, "validation accuracy, higher is better"),
        (Sweep(metric="accuracy"), {"metrics": ["f1", "accuracy"]}, "validation accuracy, higher is better"),
        (Sweep(metric="rmse"), None, "validation rmse, lower is better"),
    ],
)  # fmt: skip
def test_by_what_a_search_goes_before_any_run(sweep: Sweep, train: Any, expected: str) -> None:
    assert str(Ruler.planned(sweep, {"train": train})) == expected
    assert str(Ruler.planned(sweep, {} if train is None else {"train": train})) == expected


def test_a_figure_that_no_metric_gives_is_no_ruler_of_a_search() -> None:
    with pytest.raises(ConfigError, match=r"train\.metrics are f1\. Say it") as error:
        Ruler.planned(Sweep(metric="accuracy"), {"train": {"metrics": ["f1"]}})
    assert "'accuracy'" in str(error.value)
    with pytest.raises(ConfigError, match="tested afterwards"):
        Ruler.planned(Sweep(split="test"), {})


def test_the_figure_of_a_run() -> None:
    rulers = {split: Ruler("loss", split, False) for split in ("validation", "test")}
    assert figure_of(FIGURES, rulers["validation"]) == 0.5 and figure_of(FIGURES, rulers["test"]) == 0.25
    nothing: list[dict[str, Any]] = [
        {},
        {"test": None},
        {"test": {}},
        {"test": {"loss": None}},
        {"test": {"loss": "x"}},
    ]
    for summary in nothing:
        assert figure_of(summary, rulers["test"]) is None
    assert figure_of({"test": {"loss": 3}}, rulers["test"]) == 3


# -- draws -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("u", [0.0, 0.1, 0.37, 0.5, 0.99, 1 - 2**-53])
def test_a_draw_follows_its_distribution(u: float) -> None:
    four = "{:.4g}"
    assert Draw("uniform", (-2.0, 6.0)).at(u) == float(four.format(-2 + 8 * u))
    assert Draw("log_uniform", (0.01, 10.0)).at(u) == float(four.format(exp(log(0.01) + u * log(1000))))
    assert Draw("int", (3, 12)).at(u) == 3 + int(10 * u)
    assert Draw("log_int", (2, 9)).at(u) == min(9, int(2 * 5**u + 1e-12))
    assert Draw("choice", ("a", "b", "c", "d")).at(u) == "abcd"[int(4 * u)]


def test_rounding_leaves_no_range() -> None:
    assert Draw("uniform", (0.12344, 0.12346)).rounded(0.123449) == 0.12344
    assert Draw("uniform", (0.12345, 0.123456)).rounded(0.123456) == 0.123456
    assert Draw("uniform", (0.0, 99.0)).rounded(12.34567) == 12.35
    assert Draw("int", (1, 9)).rounded(123456) == 9 and Draw("int", (1, 10**6)).rounded(123456) == 123456


def test_numbers_in_the_unit_interval_are_those_of_their_names() -> None:
    """The first 53 bits of the BLAKE2b of ``seed/path/number``: a sweep that grows finds the draws that it had."""
    assert (unit(0, "optimizer.lr", 0), unit(3, "a", 1)) == (0.32266484044351484, 0.6520116563266664)
    numbers = [unit(seed, path, number) for seed in (0, 1) for path in ("a", "b") for number in (0, 1)]
    assert len(set(numbers)) == 8 and all(float(n * 2**53).is_integer() for n in numbers)
    many = sorted(unit(5, "x", number) for number in range(1000))
    assert max(abs(n - (i + 0.5) / 1000) for i, n in enumerate(many)) < 0.06  # Kolmogorov's bound at 1 %: 0.0515


def test_what_is_a_draw() -> None:
    assert is_draw({"int": [1, 2]}) and not is_draw({}) and not is_draw({"lr": 1}) and not is_draw({"int": 1, "a": 2})


# -- the leader ------------------------------------------------------------------------------------------------------


def test_what_a_worker_is_told_of_a_run(folder: SweepFolder) -> None:
    for own, threads in ((None, 3), (2, 2), (9, 3), (True, 3), ("x", 3)):
        train = {"epochs": 3} if own is None else {"epochs": 3, "threads": own}
        run = PlannedRun(Setting("a", {}, {}, {"model": "ann", "train": train}), 7)
        assert job_of(folder, run, Shares(2, 3), False) == {
            "folder": str(folder.path / run.folder), "sections": {"model": "ann", "train": {**train, "seed": 7}},
            "threads": threads, "pictures": False,
        }  # fmt: skip


def test_listed_jobs_are_given_in_their_order_and_none_is_hopeless() -> None:
    jobs = Listed([{"a": 1}, {"a": 2}])
    assert [jobs.next() for _ in range(4)] == [{"a": 1}, {"a": 2}, None, None]
    assert jobs.hopeless({}, {"epoch": 1, "value": inf}) is False


def test_how_many_workers_there_may_be() -> None:
    for good in (None, 1, 256):
        require_workers(good)
    for bad in (0, 257, -1):
        with pytest.raises(ConfigError, match=f"from 1 to 256, of processes. Received: {bad}"):
            require_workers(bad)


def test_more_workers_than_cores_are_remarked(monkeypatch: pytest.MonkeyPatch, folder: SweepFolder) -> None:
    monkeypatch.setattr(leading, "usable_cores", lambda: 2)
    telling, notes = Telling(Sweep(), folder, 1, 0, lambda text: None), list[str]()
    for workers in (2, 3):
        assert leading.work(Shares(workers, 1), Listed([]), {}, telling, notes.append) is None
    assert notes == ["3 workers share 2 cores: this is no faster than --workers 2."]


def test_one_setting_that_is_refused_is_its_own_reason() -> None:
    good = {"data": "iris", "model": {"type": "ann"}}
    bad = [Setting(name, {}, {}, {"data": "iris", "model": {"type": "ann", "hidden": name}}) for name in "ab"]
    with pytest.raises(ConfigError, match=r"^a: ") as error:
        refusals((bad[0],))
    assert "settings are refused" not in str(error.value)
    with pytest.raises(ConfigError, match="All 2 settings are refused, for this or another reason"):
        refusals(tuple(bad))
    assert list(refusals((Setting("c", {}, {}, good), *bad))) == [bad[0].folder, bad[1].folder]
    assert refusals(()) == {}


def test_a_signal_stops_the_workers_and_a_second_ctrl_c_ends_them() -> None:
    stops: list[int] = []
    workers: Any = SimpleNamespace(stop=lambda: stops.append(1))
    before = {number: signal.getsignal(number) for number in SIGNALS}
    with leading._stopping(workers) as received:
        handler: Any = signal.getsignal(signal.SIGTERM)
        assert handler is not before[signal.SIGTERM] and not received
        handler(signal.SIGTERM, None)
        handler(signal.SIGTERM, None)
        assert received == [signal.SIGTERM, signal.SIGTERM] and len(stops) == 2
        with pytest.raises(KeyboardInterrupt):
            handler(signal.SIGINT, None)
    assert {number: signal.getsignal(number) for number in SIGNALS} == before
