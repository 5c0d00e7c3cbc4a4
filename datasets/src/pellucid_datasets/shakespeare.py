"""shakespeare: forty thousand lines of his plays, as characters that follow each other."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from pellucid import Dataset, Example, HostArray, Part, Transform, Windows, as_count, check_int, check_part

from pellucid_datasets.files import packaged

FILE = "shakespeare.txt.gz"
CHECKSUM = "bed00f18e91cda6838950656f0a95e07e0f4dbe8649a4b959f7602a7e53fbc6e"
"""SHA-256 of the file in this package."""
UNPACKED = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
"""SHA-256 of the text in it."""


class Shakespeare(Dataset):
    """Which character comes next? 1,115,394 of them, 65 different ones, in 40,000 lines of the plays.

    ``x``: int64 (N, context), the place of each character in :attr:`characters`; ``y``: the same, one character later.
    Training is on windows of the first part of the text, which begin at another place in every epoch; validation on
    those that lie side by side in the last part.

    Args:
        context: characters of a window.
        first: of the text only the first so many characters; None: all.
        validation: how much is kept of the end of the text: a fraction, or a number of characters.
        transforms: proposed to whoever trains.

    Source: William Shakespeare's plays, as Andrej Karpathy put them together for char-rnn, 2015; public domain.
    """

    examples = (Example({"first": 3000, "context": 8}),)
    test: Part = 0

    def __init__(
        self, context: int = 64, *, first: int | None = None, validation: Part = 0.1,
        transforms: Sequence[Transform | str] = (),
    ) -> None:  # fmt: skip
        check_int(self, "context", context, "[1, inf)")
        if first is not None:
            check_int(self, "first", first, "[1, inf)")
        check_part(self, "validation", validation)
        self.context = context
        self.first = first
        self.validation = validation
        self.transforms = transforms

    def text(self) -> str:
        """All that is read of it, line ends included."""
        return gzip.decompress(packaged(FILE, CHECKSUM)).decode("ascii")[: self.first]

    @cached_property
    def _codes(self) -> tuple[HostArray, HostArray]:
        """The characters that occur, and the place of each of the text among them."""
        text = np.frombuffer(self.text().encode("ascii"), np.uint8)
        occurs = np.bincount(text, minlength=128) > 0
        return np.flatnonzero(occurs).astype(np.uint8), (occurs.cumsum() - 1)[text]

    @property
    def characters(self) -> str:
        """Those that occur, in the order of their numbers."""
        return self._codes[0].tobytes().decode("ascii")

    def load(self, rng: np.random.Generator) -> Windows:
        codes = self._codes[1]
        return Windows(codes[: len(codes) - as_count(self.validation, len(codes))], steps=self.context)

    def load_validation(self) -> Windows | None:
        kept = as_count(self.validation, len(self._codes[1]))
        return Windows(self._codes[1][-kept:], steps=self.context, apart=self.context) if kept else None
