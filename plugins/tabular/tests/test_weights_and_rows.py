"""Rows that occur again, what rows weigh, which of them are held out: each by itself, held against plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pellucid import Split
from pellucid_tabular.estimators import distinct as distinct_module, held_out
from pellucid_tabular.estimators.distinct import Distinct, distinct, in_proportion, repeated
from pellucid_tabular.estimators.held_out import HeldOut
from pellucid_tabular.estimators.weights import LEAST, given_weights, weighted_by_class
from pellucid_tabular.folds import LEAST_ROWS, Without, folds_of
from scipy.sparse import csr_array
from sklearn.utils import compute_sample_weight

RNG = np.random.default_rng(0)
NAN = float("nan")

# -- distinct rows ---------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _from_the_beginning() -> None:
    """Each test draws the same numbers, whichever ran before it."""
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


def kinds_of(x: Any, y: Any = None, weight: Any = None) -> dict[int, float]:
    """The first row of each kind, and what its rows weigh."""
    found = distinct(np.array(x, float), y, weight)
    weights = np.ones(len(found.rows)) if found.weight is None else found.weight
    return dict(sorted(zip(found.rows.tolist(), weights.tolist(), strict=True)))


def test_every_bit_of_a_number_tells_rows_apart_but_the_sign_of_zero() -> None:
    numbers = [0.0, 1e-300, -1e-300, 5e-324, 1.0, 1.0 + 2**-52, -1.0, 1e16, 1e16 + 2, NAN]
    assert kinds_of([[x] for x in numbers]) == dict.fromkeys(range(10), 1)
    assert kinds_of([[0.0], [-0.0], [NAN], [-NAN], [1.0]]) == {0: 2, 2: 2, 4: 1}
    assert kinds_of([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0]]) == {0: 2, 1: 1}, "in another order it is another row"


def test_what_is_predicted_is_part_of_the_row() -> None:
    x = [[1.0]] * 4
    assert kinds_of(x) == {0: 1}, "one kind: nothing weighs more"
    assert kinds_of(x, np.array([0, 1, 0, 0])) == {0: 3, 1: 1}
    assert kinds_of(x, np.array([[0, 1], [1, 0], [0, 1], [0, 2]])) == {0: 2, 1: 1, 3: 1}
    assert kinds_of([[1.0], [2.0]], np.array([2.0, 1.0])) == {0: 1, 1: 1}


def test_rows_of_weight_0_are_none_and_equal_weights_are_no_weights() -> None:
    x = [[1.0], [2.0], [1.0], [3.0]]
    assert kinds_of(x, None, np.array([0.0, 1.0, 2.0, 0.0])) == {1: 1, 2: 2}
    assert distinct(np.array(x), None, np.array([0.25, 0.5, 0.25, 0.5])).weight is None
    assert distinct(np.array(x), None, np.array([0.25, 0.5, 0.25, 0.75])).weight is not None
    assert distinct(np.array(x)[:2], None, None).weight is None


def test_keys_are_by_content_and_in_order() -> None:
    x = RNG.normal(size=(50, 3))
    order = RNG.permutation(50)
    found, other = distinct(x, None, None), distinct(x[order], None, None)
    assert (found.keys == other.keys).all() and (np.diff(found.keys.astype(object)) > 0).all()
    assert (x[found.rows] == x[order][other.rows]).all()
    bits = np.unpackbits(found.keys.view(np.uint8).reshape(50, 8), axis=1).mean(axis=0)
    assert (np.abs(bits - 0.5) < 0.3).all(), "each bit is as often 0 as 1"


def test_bits_are_mixed_as_splitmix64_does() -> None:
    step = 0x9E3779B97F4A7C15  # its first numbers from the state 0, as they are published
    found = distinct_module._mixed(np.array([0, step, 2 * step % 2**64], np.uint64)).tolist()
    assert found == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    zeros = np.zeros((9, 1))
    x = RNG.normal(size=(9, 2))
    assert (distinct(x, None, None).keys == distinct(x, zeros, None).keys).all(), "nothing to predict is one number, 0"


# -- weights ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weight", "times"),
    [
        ([1, 1], [1, 1]), ([0.5, 1.5], [1, 3]), ([0.1, 0.3], [1, 3]), ([2.0, 3.0], None), ([1.0, 1.5], None),
        ([1.0, 1031.0], [1, 1031]), ([1.0, 1032.0], None), ([1.0, 1.0 + 1e-10], [1, 1]), ([1.0, 1.0 + 1e-8], None),
    ],
)  # fmt: skip
def test_small_whole_multiples_are_repeated(weight: list[float], times: list[int] | None) -> None:
    found = repeated(np.array(weight), 2)
    if times is None:
        assert found is None
    else:
        assert found is not None and np.bincount(found).tolist() == times
    assert repeated(None, 3).tolist() == [0, 1, 2] == in_proportion(None, 3).tolist()  # type: ignore[union-attr]


def test_other_weights_are_rows_in_proportion() -> None:
    for weight in (np.array([1.0, 1.5]), np.array([0.1, 1.0, 0.25, 7.0, 3.0]), RNG.random(40) + 0.01):
        n = len(weight)
        found = in_proportion(weight, n)
        ends = np.cumsum(weight) / weight.sum()
        expected = [int(np.flatnonzero(ends >= (i + 0.5) / n)[0]) for i in range(n)]
        assert found.tolist() == expected


def test_weights_are_scaled_by_a_power_of_two_to_at_most_1() -> None:
    assert given_weights(None, 3) is None
    for scale in (1.0, 2.0**40, 2.0**-900, 3e300):
        weight = np.array([1.0, 0.75, 0.0, 1e-3]) * scale
        found = given_weights(weight, 4)
        assert found is not None and 0.5 <= found.max() < 1
        ratio = found[0] / weight[0]
        assert np.frexp(ratio)[0] == 0.5 and (found == np.ldexp(weight, int(np.frexp(ratio)[1]) - 1)).all()
    small = given_weights(np.array([1.0, 2 * LEAST, 4 * LEAST, 1.9 * LEAST]), 4)
    assert small is not None and (small > 0).tolist() == [True, True, True, False]
    for wrong, told in (
        ([1.0, 2.0], r"shape \(3,\), a number for each row\. Received: \(2,\)"), (np.ones((3, 1)), r"shape \(3,\)"),
        ([1.0, -2.0, -1.0], r"Negative values .*: -2\.0 in row 1"), ([0.0, 0.0, 0.0], "all weights are zero"),
        ([1.0, NAN, 1.0], "NaN"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=told):
            given_weights(wrong, 3)


@pytest.mark.parametrize("given", [None, [1.0, 2.0, 3.0, 0.0, 5.0]])
@pytest.mark.parametrize("by_class", ["balanced", {0: 1.0, 1: 4.0, 2: 0.5}, None])
def test_classes_weigh_as_in_scikit_learn(given: list[float] | None, by_class: Any) -> None:
    codes, classes = np.array([0, 1, 1, 2, 1]), np.arange(3)
    weight = None if given is None else np.array(given)
    found = weighted_by_class(weight, by_class, codes, codes, classes)
    if by_class is None:
        assert found is weight
        return
    own = np.ones(5) if weight is None else weight
    if by_class == "balanced":
        total = np.array([own[codes == k].sum() for k in range(3)])
        each = np.where(total > 0, 1 / np.maximum(total, 1e-9), 0)
        expected = own * each[codes]
    else:
        expected = own * compute_sample_weight(by_class, codes)
    assert found is not None
    np.testing.assert_allclose(found / found.max(), expected / expected.max())


def test_of_several_outputs_the_weights_of_classes_are_multiplied() -> None:
    y = np.array([[0, 1], [1, 1], [1, 0], [0, 0]])
    by_class = [{0: 1.0, 1: 2.0}, {0: 3.0, 1: 1.0}]
    for given in (y, csr_array(y)):
        found = weighted_by_class(None, by_class, given, np.zeros((4, 2)), None)
        assert found is not None
        np.testing.assert_allclose(found / found.max(), np.array([1, 2, 6, 3]) / 6)


# -- held out --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_the_share_that_keys_choose_is_the_fraction(fraction: float) -> None:
    keys = np.sort(RNG.integers(0, 2**63, 20_000).astype(np.uint64) * np.uint64(2))
    chosen = HeldOut.chooses(keys, fraction)
    assert abs(chosen.mean() - fraction) < 0.015
    halves = [chosen[:10_000].mean(), chosen[10_000:].mean()]
    np.testing.assert_allclose(halves, fraction, atol=0.02)  # whatever their order
    assert (HeldOut.chooses(keys, fraction + 0.05) >= chosen).all(), "a larger share holds the smaller one"
    assert HeldOut.chooses(keys, 1.0).mean() > 0.999 and not HeldOut.chooses(keys, 0.0).any()


def parted(keys: list[int], weight: list[float] | None = None) -> Distinct:
    return Distinct(np.arange(len(keys)), None if weight is None else np.array(weight), np.array(keys, np.uint64))


@pytest.mark.parametrize("several", [False, True])
def test_rows_that_come_part_by_part_are_kept_by_their_keys_up_to_the_most(
    several: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taking(keys: list[int]) -> Any:
        def taken(rows: Any) -> Split:
            x = np.array(keys, np.float32)[rows][:, None]
            return Split(x, (x[:, 0], -x[:, 0]) if several else x[:, 0])

        return taken

    monkeypatch.setattr(held_out, "MOST", 4)
    held: Any = HeldOut()

    def added(keys: list[int], chosen: list[int]) -> bool:
        return held.add(taking(keys), parted(keys), np.array(chosen, int), keep=True)

    assert added([5, 7, 9], [0, 2]) and held.split is not None and held.split.x[:, 0].tolist() == [5, 9]
    assert not added([5, 9], [0, 1]) and not added([3], []), "they are there"
    assert added([9, 2, 8], [0, 1, 2]) and held.split.x[:, 0].tolist() == [5, 9, 2, 8]
    assert added([6, 1], [0, 1]) and held.split.x[:, 0].tolist() == [5, 2, 6, 1], "those of the least keys stay"
    y = held.split.y
    assert [of.tolist() for of in y] == [[5, 2, 6, 1], [-5, -2, -6, -1]] if several else y.tolist() == [5, 2, 6, 1]
    assert not added([6], [0]) and added([9], [0]) and held.split.x[:, 0].tolist() == [5, 2, 6, 1]


def test_rows_of_one_call_replace_those_before_and_stand_as_often_as_they_weigh() -> None:
    held: Any = HeldOut()
    for keys, weight, chosen, expected in (
        ([1, 2, 3], None, [0, 2], [1, 3]), ([4, 5, 6], [1.0, 3.0, 2.0], [0, 1], [4, 5, 5, 5]),
    ):  # fmt: skip
        whole = Split(np.array(keys, np.float32)[:, None], np.array(keys))
        assert held.add(whole.take, parted(keys, weight), np.array(chosen), keep=False)
        assert held.split is not None and held.split.x[:, 0].tolist() == expected


# -- folds -----------------------------------------------------------------------------------------------------------


def test_labels_in_a_column_are_parted_in_proportion_and_several_answers_by_rows() -> None:
    labels = np.repeat([0, 1], [90, 30])
    for y in (labels, labels[:, None]):
        assert [np.bincount(labels[fold]).tolist() for fold in folds_of(y, 3, 0)] == [[30, 10]] * 3
    for other in (np.stack([labels, labels], 1), labels.astype(float), labels.astype(float)[:, None]):
        folds = folds_of(other, 3, 0)
        assert sorted(np.concatenate(folds).tolist()) == [*range(120)] and [*map(len, folds)] == [40] * 3
        assert [np.bincount(labels[fold]).tolist() for fold in folds] != [[30, 10]] * 3


def test_the_least_rows_of_a_fold_are_enough_and_one_fewer_is_not() -> None:
    assert [*map(len, folds_of(np.zeros(3 * LEAST_ROWS), 3, 0))] == [LEAST_ROWS] * 3
    assert [*map(len, folds_of(np.zeros(3 * LEAST_ROWS - 1), 3, 0))] == [0]
    one, other = folds_of(np.zeros(60), 3, 0), folds_of(np.zeros(60), 3, 1)
    assert any((a != b).any() for a, b in zip(one, other, strict=True)), "the seed decides"


def test_an_epoch_is_in_an_order_of_its_own() -> None:
    rng, data = np.random.default_rng(0), Split(np.zeros((30, 1)))
    first, second = (Without(np.array([3])).order(rng, data, epoch=i, batch_size=4).tolist() for i in range(2))
    assert first != second and sorted(first) == sorted(second) == [i for i in range(30) if i != 3]
    assert first != sorted(first)
