"""Which rows, names and reasons figures are drawn with: what ``draw_figures`` hands to the functions that draw."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from pellucid.basics.errors import DataError
from pellucid.interfaces.samples import Split
from pellucid.workbench.evaluation.evaluation import Evaluation
from pellucid.workbench.evaluation.read import Outcome
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.figures import drawn, of_runs
from pellucid.workbench.figures.listing import Drawn
from pellucid.workbench.figures.material import Material, evenly
from pellucid.workbench.figures.of_run import folder_of

PNG = Path("figure.png")


class Call(dict[Any, Any]):
    """What a function that draws was given: by its names, and by place."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, Call]:
    """The functions that draw do not, and keep what they were given."""
    found: dict[str, Call] = {}
    for name in ("draw_answers", "draw_cases", "draw_confusion", "draw_reliability", "draw_surface", "draw_values",
                 "draw_weights", "draw_activations"):  # fmt: skip

        def keep(*given: Any, _name: str = name, **named: Any) -> str:
            found[_name] = Call([*enumerate(given), *named.items()])
            return ""

        monkeypatch.setattr(drawn, name, keep)
    return found


def material(split: Split, outcome: Outcome | None = None, integers: tuple[int, ...] = (), **found: Any) -> Material:
    told: dict[str, Any] = {"run": "runs/a", "data": None, "split": "test", "samples": len(split), "figures": {}}
    run: Any = SimpleNamespace(model=SimpleNamespace(integer_inputs=integers), target=None)
    return Material(run, split, Evaluation(**{**told, "outcome": outcome, **found}))


def classes(count: int, taken: Any = None) -> Outcome:
    """``count`` samples of class 0, where ``taken`` is how probable it is, of two."""
    p = np.linspace(0.1, 0.9, count) if taken is None else np.asarray(taken)
    return Outcome(("no", "yes"), np.stack([p, 1 - p], axis=1), np.zeros(count, int), (p < 0.5).astype(int))


def values(predicted: Any, targets: Any, names: tuple[str, ...] = ("0",)) -> Outcome:
    return Outcome(names, predicted=np.asarray(predicted), targets=np.asarray(targets))


# -- rows --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "most", "rows"), [
    (1, 5, [0]), (3, 5, [0, 1, 2]), (5, 5, [0, 1, 2, 3, 4]), (9, 5, [0, 2, 4, 6, 8]), (100, 2, [0, 99]),
    (7, 3, [0, 3, 6]),
])  # fmt: skip
def test_rows_are_chosen_evenly_with_the_first_and_the_last(count: int, most: int, rows: list[int]) -> None:
    assert evenly(count, most) == rows


@pytest.mark.parametrize(("shape", "shown"), [((8, 8), 32), ((3,), 16)])
def test_samples_are_evenly_chosen_more_of_pictures_than_of_rows(
    calls: dict[str, Call], shape: tuple[int, ...], shown: int
) -> None:
    assert drawn._samples(material(Split(np.zeros((1200, *shape))), classes(1200)), PNG) == ""
    call = calls["draw_cases"]
    assert [case.row for case in call[0]] == evenly(1200, shown) and len(call[0]) == shown
    assert (call["title"], call["facts"]) == ("runs/a, test: samples", [f"{shown} of 1,200, evenly chosen"])
    assert call[2] == ("no", "yes") and (call[1] is None) == (len(shape) == 1)
    drawn._samples(material(Split(np.zeros((5, *shape))), classes(5)), PNG)
    assert calls["draw_cases"]["facts"] == ["5 of 5, evenly chosen"]


@pytest.mark.parametrize(("shape", "shown"), [((8, 8), 32), ((3,), 16)])
def test_the_worst_mistakes_come_first(calls: dict[str, Call], shape: tuple[int, ...], shown: int) -> None:
    taken = np.tile([0.7, 0.4, 0.2, 0.45], 15)
    assert drawn._mistakes(material(Split(np.zeros((60, *shape))), classes(60, taken)), PNG) == ""
    worst = [
        *range(2, 60, 4),
        *range(1, 60, 4),
        *range(3, 60, 4),
    ]  # in their order where they are as bad
    assert [case.row for case in calls["draw_cases"][0]] == worst[:shown]
    assert calls["draw_cases"]["facts"] == [f"{shown} of 45, the least probable true class first"]
    assert calls["draw_cases"]["title"] == "runs/a, test: worst mistakes"


def test_of_values_all_are_mistakes_those_with_the_largest_error_first(calls: dict[str, Call]) -> None:
    split, targets = Split(np.zeros((4, 3))), [[1.0], [2.0], [3.0], [4.0]]
    assert drawn._mistakes(material(split, values([[1.5], [0.0], [3.0], [6.0]], targets)), PNG) == ""
    assert [case.row for case in calls["draw_cases"][0]] == [1, 3, 0, 2]
    assert calls["draw_cases"]["facts"] == ["4 of 4, the largest error first"]
    two = values(np.zeros((4, 2)), np.ones((4, 2)), ("a", "b"))
    assert drawn._mistakes(material(split, two), PNG) == "a sample has 2 values"
    assert drawn._samples(material(split, two), PNG) == "a sample has 2 values"


def test_without_mistakes_or_classes_it_is_said_why() -> None:
    split = Split(np.zeros((4, 3)))
    right = "there are none: every sample is taken for what it is"
    assert drawn._mistakes(material(split, classes(4, [0.9, 0.8, 0.9, 0.6])), PNG) == right
    nothing = "the model does not tell classes apart and predicts no values, one row a sample"
    of_steps = Outcome(("no", "yes"), predicted=np.ones((4, 1)), targets=np.ones((4, 1)), by_sample=False)
    for outcome in (None, of_steps, Outcome(("a",), answers=np.ones((4, 1)), truth=np.ones((4, 1)))):
        m = material(split, outcome)
        assert drawn._samples(m, PNG) == drawn._mistakes(m, PNG) == nothing
        assert drawn._values(m, PNG) == "the model predicts no values, one row a sample"
        assert drawn._surface(material(Split(np.zeros((4, 2))), outcome), PNG) == (
            "the model does not tell classes apart and predicts no values"
        )
    assert drawn._confusion(material(split), PNG) == drawn._calibration(material(split), PNG) == drawn.NO_CLASSES


# -- what is handed on -------------------------------------------------------------------------------------------------


def test_answers_stand_in_place_of_a_confusion_where_there_are_some(calls: dict[str, Call]) -> None:
    split, answers = Split(np.zeros((2, 3))), Outcome(("a",), answers=np.ones((2, 1)), truth=np.zeros((2, 1)))
    drawn._confusion(material(split, answers, confusion="cells"), PNG)
    assert "draw_confusion" not in calls
    call = calls["draw_answers"]
    assert call[0] is answers.answers and call[1] is answers.truth and (call[2], call[3]) == (("a",), PNG)
    drawn._confusion(material(split, classes(2), confusion="cells"), PNG)
    drawn._calibration(material(split, classes(2), calibration="bins"), PNG)
    assert calls["draw_confusion"] == {0: "cells", 1: PNG, "title": "runs/a, test"}
    assert calls["draw_reliability"] == {0: "bins", 1: PNG, "title": "runs/a, test"}


@pytest.mark.parametrize(("names", "shown"), [
    (("0",), ["value"]), (("height",), ["height"]), (("0", "age"), ["value 0", "age"]),
    (("0", "1"), ["value 0", "value 1"]),
])  # fmt: skip
def test_values_without_names_are_numbered(calls: dict[str, Call], names: tuple[str, ...], shown: list[str]) -> None:
    table = np.arange(2.0 * len(names)).reshape(2, -1)
    outcome = values(table, table + 1, names)
    drawn._values(material(Split(np.zeros((2, 3))), outcome), PNG)
    call = calls["draw_values"]
    assert call[0] is outcome.predicted and call[1] is outcome.targets
    assert call[2] == shown and call["title"] == "runs/a, test"


@pytest.mark.parametrize(("x", "why"), [
    ((np.zeros((4, 2)), np.zeros((4, 1))), "the model has 2 inputs"),
    (np.zeros((4, 3)), "a sample has the shape (3,), and is not one number or two"),
    (np.zeros((4, 2, 2)), "a sample has the shape (2, 2), and is not one number or two"),
    (np.zeros((4, 2), bool), "a sample has the shape (2,), and is not one number or two"),
])  # fmt: skip
def test_what_lies_in_no_plane_has_no_surface(x: Any, why: str) -> None:
    assert drawn._surface(material(Split(x), classes(4)), PNG) == why


@pytest.mark.parametrize("count", [10, 1500, 1501])
def test_a_surface_is_drawn_with_some_of_the_samples(calls: dict[str, Call], count: int) -> None:
    x = np.arange(2.0 * count).reshape(count, 2)
    for outcome, y in ((classes(count), np.zeros(count)), (values(x[:, :1], x[:, 1:]), x[:, 1:])):
        m = material(Split(x, features=("u", "v")), outcome)
        assert drawn._surface(m, PNG) == ""
        rows, call = evenly(count, 1500), calls["draw_surface"]
        np.testing.assert_array_equal(call[1], x[rows])
        np.testing.assert_array_equal(call[2], y[rows])
        assert call["classes"] == (("no", "yes") if outcome.labels is not None else None)
        assert (call["features"], call["title"], call[0]) == (("u", "v"), "runs/a, test", m.says)
    assert drawn._surface(material(Split(x.astype(int)[:, :1]), classes(count)), PNG) == ""


# -- material ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("x", "are"), [
    (np.zeros((2, 3, 3)), True), (np.zeros((2, 3, 4)), True), (np.zeros((2, 2, 9)), False),
    (np.zeros((2, 9, 2)), False),
    (np.zeros((2, 3, 3, 1)), True), (np.zeros((2, 3, 3, 3)), True), (np.zeros((2, 3, 3, 2)), False),
    (np.zeros((2, 64)), True), (np.zeros((2, 49)), False), (np.zeros((2, 65)), False),
    (np.zeros((2, 81), np.uint8), True),
    (np.zeros((2, 64), int), False), (np.zeros((2, 4, 4), int), False), ((np.zeros((2, 64)), np.zeros(2)), False),
])  # fmt: skip
def test_which_samples_are_pictures(x: Any, are: bool) -> None:
    assert material(Split(x)).are_pictures is are
    assert (material(Split(x)).pictures([0]) is not None) is are


def test_named_numbers_and_tokens_are_no_pictures() -> None:
    x = np.zeros((2, 64))
    assert not material(Split(x, features=tuple(f"x{k}" for k in range(64)))).are_pictures
    assert not material(Split(x), integers=(0,)).are_pictures and material(Split(x), integers=(1,)).are_pictures
    assert material(Split(x)).pictures([]) is None


@pytest.mark.parametrize(("low", "high", "shown"), [
    (0.0, 1.0, (0.0, 1.0)), (0.25, 0.5, (0.25, 0.5)), (-1.0, 1.0, (0.0, 1.0)), (-1.0, 0.0, (0.0, 0.5)),
    (0.0, 4.0, (0.0, 1.0)), (1.0, 4.0, (0.25, 1.0)),
])  # fmt: skip
def test_pictures_beyond_0_and_1_are_stretched_all_alike(low: float, high: float, shown: tuple[float, float]) -> None:
    x = np.full((3, 3, 3), low)
    x[1], x[2] = high, 1000.0
    found = material(Split(x)).pictures([0, 1])
    assert found is not None and found.shape == (2, 3, 3)
    assert (found[0] == shown[0]).all() and (found[1] == shown[1]).all()


def test_a_heading_names_the_run_and_its_samples() -> None:
    split = Split(np.zeros((2, 3)))
    assert material(split).heading == "runs/a, test"
    assert material(split, data="iris.csv").heading == "runs/a, iris.csv"
    assert len(material(split)) == 2


# -- files -------------------------------------------------------------------------------------------------------------


def test_where_figures_stand(tmp_path: Path) -> None:
    assert folder_of(tmp_path, "test") == tmp_path / "figures" / "test"
    assert folder_of(tmp_path / "a.b.safetensors", "x") == tmp_path / "a.b-figures" / "x"


def test_what_was_drawn_is_said() -> None:
    assert str(Drawn((), {})) == "no figure was drawn"
    both = Drawn((Path("f/a.png"), Path("f/b.png")), {"c.png": "no reason"})
    assert str(both) == "figures in f: a.png, b.png\n  c.png is not drawn: no reason."
    assert both.as_json() == {"drawn": ["f/a.png", "f/b.png"], "not_drawn": {"c.png": "no reason"}}


def test_an_error_of_our_own_is_the_reason_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*given: Any) -> str:
        raise DataError("no such data")

    monkeypatch.setattr(drawn, "FIGURES", {"a": refuses, "b": lambda m, path: "", "c": lambda m, path: "why not"})
    found = drawn.draw_figures(material(Split(np.zeros((2, 3)))), tmp_path / "deep" / "folder")
    assert found.left_out == {"a.png": "no such data", "c.png": "why not"}
    assert found.files == (tmp_path / "deep" / "folder" / "b.png",) and found.files[0].parent.is_dir()


@pytest.mark.parametrize(("runs", "title"), [(["a"], "a"), (["a", "b"], "2 runs")])
def test_runs_are_named_by_their_folders(runs: list[str], title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def draw(groups: Mapping[str, Any], path: Path, **named: Any) -> str:
        asked.append((dict(groups), path, named))
        return ""

    monkeypatch.setattr(of_runs, "draw_comparison", draw)
    monkeypatch.setattr(RunFolder, "epochs", lambda self: [{"epoch": 1}])
    of_runs.draw_runs([Path(run) for run in runs], PNG)
    assert asked == [({run: [[{"epoch": 1}]] for run in runs}, PNG, {"title": title})]
