"""What the outputs of a model mean is found by trying its loss: which function of them, and what each is called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio.export import reading
from pellucid_studio.export.reading import objective_of, reading_of, size_of


class Asked:
    """An objective whose probabilities are a function of the outputs."""

    def __init__(self, function: Any) -> None:
        self.probabilities = function


def sigmoid(z: Any) -> Any:
    yes = 1 / (1 + np.exp(-z))
    return np.concatenate([1 - yes, yes], axis=1)


def softmax(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum(1, keepdims=True)


def read(monkeypatch: Any, outputs: int, function: Any, classes: Any = None, targets: Any = ()) -> tuple[str, Any]:
    model = pl.build("dense", units=outputs, input_shape=(2,), seed=0)
    pl.require_runtime(model).classes = classes
    monkeypatch.setattr(reading, "objective_of", lambda model: None if function is None else Asked(function))
    found = reading_of(model, outputs, targets)
    return found.how, found.names


def test_probabilities_of_classes_are_a_softmax(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, 3, softmax) == ("softmax", ("class 0", "class 1", "class 2"))
    assert read(monkeypatch, 2, softmax, ("a", "b")) == ("softmax", ("a", "b"))
    assert read(monkeypatch, 3, softmax, ("a", "b")) == ("softmax", ("class 0", "class 1", "class 2"))
    assert read(monkeypatch, 2, softmax, ("a", "b"), ["x", "y"]) == ("softmax", ("a", "b"))


def test_of_one_output_they_are_a_sigmoid(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, 1, sigmoid) == ("sigmoid", ("class 0", "class 1"))
    assert read(monkeypatch, 1, sigmoid, ("no", "yes")) == ("sigmoid", ("no", "yes"))


@pytest.mark.parametrize(
    ("outputs", "function"),
    [
        (3, lambda z: softmax(2 * z)), (3, lambda z: softmax(-z)), (2, lambda z: sigmoid(z[:, :1])),
        (1, lambda z: sigmoid(2 * z)), (1, lambda z: sigmoid(-z)), (3, lambda z: softmax(z[:, :2])),
        (1, lambda z: np.concatenate([sigmoid(z), sigmoid(z)], axis=1)), (3, lambda z: softmax(z) + 1e-3),
    ],
)  # fmt: skip
def test_any_other_function_is_refused(outputs: int, function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pl.ConfigError, match="softmax or sigmoid"):
        read(monkeypatch, outputs, function)


def test_where_only_one_output_alone_is_a_sigmoid_each_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def alone(z: Any) -> Any:
        return sigmoid(z) if z.shape[1] == 1 else None

    assert read(monkeypatch, 2, alone) == ("answers", ("output 0", "output 1"))
    assert read(monkeypatch, 2, lambda z: sigmoid(-z) if z.shape[1] == 1 else None)[0] == "values"
    assert read(monkeypatch, 2, alone, targets=["a", "b"]) == ("answers", ("a", "b"))


def test_all_else_are_values_by_the_names_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    for function in (None, lambda z: None):
        assert read(monkeypatch, 1, function) == ("values", ("output",))
        assert read(monkeypatch, 2, function, ("a", "b")) == ("values", ("a", "b"))
        assert read(monkeypatch, 2, function, ("a", "b"), ["x", "y"]) == ("values", ("x", "y"))
        assert read(monkeypatch, 2, function, ("a", "b"), ["x"]) == ("values", ("a", "b"))
        assert read(monkeypatch, 2, function, ("a",), ["x"]) == ("values", ("output 0", "output 1"))


def test_the_objective_is_that_of_the_last_training() -> None:
    model = pl.build("dense", units=2, input_shape=(2,), seed=0)
    assert objective_of(model) is None
    x = np.zeros((4, 2), np.float32)
    for loss in ("mse", "softmax_cross_entropy"):
        y = np.arange(4) % 2 if loss != "mse" else x
        pl.Trainer(model, loss=loss, seed=0).fit(pl.Split(x, y), epochs=1, verbose=False)
        found: Any = objective_of(model)
        assert pl.to_config(found.loss)["type"] == f"core/{loss}"


def test_the_size_of_a_shape() -> None:
    assert (size_of((2, 3)), size_of((5,)), size_of(()), size_of((None, 3))) == (6, 5, 1, 0)
