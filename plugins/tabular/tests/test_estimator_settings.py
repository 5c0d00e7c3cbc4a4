"""How an estimator's network is trained, which arguments come too late, and what its tables are; each by itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid
import pytest
from pellucid_tabular import PellucidClassifier, PellucidRegressor, PellucidTransformer
from pellucid_tabular.column import Column
from pellucid_tabular.estimators import settings, tables, threads
from pellucid_tabular.estimators.kept import SHAPE, TRAINING, arguments_of, require_kept
from pellucid_tabular.estimators.settings import at_rate, chosen_model, patience_of, scaling_of, settled
from pellucid_tabular.estimators.targets import Choices, Indicators, Labels, Values
from pellucid_tabular.recipe import recipe
from pellucid_tabular.schema import Schema
from scipy.sparse import csr_array

NAN = float("nan")

# -- settings --------------------------------------------------------------------------------------------------------


def asked(**given: Any) -> Any:
    usual = {"patience": "auto", "optimizer": None, "learning_rate": None, "loss": None, "schedule": None,
             "epochs": None, "batch_size": "auto"}  # fmt: skip
    return SimpleNamespace(**{**usual, **given})


LABELS, VALUES = Labels(np.arange(3)), Values(())


@pytest.mark.parametrize(("rows", "batch"), [(1, 32), (659, 32), (660, 33), (5119, 255), (5120, 256), (10**6, 256)])
def test_without_a_recipe_adam_takes_a_twentieth_of_the_rows(rows: int, batch: int) -> None:
    found = settled(asked(), LABELS, {}, rows)
    assert found == ("core/softmax_cross_entropy", {"type": "adam", "lr": 0.003}, None, 200, batch)


@pytest.mark.parametrize("target", [LABELS, VALUES, Choices([LABELS, LABELS])])
def test_the_recipe_is_taken_and_labels_are_smoothed(target: Any) -> None:
    made = recipe(target.task, 500, 4)
    found = settled(asked(), target, made, 500)
    smooth = {"type": "core/softmax_cross_entropy", "label_smoothing": 0.1}
    assert found.loss == ("core/mse" if target is VALUES else [smooth] * 2 if isinstance(target, Choices) else smooth)
    assert (found.optimizer, found.schedule) == (made["optimizer"], made["schedule"])
    assert (found.epochs, found.batch_size) == (made["train"]["epochs"], made["train"]["batch_size"])
    assert found.optimizer is not made["optimizer"], "a copy: a trainer may change it"


def test_what_an_estimator_was_given_goes_before_the_recipe() -> None:
    made = recipe("regression", 500, 4)
    given = settled(asked(loss="mae", schedule="cosine", epochs=3, batch_size=7), VALUES, made, 500)
    assert (given.loss, given.schedule, given.epochs, given.batch_size) == ("mae", "cosine", 3, 7)
    assert given.optimizer == made["optimizer"]
    other = settled(asked(optimizer="sgd", learning_rate=0.5), VALUES, made, 500)
    assert (other.optimizer, other.schedule) == ({"type": "sgd", "lr": 0.5}, None), "the schedule is for the recipe's"
    slower = settled(asked(learning_rate=made["optimizer"]["lr"] / 2), VALUES, made, 500)
    assert slower.schedule == made["schedule"]
    for ours, its in zip(slower.optimizer["groups"], made["optimizer"]["groups"], strict=True):
        assert ours == its | {"lr": pytest.approx(its["lr"] / 2)}


def test_groups_keep_their_ratio_to_the_learning_rate() -> None:
    groups = [{"match": "*", "lr": 0.4}, {"match": "b", "weight_decay": 1}]
    found = at_rate({"type": "adam", "lr": 0.2, "groups": groups}, 0.1)
    assert found == {"type": "adam", "lr": 0.1, "groups": [{"match": "*", "lr": 0.2}, groups[1]]}
    assert at_rate({"type": "adam"}, 0.1) == {"type": "adam", "lr": 0.1} == at_rate({"type": "adam", "lr": 3}, 0.1)
    assert at_rate({"type": "adam", "groups": groups}, 0.1) == {"type": "adam", "lr": 0.1, "groups": groups}
    assert at_rate({"lr": 3}, 0.1) == {"lr": 3}


def test_which_model_scaling_and_patience_are_meant() -> None:
    several = (Indicators(2), Choices([LABELS]))
    model: Any
    assert chosen_model("auto", LABELS, True) == "tabular/ensemble" == chosen_model("auto", VALUES, True)
    assert {chosen_model("auto", LABELS, False), *(chosen_model("auto", of, True) for of in several)} == {"tabular/mlp"}
    for target in several:
        assert chosen_model("mlp", target, True) == "mlp" and chosen_model(None, target, True) is None
        for model in ("ensemble", "tabular/ensemble", {"type": "ensemble"}):
            with pytest.raises(pellucid.ConfigError, match="averages what its members say of one class"):
                chosen_model(model, target, True)
    for model, scaling in (("mlp", "quantile"), ("tabular/ensemble", "quantile"), ({"type": "mlp"}, "quantile"),
                           ("ann", "robust"), (None, "robust"), ({"hidden": 3}, "robust")):  # fmt: skip
        assert scaling_of(None, model) == scaling and scaling_of("standard", model) == "standard"
    assert [patience_of(asked(patience=p), s) for p, s in (("auto", None), ("auto", "x"), (3, None), (3, "x"))] == [
        settings.PATIENCE, None, 3, 3,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("made", "needs_y"), [(PellucidClassifier, True), (PellucidRegressor, True), (PellucidTransformer, False)]
)
def test_what_estimators_can_is_told_to_scikit_learn(made: Any, needs_y: bool) -> None:
    tags = made().__sklearn_tags__()
    assert tags.input_tags.sparse and tags.input_tags.allow_nan
    assert tags.target_tags.required is needs_y and tags.target_tags.multi_output
    if made is PellucidClassifier:
        assert tags.classifier_tags.multi_label
    if made is PellucidTransformer:
        assert tags.transformer_tags.preserves_dtype == ["float64", "float32"]


@pytest.mark.parametrize("name", [*SHAPE, *TRAINING])
def test_each_argument_that_comes_too_late_is_told(name: str) -> None:
    estimator: Any = PellucidClassifier()
    begun = arguments_of(estimator)
    for part in (True, False):
        require_kept(estimator, begun, part=part)
    for before, since in (
        (None, 7),
        ([1], [2]),
        ({"a": 1}, {"a": 2}),
        (1, 1.0),
        (np.zeros(2), np.ones(2)),
        (np.zeros(2), np.zeros(3)),
    ):
        begun = {**begun, name: before}
        setattr(estimator, name, since)
        for part in (True, False):
            if part or name in SHAPE:
                with pytest.raises(
                    ValueError, match=rf"PellucidClassifier: .* made with {name}=.*Received since: {name}="
                ):
                    require_kept(estimator, begun, part=part)
            else:
                require_kept(estimator, begun, part=part)
    same: Any
    for same in ([1, 2], {"a": 1}, np.zeros(2), "x", None):
        setattr(estimator, name, same)
        begun = arguments_of(estimator)
        setattr(estimator, name, same.copy() if hasattr(same, "copy") else same)
        require_kept(estimator, begun, part=True)
        if isinstance(same, list | dict):
            same.clear()
            assert len(begun[name]), "a copy, for its owner may change it"


@pytest.mark.parametrize(
    ("process", "left", "own", "threads_set"),
    [
        ("LokyProcess-1", "3", None, [3]), ("MainProcess", "3", None, []), ("LokyProcess-1", "3", "2", []),
        ("LokyProcess-1", "", None, []), ("LokyProcess-1", "0", None, []), ("LokyProcess-1", "many", None, []),
    ],
)  # fmt: skip
def test_workers_of_joblib_use_the_threads_that_are_left(
    process: str, left: str, own: str | None, threads_set: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[int] = []
    monkeypatch.setattr(threads, "_looked", False)
    monkeypatch.setattr(threads, "set_num_threads", found.append)
    monkeypatch.setattr(threads, "current_process", lambda: SimpleNamespace(name=process))
    monkeypatch.setenv("OMP_NUM_THREADS", left)
    monkeypatch.delenv(threads.VARIABLE, raising=False)
    if own is not None:
        monkeypatch.setenv(threads.VARIABLE, own)
    threads.respect_joblib()
    threads.respect_joblib()
    assert found == threads_set


# -- tables ----------------------------------------------------------------------------------------------------------


def test_arrays_with_texts_and_frames_have_cells() -> None:
    frame = pytest.importorskip("pandas").DataFrame({"a": [1]})
    for table in (
        frame,
        np.array([["a"]]),
        np.array([[b"a"]]),
        np.array([["a", 1.5]], object),
        np.array([[None, 1]], object),
    ):
        assert tables.has_cells(table)
    for other in (np.zeros((2, 2)), np.array([[1, 2.5]], object), np.array(["a"]), np.empty((0, 2), object),
                  np.array([["a", [1]]], object), [["a"]], csr_array(np.eye(2)), np.array([[1j]])):  # fmt: skip
        assert not tables.has_cells(other)
    rows = tables.rows_with_texts([["a", 1], ["b", 2]])
    assert rows.dtype == object and rows.tolist() == [["a", 1], ["b", 2]]
    for given in ([[1, 2]], [], np.array([["a"]]), ["a"], [[1, "a"][:1]]):
        assert tables.rows_with_texts(given) is given
    with pytest.raises(ValueError, match="rows of 1 to 3"):
        tables.rows_with_texts([["a", 1], ["b"], ["c", 1, 2]])


def test_categories_are_chosen_by_name_number_or_mask() -> None:
    x, frame = np.zeros((2, 3)), pytest.importorskip("pandas").DataFrame({"a": [1], "b": [2], "c": [3]})
    for chosen, expected in (
        (None, []), ([0, 2], [0, 2]), ([-1], [2]), ([True, False, True], [0, 2]), (np.array([False, True, False]), [1]),
        ([], []), ("1", [1]), (np.array([1]), [1]),
    ):  # fmt: skip
        assert [*tables._chosen(chosen, x)] == expected
    assert [*tables._chosen("b", frame)] == [1] and [*tables._chosen(["c", "a"], frame)] == [2, 0]
    with pytest.raises(ValueError, match=r"each of 3 columns\. Received: 2"):
        tables._chosen([True, False], x)


def test_marks_and_times_are_of_columns_that_need_them() -> None:
    kinds = {"n": "number", "m": "number", "d": "date", "t": "date", "c": "category", "u": "date"}
    schema = Schema(tuple(Column(name, kind, ("x", "y") if kind == "category" else ()) for name, kind in kinds.items()))  # type: ignore[arg-type]
    x = np.array([[1.5, NAN, 3, 4.5, NAN, 7], [1, 2, NAN, 5, 0, 8]])
    transform = tables.columns_transform(schema, x, "robust", one_hot=False)
    assert (list(transform.marks), list(transform.times)) == (["m", "d"], ["t"])
    assert (transform.scaling, transform.one_hot) == ("robust", False)
    whole = tables.columns_transform(schema, np.nan_to_num(x[:, :]), "standard", one_hot=True)
    assert (list(whole.marks), list(whole.times), whole.scaling, whole.one_hot) == ([], ["t"], "standard", True)
