"""An experiment that is ready to run has what was asked for, and says it in full: the same experiment again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError, ShapeError
from pellucid.ops.threads import get_num_threads, set_num_threads
from pellucid.workbench.experiments.experiment import Prepared, check, prepare

IRIS: dict[str, Any] = {"data": "iris", "model": {"type": "ann", "hidden": [3]}}


@pytest.fixture(autouse=True)
def _threads() -> Any:
    before = get_num_threads()
    yield
    set_num_threads(before)


def prepared(**sections: Any) -> Prepared:
    return prepare(check({**IRIS, **sections}))


def test_everything_that_was_asked_for_reaches_the_trainer() -> None:
    train = {
        "epochs": 4, "batch_size": 7, "accumulate": 3, "clip_norm": 0.5, "clip_value": 0.25, "seed": 9, "threads": 1,
        "backend": "reference", "dtype": "float64", "metrics": ["f1"], "callbacks": [],
        "checkpoint_seconds": 2.0,
    }  # fmt: skip
    made = prepared(train=train, optimizer={"type": "sgd", "lr": 0.125}, schedule="cosine", sampler="balanced",
                    loss={"type": "softmax_cross_entropy", "label_smoothing": 0.1})  # fmt: skip
    trainer = made.trainer
    assert (trainer.accumulate, trainer.seed, trainer.runtime.dtype.name) == (3, 9, "float64")
    assert trainer.runtime.ops.name == "reference" and get_num_threads() == 1 and trainer.clip_norm == 0.5
    assert trainer.optimizer.lr == 0.125 and trainer.schedule is not None
    assert [type(metric) for metric in trainer.metrics] == [pl.F1] and trainer.sampler is not None
    resolved = made.resolved["train"]
    same = ("epochs", "batch_size", "accumulate", "clip_norm", "seed", "threads", "checkpoint_seconds", "dtype")
    assert [resolved[name] for name in same] == [train[name] for name in same]
    assert resolved["clip_value"] is resolved["patience"] is None and resolved["backend"] == "reference"
    assert made.resolved["loss"]["label_smoothing"] == 0.1 and "objective" not in made.resolved
    assert made.resolved["model"]["input_shape"] == [4] and made.resolved["model"]["hidden"] == [3]
    assert made.resolved["data"]["seed"] == 9 and made.resolved["data"]["type"] == "datasets/iris"


def test_resolved_it_makes_the_same_again() -> None:
    first = prepared(train={"seed": 5, "clip_value": 0.5, "patience": 2})
    again = prepare(check(_without_none(first.resolved)))
    assert again.resolved == first.resolved and again.settings.epochs == 10
    for one, two in zip(first.trainer.model.parameters(), again.trainer.model.parameters(), strict=True):
        assert one.data.tobytes() == two.data.tobytes()
    np.testing.assert_array_equal(first.splits.test.x, again.splits.test.x)
    assert [type(each) for each in again.trainer.callbacks] == [pl.EarlyStopping]


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


def test_the_seed_is_drawn_where_none_is_given_and_that_of_the_data_may_be_its_own() -> None:
    one, two = prepared(), prepared()
    assert one.trainer.seed != two.trainer.seed and 0 <= one.trainer.seed < 1 << 32
    assert one.resolved["train"]["seed"] == one.resolved["data"]["seed"] == one.trainer.seed
    own = prepared(data={"type": "iris", "seed": 3}, train={"seed": 0})
    same = prepared(data={"type": "iris", "seed": 3}, train={"seed": 1})
    assert own.resolved["data"]["seed"] == 3 and own.trainer.seed == 0
    np.testing.assert_array_equal(own.splits.test.x, same.splits.test.x)
    assert not np.array_equal(own.splits.test.x, prepared(train={"seed": 0}).splits.test.x)


@pytest.mark.parametrize(
    ("sections", "outputs", "task"),
    [({}, 3, None), ({"model": {"type": "ann", "outputs": 5}}, 5, None), ({"data": "sine"}, 1, "regression"),
     ({"data": "sine", "loss": "mse"}, 1, None), ({"data": "half_moons"}, 2, None),
     ({"data": "half_moons", "loss": "binary_cross_entropy"}, 1, None),
     ({"data": "half_moons", "objective": {"type": "supervised", "loss": "binary_cross_entropy"}}, 1, None)],
)  # fmt: skip
def test_what_follows_from_the_data(sections: dict[str, Any], outputs: int, task: str | None) -> None:
    made = prepared(train={"seed": 0}, **sections)
    model = made.resolved["model"]
    assert model["outputs"] == outputs and made.trainer.model.parameters()[-1].data.shape == (outputs,)
    assert made.proposed.get("model", {}).get("task") == task
    assert model.get("task") == (task or "classification")


@pytest.mark.parametrize(
    ("first", "shape", "told"),
    [
        ("transformer/unit", [3, 2], [3, 2]), ("transformer/unit", [None, 2], None),
        ("cnn/concatenate", [[3, 4], [3, 2]], [[3, 4], [3, 2]]), ("cnn/concatenate", [[None, 4], [None, 2]], None),
    ],
)  # fmt: skip
def test_a_shape_is_written_where_all_of_it_is_known(first: str, shape: Any, told: Any) -> None:
    layers = [{"type": first}, {"type": "dense", "units": 3}]
    made = prepared(model={"type": "sequential", "layers": layers, "input_shape": shape}, loss="mse")
    assert made.resolved["model"]["input_shape"] == told


def test_a_model_that_does_not_suit_the_data_is_told_as_the_models_mistake() -> None:
    layers = [{"type": "residual", "layer": {"type": "dense", "units": 5}}]
    with pytest.raises((ShapeError, ConfigError), match=r"^model: "):
        prepared(model={"type": "sequential", "layers": layers})
