"""Tables of texts: what of a tokenizer the data set decides, how wide a batch is, and in which order pairs come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_transformer.text.characters import Characters

TABLE: dict[str, Any] = {"words": ["ab", "abcdefghi", "c", "ba"], "kind": ["x", "y", "x", "x"]}


def labelled(**arguments: Any) -> Any:
    how = {"train": TABLE, "text": "words", "label": "kind", "validation": 0, "test": 0, **arguments}
    return pl.create("dataset", "transformer/labelled_texts", **how)


def every(part: Any) -> Any:
    return part.take(np.arange(len(part)))


@pytest.mark.parametrize(
    ("longest", "own", "kept"), [(None, None, 9), (None, 4, 4), (3, None, 3), (3, 4, 3), (7, 4, 7), (9, 1, 9)]
)
def test_the_longest_of_the_data_set_goes_before_that_of_its_tokenizer(longest: Any, own: Any, kept: int) -> None:
    splits = labelled(longest=longest, tokenizer={"type": "transformer/bytes", "longest": own}).splits(0)
    (tokenizer,) = splits.transforms
    assert (tokenizer.mask, tokenizer.column, tokenizer.longest) == (True, "words", longest or own)
    x, mask = every(splits.train).x
    assert mask.sum(axis=1).tolist() == [2, kept, 1, 2]
    for row, there, text in zip(x, mask, TABLE["words"], strict=True):
        assert tokenizer.decode(row[there]) == text[:kept] and not row[~there].any()


@pytest.mark.parametrize(("longest", "width"), [(None, 16), (8, 8), (12, 12), (3, 3), (1, 1), (6, 6), (40, 16)])
def test_a_batch_is_padded_to_steps_of_eight_and_no_more_than_the_longest(longest: Any, width: int) -> None:
    """To a step that divides both: of 12 it is 4, of 6 it is 2."""
    assert every(labelled(longest=longest).splits(0).train).x[0].shape == (4, width)
    few = labelled(longest=longest).splits(0).train.take(np.array([0, 3])).x[0]  # texts of two
    assert few.shape[1] == min(
        8 if longest is None else int(np.gcd(8, longest)) * -(-2 // int(np.gcd(8, longest))), width
    )


def test_a_tokenizer_that_knows_its_tokens_keeps_them() -> None:
    known = Characters("abcdefghijk")
    splits = labelled(tokenizer=known).splits(0)
    (tokenizer,) = splits.transforms
    assert tokenizer is not known and tokenizer.characters == "abcdefghijk" and tokenizer.mask and not known.mask
    learned = labelled(tokenizer="transformer/characters").splits(0).transforms[0]
    assert learned.characters == "abcdefghi"


def test_labels_are_counted_in_the_order_of_the_alphabet(tmp_path: Path) -> None:
    splits = labelled(train={"words": ["a", "b", "c", "d"], "kind": ["no", "maybe", "yes", "maybe"]}).splits(0)
    assert splits.classes == ("maybe", "no", "yes") and every(splits.train).y.tolist() == [1, 0, 2, 0]
    assert every(splits.train).y.dtype == np.int64
    path = tmp_path / "held.csv"
    path.write_text("kind,words\nyes,aa\nno,b\n")
    for part in ("validation", "test"):
        held = every(getattr(labelled(train={"words": list("abc"), "kind": ["no", "maybe", "yes"]},
                                      **{part: str(path)}).splits(0), part))  # fmt: skip
        assert held.y.tolist() == [2, 1] and held.x[1].sum(axis=1).tolist() == [2, 1]


def test_empty_parts_have_the_classes_of_the_others() -> None:
    splits = labelled().splits(0)
    for part in (splits.validation, splits.test):
        assert len(part) == 0 and part.classes == ("x", "y") and part.y.shape == (0,)
        assert part.x[0].shape == part.x[1].shape == (0, 1)


@pytest.mark.parametrize("pairs", [1, 2, 7])
def test_pairs_come_in_random_order_and_their_texts_side_by_side(pairs: int) -> None:
    table = {"one": [f"a{i}" for i in range(pairs)], "other": [f"b{i}" for i in range(pairs)]}
    data = pl.create(
        "dataset", "transformer/text_pairs", train=table, first="one", second="other", validation=0, test=0
    )
    train = data.splits(0).train
    assert len(train) == 2 * pairs and every(train).y.tolist() == [k for i in range(pairs) for k in (i, i)]
    texts = [data.splits(0).transforms[0].decode(row[there]) for row, there in zip(*every(train).x, strict=True)]
    assert texts == [text for i in range(pairs) for text in (f"a{i}", f"b{i}")]
    orders = {tuple(train.order(np.random.default_rng(seed), epoch=0, batch_size=2)) for seed in range(40)}
    for order in orders:
        assert sorted(order) == list(range(2 * pairs))
        assert all(
            second == first + 1 and first % 2 == 0 for first, second in zip(order[::2], order[1::2], strict=True)
        )
    assert (len(orders) > 1) == (pairs > 1)
    for size in (1, 3):
        with pytest.raises(pl.ConfigError, match=rf"must be even, or batches would cut pairs\. Received: {size}\."):
            train.order(np.random.default_rng(0), epoch=0, batch_size=size)
