"""Which rows an epoch visits, row by row: classes in turn, groups of one class, easy ones first."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, DataError


def order(sampler: dict[str, Any], data: pl.Split, *, epoch: int = 0, batch_size: int = 4, seed: int = 0) -> Any:
    made = pl.read("sampler", sampler)
    return made.order(np.random.default_rng(seed), data, epoch=epoch, batch_size=batch_size)


def numbered(n: int, y: Any = None) -> pl.Split:
    return pl.Split(np.zeros((n, 1)), y)


@pytest.mark.parametrize(
    ("how", "shares"),
    [
        ({}, [3, 4, 6, 7, 9, 10, 10]),  # of ten: 0.3, 0.44, 0.58, 0.72, 0.86, and all from the fifth on
        ({"first": 0.5, "epochs": 2}, [5, 8, 10, 10]),
        ({"first": 0.25, "epochs": 1}, [2, 10, 10]),
        ({"first": 1.0}, [10, 10]),
        ({"first": 0.01, "epochs": 4}, [1, 3, 5, 8, 10]),
    ],
)
@pytest.mark.parametrize("ranked", [True, False])
def test_a_curriculum_begins_with_the_easiest(how: dict[str, Any], shares: list[int], ranked: bool) -> None:
    hard = [0.5, 9.0, -3.0, 2.0, 2.0, 8.0, 1.0, 7.0, -1.0, 4.0]
    easiest = [2, 8, 0, 6, 3, 4, 9, 7, 5, 1] if ranked else [*range(10)]
    settings = {"type": "curriculum", **({"difficulty": hard} if ranked else {}), **how}
    for epoch, share in enumerate(shares):
        found = order(settings, numbered(10), epoch=epoch)
        assert len(found) == 10 and {*found.tolist()} == {*easiest[:share]}, epoch
        times = Counter(found.tolist()).values()
        assert max(times) - min(times) <= 1, "all once before one comes again"
        assert {*found[:share].tolist()} == {*easiest[:share]}
        assert found.tolist() != sorted(found.tolist()) or share == 1, "in random order"


@pytest.mark.parametrize("number", [9, 11, 0])
def test_a_curriculum_needs_a_difficulty_of_each_sample(number: int) -> None:
    with pytest.raises(DataError, match=rf"one number for each of 10 samples\. Received: {number}\."):
        order({"type": "curriculum", "difficulty": [1.0] * number}, numbered(10))


def test_classes_come_in_turn_and_all_of_a_class_before_one_comes_again() -> None:
    labels = np.array([7, 3, 3, 3, 3, 3, 5, 5, 7, 3, 5])  # 2 of class 7, 3 of 5, 6 of 3
    for seed in range(5):
        found = order({"type": "balanced"}, numbered(11, labels), seed=seed)
        assert len(found) == 11
        for start in (0, 3, 6):
            assert sorted(labels[found[start : start + 3]]) == [3, 5, 7]
        assert len({*labels[found[9:]].tolist()}) == 2
        for label in (3, 5, 7):
            rows, own = [row for row in found.tolist() if labels[row] == label], np.flatnonzero(labels == label)
            for start in range(0, len(rows), len(own)):
                turn = rows[start : start + len(own)]
                assert len({*turn}) == len(turn) <= len(own)
    assert len({tuple(labels[order({"type": "balanced"}, numbered(11, labels), seed=s)[:3]]) for s in range(20)}) > 3


@pytest.mark.parametrize("size", [2, 3])
def test_groups_are_of_one_class_which_comes_as_often_as_it_has_samples(size: int) -> None:
    labels = np.array([1, 0, 1, 1, 0, 1, 1, 2, 1])  # 6 of class 1, 2 of 0, 1 of 2
    found = order({"type": "groups", "size": size}, numbered(9, labels), batch_size=6)
    groups = labels[found].reshape(-1, size)
    assert (groups == groups[:, :1]).all()
    assert Counter(groups[:, 0].tolist()) == {1: 6 // size, 0: 1, 2: 1}
    assert {*found.tolist()} == {*range(9)}
    assert Counter(found[labels[found] == 1].tolist()) == dict.fromkeys([0, 2, 3, 5, 6, 8], 1)
    default = order({"type": "groups"}, numbered(9, labels), batch_size=6)
    assert (labels[default].reshape(-1, 2) == labels[default][::2, None]).all()


def test_groups_are_not_cut() -> None:
    with pytest.raises(ConfigError, match=r"a multiple of the 'size' of Groups, 3, .* Received: batch_size = 4\."):
        order({"type": "groups", "size": 3}, numbered(6, np.array([0, 1] * 3)))


class Told(pl.Samples):
    """Samples that say which labels theirs are."""

    def __init__(self, n: int, labels: Any) -> None:
        self.n, self.labels = n, labels

    def __len__(self) -> int:
        return self.n

    def take(self, rows: np.ndarray) -> pl.Split:
        return pl.Split(np.zeros((len(rows), 1)))


def test_labels_of_samples_are_one_for_each() -> None:
    found = order({"type": "balanced"}, Told(4, [0, 1, 1, 1]))  # type: ignore[arg-type]
    assert sum(found.tolist().count(row) for row in (1, 2, 3)) == 2 and found.tolist().count(0) == 2
    for wrong in ([0, 1, 1], [0, 1, 1, 1, 0], [[0, 1, 1, 1]], [[0, 1]] * 4, 1):
        shape = np.shape(wrong)
        with pytest.raises(DataError) as caught:
            order({"type": "balanced"}, Told(4, wrong))  # type: ignore[arg-type]
        assert str(caught.value) == f"Told.labels must be one for each of 4 samples. Received: shape {shape}."


A, B, VALUES = np.array([0, 0, 0, 1]), np.array([0, 1, 1, 1]), np.zeros((4, 2))
REMEDY = 'Name the one that counts: {"type": "%s", "target": %s}.'


@pytest.mark.parametrize(
    ("y", "target", "rare"),
    [
        ({"a": A, "value": VALUES}, None, 3), ({"value": VALUES, "b": B}, None, 0), ((VALUES, A), None, 3),
        ({"a": A, "b": B}, "a", 3), ({"a": A, "b": B}, "b", 0), ((A, B), 0, 3), ((A, B), 1, 0), (B, None, 0),
    ],
)  # fmt: skip
def test_of_several_targets_the_one_that_is_named_counts(y: Any, target: Any, rare: int) -> None:
    found = order({"type": "balanced", "target": target}, numbered(4, y))
    assert found.tolist().count(rare) == 2


@pytest.mark.parametrize("kind", ["balanced", "groups"])
def test_which_classes_count_must_be_clear(kind: str) -> None:
    who = kind.capitalize()
    for y, named in (({"a": A, "value": VALUES, "b": B}, ("a", "b")), ((A, B), (0, 1))):
        with pytest.raises(DataError) as caught:
            order({"type": kind}, numbered(4, y))
        assert str(caught.value) == (
            f"{who} needs one class label for every sample, and {named[0]!r}, {named[1]!r} hold some. "
            + REMEDY % (kind, repr(named[0]))
        )
    for y in (VALUES, None, (VALUES, VALUES)):
        with pytest.raises(DataError, match=f"{who} needs a class label, an integer, for every sample"):
            order({"type": kind}, numbered(4, y))


@pytest.mark.parametrize(
    ("y", "target", "told"),
    [
        ({"a": A, "value": VALUES}, "value", "Those with class labels are 'a'"), (A, 0, "None holds class labels"),
        ((A, VALUES, B), 1, "Those with class labels are 0, 2"), ((VALUES,), 0, "None holds class labels"),
        ({"a": A}, "c", "Those with class labels are 'a'"),
    ],
)  # fmt: skip
def test_a_target_that_has_no_classes_is_refused(y: Any, target: Any, told: str) -> None:
    with pytest.raises(DataError) as caught:
        order({"type": "balanced", "target": target}, numbered(4, y))
    expected = f"The 'target' of Balanced must be one of several targets. {told}. Received: {target!r}."
    assert str(caught.value) == expected
