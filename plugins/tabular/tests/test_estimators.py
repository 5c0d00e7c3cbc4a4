"""The estimators with what scikit-learn's users put around them, and with tables of all kinds."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pellucid
import polars
import pytest
from pellucid import PellucidError
from pellucid_tabular import PellucidClassifier, PellucidRegressor, PellucidTransformer
from pellucid_tabular.estimators import learning
from pellucid_tabular.estimators.distinct import distinct, in_proportion, repeated
from pellucid_tabular.estimators.settings import recipe_for
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

QUICK: dict[str, Any] = {"model": None, "hidden": (16,), "epochs": 30, "learning_rate": 0.03, "random_state": 0}
IRIS = load_iris()
X, Y = IRIS.data, IRIS.target
RNG = np.random.default_rng(0)


def classifier(**arguments: Any) -> PellucidClassifier:
    return PellucidClassifier(**{**QUICK, **arguments})


def regressor(**arguments: Any) -> PellucidRegressor:
    return PellucidRegressor(**{**QUICK, **arguments})


def people(n: int = 200) -> tuple[pd.DataFrame, Any]:
    """Numbers, a text, a date, a truth value, with cells missing; and two classes that follow from them."""
    rng = np.random.default_rng(1)
    age = rng.integers(18, 80, n).astype(float)
    city = np.array(["Oslo", "Rome", "Bern"], object)[rng.integers(0, 3, n)]
    born = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D")
    member = rng.random(n) < 0.5
    label = np.where((age > 50) ^ (city == "Rome"), "yes", "no")
    frame = pd.DataFrame({"age": age, "city": city, "born": born, "member": member})
    frame.loc[::17, "age"] = np.nan
    frame.loc[::13, "city"] = None
    return frame, label


# -- around the estimators -------------------------------------------------------------------------------------------


def test_cross_validation_and_calibration() -> None:
    assert cross_val_score(classifier(), X, Y, cv=3).min() > 0.9
    calibrated = CalibratedClassifierCV(classifier(), cv=2).fit(X, Y)
    assert calibrated.score(X, Y) > 0.9


def test_a_grid_is_searched_through_a_pipeline() -> None:
    pipeline = make_pipeline(StandardScaler(), classifier())
    grid = GridSearchCV(pipeline, {"pellucidclassifier__hidden": [(4,), (16,)]}, cv=2).fit(X, Y)
    assert grid.best_score_ > 0.85 and grid.best_params_["pellucidclassifier__hidden"] in [(4,), (16,)]


def threads_of(estimator: Any, x: Any, y: Any) -> float:
    from pellucid.ops.threads import get_num_threads

    return float(get_num_threads())


@pytest.mark.slow
def test_workers_use_the_threads_that_joblib_leaves_them() -> None:
    found = cross_validate(classifier(), X, Y, cv=2, n_jobs=2, scoring=threads_of)
    assert (found["test_score"] <= max(1, pellucid.ops.threads.usable_cores() // 2)).all()
    grid = GridSearchCV(classifier(), {"epochs": [5, 30]}, cv=2, n_jobs=2).fit(X, Y)
    assert grid.best_params_ == {"epochs": 30}


def test_clones_and_pickles() -> None:
    model = classifier().fit(X, Y)
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict_proba(X) == model.predict_proba(X)).all()
    assert clone(model).get_params() == model.get_params()
    again.partial_fit(X, Y)  # it can go on
    x = RNG.normal(size=(4000, 20))
    held = classifier(epochs=1, early_stopping=True).fit(x, x[:, 0] > 0)
    assert len(pickle.dumps(held)) < 100_000  # and none of the table's rows is in it
    assert (clone(model).fit(X, Y).predict_proba(X) == model.predict_proba(X)).all()


def test_metadata_are_routed() -> None:
    weight = np.where(Y == 0, 0.0, 1.0)
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False), classifier().set_fit_request(sample_weight=True)
        )
        pipeline.fit(X, Y, sample_weight=weight)
    assert not (pipeline.predict(X) == 0).any()


@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_features_come_as_frames(frame: str) -> None:
    made = PellucidTransformer(**QUICK).set_output(transform=frame)
    features = made.fit_transform(X, Y)
    assert list(features.columns) == [f"pellucidtransformer{i}" for i in range(16)]
    assert list(made.get_feature_names_out()) == list(features.columns)


def test_hidden_features_separate_what_the_columns_do_not() -> None:
    x = RNG.normal(size=(400, 2))
    y = x[:, 0] * x[:, 1] > 0
    features = make_pipeline(PellucidTransformer(**{**QUICK, "epochs": 80}), LogisticRegression()).fit(x, y)
    assert LogisticRegression().fit(x, y).score(x, y) < 0.65 < 0.9 < features.score(x, y)


def test_a_transformer_without_targets_gives_the_columns_back() -> None:
    made = PellucidTransformer(**{**QUICK, "hidden": (8,), "epochs": 100}).fit(X)
    assert made.transform(X).shape == (150, 8) and made.loss_curve_[-1] < 0.2 * made.loss_curve_[0]


# -- targets -----------------------------------------------------------------------------------------------------------


def test_texts_are_classes() -> None:
    names = IRIS.target_names[Y]
    model = classifier().fit(X, names)
    assert list(model.classes_) == ["setosa", "versicolor", "virginica"] and model.score(X, names) > 0.9
    assert model.model_.runtime.classes == ("setosa", "versicolor", "virginica")


def test_many_labels() -> None:
    labels = np.stack([Y == 0, Y == 1, X[:, 0] > 6], axis=1).astype(int)
    model = classifier(epochs=80).fit(X, labels)
    assert model.predict(X).shape == (150, 3) and (model.predict(X) == labels).mean() > 0.85
    assert model.predict_proba(X).shape == (150, 3)
    assert (classifier(epochs=80).fit(X, sparse.csr_array(labels)).predict(X) == model.predict(X)).all()


def test_several_choices() -> None:
    choices = np.stack([IRIS.target_names[Y], np.where(X[:, 0] > 6, "long", "short")], axis=1).astype(object)
    model = classifier(epochs=60).fit(X, choices)
    assert (model.predict(X) == choices).mean() > 0.9
    assert [list(of) for of in model.classes_] == [list(IRIS.target_names), ["long", "short"]]
    assert [p.shape for p in model.predict_proba(X)] == [(150, 3), (150, 2)]


@pytest.mark.parametrize("model", ["ensemble", {"type": "tabular/ensemble", "members": 4}])
def test_an_ensemble_does_not_average_several_answers_and_says_so(model: Any) -> None:
    for answers in (np.stack([Y == 0, X[:, 0] > 6], axis=1).astype(int), np.stack([Y, X[:, 0] > 6], axis=1)):
        with pytest.raises(ValueError, match=r"y holds several answers a row.*Take model='mlp'") as found:
            PellucidClassifier(model=model).fit(X, answers)
        assert isinstance(found.value, PellucidError)


def test_several_values() -> None:
    y = np.stack([X[:, 0], 1000 * X[:, 2]], axis=1)
    model = regressor(epochs=100).fit(X[:, 1:], y)
    assert model.predict(X[:, 1:]).shape == (150, 2) and model.score(X[:, 1:], y) > 0.8


def test_class_weights_are_the_weights_of_rows() -> None:
    y = (Y == 2).astype(int)
    weighted = classifier(class_weight={0: 1, 1: 3}).fit(X, y)
    by_row = classifier().fit(X, y, sample_weight=np.where(y == 1, 3.0, 1.0))
    assert (weighted.predict_proba(X) == by_row.predict_proba(X)).all()
    balanced = classifier(class_weight="balanced").fit(X, y)
    assert (balanced.predict_proba(X) == classifier(class_weight={0: 1, 1: 2}).fit(X, y).predict_proba(X)).all()


# -- tables ------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("error")
def test_a_frame_with_everything() -> None:
    frame, label = people()
    model = classifier(epochs=60).fit(frame, label)
    assert model.score(frame, label) > 0.85
    assert list(model.feature_names_in_) == ["age", "city", "born", "member"]
    assert (model.predict_proba(polars.from_pandas(frame)) == model.predict_proba(frame)).all()
    unseen = frame.head(3).assign(city="Paris")
    assert np.isfinite(model.predict_proba(unseen)).all()
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame.rename(columns={"age": "years"}))


def test_the_model_is_saved_with_its_table(tmp_path: Path) -> None:
    frame, label = people()
    model = classifier(epochs=5).fit(frame, label)
    pellucid.save(model.model_, tmp_path / "people.safetensors")
    loaded = pellucid.load(tmp_path / "people.safetensors")
    assert (loaded.predict(frame) == model.model_.predict(frame)).all()
    assert len(model.model_.trace(frame.head(2))) > 5  # every layer's numbers


def test_missing_numbers_are_told_from_the_median() -> None:
    x = RNG.normal(size=(300, 3))
    y = RNG.integers(0, 2, 300)
    x[y == 1, 1] = np.nan
    model = classifier().fit(x, y)
    assert model.score(x, y) > 0.95
    assert model.predict(x[:1]) == y[:1]


def test_sparse_tables_are_tables() -> None:
    x = np.where(RNG.random((200, 10)) < 0.3, RNG.normal(size=(200, 10)), 0).astype(np.float32)
    y = (x[:, 0] + x[:, 1] > 0).astype(int)
    dense, thin = classifier().fit(x, y), classifier().fit(sparse.csr_array(x), y)
    assert (dense.predict_proba(x) == thin.predict_proba(sparse.csc_matrix(x))).all()


def test_integers_that_are_codes() -> None:
    x = RNG.integers(0, 8, (400, 2))
    y = np.isin(x[:, 0], (1, 4, 6)).astype(int)
    for chosen in ([0], [True, False]):
        model = classifier(categorical_features=chosen, hidden=()).fit(x, y)
        assert model.score(x, y) > 0.95
    assert classifier(hidden=()).fit(x, y).score(x, y) < 0.9


@pytest.mark.parametrize("scaling", ["robust", "quantile", "standard"])
def test_a_row_by_itself_is_predicted_as_among_others(scaling: str) -> None:
    x = np.where(RNG.random((150, 4)) < 0.05, np.nan, np.round(X, 1))
    model = classifier(scaling=scaling, epochs=3).fit(x, Y)
    x[:5] = 10 * X[:5]  # beyond all that was seen
    whole, single = model.predict_proba(x), [model.predict_proba(row[None]) for row in x]
    assert (whole == np.concatenate(single)).all()


# -- part by part, and when to stop ------------------------------------------------------------------------------------


def test_part_by_part() -> None:
    model = classifier(learning_rate=0.02)
    order = RNG.permutation(len(X))
    for _ in range(30):
        for rows in np.array_split(order, 3):
            model.partial_fit(X[rows], Y[rows], classes=[0, 1, 2])
    assert model.score(X, Y) > 0.9 and model.n_iter_ == 90
    with pytest.raises(ValueError, match="class that is not known"):
        model.partial_fit(X, Y + 1)


def test_the_best_epoch_is_restored() -> None:
    x = RNG.normal(size=(150, 20))
    y = x[:, 0] + RNG.normal(size=150)
    model = regressor(early_stopping=True, patience=5, epochs=200, hidden=(64,), validation_fraction=0.3).fit(x, y)
    figures = model.history_["validation_loss"]
    best = int(np.argmin(figures))
    assert model.n_iter_ == best + 1 + 5 < 200
    short = regressor(early_stopping=True, epochs=best + 1, hidden=(64,), validation_fraction=0.3).fit(x, y)
    assert (short.predict(x) == model.predict(x)).all()


def test_the_best_pass_is_restored_part_by_part() -> None:
    x = RNG.normal(size=(300, 20))
    y = x[:, 0] + RNG.normal(size=300)
    model = regressor(early_stopping=True, hidden=(64,), validation_fraction=0.3)
    seen = []
    for _ in range(40):
        model.partial_fit(x[:200], y[:200])
        seen.append(model.predict(x))
    figures = model.history_["validation_loss"]
    best = int(np.argmin(figures))
    assert best < 30 and (seen[-1] == seen[best]).all()
    model.partial_fit(x[200:], y[200:])  # more rows are held out: the best so far is measured on all of them
    assert len(model.held_out_.split) > 60


def test_a_warm_start_goes_on() -> None:
    once = classifier(epochs=2, warm_start=True).fit(X, Y)
    before = once.loss_curve_[-1]
    assert once.fit(X, Y).loss_curve_[2] < before
    assert (
        once.n_iter_ == 4
        and once.history_["epoch"] == [1, 2, 3, 4]
        and sorted(once.history_["step"]) == once.history_["step"]
    )
    assert once.partial_fit(X, Y).history_["epoch"] == [1, 2, 3, 4, 5]
    cold = classifier(epochs=2).fit(X, Y)
    assert cold.fit(X, Y).loss_curve_[0] > before


def test_an_argument_that_comes_too_late_is_not_passed_over() -> None:
    model = classifier(epochs=1, hidden=(8,), callbacks=np.array([])).partial_fit(X, Y)
    model.partial_fit(X, Y)
    with pytest.raises(
        ValueError, match=r"partial_fit goes on .* that was made with learning_rate=0.03. Received since: .*=0.5"
    ):
        model.set_params(learning_rate=0.5).partial_fit(X, Y)
    warm = classifier(epochs=1, hidden=(8,), warm_start=True).fit(X, Y).set_params(learning_rate=0.5, epochs=2)
    assert warm.fit(X, Y).n_iter_ == 3  # a new optimizer takes it
    warm.set_params(hidden=(16,))
    with pytest.raises(ValueError, match=r"made with hidden=\(8,\)"):
        warm.fit(X, Y)
    assert pickle.loads(pickle.dumps(warm)).set_params(hidden=(8,)).fit(X, Y).n_iter_ == 5
    assert warm.set_params(warm_start=False).fit(X, Y).n_iter_ == 2


def test_the_recipe_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(learning, "recipe_for", lambda *given, **size: asked.append(size) or recipe_for(*given, **size))
    model = PellucidClassifier(model="mlp", hidden=(8,), epochs=1, warm_start=True, random_state=0).fit(X, Y)
    assert len(asked) == 1
    model.fit(X, Y)
    assert len(asked) == 2


@pytest.mark.parametrize("early_stopping", [False, True])
def test_an_ensemble_goes_on(early_stopping: bool) -> None:
    small: dict[str, Any] = {
        "members": 2,
        "model_params": {"widths": (8, 8), "dropouts": (0.0, 0.0)},
        "random_state": 0,
    }
    model = PellucidClassifier(**small, early_stopping=early_stopping)
    for _ in range(30):
        model.partial_fit(X, Y)
    assert model.n_iter_ == 30 and model.score(X, Y) > 0.8
    warm = PellucidClassifier(**small, epochs=6, warm_start=True, early_stopping=early_stopping).fit(X, Y)
    assert warm.fit(X, Y).n_iter_ == 12 and warm.loss_curve_[-1] < warm.loss_curve_[0]
    again = pickle.loads(pickle.dumps(model)).partial_fit(X, Y)  # with what its members remember
    assert (again.predict_proba(X) == model.partial_fit(X, Y).predict_proba(X)).all()
    thawed = pickle.loads(pickle.dumps(warm)).fit(X, Y)
    assert (thawed.predict_proba(X) == warm.fit(X, Y).predict_proba(X)).all()


def test_a_repeated_row_is_a_weight_and_the_order_of_rows_means_nothing() -> None:
    repeated = np.repeat(np.arange(150), 1 + np.arange(150) % 3)
    weighted = classifier(early_stopping=True).fit(X, Y, sample_weight=1 + np.arange(150) % 3)
    order = RNG.permutation(repeated)
    again = classifier(early_stopping=True).fit(X[order], Y[order])
    # Iris has rows that occur twice; together they weigh what all of them weigh
    assert (weighted.predict_proba(X) == again.predict_proba(X)).all()


def test_distinct_rows() -> None:
    x = np.array([[1.0, np.nan], [0.0, 2.0], [1.0, np.nan], [-0.0, 2.0], [5.0, 5.0]])
    y = np.array([0, 1, 0, 1, 2])
    found = distinct(x, y, np.array([1.0, 2.0, 1.0, 4.0, 0.0]))
    assert found.weight is not None
    assert dict(zip(found.rows.tolist(), found.weight.tolist(), strict=True)) == {0: 2.0, 1: 6.0}
    assert len(distinct(x, np.arange(5), None).rows) == 5
    thrice = repeated(np.array([0.25, 0.75]), 2)
    assert thrice is not None and thrice.tolist() == [0, 1, 1, 1]
    assert repeated(np.array([1.0, np.pi]), 2) is None
    weight = RNG.random(300) + 1e-3
    times = np.bincount(in_proportion(weight, 300), minlength=300)
    assert times.sum() == 300 and np.abs(times - 300 * weight / weight.sum()).max() <= 1


# -- what is registered with pellucid ----------------------------------------------------------------------------------


def test_anything_registered_can_be_taken() -> None:
    own: dict[str, Any] = {"hidden": None, "early_stopping": True}
    model = classifier(
        model={"type": "sequential", "layers": [{"type": "dense", "units": 8, "activation": "gelu"}]}, **own,
        optimizer={"type": "sgd", "momentum": 0.9}, schedule={"type": "cosine", "warmup": 3}, metrics=["accuracy"],
        callbacks=["recorder"], loss="softmax_cross_entropy",
    ).fit(X, Y)  # fmt: skip
    assert model.score(X, Y) > 0.85 and model.history_[-1]["validation_accuracy"] > 0.8
    assert type(model.model_.layers[-1]).__name__ == "Dense"  # it gives as many outputs as there are classes
    layer = pellucid.Sequential([pellucid.Dense(8, "tanh"), pellucid.Dense(3)])
    assert classifier(model=layer, **own).fit(X, Y).score(X, Y) > 0.85 and layer.runtime is None
    binary = classifier(loss="binary_cross_entropy").fit(X, Y == 2)
    assert binary.predict_proba(X).shape == (150, 2) and binary.score(X, Y == 2) > 0.9
    margins = classifier(loss="hinge").fit(X, Y)
    assert margins.score(X, Y) > 0.9 and margins.decision_function(X).shape == (150, 3)
    with pytest.raises(AttributeError, match="not available for the loss Hinge, whose outputs are scores"):
        margins.predict_proba(X)
    ann = classifier(model="ann", model_params={"normalization": "batch_norm"}).fit(X, Y)
    assert ann.score(X, Y) > 0.85


@pytest.mark.parametrize("made", [PellucidClassifier, PellucidRegressor])
def test_an_ensemble_is_the_default(made: Any) -> None:
    frame, label = people(240)
    y = label if made is PellucidClassifier else (label == "yes") * 10.0
    model = made(members=3, model_params={"widths": (16, 16)}, epochs=100, early_stopping=False, random_state=0)
    model.fit(frame, y)
    assert type(model.model_).__name__ == "Ensemble" and len(model.model_.networks) == 3
    assert model.score(frame, y) > (0.8 if made is PellucidClassifier else 0.3)
    assert model.model_.patience is None and model.model_.folds == 1  # to the end of its schedule, on all rows
    folded = made(members=3, model_params={"widths": (16, 16)}, epochs=2, patience=7, random_state=0).fit(frame, y)
    assert folded.model_.patience == 7 and folded.model_.folds == 5  # each member holds out rows of its own
    assert "validation_loss" in folded.history_[-1]
    spread = model.spread(frame)
    assert spread.shape == (240, 2) if made is PellucidClassifier else spread.shape == (240,)
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict(frame) == model.predict(frame)).all()
    if made is PellucidRegressor:
        values, deviations = model.predict(frame, return_std=True)
        assert (values == model.predict(frame)).all() and (deviations == spread).all() and (spread > 0).any()


def test_one_network_has_no_spread() -> None:
    with pytest.raises(ValueError, match="ensemble"):
        classifier(epochs=2).fit(X, Y).spread(X)


def test_a_loss_of_ones_own() -> None:
    def absolute(prediction: Any, target: Any) -> Any:
        return np.sqrt((prediction - target) ** 2 + 1e-6)

    diabetes = load_diabetes()
    y = diabetes.target / 100
    assert regressor(loss=absolute, epochs=60).fit(diabetes.data, y).score(diabetes.data, y) > 0.3


def test_backends() -> None:
    x = X[:40]
    for backend, dtype in (("reference", "float64"), ("cython", "float32")):
        model = classifier(backend=backend, dtype=dtype, epochs=3).fit(x, Y[:40] == 0)
        assert model.model_.runtime.dtype == dtype


# -- what cannot be used -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, "'epochs'"), ({"patience": 0}, "'patience'"), ({"batch_size": 0}, "'batch_size'"),
        ({"early_stopping": "yes"}, "early_stopping"), ({"validation_fraction": 1.0}, "'validation_fraction'"),
        ({"model": "dens"}, "dense"), ({"model": 3}, "model"), ({"loss": "bce"}, "loss"), ({"hidden": (0,)}, "hidden"),
        ({"members": 3}, "members"),
        ({"categorical_features": ["colour"]}, "colour"), ({"scaling": "minmax"}, "scaling"),
        ({"learning_rate": -1}, "'learning_rate'"), ({"optimizer": "adm"}, "adam"),
        ({"verbose": "yes"}, "verbose must be True, False"), ({"model_params": 3}, "model_params must be a dict"),
        ({"model": "ensemble"}, "hidden is for one network, model='mlp' or model=None, and ensemble does not take it"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_value_errors_of_pellucid(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as found:
        classifier(**arguments).fit(X, Y)
    assert isinstance(found.value, PellucidError)


def test_unusable_tables() -> None:
    with pytest.raises(NotFittedError):
        classifier().predict(X)
    with pytest.raises(ValueError, match="NaN"):
        regressor().fit(X, np.full(150, np.nan))
    with pytest.raises(ValueError, match=r"75 labels are missing, the first in row 1 "):
        classifier().fit(X, np.array(["a", None] * 75, object))
    with pytest.raises(ValueError, match="infinity"):
        classifier().fit(np.full((150, 4), np.inf), Y)
    frame, label = people()
    model = classifier(epochs=2).fit(frame, label)
    with pytest.raises(ValueError, match="column 'age'"):
        model.predict(frame.head(2).assign(age=["old", "young"]))
    with pytest.raises(ValueError, match="Negative values"):
        classifier().fit(X, Y, sample_weight=-np.ones(150))


def test_an_ensemble_of_any_architecture_is_trained_without_the_recipe_of_another() -> None:
    frame, label = people(120)
    how = {"architecture": "ann", "settings": {"activation": "tanh"}, "widths": (8, 16)}
    model = PellucidClassifier("ensemble", members=3, model_params=how, epochs=20, random_state=0).fit(frame, label)
    assert model.settings_.optimizer == {"type": "adam", "lr": 0.003} and model.settings_.schedule is None
    assert model.model_.architecture == "ann" and model.score(frame, label) > 0.6
    slow = PellucidClassifier(
        "ensemble", members=2, model_params=how, epochs=1, random_state=0, optimizer="sgd", learning_rate=0.5
    )
    assert slow.fit(frame, label).settings_.optimizer == {"type": "sgd", "lr": 0.5}


def test_a_list_of_rows_with_texts_is_a_table() -> None:
    rows, labels = [[1.5, "a"], [2.5, "b"], [3.5, "a"], [0.5, "b"]] * 20, ["x", "y"] * 40
    model = classifier().fit(rows, labels)
    assert [column.kind for column in model.schema_.columns] == ["number", "category"]
    assert model.predict(rows[:2]).tolist() == ["x", "y"]
    with pytest.raises(ValueError, match=r"rows of one length\. Received: rows of 1 to 2"):
        model.predict([[1.5, "a"], [2.5]])


def test_what_estimators_refuse_is_told_in_their_own_words() -> None:
    frame, label = people(120)
    with pytest.raises(ValueError, match=r"could not convert string .* take PellucidClassifier"):
        regressor().fit(frame, label)
    model = classifier().fit(frame, label)
    with pytest.raises(ValueError, match=r"column 'age': expected a number. Received: 'old'.*has categorical_features"):
        model.predict(frame.assign(age="old"))
