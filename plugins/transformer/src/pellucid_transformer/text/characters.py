"""characters and bytes: tokenizers of a few lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from pellucid import CheckpointError, DataError, Example, HostArray, check_bool

from pellucid_transformer.text.tokenizer import Tokenizer, named

LAST = 0x10FFFF
"""The last code point of Unicode."""
MOST_TOLD = 20
"""Characters that a message names."""


class Characters(Tokenizer):
    """Every character of the training texts is a token: 0 is the first of them in the order of Unicode.

    Args:
        alphabet: the characters, where they are known beforehand; None: those of the training texts.
        unknown: whether there is one more token, the last, for all characters that no training text has; else such a
            character is an error, which names it.
        mask, longest, column: see :class:`Tokenizer`.
    """

    examples = (
        Example({"alphabet": "abcdef"}, (("int", 6, 5),)),
        Example({"alphabet": "abc", "unknown": True, "mask": True}, (("int", 4, 5),)),
    )
    fitted = ("codes",)
    codes: HostArray | None = None
    """The characters in their order, as code points, int64."""

    def __init__(
        self, alphabet: str | None = None, *, unknown: bool = False, mask: bool = False, longest: int | None = None,
        column: str = "text",
    ) -> None:  # fmt: skip
        super().__init__(mask=mask, longest=longest, column=column)
        check_bool(self, "unknown", unknown)
        self.alphabet = alphabet
        self.unknown = unknown
        if alphabet:
            self.train([alphabet])

    @property
    def size(self) -> int:
        return len(self._learned("codes")) + self.unknown

    @property
    def special(self) -> Mapping[str, int]:
        return {"unknown": len(self._learned("codes"))} if self.unknown else {}

    @property
    def characters(self) -> str:
        """All of them, in the order of their tokens."""
        return _text(self._learned("codes"))

    def train(self, texts: Iterable[str]) -> None:
        found = np.unique(np.concatenate([np.zeros(0, np.int64), *(np.unique(_codes(text)) for text in texts)]))
        if not len(found):
            raise DataError("Characters are learned from texts, and those given hold none. Give a text.")
        self.codes = found

    def encode(self, text: str, where: str = "the text") -> HostArray:
        known, codes = self._learned("codes"), _codes(text)
        table = np.full(int(known[-1]) + 2, -1, np.int64)  # the last place: all that lie behind
        table[known] = np.arange(len(known))
        tokens: HostArray = table[np.minimum(codes, len(table) - 1)]
        missing = tokens < 0
        if missing.any():
            if not self.unknown:
                strange = np.unique(codes[missing])
                at = int(np.flatnonzero(missing)[0])
                raise DataError(
                    f"{where}, character {at}: {text[at]!r} (U+{ord(text[at]):04X}) is none of the {len(known)} "
                    f"characters that are known, {_some(self.characters)}. Received: {_some(_text(strange))}. Leave "
                    "them out; or train with tokenizer = {type = 'characters', unknown = true}, which has one token "
                    "for all of them, or with 'bytes', which knows every text."
                )
            tokens[missing] = len(known)
        return tokens

    def decode(self, tokens: Any) -> str:
        codes = np.append(self._learned("codes"), 0xFFFD)  # the sign for what is unknown
        return _text(codes[self._tokens_of(tokens)])

    def restore(self, arrays: Mapping[str, HostArray]) -> None:
        super().restore(arrays)
        codes = self._learned("codes")
        good = codes.ndim == 1 and codes.dtype.kind in "iu" and len(codes) > 0
        if not good or codes[0] < 0 or codes[-1] > LAST or (np.diff(codes.astype(np.int64)) <= 0).any():
            raise CheckpointError(
                f"The saved 'codes' of Characters must be code points, ascending from 0 to {LAST}. Received: "
                f"{codes.dtype} of shape {codes.shape}. The file is damaged."
            )
        self.codes = codes.astype(np.int64)


class Bytes(Tokenizer):
    """Every byte of a text in UTF-8 is a token: 256 of them, and none is ever unknown. A letter of English is one, most
    others of Europe are two.

    Args:
        mask, longest, column: see :class:`Tokenizer`.
    """

    examples = (Example({}, (("int", 256, 5),)),)

    @property
    def size(self) -> int:
        return 256

    def train(self, texts: Iterable[str]) -> None:
        """There is nothing to learn."""

    def encode(self, text: str, where: str = "the text") -> HostArray:
        return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8).astype(np.int64)

    def decode(self, tokens: Any) -> str:
        """The text; bytes that are no UTF-8, of half a character say, become the sign U+FFFD."""
        return bytes(self._tokens_of(tokens).astype(np.uint8)).decode("utf-8", "replace")


def _codes(text: str) -> HostArray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64)


def _some(characters: str) -> str:
    """Characters for a message; of many the beginning."""
    more = len(characters) - MOST_TOLD
    return named(characters) if more <= 0 else f"{named(characters[:MOST_TOLD])} and {more} more"


def _text(codes: HostArray) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
