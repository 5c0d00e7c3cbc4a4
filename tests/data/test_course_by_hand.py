"""A course over data: rows of a step, steps of a plan, orders, what a feed is asked for; what samples are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError
from pellucid.interfaces.objective import Batch
from pellucid.interfaces.samples import check_data
from pellucid.standard.course import Course

X = np.arange(20.0).reshape(10, 2)
Y = np.arange(10) % 2


def over(data: Any = None, **how: Any) -> Course:
    return Course().over(pl.Split(X) if data is None else data, **how)


class Told(pl.Feed):
    """Batches as they are asked for, and notes how."""

    def __init__(self, rows: int | None = None, batch_rows: int | None = None) -> None:
        self.rows, self.batch_rows, self.asked = rows, batch_rows, list[Any]()

    def batches(self, rng: np.random.Generator, epoch: int, start: int, size: int | None) -> Iterator[Batch]:
        self.asked.append((epoch, start, size))
        for first in range(start, 10, size or 5):
            yield Batch(X[first : first + (size or 5)])


class Nothing(Told):
    def batches(self, rng: np.random.Generator, epoch: int, start: int, size: int | None) -> Iterator[Batch]:
        yield from ()


@pytest.mark.parametrize(
    ("data", "how", "full", "step"),
    [
        (None, {}, 10, 32), (None, {"batch_size": 4}, 4, 4), (None, {"batch_size": 4, "accumulate": 3}, 4, 12),
        (None, {"batch_size": 10}, 10, 10), (None, {"batch_size": 11, "accumulate": 2}, 10, 22),
        (Told(), {}, 7, None), (Told(), {"accumulate": 2}, 4, None), (Told(), {"batch_size": 3}, 3, 3),
        (Told(6), {}, 6, None), (Told(6), {"batch_size": 8}, 6, 8), (Told(6), {"accumulate": 2}, 4, None),
    ],
)  # fmt: skip
def test_rows_of_a_full_batch_and_of_a_step(data: Any, how: dict[str, int], full: int, step: int | None) -> None:
    course = over(data, **how)
    assert course.full(7) == full and course.step_rows == step


@pytest.mark.parametrize(
    ("data", "how", "given", "steps"),
    [
        (None, {"batch_size": 4}, (0, 1, 0), 3), (None, {"batch_size": 4}, (0, 5, 0), 15),
        (None, {"batch_size": 4}, (7, 2, 4), 12), (None, {"batch_size": 4}, (7, 2, 5), 11),
        (None, {"batch_size": 4}, (7, 2, 8), 11), (None, {"batch_size": 5, "accumulate": 2}, (3, 4, 0), 7),
        (None, {"batch_size": 5}, (3, 1, 10), 3), (None, {"batch_size": 3}, (2, 0, 3), 2), (None, {}, (0, 9, 0), 9),
        (Told(), {"batch_size": 4}, (3, 1, 0), 0), (Told(6), {}, (3, 1, 0), 0),
        (Told(6), {"batch_size": 4}, (3, 1, 0), 5),
    ],
)  # fmt: skip
def test_after_how_many_steps_a_plan_ends(data: Any, how: dict[str, int], given: Any, steps: int) -> None:
    """Behind the steps taken: for each epoch its rows by those of a step, rounded up, less what the first has had."""
    assert over(data, **how).planned(*given) == steps


def test_batches_for_an_evaluation_are_in_order_and_a_feed_begins_at_its_start() -> None:
    for size, lengths in ((4, [4, 4, 2]), (10, [10]), (11, [10])):
        found = [*over().splits(size)]
        assert [len(split) for _, split in found] == lengths
        for rows, split in found:
            np.testing.assert_array_equal(split.x, X[rows])
        assert found[-1][0].stop == 10
    feed = Told()
    assert [(rows.start, rows.stop) for rows, _ in over(feed).splits(4)] == [(0, 4), (4, 8), (8, 10)]
    own = Told(batch_rows=5)
    assert [(rows.start, rows.stop) for rows, _ in over(own).splits(4)] == [(0, 5), (5, 10)]
    assert feed.asked == [(0, 0, 4)] and own.asked == [(0, 0, 5)]


def test_batches_of_training_are_all_rows_once_with_their_weights() -> None:
    weight = np.arange(10.0) + 1
    course = over(batch_size=4, accumulate=1, weight=weight, seed=3)
    whole = [*course.steps(0, 0)]
    assert [len(batch) for batch in whole] == [4, 4, 2]
    index = np.concatenate([batch.index for batch in whole])
    assert sorted(index) == [*range(10)]
    for batch in whole:
        np.testing.assert_array_equal(batch.x, X[batch.index])
        np.testing.assert_array_equal(batch.weight, weight[batch.index])
    rest = [*course.steps(0, 4)]
    np.testing.assert_array_equal(np.concatenate([batch.index for batch in rest]), index[4:])
    other = np.concatenate([batch.index for batch in course.steps(1, 0)])
    assert sorted(other) == [*range(10)] and (other != index).any()
    again = np.concatenate([batch.index for batch in over(batch_size=4, seed=3).steps(0, 0)])
    np.testing.assert_array_equal(again, index)
    with pytest.raises(DataError, match="The data gave no samples in epoch 3"):
        [*over(Nothing(), batch_size=4).steps(2, 0)]
    assert [*over(Nothing(), batch_size=4).steps(2, 10)] == [], "all of the epoch has been trained on"


@pytest.mark.parametrize("weight", [np.ones(10), np.ones((10, 3)), [1] * 10])
def test_weights_of_samples_or_of_their_steps(weight: Any) -> None:
    assert over(weight=weight).weight.shape == np.shape(weight)


@pytest.mark.parametrize("weight", [np.ones(9), np.ones((3, 10)), np.ones((1, 10)), np.float64(1)])
def test_other_weights_are_refused(weight: Any) -> None:
    with pytest.raises(DataError) as caught:
        over(weight=weight)
    assert str(caught.value).endswith(f"each 0 or from 1e-15 to 1e15. Received: shape {weight.shape}.")
    with pytest.raises(ConfigError, match="Told gives batches in an order of its own"):
        over(Told(), weight=weight)


def test_sequences_say_what_a_model_of_them_is_given() -> None:
    words = [np.arange(n) for n in (3, 5)]
    numbers = [np.zeros((n, 4, 2)) for n in (3, 5)]
    assert pl.Sequences(words).input_shapes == ((None,), (None,))
    assert pl.Sequences(words, mask=False).input_shapes == ((None,),)
    assert pl.Sequences(numbers).input_shapes == ((None, 4, 2), (None,))
    assert pl.Sequences([part[:, 0] for part in numbers], mask=False).input_shapes == ((None, 2),)


def test_a_split_keeps_inputs_apart_and_makes_arrays_of_them() -> None:
    two = pl.Split(([[1, 2], [3, 4]], [[5], [6]]), {"a": [0, 1], "b": [[0.5], [1.5]]})
    assert isinstance(two.x, tuple) and [part.tolist() for part in two.x] == [[[1, 2], [3, 4]], [[5], [6]]]
    assert {name: part.tolist() for name, part in two.y.items()} == {"a": [0, 1], "b": [[0.5], [1.5]]}
    assert len(two) == 2 and two.labels is None
    alike = pl.Split((X, X + 1), (X[:, 0], X[:, 1]))
    assert isinstance(alike.x, tuple) and len(alike) == 10 and isinstance(alike.y, tuple)
    taken = alike.take(np.array([3, 0]))
    np.testing.assert_array_equal(taken.x[1], X[[3, 0]] + 1)
    one = pl.Split([[1, 2], [3, 4]], [1, 0], classes=("no", 5), features=iter("ab"))  # type: ignore[arg-type]
    assert isinstance(one.x, np.ndarray) and one.labels is not None and one.labels.tolist() == [1, 0]
    assert one.classes == ("no", "5") and one.features == ("a", "b")


def test_only_the_first_input_may_lack_numbers() -> None:
    lacking, endless = X.copy(), X.copy()
    lacking[2, 1], endless[2, 1] = np.nan, np.inf
    check_data(lacking, X, missing=True)
    check_data((lacking, X), (X, X[:, 0]), missing=True)
    for x, y, name in (
        ((X, lacking), None, "x[1]"), (X, lacking, "y"), ((lacking, lacking), None, "x[1]"), (X, (X, lacking), "y[1]"),
        (X, {"a": lacking}, "y['a']"), ((lacking, X), lacking, "y"),
    ):  # fmt: skip
        with pytest.raises(DataError) as caught:
            check_data(x, y, missing=True)
        told = f"{name} of the data must be finite. Received: nan in row 2, column 1 (counted from 0)."
        assert str(caught.value).startswith(told)
    for x in (endless, (endless, X)):
        with pytest.raises(DataError, match="Received: inf in row 2, column 1"):
            check_data(x, missing=True)
    with pytest.raises(DataError, match="Received: nan in row 2, column 1"):
        check_data(lacking)


def test_columns_are_put_where_others_have_them() -> None:
    named = pl.Split(X, Y, features=("a", "b"), classes=("no", "yes"))
    turned = named.named(("yes", "no"), ("b", "a"), "these")
    np.testing.assert_array_equal(turned.x, X[:, ::-1])
    assert turned.y.tolist() == (1 - Y).tolist()
    assert (turned.features, turned.classes) == (("b", "a"), ("yes", "no"))
    for same in (named.named(None, None, ""), named.named(("no", "yes"), ("a", "b"), "", fixed=True)):
        np.testing.assert_array_equal(same.x, X)
        assert same.y.tolist() == Y.tolist() and same.features == ("a", "b")
    plain = pl.Split(X, Y).named(("yes", "no"), ("b", "a"), "")  # what has no names is taken as it stands
    np.testing.assert_array_equal(plain.x, X)
    assert plain.y.tolist() == Y.tolist() and plain.features == ("b", "a")
    both = pl.Split((X, -X), Y, features=("a", "b")).named(None, ("b", "a"), "")
    np.testing.assert_array_equal(both.x[0], X[:, ::-1])
    np.testing.assert_array_equal(both.x[1], -X)
    with pytest.raises(DataError, match="order"):
        named.named(None, ("b", "a"), "these", fixed=True)


def test_names_of_a_frame_count() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b"])
    one = pl.Split(frame, pandas.DataFrame({"label": Y}), classes=("no", "yes"), features=("x", "y"))
    assert one.features == ("a", "b") and one.classes == ("no", "yes") and one.y.dtype.kind == "i"
    several = pl.Split(frame, pandas.DataFrame({"u": Y, "v": 1 - Y}), classes=("no", "yes"))
    assert several.classes == ("u", "v") and several.y.dtype == np.float64 and several.y.shape == (10, 2)
