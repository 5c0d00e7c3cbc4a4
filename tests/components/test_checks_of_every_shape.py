"""What losses and metrics say of outputs of one axis they say of steps, too; and what each takes, width by width."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError, PellucidError, ShapeError
from pellucid.interfaces.metric import Kind
from pellucid.registry.registry import default_registry

INFINITE = float("inf")
ANY, UNIT, SIGNED, RELU = (-INFINITE, INFINITE), (0.0, 1.0), (-1.0, 1.0), (0.0, INFINITE)


def those(kind: str) -> list[Any]:
    """The core's losses or metrics, as their examples make them."""
    found = []
    for entry in default_registry().entries(kind):
        if entry.vendor == "core":
            made = default_registry().load(entry)
            found += [pytest.param({"type": entry.name, **each.arguments}, id=entry.name) for each in made.examples]
    return found


def said(call: Any, *given: Any) -> str:
    try:
        return repr(call(*given))
    except PellucidError as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("config", those("loss"))
def test_what_a_loss_says_of_intervals_it_says_of_steps(config: dict[str, Any]) -> None:
    loss = pl.read("loss", config)
    for interval in (ANY, UNIT, SIGNED, RELU, (-1.0, 0.9), (-0.9, 1.0), (-40.0, 40.0)):
        for width in (1, 2, 3, 4):
            told = said(loss.check_interval, interval, (width,))
            assert said(loss.check_interval, interval, (5, width)) == told
            assert said(loss.check_interval, interval, (1, width)) == told
            assert said(loss.check_interval, interval, (None, width)) == told


TARGETS = {
    "labels": lambda k: np.array([0, k - 1, 0, 1]), "signs": lambda k: np.array([-1, 1, 1, -1]),
    "shares": lambda k: np.full((4, k), 1 / k), "values": lambda k: np.arange(4.0 * k).reshape(4, k) - 3,
    "answers": lambda k: (np.arange(4 * k) % 2).reshape(4, k), "nan": lambda k: np.full((4, k), np.nan),
    "far": lambda k: np.array([0, 9, 0, 1]), "half": lambda k: np.array([0.0, 0.5, 1.0, 1.0]),
}  # fmt: skip


@pytest.mark.parametrize("config", those("loss"))
def test_what_a_loss_takes_as_targets_it_takes_of_steps(config: dict[str, Any]) -> None:
    loss = pl.read("loss", config)
    for width in (1, 2, 3, 4):
        for name, make in TARGETS.items():
            target = make(width)
            told = said(loss.check, target, (width,))
            steps = said(loss.check, np.stack([target] * 3, axis=1), (3, width))
            if loss.predicts != "classes" and target.ndim == 1 and width == 1:
                continue  # of numbers a column may lack its axis, of steps it may not
            assert (told == "None") == (steps == "None"), (name, width, told, steps)
            if "shape" not in told:
                assert told.partition(":")[0] == steps.partition(":")[0], (name, width)


def test_intervals_in_which_scores_can_be_ahead() -> None:
    hinge = pl.create("loss", "hinge")
    for width, interval, fine in (
        (1, ANY, True), (1, SIGNED, True), (1, UNIT, False), (1, RELU, False), (1, (-INFINITE, 0.0), False),
        (1, (-1.0, 0.99), False), (1, (-0.99, 1.0), False), (2, UNIT, True), (3, RELU, True),
    ):  # fmt: skip
        told = said(hinge.check_interval, interval, (width,))
        assert (told == "None") == fine, (width, interval)
        assert fine or told.endswith(
            f"outputs between {interval[0]:g} and {interval[1]:g}. Leave the last activation out (sigmoid, relu, …)."
        )


@pytest.mark.parametrize("config", those("metric"))
def test_what_a_metric_says_beside_a_loss_it_says_of_steps(config: dict[str, Any]) -> None:
    if config["type"].endswith("of_output"):
        return
    metric = pl.read("metric", config)
    for predicts in (*get_args(Kind), None):
        for width in (1, 2, 3, 9):
            told = said(lambda *a: repr(metric.beside(*a).arguments()), predicts, (width,))
            for shape in ((5, width), (1, width), (None, width)):
                assert said(lambda *a: repr(metric.beside(*a).arguments()), predicts, shape) == told, predicts


@pytest.mark.parametrize(
    ("metric", "predicts", "shape", "message"),
    [
        ("confusion_matrix", "answers", (4, 2), "counts one class a sample"),
        ("confusion_matrix", "answers", (4, 1), ""),
        ("confusion_matrix", "answers", (1, 2), "counts one class a sample"), ("confusion_matrix", "classes", (3,), ""),
        ("top_k", "classes", (5,), r"TopK\(k=5\) of 5 classes is always 1"), ("top_k", "classes", (6,), ""),
        ("top_k", None, (2,), ""), ("top_k", "classes", (9, None), ""), ("top_k", "values", (9,), "within_tolerance"),
        ("top_k", "answers", (9,), r"Take accuracy\."), ("top_k", "classes", (), ""),
        ({"type": "f1", "average": "binary"}, "classes", (2,), ""),
        ({"type": "f1", "average": "binary"}, None, (7,), ""),
        ({"type": "f1", "average": "binary"}, "classes", (1,), "this model gives 1 classes"),
        ({"type": "f1", "average": "binary"}, "answers", (4, 1), ""),
        ({"type": "f1", "average": "binary"}, "answers", (1, 4), "gives 4 answers"), ("rmse", None, (3,), ""),
        ("rmse", "answers", (1,), "predicts answers: logits"), ("r2", "classes", (3,), "predicts classes: logits"),
    ],
)  # fmt: skip
def test_beside_which_losses_metrics_stand(metric: Any, predicts: Kind | None, shape: Any, message: str) -> None:
    made = pl.read("metric", metric)
    if not message:
        assert type(made.beside(predicts, shape)) is type(made)
        return
    with pytest.raises(ConfigError, match=message):
        made.beside(predicts, shape)


@pytest.mark.parametrize("name", ["accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc"])
def test_several_answers_are_counted_each_unless_it_is_said(name: str) -> None:
    each = [
        ("answers", (2,), True), ("answers", (4, 3), True), ("answers", (1,), None), ("answers", (4, 1), None),
        ("classes", (3,), None), (None, (3,), None),
    ]  # fmt: skip
    for predicts, shape, expected in each:
        assert pl.create("metric", name).beside(predicts, shape).each is expected  # type: ignore[arg-type, attr-defined]
    said_so = pl.create("metric", name, each=False)
    assert said_so.beside("answers", (2,)) is said_so


@pytest.mark.parametrize("loss", [pl.SoftmaxCrossEntropy, pl.BinaryCrossEntropy])
@pytest.mark.parametrize("ignore", [-1, 0, 7, None])
def test_any_label_may_be_ignored(loss: Any, ignore: int | None) -> None:
    assert loss(ignore=ignore).ignore == ignore
    for wrong in (1.0, "0", True, [1]):
        with pytest.raises(ConfigError, match="'ignore'"):
            loss(ignore=wrong)


def test_directions_need_two_numbers_at_every_step() -> None:
    loss = pl.create("loss", "cosine_similarity")
    for shape in ((1,), (4, 1), (1, 1)):
        with pytest.raises(DataError, match="a single number has none but its sign"):
            loss.check(np.ones((3, *shape)), shape)
    for shape in ((2,), (1, 2), (4, 3)):
        loss.check(np.ones((3, *shape)), shape)


@pytest.mark.parametrize(
    ("each", "shape", "fine"),
    [(False, (4, 2), True), (False, (4, 1), True), (False, (4, 3), False), (True, (4, 1), True), (True, (4, 2), False),
     (None, (4, 2), True), (None, (4, 3), False), (False, (4, 5, 2), True), (False, (4, 5, 3), False),
     (False, (4,), False)],
)  # fmt: skip
def test_the_figure_of_class_1_is_that_of_two(each: bool | None, shape: tuple[int, ...], fine: bool) -> None:
    metric: Any = pl.create("metric", "f1", average="binary", each=each)
    target = np.ones(shape if each or shape == (4,) else shape[:-1], int)
    if fine:
        metric.update(np.ones(shape), target)
        assert 0 <= metric.result() <= 1
        return
    with pytest.raises(ShapeError) as caught:
        metric.update(np.ones(shape), target)
    assert str(caught.value).startswith(
        "F1(average='binary') needs predictions of two classes, (N, 2), or of one logit,"
    )
    assert f"Received: shape {shape}." in str(caught.value)
