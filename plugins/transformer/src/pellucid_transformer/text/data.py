"""What data sets of texts share: files, and a tokenizer that learns from the part that is trained on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
from pellucid import ConfigError, DataError, Dataset, Part, Splits, Transform, check_part, read

from pellucid_transformer.text.tokenizer import Tokenizer

PartOrFile = str | Part
"""A file of its own, or how much is kept of the training file."""


class OfTexts(Dataset):
    """A data set whose samples are texts in files: its tokenizer learns from those that are trained on.

    Attributes:
        tokenizer: as it has been trained by the last ``splits``.
    """

    paths = ("train", "validation", "test")
    validation: Any
    test: Any

    def __init__(
        self, train: Any, tokenizer: Transform | str, validation: PartOrFile, test: PartOrFile, tokens: str | None
    ) -> None:  # fmt: skip
        for name, part in (("validation", validation), ("test", test)):
            if not isinstance(part, str):
                check_part(self, name, part)
        self.train = train
        self.validation = validation
        self.test = test
        self.tokenizer = tokenizer
        self.tokens = tokens
        self._trained: Tokenizer | None = None

    def splits(self, seed: int = 0) -> Splits:
        given = self._given()
        made = given if given.trained else deepcopy(given)
        self._trained = made
        parts = self._parts(made, seed)
        if self.tokens is not None and self.tokens != fingerprint(made):
            raise DataError(
                f"{self.train}: the texts to train on are others than those of the run, and give another vocabulary: "
                f"'tokens' says {self.tokens}. Received: {fingerprint(made)}. Bring the file back, or give a file of "
                "its own to what is evaluated; for a new training leave 'tokens' out."
            )
        return replace(parts, transforms=[made])

    @abstractmethod
    def _parts(self, tokenizer: Tokenizer, seed: int) -> Splits:
        """The parts; the tokenizer is trained on the first of them."""

    def decided(self) -> dict[str, Any]:
        return {} if self._trained is None else {"tokens": fingerprint(self._trained)}

    def _given(self) -> Tokenizer:
        given = read("transform", self.tokenizer)
        if not isinstance(given, Tokenizer):
            raise ConfigError(
                f"The 'tokenizer' of {type(self).__name__} must be one of transformer/characters, transformer/bytes, "
                "transformer/bpe, transformer/wordpiece, or of a class derived from pellucid_transformer.Tokenizer. "
                f"Received: {type(given).__name__}."
            )
        return given

    def _train(self, tokenizer: Tokenizer, texts: Iterable[str]) -> None:
        """Let it learn, unless it was given what it knows."""
        if not tokenizer.trained:
            tokenizer.train(texts)


def fingerprint(tokenizer: Tokenizer) -> str:
    """Sixteen digits that another vocabulary would not have."""
    found = sha256()
    for name, array in sorted(tokenizer.state().items()):
        found.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:16]
