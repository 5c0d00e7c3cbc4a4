"""Which words of a call are taken for addresses of memory that nobody keeps."""

from __future__ import annotations

import numpy as np
import pytest
from pellucid.testing import kept
from pellucid.testing.kept import recorded_with_memory


class Plan:
    """A plan of one call, whose words it is given."""

    def __init__(self, *words: int) -> None:
        self.words, self.kept = [list(words)], [(np.zeros(4), None, 3)]

    def __len__(self) -> int:
        return 1


def test_an_int_beside_what_the_stack_left_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a word may be padding, which holds what was there before: often the upper half of an address."""
    pytest.importorskip("pellucid.ops.kernels.native")
    first = 5 * 2**32
    monkeypatch.setattr(kept, "_of_libraries", lambda: [(first, first + 2**31)])
    plan, loose = recorded_with_memory(lambda: (None, Plan(first + 3, first + 2**20, 7, 2**40)))
    assert len(plan) == 1
    assert loose == ["call 1 of 1, word 2 of its arguments"]
