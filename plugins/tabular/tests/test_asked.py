"""What a fitted estimator is asked: arrays at a glance and all else by scikit-learn's look; spreads, and logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pellucid_tabular import PellucidClassifier, PellucidRegressor, PellucidTransformer
from pellucid_tabular.estimators import base, tables
from pellucid_tabular.estimators.targets import softmax
from pellucid_tabular.estimators.weights import given_weights
from scipy.sparse import csr_array

pd: Any = pytest.importorskip("pandas")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X[:, 0] * 2 + 1
QUICK: dict[str, Any] = {"model": None, "hidden": (4,), "epochs": 2, "random_state": 0}
SMALL: dict[str, Any] = {"members": 3, "model_params": {"widths": (4, 8)}, "epochs": 2, "random_state": 0}


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was not seen at a glance."""
    found: list[Any] = []
    whole = tables.table

    def table(estimator: Any, x: Any) -> Any:
        found.append(x)
        return whole(estimator, x)

    monkeypatch.setattr(base, "table", table)
    return found


def test_arrays_of_finite_floats_are_seen_at_a_glance(looked: list[Any]) -> None:
    model = PellucidRegressor(**QUICK).fit(X, Y)
    expected = model.predict(X)
    np.testing.assert_allclose(model.predict(X[:1]), expected[:1], rtol=1e-5)
    assert not looked
    np.testing.assert_allclose(model.predict(X.astype("float32")), expected, rtol=1e-4)
    np.testing.assert_array_equal(model.predict(np.asfortranarray(X)), expected)
    assert not looked
    for other in (
        X.tolist(),
        csr_array(X),
        pd.DataFrame(X).to_numpy(object),
        np.ma.masked_array(X),
        X.astype("longdouble"),
    ):
        np.testing.assert_allclose(model.predict(other), expected, rtol=1e-4)
    assert len(looked) == 5
    whole = np.round(X).astype(int)
    np.testing.assert_allclose(model.predict(whole), model.predict(whole.astype(float)))
    gaps = X.copy()
    gaps[0, 0] = np.nan
    assert np.isfinite(model.predict(gaps)).all() and len(looked) == 7
    for wrong, told in (
        (X[:, :2], "X has 2 features"), (X[0], "Expected 2D array"), (X[:0], "0 sample"),
        (np.full((2, 3), np.inf), "infinity"),
        (np.concatenate([X, X], 1), "X has 6 features"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=told):
            model.predict(wrong)


def test_columns_with_names_or_of_other_kinds_are_looked_at(looked: list[Any]) -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    named = PellucidRegressor(**QUICK).fit(frame, Y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        np.testing.assert_allclose(named.predict(X), named.predict(frame))
    assert len(looked) == 2
    codes = np.column_stack([X, RNG.integers(0, 3, 60)])
    model = PellucidRegressor(**QUICK, categorical_features=[3]).fit(codes, Y)
    looked.clear()
    unseen = codes[:2].copy()
    unseen[:, 3] = 7
    assert np.isfinite(model.predict(unseen)).all() and len(looked) == 1


@pytest.mark.parametrize(("classes", "loss"), [(2, None), (2, "binary_cross_entropy"), (3, None)])
def test_the_spread_of_classes_is_that_of_the_members_probabilities(classes: int, loss: Any) -> None:
    labels = np.digitize(Y, np.quantile(Y, np.linspace(0, 1, classes + 1)[1:-1]))
    model: Any = PellucidClassifier(**SMALL, loss=loss).fit(X, labels)
    model.model_.choose([0.5, 0.25, 0.25])
    said, weights = model.model_.of_members(X), np.array([0.5, 0.25, 0.25])[:, None, None]
    expected = np.sqrt((weights * (said - (weights * said).sum(0)) ** 2).sum(0))
    found = model.spread(X)
    assert found.shape == (60, classes)
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), rtol=1e-6)
    with pytest.raises(ValueError, match="take model='ensemble' to know by how much"):
        PellucidClassifier(**QUICK).fit(X, labels).spread(X)


def test_of_one_class_everything_has_one_column() -> None:
    model: Any = PellucidClassifier(**SMALL).fit(X, ["a"] * len(X))
    assert model.predict_proba(X).tolist() == [[1.0]] * len(X) and model.spread(X).shape == (len(X), 1)
    assert model.predict(X).tolist() == ["a"] * len(X) and model.classes_.tolist() == ["a"]


def test_large_outputs_have_probabilities() -> None:
    z = np.array([[1000.0, 0.0], [-1000.0, -1000.0], [0.0, np.log(3)], [-2000.0, 1000.0]], np.float32)
    np.testing.assert_allclose(softmax(z), [[1, 0], [0.5, 0.5], [0.25, 0.75], [0, 1]], rtol=1e-6)
    assert softmax(z).dtype == np.float64


def test_a_weight_stands_for_each_row_and_no_digit_of_it_is_lost() -> None:
    given = given_weights([3.0, 0.0, 0.7], 3)
    assert given is not None and (given * 4).tolist() == [3.0, 0.0, 0.7] and given_weights(None, 3) is None
    for wrong, kind in ((2.0, TypeError), (np.ones((60, 1)), ValueError), (np.ones(59), ValueError)):
        with pytest.raises(kind, match="dimension" if kind is TypeError else r"must have shape \(60,\)"):
            given_weights(wrong, 60)


@pytest.mark.parametrize(("rows", "columns", "told"), [(0, 2, "0 sample"), (3, 0, "0 feature")])
def test_an_empty_frame_is_refused_with_what_it_lacks(rows: int, columns: int, told: str) -> None:
    frame = pd.DataFrame(np.zeros((rows, columns)), columns=[*"ab"][:columns])
    with pytest.raises(ValueError, match=told):
        PellucidRegressor(**QUICK).fit(frame, np.arange(float(rows)))


@pytest.mark.parametrize("held_out", [False, True])
def test_only_rows_that_are_held_out_are_validated_on(held_out: bool) -> None:
    model: Any = PellucidRegressor(**QUICK, early_stopping=held_out).fit(X, Y)
    assert len(model.trainer_.history) == 2
    assert all(("validation_loss" in epoch) is held_out for epoch in model.trainer_.history)


@pytest.mark.parametrize("hidden", [(), (3,), (4,), (4, 3), (3, 4)])
@pytest.mark.parametrize("outputs", [3, 4])
def test_outputs_stand_behind_the_hidden_layers_whatever_their_width(hidden: tuple[int, ...], outputs: int) -> None:
    how: dict[str, Any] = QUICK | {"hidden": hidden, "activation": "relu", "epochs": 1}
    values = np.stack([Y, -Y, X[:, 1], Y][:outputs], 1)
    for made, y in ((PellucidClassifier, np.arange(60) % outputs), (PellucidRegressor, values)):
        model: Any = made(**how).fit(X, y)
        layers = model.model_.layers
        assert [layer.units for layer in layers if hasattr(layer, "units")] == [*hidden, outputs]
        assert layers[-1].activation in (None, "linear") and layers[-1].output_interval((-1, 1)) == (-np.inf, np.inf)


@pytest.mark.parametrize(
    ("y", "outputs"),
    [(None, 3), (Y, 1), (np.stack([Y, -Y], 1), 2), (np.stack([Y, Y, -Y, 0.5 * Y], 1), 4), (Y > 1, 2)],
)
def test_a_transformer_learns_from_any_targets_and_gives_what_stands_before_the_last_layer(
    y: Any, outputs: int
) -> None:
    made: Any = PellucidTransformer(**QUICK).fit(X, y)
    assert made.model_.output_shape((3,)) == (outputs,)
    hidden = made.transform(X)
    assert hidden.shape == (60, 4) and hidden.dtype == np.float64 and len(made.get_feature_names_out()) == 4
    assert made.transform(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("several", [False, True])
def test_values_and_their_spread_have_the_shape_of_the_targets(several: bool) -> None:
    y = np.stack([Y, -Y], 1) if several else Y
    model: Any = PellucidRegressor(**SMALL).fit(X, y)
    values, spread = model.predict(X, return_std=True)
    assert values.shape == spread.shape == y.shape and values.dtype == np.float64
    np.testing.assert_array_equal(values, model.predict(X))
    np.testing.assert_array_equal(spread, model.spread(X))
    raw = model.model_.spread(X)
    np.testing.assert_array_equal(spread, raw if several else raw[:, 0])


def test_logarithms_are_those_of_the_probabilities() -> None:
    labels = (Y > 1).astype(int)
    model = PellucidClassifier(**QUICK).fit(X, labels)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))
    several = PellucidClassifier(**QUICK).fit(X, np.stack([labels + 1, labels + 2 * (X[:, 1] > 0)], 1))
    for log, p in zip(several.predict_log_proba(X), several.predict_proba(X), strict=True):
        np.testing.assert_allclose(np.exp(log), p)
    assert [p.shape[1] for p in several.predict_proba(X)] == [len(classes) for classes in several.classes_]
    with pytest.raises(AttributeError, match="classes_ is known after fit"):
        _ = PellucidClassifier().classes_


@pytest.mark.parametrize(
    ("name", "good", "wrong"),
    [
        ("epochs", 1, 0), ("patience", 1, 0), ("validation_fraction", 0.5, 0.0), ("validation_fraction", 0.5, 1.0),
        ("warm_start", True, 1), ("verbose", 0, "no"), ("model_params", None, [1]), ("early_stopping", "auto", "no"),
        ("batch_size", 1, 0), ("learning_rate", 1e-9, 0.0),
    ],
)  # fmt: skip
def test_each_argument_is_looked_at_before_anything_is_trained(name: str, good: Any, wrong: Any) -> None:
    PellucidRegressor(**{**QUICK, name: good})._check_arguments()
    with pytest.raises(ValueError, match=rf"^(The '{name}' of PellucidRegressor|{name}) must be"):
        PellucidRegressor(**{**QUICK, name: wrong}).fit(X, Y)
