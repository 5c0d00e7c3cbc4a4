"""Windows: pieces of one long row of tokens, each with what follows every token."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pellucid.basics.arrays import HostArray, as_array
from pellucid.basics.checks import check_int
from pellucid.basics.errors import DataError
from pellucid.interfaces.rows import Samples
from pellucid.interfaces.samples import Split


class Windows(Samples):
    """Pieces of a long text, for models that say at every place what comes next: sample i is

        x = (t_i, …, t_{i+T−1}),    y = (t_{i+1}, …, t_{i+T})

    with the T = ``steps`` tokens from place i on, and those that follow them. An epoch of training visits windows that
    lie side by side, so that every token comes once, in random order; at every epoch they begin at another place. Any
    other order is that of a sampler.

    Args:
        tokens: (L,), integers; what lies in a file that is mapped into memory is read where it lies.
        steps: T.
        apart: from the beginning of one window to that of the next: 1 for training; ``steps`` for an evaluation, whose
            windows then lie side by side and are the same every time.
        windows: how many an epoch visits; None: as many as lie side by side. More of them begin again, elsewhere.

    Shapes: x (N, T), y (N, T), N = 1 + (L − T − 1) // apart.

    Errors: DataError for tokens that are no row of integers, or fewer than T + 1.
    """

    input_shapes = ((None,),)
    """Of a model for them: what has seen windows of one length may read shorter ones."""

    def __init__(self, tokens: Any, *, steps: int = 64, apart: int = 1, windows: int | None = None) -> None:
        check_int(self, "steps", steps, "[1, inf)")
        check_int(self, "apart", apart, "[1, inf)")
        if windows is not None:
            check_int(self, "windows", windows, "[1, inf)")
        self.tokens = as_array(tokens, "The tokens of Windows")
        if self.tokens.ndim != 1 or self.tokens.dtype.kind not in "iu":
            raise DataError(
                f"Windows needs one long row of tokens, integers of shape (L,). Received: {self.tokens.dtype} of shape "
                f"{self.tokens.shape}."
            )
        if len(self.tokens) <= steps:
            raise DataError(
                f"Windows of {steps} steps need at least {steps + 1} tokens, for the last has one that follows. "
                f"Received: {len(self.tokens)}. Give a longer text, or take fewer steps."
            )
        self.steps, self.apart, self.windows = steps, apart, windows
        self._pieces = sliding_window_view(self.tokens, steps + 1)[::apart]

    def __len__(self) -> int:
        return len(self._pieces)

    def take(self, rows: HostArray) -> Split:
        pieces = self._pieces[rows]
        return Split(pieces[:, :-1], pieces[:, 1:])

    def order(self, rng: np.random.Generator, *, epoch: int, batch_size: int) -> HostArray:
        """Windows that lie side by side behind a beginning that is drawn, in random order."""
        every = -(-self.steps // self.apart)  # so many rows on, a window begins behind the end of this one
        turns = max(1, len(self) // every)
        wanted = self.windows or turns
        passes = [rng.integers(min(every, len(self))) + every * rng.permutation(turns) for _ in range(0, wanted, turns)]
        return np.concatenate(passes)[:wanted]
