"""A trainer that is pickled or copied goes on as the first one does, bit for bit, in memory of its own."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from copy import deepcopy

import numpy as np
import pytest
from pellucid import PellucidWarning, Trainer

from tests.saving.support import small_data, small_trainer


@pytest.mark.parametrize("copied", [deepcopy, lambda trainer: pickle.loads(pickle.dumps(trainer))])
def test_it_goes_on_with_the_same_bits(copied: Callable[[Trainer], Trainer]) -> None:
    first, data = small_trainer(), small_data()
    first.fit(data, validation=data, epochs=2, verbose=False)
    with pytest.warns(PellucidWarning, match="no plan"):  # its cosine
        first.train_step(*data)
    other = copied(first)
    assert other.model.runtime.arena is other.slots.arena
    assert not np.shares_memory(first.runtime.arena.data, other.runtime.arena.data)
    for trainer in (first, other):
        trainer.fit(data, validation=data, epochs=2, verbose=False)
    np.testing.assert_array_equal(first.runtime.arena.data, other.runtime.arena.data)
    assert first.history.records == other.history.records
