"""Splits: disjoint, complete, stratified, decided by the seed; an official test set stays the test set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError, DataError
from pellucid.interfaces.dataset import Dataset, Splits
from pellucid.interfaces.samples import Split, apportion, choose_rows

SIZES = (50, 31, 7, 1)
"""Samples per class, one of them alone in its class."""


class Numbered(Dataset):
    """A stranger's data set in one method: each sample is its own row number."""

    def load(self, rng: np.random.Generator) -> Split:
        y = np.repeat(np.arange(len(SIZES)), SIZES)
        return Split(np.arange(len(y), dtype=float)[:, None], y, ("a", "b", "c", "d"))


class WithTest(Numbered):
    def load_test(self) -> Split:
        return Split(np.array([[-1.0], [-2.0]]), np.array([0, 1]), ("a", "b", "c", "d"))


class Plain(Dataset):
    """The smallest data set: it takes no options, so the defaults of the class hold."""

    def __init__(self, x: np.ndarray[Any, Any], y: np.ndarray[Any, Any] | None = None) -> None:
        self.x = x
        self.y = y

    def load(self, rng: np.random.Generator) -> Split:
        return Split(self.x, self.y)


def rows(split: Split) -> list[int]:
    return split.x[:, 0].astype(int).tolist()


def parts(splits: Splits) -> tuple[Split, Split, Split]:
    return splits.train, splits.validation, splits.test


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("validation", "test"), [(0.1, 0.2), (0.5, 0.3), (13, 8), (0, 0.25), (0.2, 0), (0, 0), (1, 1)])
def test_every_sample_is_in_one_part(seed: int, validation: float, test: float) -> None:
    splits = Numbered(validation=validation, test=test).splits(seed)
    together = [row for part in parts(splits) for row in rows(part)]
    assert sorted(together) == list(range(sum(SIZES)))
    wanted = [round(part * sum(SIZES)) if isinstance(part, float) else part for part in (validation, test)]
    assert [len(splits.validation), len(splits.test)] == wanted


def test_without_a_seed_it_is_0() -> None:
    assert [*map(rows, parts(Numbered().splits()))] == [*map(rows, parts(Numbered().splits(0)))]
    assert rows(Numbered().splits().test) != rows(Numbered().splits(1).test)


@pytest.mark.parametrize("seed", range(5))
def test_classes_have_their_share_in_every_part(seed: int) -> None:
    splits = Numbered(validation=0.1, test=0.2).splits(seed)
    for part in parts(splits):
        for label, size in enumerate(SIZES):
            quota = len(part) * size / sum(SIZES)
            # train is what two roundings leave
            assert abs(np.sum(part.y == label) - quota) < (2 if part is splits.train else 1)


def test_labels_stay_with_their_samples() -> None:
    y = np.repeat(np.arange(len(SIZES)), SIZES)
    for part in parts(Numbered().splits(3)):
        np.testing.assert_array_equal(part.y, y[rows(part)])


def test_the_seed_decides() -> None:
    first, again, other = (Numbered().splits(seed) for seed in (1, 1, 2))
    assert [rows(part) for part in parts(first)] == [rows(part) for part in parts(again)]
    assert rows(first.validation) != rows(other.validation)
    assert rows(first.test) != rows(other.test)


def test_the_size_of_validation_moves_nothing_into_or_out_of_the_test() -> None:
    assert rows(Numbered(validation=0.3).splits(0).test) == rows(Numbered(validation=0).splits(0).test)


def test_an_official_test_set_stays_the_test_set() -> None:
    for seed in range(3):
        splits = WithTest(validation=0.1, test=0.5).splits(seed)
        assert rows(splits.test) == [-1, -2]
        assert sorted(rows(splits.train) + rows(splits.validation)) == list(range(sum(SIZES)))


def test_a_validation_set_of_its_own_stays_the_validation_set() -> None:
    class WithValidation(Numbered):
        def load_validation(self) -> Split:
            return Split(np.array([[-1.0], [-2.0]]), np.array([0, 1]), ("a", "b", "c", "d"))

    splits = WithValidation(validation=0.5, test=0.2).splits(0)
    assert rows(splits.validation) == [-1, -2]
    assert len(splits.test) == round(0.2 * sum(SIZES))
    assert sorted(rows(splits.train) + rows(splits.test)) == list(range(sum(SIZES)))


def test_numbers_as_targets_are_split_without_strata() -> None:
    x = np.arange(10.0)[:, None]
    for y in (x, x[:, 0], None):
        splits = Plain(x, y).splits(0)
        assert [len(part) for part in parts(splits)] == [7, 1, 2]
        assert sorted(row for part in parts(splits) for row in rows(part)) == list(range(10))


def test_a_part_that_is_not_asked_for_is_empty() -> None:
    splits = Numbered(validation=0, test=0).splits(0)
    assert len(splits.validation) == len(splits.test) == 0
    assert splits.validation.x.shape == (0, 1)
    assert splits.classes == splits.test.classes == ("a", "b", "c", "d")


def test_transforms_are_proposed_and_not_applied() -> None:
    splits = Numbered(transforms=["core/standardize"]).splits(0)
    assert splits.transforms == ["core/standardize"]
    assert max(rows(splits.train)) > 50


@pytest.mark.parametrize("value", [1.0, -0.1, -1, True, "0.1", None, float("nan")])
@pytest.mark.parametrize("name", ["validation", "test"])
def test_wrong_parts_are_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"The '{name}' of Numbered must be a fraction"):
        Numbered(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [-1, 1.5, "0", None, True])
def test_wrong_seeds_are_refused(seed: object) -> None:
    with pytest.raises(ConfigError, match="'seed'"):
        Numbered().splits(seed)  # type: ignore[arg-type]


def test_parts_that_leave_nothing_to_train_on_are_refused() -> None:
    with pytest.raises(DataError, match="Numbered has 89 samples, and 45 for validation and 44 for the test"):
        Numbered(validation=45, test=44).splits(0)


def test_unusable_samples_are_refused_by_the_name_of_the_data_set() -> None:
    with pytest.raises(DataError, match="x of Plain must be finite"):
        Plain(np.array([[1.0], [np.nan]])).splits(0)
    with pytest.raises(DataError, match="no samples in Plain"):
        Plain(np.empty((0, 2))).splits(0)


def test_an_unusable_test_set_is_refused() -> None:
    class Broken(Numbered):
        def load_test(self) -> Split:
            return Split(np.array([[np.inf]]), np.array([0]))

    with pytest.raises(DataError, match="x of the test set of Broken must be finite"):
        Broken().splits(0)


def test_an_unusable_validation_set_is_refused() -> None:
    class Broken(Numbered):
        def load_validation(self) -> Split:
            return Split(np.array([[np.nan]]), np.array([0]))

    with pytest.raises(DataError, match="x of the validation set of Broken must be finite"):
        Broken().splits(0)


@pytest.mark.parametrize("seed", range(20))
def test_shares_round_the_exact_quota_and_add_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 40, rng.integers(1, 12))
    n = int(rng.integers(0, sizes.sum() + 1))
    shares = apportion(n, sizes)
    assert shares.sum() == n
    assert np.all(np.abs(shares - n * sizes / sizes.sum()) < 1)
    assert np.all((shares >= 0) & (shares <= sizes))


def test_choosing_all_or_none() -> None:
    numbers, labels = np.arange(6), np.array([0, 0, 1, 1, 2, 2])
    for strata in (labels, None):
        rest, chosen = choose_rows(numbers, 6, strata, np.random.default_rng(0))
        assert rest.tolist() == [] and chosen.tolist() == [0, 1, 2, 3, 4, 5]
        rest, chosen = choose_rows(numbers, 0, strata, np.random.default_rng(0))
        assert rest.tolist() == [0, 1, 2, 3, 4, 5] and chosen.tolist() == []


@pytest.mark.parametrize(
    ("labels", "n"), [(np.repeat([0, 1, 2], 4), 3), (np.repeat([0, 1, 2], 4), 4), (np.arange(12), 3)]
)
def test_every_row_is_as_likely_as_another(labels: np.ndarray[Any, Any], n: int) -> None:
    """Also where classes have a claim to the same seat, and where whole numbers are amounts, each of them different."""
    counts = np.zeros(12)
    for seed in range(2000):
        counts[choose_rows(np.arange(12), n, labels, np.random.default_rng(seed))[1]] += 1
    expected = 2000 * n / 12
    assert np.all(np.abs(counts - expected) < 5 * np.sqrt(expected))
