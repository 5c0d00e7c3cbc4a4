"""What y is for an estimator: coded, given to the trainer, and back from outputs; held against SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pellucid import create
from pellucid_tabular.estimators import targets
from pellucid_tabular.estimators.targets import Choices, Indicators, Itself, Labels, Values, classification_target
from scipy.sparse import csr_array
from scipy.special import expit, softmax

RNG = np.random.default_rng(0)
NAN = float("nan")
BCE, HINGE, MSE = (create("loss", name) for name in ("binary_cross_entropy", "hinge", "mse"))


def test_labels_are_places_among_the_classes_and_back() -> None:
    for classes in (["a", "b", "c"], [3, 7, 9], [0.5, 2.5, 4.0]):
        labels = Labels(np.array(classes))
        y = np.array(classes)[[2, 0, 1, 2]]
        assert labels.coded(y).tolist() == [2, 0, 1, 2] and labels.coded(y).dtype == np.int64
        z = np.array([[0.0, 1, 2], [3, 1, 2], [1, 4, 2], [0, 0, 1]])
        assert labels.predicted(z).tolist() == y.tolist() and labels.names == tuple(map(str, classes))
        np.testing.assert_allclose(labels.probabilities(z, None), softmax(z, axis=1))
        assert labels.decision(z).tolist() == z.tolist()
    with pytest.raises(ValueError, match=r"not known, np\.str_\('d'\) in row 1 \(counted from 0\)"):
        Labels(np.array(["a", "b"])).coded(["a", "d"])
    with pytest.raises(ValueError, match="not known"):
        Labels(np.array(["b"])).coded(["a"])


def test_two_classes_have_one_score() -> None:
    labels, z = Labels(np.array(["no", "yes"])), np.array([[1.0, 3.0], [2.0, -1.0], [1.0, 1.0]])
    assert labels.decision(z).tolist() == [2, -3, 0] and labels.predicted(z).tolist() == ["yes", "no", "no"]
    one = np.array([[2.0], [-1.0], [0.0]])
    assert labels.decision(one).tolist() == [2, -1, 0] and labels.predicted(one).tolist() == ["yes", "no", "no"]
    np.testing.assert_allclose(labels.probabilities(one, BCE), np.stack([expit(-one[:, 0]), expit(one[:, 0])], 1))
    assert (labels.outputs(None), labels.outputs(BCE), labels.outputs(MSE)) == (2, 1, 2)


def test_one_class_is_certain() -> None:
    alone = Labels(np.array(["a"]))
    assert (
        alone.names is None
        and alone.outputs(None) == 2
        and alone.probabilities(np.zeros((3, 2)), None).tolist() == [[1]] * 3
    )
    assert alone.predicted(np.array([[0.0, 5.0]])).tolist() == ["a"] and alone.decision(np.zeros((3, 2))).shape == (
        3,
        1,
    )


def test_a_loss_of_two_classes_is_not_taken_for_more() -> None:
    for classes, fits in ((2, True), (3, False), (1, True)):
        labels = Labels(np.arange(classes))
        if fits:
            assert labels.outputs(BCE) == 1
            continue
        with pytest.raises(ValueError, match=rf"BinaryCrossEntropy tells 2 classes apart, and y has {classes}"):
            labels.outputs(BCE)
    with pytest.raises(AttributeError, match="not available for the loss Hinge"):
        Labels(np.arange(3)).probabilities(np.zeros((2, 3)), HINGE)


def test_many_labels_are_answers_each() -> None:
    target, y = Indicators(3), np.array([[1, 0, 1], [0, 0, 1]])
    for given in (y, csr_array(y), y.tolist(), y.astype(bool)):
        assert target.coded(given).tolist() == y.tolist() and target.coded(given).dtype == np.int64
    z = RNG.normal(size=(4, 3)) * 300
    np.testing.assert_allclose(target.probabilities(z, None), expit(z), rtol=1e-12)
    assert target.predicted(np.array([[0.0, 1, -1]])).tolist() == [[0, 1, 0]] and target.outputs(None) == 3
    assert target.decision(z) is z and target.classes.tolist() == [0, 1, 2]
    for wrong in (y[:, :2], y[0], y[:, :, None]):
        with pytest.raises(ValueError, match=r"0 or 1 of each of 3 labels\. Received: \("):
            target.coded(wrong)


def test_several_choices_are_made_column_by_column() -> None:
    target = Choices([Labels(np.array(["a", "b"])), Labels(np.array(["a", "b", "c"]))])
    y = np.array([["a", "c"], ["b", "a"]])
    codes = target.coded(y)
    assert codes.tolist() == [[0, 2], [1, 0]] and target.heads == (2, 3) and target.outputs(None) == 5
    assert [part.tolist() for part in target.given(codes, codes)] == [[0, 1], [2, 0]]
    z = (np.array([[2.0, 1], [1, 2]]), np.array([[0.0, 1, 2], [2, 1, 0]]))
    assert target.predicted(z).tolist() == y.tolist()
    assert [part.tolist() for part in target.decision(z)] == [[-1, 1], z[1].tolist()]
    for part, of in zip(target.probabilities(z, None), z, strict=True):
        np.testing.assert_allclose(part, softmax(of, axis=1))
    for wrong in (y[:, :1], np.concatenate([y, y], 1), y[0], y[:, :, None]):
        with pytest.raises(ValueError, match=r"y must have 2 columns, each a choice\. Received: \("):
            target.coded(wrong)


def test_values_have_the_shape_that_they_began_with() -> None:
    one, two = Values(()), Values((2,))
    assert one.coded([1, 2.5]).tolist() == [1, 2.5] and (one.outputs(None), two.outputs(None)) == (1, 2)
    assert two.coded([[1, 2]]).tolist() == [[1, 2]]
    for target, wrong in ((one, [[1, 2]]), (two, [1.0, 2.0]), (two, [[1, 2, 3]])):
        with pytest.raises(ValueError, match=r"y must have the shape \(N, .*Received: \("):
            target.coded(wrong)
    x = np.zeros((2, 3))
    assert Itself().given(x, np.zeros(2)) is x and Itself().outputs(None) is None
    with pytest.raises(ValueError, match="trained without y, and goes on without"):
        Itself().coded([1, 2])


def test_what_y_is_is_seen_in_it() -> None:
    assert isinstance(classification_target(np.array([[0, 1], [1, 1], [1, 0]])), Indicators)
    several: Any = classification_target(np.array([["a", "x"], ["b", "y"], ["c", "x"]]))
    assert [classes.tolist() for classes in several.classes] == [["a", "b", "c"], ["x", "y"]]
    known: Any = classification_target(
        np.array([["a", "x"], ["b", "y"], ["c", "x"]]), [["d", "a", "b", "c"], ["y", "x"]]
    )
    assert [classes.tolist() for classes in known.classes] == [["a", "b", "c", "d"], ["x", "y"]]
    labels: Any = classification_target(["b", "a", "b"])
    assert labels.classes.tolist() == ["a", "b"]
    labels = classification_target(["b", "a"], ["c", "b", "a"])
    assert labels.classes.tolist() == ["a", "b", "c"]
    for cells, row in (
        (["a", None], 1),
        ([[None, "a"], ["b", "a"]], 0),
        ([["a", "b"], ["b", NAN]], 1),
        ([NAN, "a"], 0),
    ):
        y = np.array(cells, object)
        with pytest.raises(ValueError, match=rf"1 labels are missing, the first in row {row} "):
            classification_target(y)


def test_values_in_one_column_are_values() -> None:
    with pytest.warns(Warning, match="column-vector"):
        assert targets.numeric([[1], [2]]).tolist() == [1, 2]
    assert targets.numeric([[1, 2]]).tolist() == [[1, 2]] and targets.numeric([1]).dtype == np.float64
    with pytest.raises(ValueError, match=r"could not convert string to float.*take PellucidClassifier"):
        targets.numeric(["a"])
    with pytest.raises(ValueError, match="NaN") as error:
        targets.numeric([NAN])
    assert "PellucidClassifier" not in str(error.value)
