"""running_text: one long text, for language models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pellucid import (
    ConfigError,
    DataError,
    Dataset,
    Example,
    HostArray,
    Split,
    Splits,
    Transform,
    Windows,
    as_count,
    check_int,
    listed,
)

from pellucid_transformer.text.data import OfTexts, PartOrFile
from pellucid_transformer.text.files import read_text
from pellucid_transformer.text.tokenizer import Tokenizer

_NUMBERS = " ".join(str(i * i) for i in range(1000, 1100))


class RunningText(OfTexts):
    """One long text, for language models: windows of ``context`` tokens, and the token that follows each.

    An epoch of training visits windows that lie side by side, in random order, and begins at another place every time
    (:class:`pellucid.Windows`). Validation and test are on windows side by side of the end of the text, or of files of
    their own; the validation lies before the test.

    Args:
        train: a file with a text in UTF-8.
        of: instead of a file a data set that has a text, such as ``"shakespeare"``.
        text: instead of either the text itself.
        context: tokens of a window.
        windows: how many an epoch visits; None: as many as lie side by side.
        tokenizer: what makes tokens of the text; it learns from the part that is trained on.
        validation, test: how much is kept of the end of the text, a fraction or a number of characters; or a file.
        tokens: of which vocabulary a run was made, noted in its folder; another one is an error.

    ``x``, ``y``: int64 (N, context).

    Raises:
        DataError: no such file, no text in UTF-8, a text shorter than a window; a character that the part to train on
            does not have, with a tokenizer that has no token for such.
    """

    examples = (
        Example({"text": _NUMBERS, "context": 8}),
        Example({"text": _NUMBERS, "context": 4, "test": 0.2, "tokenizer": "transformer/bytes"}),
    )

    def __init__(
        self, train: str | None = None, *, of: Dataset | None = None, text: str | None = None, context: int = 64,
        windows: int | None = None, tokenizer: Transform | str = "transformer/characters",
        validation: PartOrFile = 0.1, test: PartOrFile = 0, tokens: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(train, tokenizer, validation, test, tokens)
        check_int(self, "context", context, "[1, inf)")
        if windows is not None:
            check_int(self, "windows", windows, "[1, inf)")
        places = {"train": train, "of": of, "text": text}
        given = [name for name, place in places.items() if place is not None]
        if len(given) != 1:
            raise ConfigError(
                "RunningText takes its text from one place: a file, 'train'; a data set, 'of'; or 'text' itself. "
                f"Received: {listed(given)}."
            )
        if of is not None and not callable(getattr(of, "text", None)):
            raise ConfigError(
                f"The 'of' of RunningText must be a data set that has a text, as 'shakespeare'. Received: "
                f"{type(of).__name__}."
            )
        self.of = of
        self.text = text
        self.context = context
        self.windows = windows

    def load(self, rng: np.random.Generator) -> Windows | Split:
        """The windows to train on."""
        train = self.splits().train
        assert isinstance(train, Windows | Split)
        return train

    def read_other(self, path: Path, transforms: Sequence[Transform]) -> Windows:
        """Windows of another text, side by side, in the tokens of a model that was trained on this one."""
        tokenizer = next(iter(transforms), None)
        if not isinstance(tokenizer, Tokenizer):
            raise ConfigError(f"{path} is read with the tokenizer that was saved with a model. Received: {tokenizer}.")
        return Windows(self._tokens(tokenizer, read_text(path), str(path), 0), steps=self.context, apart=self.context)

    def _parts(self, tokenizer: Tokenizer, seed: int) -> Splits:
        where, text = self._found()
        ends = [len(text)]
        for part in (self.test, self.validation):
            ends.append(ends[-1] if isinstance(part, str) else ends[-1] - as_count(part, len(text)))
        if ends[-1] <= 0:
            raise DataError(
                f"{where} holds {len(text)} characters, and what is kept for validation and test leaves none to train "
                "on. Ask for smaller parts."
            )
        self._train(tokenizer, [text[: ends[-1]]])
        train = Windows(self._tokens(tokenizer, text[: ends[-1]], where, 0), steps=self.context, windows=self.windows)
        validation, test = (
            self._held(tokenizer, part, text[begin:end], where, begin)
            for part, begin, end in ((self.validation, ends[2], ends[1]), (self.test, ends[1], ends[0]))
        )
        return Splits(train, validation, test)

    def _found(self) -> tuple[str, str]:
        """What the text is called, and the text."""
        if self.train is not None:
            return self.train, read_text(self.train)
        if self.text is not None:
            return "the text", self.text
        of: Any = self.of
        return type(of).__name__, of.text()

    def _held(self, tokenizer: Tokenizer, part: PartOrFile, text: str, where: str, begin: int) -> Windows | Split:
        if isinstance(part, str):
            text, where, begin = read_text(part), part, 0
        elif not text:
            return Split(np.zeros((0, self.context), np.int64), np.zeros((0, self.context), np.int64))
        return Windows(self._tokens(tokenizer, text, where, begin), steps=self.context, apart=self.context)

    def _tokens(self, tokenizer: Tokenizer, text: str, where: str, begin: int) -> HostArray:
        place = f"{where}, counted from character {begin}" if begin else where
        tokens = tokenizer.encode(text, place)
        if len(tokens) <= self.context:
            raise DataError(
                f"{place}: a window of {self.context} tokens needs at least {self.context + 1}, for the last has one "
                f"that follows. Received: {len(tokens)}. Give a longer text, or a smaller 'context'."
            )
        return tokens
