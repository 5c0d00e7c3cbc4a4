"""Tables of several runs, whole: runs side by side and in pairs, and the ranking of a sweep; of figures made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pellucid.workbench.cli.commands.compare import _markdown, _pairs, _text, ranking_text
from pellucid.workbench.evaluation.compared import Compared
from pellucid.workbench.evaluation.interval import Interval
from pellucid.workbench.evaluation.pairs import Pair
from pellucid.workbench.evaluation.table import RunTable, _notes, flat, shown
from pellucid.workbench.sweeps.folder import Failure
from pellucid.workbench.sweeps.plan import Setting
from pellucid.workbench.sweeps.ranking import Group, Ranking, Spread, _varied
from pellucid.workbench.sweeps.ruler import Ruler

FIRST: dict[str, Any] = {
    "train": {"loss": 0.5}, "validation": None, "test": {"loss": 0.25, "accuracy": 0.98765}, "best_epoch": 3,
    "epochs": 5, "parameters": 1234, "training_seconds": 1.5,
}  # fmt: skip
IMPORTED = {"parameters": 7}
RUNS = RunTable(
    ("a", "b"), (FIRST, IMPORTED), ({"accuracy": (0.9, 0.99999)}, {}),
    {"model.hidden": [[8], None], "optimizer.lr": [0.01, 1e-4]}, ("A note.", "Another."),
)  # fmt: skip
EQUAL = RunTable(("a",), (FIRST,), ({},), {}, ())


def pair(**more: Any) -> Pair:
    of = Interval(-0.0125, 0.5, 0.95, "bootstrap")
    return Pair("accuracy", 0.5, 0.75, 0.25, of, 0.012345, "McNemar", 1234, **more)


ONE = [Compared("b", "a", pair(only_first=1000, only_second=2), 0.02469, True)]
TWO = [*ONE, Compared("c", "a", Pair("rmse", 2.0, 1.5, -0.5, Interval(-1.0, 0.0, 0.95, "m"), 1.0, "m", 9), 1.0, False)]


def test_runs_side_by_side_as_text() -> None:
    assert _text(RUNS, []) == (
        "run  best epoch  train loss  test loss  test accuracy           parameters  seconds\n"
        "a    3 of 5      0.5000      0.2500     0.9877 (0.9000–1.0000)  1234        1.5000\n"
        "b    –           –           –          –                       7           –\n\n"
        "Different settings:\n              a       b\nmodel.hidden  [8]     –\noptimizer.lr  0.0100  0.0001\n\n"
        "A note.\n\nAnother."
    )
    assert _text(EQUAL, []).count("\n") == 1


def test_runs_side_by_side_as_markdown() -> None:
    table = (
        "| run | best epoch | train loss | test loss | test accuracy | parameters | seconds |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
        "| a | 3 of 5 | 0.5000 | 0.2500 | 0.9877 (0.9000–1.0000) | 1234 | 1.5000 |\n"
        "| b | – | – | – | – | 7 | – |"
    )
    settings = "|  | a | b |\n| --- | --- | --- |\n| model.hidden | [8] | – |\n| optimizer.lr | 0.0100 | 0.0001 |"
    assert _markdown(RUNS, []) == f"{table}\n\nDifferent settings:\n\n{settings}\n\nA note.\n\nAnother."
    assert (
        _markdown(EQUAL, ONE)
        .partition("\n\n")[2]
        .startswith("On the same samples:\n\n| run | against a | difference |")
    )


def test_runs_side_by_side_for_programs() -> None:
    assert RUNS.csv() == (
        "run,train loss,test loss,test accuracy,best_epoch,epochs,parameters,training_seconds,"
        "model.hidden,optimizer.lr\n"
        "a,0.5,0.25,0.98765,3,5,1234,1.5,[8],0.01\nb,,,,,,7,,,0.0001\n"
    )
    assert RUNS.data() == {
        "runs": [{"run": "a", **FIRST, "test_intervals": {"accuracy": (0.9, 0.99999)}},
                 {"run": "b", "parameters": 7, "test_intervals": {}}],
        "different": {"model.hidden": [[8], None], "optimizer.lr": [0.01, 1e-4]}, "notes": ["A note.", "Another."],
    }  # fmt: skip


def test_an_interval_of_the_test_split_stands_at_no_other() -> None:
    summary = {split: {"loss": 0.5} for split in ("train", "validation", "test")}
    (_, row) = RunTable(("a",), (summary,), ({"loss": (0.25, 0.75)},), {}, ()).rows()
    assert row == ["a", "–", "0.5000", "0.5000", "0.5000 (0.2500–0.7500)", "–", "–"]


def test_pairs_in_a_table() -> None:
    assert _text(EQUAL, ONE).partition("On the same samples:\n")[2] == (
        "run  against a                 difference  95% interval        p        "
        "only first right  only second right  samples  methods\n"
        "b    accuracy 0.5000 → 0.7500  +0.2500     -0.0125 to +0.5000  0.01235  "
        "1,000             2                  1,234    McNemar; bootstrap"
    )
    head, first, second = _pairs(TWO)
    assert head[4:7] == ["p", "p (Holm)", "only first right"] and first[4:7] == ["0.01235", "0.02469", "1,000"]
    assert second == ["c", "rmse 2.0000 → 1.5000", "-0.5000", "-1.0000 to +0.0000", "1", "1", "–", "–",
                      "9 (targets compared)", "m"]  # fmt: skip


def test_settings_by_their_whole_paths() -> None:
    assert flat({"model": {"hidden": [8], "of": {"a": 1}}, "seed": 2}) == {
        "model.hidden": [8],
        "model.of.a": 1,
        "seed": 2,
    }
    values = {None: "–", 0.12345: "0.1235", 0.001: "0.0010", 0.000999: "0.000999", -0.5: "-0.5000", 5: "5",
              -1e-05: "-1e-05", "x": "x"}  # fmt: skip
    assert {value: shown(value) for value in values} == values


def test_what_keeps_figures_from_being_compared() -> None:
    summaries = [{"versions": {"pellucid": "1", "numpy": "2"}}, {"versions": {"pellucid": "2", "numpy": "2"}}, {}]
    different = {"data.seed": 1, "dataless": 2, "data.x": 3}
    data, numpy, pellucid = _notes(("a", "b", "c"), summaries, different)
    assert data.startswith("The runs differ in their data (data.seed, data.x), so their figures may be of different")
    assert pellucid == "Made by different versions of pellucid: 1 (a), 2 (b), none (c)."
    assert numpy == "Made by different versions of numpy: 2 (a), 2 (b), none (c)."
    assert _notes(("a", "b"), summaries[:1] * 2, {"dataless": 2}) == ()


# -- sweeps ----------------------------------------------------------------------------------------------------------

ACCURACY = "validation accuracy"


def group(rank: int | None, varied: dict[str, Any], name: str = "", *, pruned: bool = False, **more: Any) -> Group:
    known: dict[str, Any] = {
        "runs": {}, "figures": {}, "seconds": None, "parameters": None, "failures": {}, "missing": (),
    }  # fmt: skip
    return Group(Setting(name, {}, varied, {}, pruned), rank, **{**known, **more})


BEST = group(
    1, {"optimizer.lr": 0.1, "model.hidden": [8, 4]}, runs={0: Path("x/seed-0"), 1: Path("x/seed-1")},
    figures={"test loss": Spread(0.123456, None, 1), ACCURACY: Spread(0.98765, 0.0123, 2)},
    seconds=Spread(1.5, 0.25, 2), parameters=12345,
)  # fmt: skip
WORST = group(
    None, {"optimizer.lr": 10}, missing=(3,),
    failures={0: Failure("NumericalError", "Step 3: NaN\nmore"), 1: Failure("NumericalError", "Step 4: NaN"),
              2: Failure("DataError", "y" * 400), 5: Failure("NumericalError", "Step 3: NaN")},
)  # fmt: skip
RANKED = Ranking(Ruler("accuracy", "validation", True), (BEST, WORST), ("optimizer.lr", "model.hidden"))


def test_a_ranking_as_text() -> None:
    assert ranking_text(RANKED) == (
        "rank  optimizer.lr  model.hidden  n  validation accuracy  test loss      parameters  seconds     failed\n"
        "1     0.1           [8, 4]        2  0.9877 ± 0.012       0.1235 (of 1)  12,345      1.5 ± 0.25\n"
        "–     10            –             0  –                    –              –           –           4\n\n"
        "Failed:\n"
        f"  optimizer.lr = 10, seed 2: DataError: {'y' * 288}…\n"
        "  optimizer.lr = 10, seed 0, 5, 1: NumericalError: Step 3: NaN\n\n"
        "Ranked by validation accuracy, higher is better; mean ± sd over seeds."
    )


def test_without_a_finished_run_nothing_ranks() -> None:
    nothing = Ranking(None, (group(None, {}),), ())
    assert ranking_text(nothing) == "rank  n  parameters  seconds\n–     0  –           –\n\nNo run is finished."
    assert nothing.data()["ranked_by"] is None and nothing.remark is None


def test_a_ranking_for_programs() -> None:
    assert RANKED.rows(numbers=True) == [
        ["rank", "optimizer.lr", "model.hidden", "n", ACCURACY, f"{ACCURACY} sd", f"{ACCURACY} n", "test loss",
         "test loss sd", "test loss n", "parameters", "seconds", "seconds sd", "seconds n", "failed"],
        ["1", "0.1", "[8, 4]", "2", "0.98765", "0.0123", "2", "0.123456", "", "1", "12345", "1.5", "0.25", "2", ""],
        ["", "10", "", "0", "", "", "0", "", "", "0", "", "", "", "0", "4"],
    ]  # fmt: skip
    told = RANKED.data()
    assert told["ranked_by"] == {"metric": "accuracy", "split": "validation", "higher": True}
    best, worst = told["settings"]
    assert best == {
        "rank": 1, "name": "", "settings": {"optimizer.lr": 0.1, "model.hidden": [8, 4]}, "pruned": False,
        "runs": {"0": "x/seed-0", "1": "x/seed-1"}, "seconds": {"mean": 1.5, "sd": 0.25, "n": 2}, "parameters": 12345,
        "figures": {"test loss": {"mean": 0.123456, "sd": None, "n": 1},
                    ACCURACY: {"mean": 0.98765, "sd": 0.0123, "n": 2}}, "failed": {}, "missing": [],
    }  # fmt: skip
    assert worst["missing"] == [3] and worst["seconds"] is None and list(worst["failed"]) == ["0", "1", "2", "5"]
    assert worst["failed"]["1"] == {"type": "NumericalError", "message": "Step 4: NaN"} and RANKED.failed == 4


def test_names_stand_in_a_column_where_there_are_any() -> None:
    two = (group(1, {}, "plain"), group(2, {"a.b": True}, "trial 1", pruned=True), group(3, {}))
    assert Ranking(None, two, ("a.b",)).rows() == [
        ["rank", "setting", "a.b", "n", "parameters", "seconds"], ["1", "plain", "–", "0", "–", "–"],
        ["2", "trial 1 (pruned)", "true", "0", "–", "–"], ["3", "", "–", "0", "–", "–"],
    ]  # fmt: skip


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_how_many_have_failed_is_a_column_where_any_has(failing: int) -> None:
    failures = {3: Failure("DataError", "no"), 5: Failure("DataError", "no")}
    groups = tuple(group(None, {}, failures=failures if k == failing else {}) for k in range(3))
    assert [row[-1] for row in Ranking(None, groups, ()).rows()] == [
        "failed",
        *("2" * (k == failing) for k in range(3)),
    ]
    assert Ranking(None, groups, ()).failed == 2


@pytest.mark.parametrize(
    ("metric", "varied", "told"),
    [
        ("loss", ("loss.type",), True), ("penalty", ("objective",), True), ("loss", ("optimizer.lr", "loss"), True),
        ("accuracy", ("loss.type",), False), ("loss", ("model.loss",), False), ("loss", (), False),
    ],
)  # fmt: skip
def test_losses_that_mean_different_things(metric: str, varied: tuple[str, ...], told: bool) -> None:
    found = Ranking(Ruler(metric, "test", False), (), varied)
    assert (found.remark is not None) == told
    assert ranking_text(found).endswith("for example." if told else "mean ± sd over seeds.")


def test_a_reason_has_three_hundred_letters() -> None:
    for count in (288, 289):  # "DataError: " are eleven more, the colon and the blank counted
        (line,) = Ranking(None, (group(None, {}, failures={0: Failure("DataError", "z" * (count + 1))}),), ()).reasons()
        assert line == "as it is, seed 0: DataError: " + ("z" * 289 if count == 288 else "z" * 288 + "…")


def test_what_varies_is_what_is_not_the_same_in_all() -> None:
    settings = [Setting("", {"a": 1, "b": 2}, {"c": 3}, {}), Setting("", {"a": 1, "b": 3}, {}, {})]
    assert _varied(settings) == ("b", "c") and _varied(settings[:1]) == () and _varied([]) == ()
