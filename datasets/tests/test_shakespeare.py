"""shakespeare: the text to the byte, windows of it, and which part of it is kept."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest
from pellucid import ConfigError, DataError
from pellucid_datasets.shakespeare import UNPACKED, Shakespeare


def test_the_text_is_the_one_that_everybody_has() -> None:
    text = Shakespeare().text()
    assert sha256(text.encode()).hexdigest() == UNPACKED
    assert len(text) == 1_115_394 and len(set(text)) == 65
    assert text.startswith("First Citizen:\nBefore we proceed any further, hear me speak.\n")


def test_targets_are_the_characters_that_follow() -> None:
    data = Shakespeare(32)
    text, splits = data.text(), data.splits(0)
    letters = np.array(list(data.characters))
    assert "".join(letters) == "".join(sorted(set(text)))
    part = splits.train.take(np.array([0, 1000]))
    assert "".join(letters[part.x[1]]) == text[1000:1032] and "".join(letters[part.y[1]]) == text[1001:1033]
    assert len(splits.train) == 1_003_855 - 32 and len(splits.test) == 0
    held = splits.validation.take(np.array([0, 1]))
    assert "".join(letters[held.x.ravel()]) == text[1_003_855 : 1_003_855 + 64]
    assert len(splits.validation) == (111_539 - 1) // 32


def test_a_part_of_the_text() -> None:
    splits = Shakespeare(8, first=100, validation=0).splits(0)
    assert len(splits.train) == 92 and len(splits.validation) == 0
    assert len(Shakespeare(8, first=100, validation=20).splits(0).validation) == 2


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ConfigError, match="'context' of Shakespeare"):
        Shakespeare(0)
    with pytest.raises(DataError, match="Windows of 64 steps need at least 65 tokens"):
        Shakespeare(first=60).splits(0)
