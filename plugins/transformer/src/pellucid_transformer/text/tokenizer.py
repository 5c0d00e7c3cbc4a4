"""Tokenizer: texts as numbers, saved with the model as data."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pellucid import DataError, Equation, HostArray, Shape, Split, Transform, check_bool, check_int, listed

from pellucid_transformer.text.files import read_samples

STEPS = 8
"""Lengths of padded texts are rounded up to a multiple of it: for each length a plan is recorded."""


class Tokenizer(Transform):
    """Texts as tokens, whole numbers from 0; and back.

    It is a transform that reads texts: ``model.predict(["a text", …])`` and whatever else takes samples. What numbers
    texts become is learned from the texts of the training part by :meth:`train`, which data sets of texts call, and is
    saved with the model as an array. Numbers are taken for tokens already.

    Args:
        mask: whether texts become two inputs, tokens (N, T) and the mask (N, T), True where a token is; else the tokens
            alone, which suits a model that looks back only.
        longest: of longer texts the first so many tokens are taken; None: all.
        column: of tables, the column that holds the texts.

    Shapes: texts -> int64 (N, T), with :attr:`padding` behind the end of each; tokens (N, T) -> the same.

    Raises:
        DataError: an empty text; a number that is no token; a text that holds what no token stands for.
    """

    equations = (Equation("y", r"y = x \quad (0 \le x < \text{size})", "x"),)

    def __init__(self, *, mask: bool = False, longest: int | None = None, column: str = "text") -> None:
        check_bool(self, "mask", mask)
        if longest is not None:
            check_int(self, "longest", longest, "[1, inf)")
        self.mask = mask
        self.longest = longest
        self.column = column

    # -- what a tokenizer is -----------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def size(self) -> int:
        """How many tokens there are: the ``vocabulary`` of a model."""

    @property
    def trained(self) -> bool:
        """Whether it knows its tokens."""
        return all(getattr(self, name, None) is not None for name in self.fitted)

    @property
    def special(self) -> Mapping[str, int]:
        """Tokens that stand for no part of a text, by their names: ``unknown``, ``pad``, …."""
        return {}

    @property
    def padding(self) -> int:
        """What stands behind the end of a text beside a longer one."""
        return 0

    @abstractmethod
    def train(self, texts: Iterable[str]) -> None:
        """Learn the tokens from texts; what was learned before is forgotten."""

    @abstractmethod
    def encode(self, text: str, where: str = "the text") -> HostArray:
        """The tokens of a text, int64 (T,); ``where`` is what messages call it.

        Raises:
            DataError: a part of the text that no token stands for.
        """

    @abstractmethod
    def decode(self, tokens: Any) -> str:
        """The text that tokens (T,) stand for.

        Raises:
            DataError: a number that is no token.
        """

    def name(self, token: int) -> str:
        """What a picture calls a token: the part of a text that it stands for, with blanks and line ends to be seen."""
        return seen(self.decode([token]))

    # -- as a transform ----------------------------------------------------------------------------------------------

    def read(self, x: Any) -> Any:
        texts = as_texts(x)
        return None if texts is None else self.tokens(texts)

    @property
    def target_names(self) -> tuple[str, ...]:
        """None: a tokenizer knows texts, and of labels nothing."""
        return ()

    def read_file(self, path: Path, target: str | None = None, *, targets: bool = True) -> Split:
        """The samples of a file of texts: a ``.txt``, each line one; or a table, ``.csv``, ``.tsv``, ``.jsonl``.

        Args:
            target: the column of labels; None: ``label``, if the table has it.
            targets: whether to read them.
        """
        texts, labels = read_samples(path, self.column, target, targets=targets)
        x = self.tokens(texts, str(path))
        if labels is None:
            return Split(x)
        names, y = np.unique(labels, return_inverse=True)
        return Split(x, y.astype(np.int64), tuple(map(str, names)))

    @property
    def output_names(self) -> tuple[str, ...]:
        """What the tokens are called, in their order."""
        return tuple(self.name(token) for token in range(self.size))

    def ends(self, path: Path, outputs: HostArray) -> HostArray | None:
        """The place of the last token of each text of a file, if a model looks back only and ``outputs`` (N, T, V)
        score the token that comes next."""
        if self.mask or outputs.ndim != 3 or outputs.shape[2] != self.size:
            return None
        texts, _ = read_samples(path, self.column, targets=False)
        return np.array([len(part) - 1 for part in self.encoded(texts, str(path))], np.int64)

    def tokens(self, texts: Sequence[str], where: str = "") -> Any:
        """Texts as the model takes them: tokens (N, T), with ``mask`` a tuple of them and of their mask."""
        parts = self.encoded(texts, where)
        lengths = np.array([len(part) for part in parts], np.int64)
        most = int(lengths.max(initial=1))
        if self.mask:
            rounded = -(-most // STEPS) * STEPS
            most = rounded if self.longest is None else min(rounded, self.longest)
        x = np.full((len(parts), most), self.padding, np.int64)
        for row, part in zip(x, parts, strict=True):
            row[: len(part)] = part
        return (x, np.arange(most) < lengths[:, None]) if self.mask else x

    def encoded(self, texts: Sequence[str], where: str = "", numbers: Sequence[int] | None = None) -> list[HostArray]:
        """The tokens of each text, at least one, at most ``longest``; messages call the texts by their ``numbers``."""
        parts = []
        for row, text in zip(range(len(texts)) if numbers is None else numbers, texts, strict=True):
            called = f"{where}: text {row}" if where else f"text {row}"
            part = self.shortened(self.encode(text, f"{called} (counted from 0)"))
            if not len(part):
                raise DataError(
                    f"{called} (counted from 0) holds no token. Received: {text!r}. Leave the row out, or fill it in."
                )
            parts.append(part)
        return parts

    def shortened(self, tokens: HostArray) -> HostArray:
        """At most ``longest`` of the tokens of a text."""
        return tokens[: self.longest]

    def apply(self, x: HostArray) -> HostArray:
        self._check(x)
        return np.array(x, np.int64)

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def _check(self, tokens: HostArray) -> None:
        """DataError unless all of them are tokens."""
        size, who = self.size, type(self).__name__
        if tokens.dtype.kind not in "iu":
            raise DataError(f"{who} takes texts, or tokens, which are integers. Received: dtype {tokens.dtype}.")
        if tokens.size and (tokens.min() < 0 or tokens.max() >= size):
            place = np.argwhere((tokens < 0) | (tokens >= size))[0].tolist()
            told = f"row {place[0]}, token {place[-1]}" if len(place) > 1 else f"token {place[0]}"
            raise DataError(
                f"{who} has {size} tokens, the numbers 0 to {size - 1}. Received: {tokens[tuple(place)]} in {told} "
                "(counted from 0)."
            )

    def _tokens_of(self, tokens: Any) -> HostArray:
        """What ``decode`` is given, checked."""
        given = np.asarray(tokens)
        given = given.astype(np.int64) if not given.size else given
        self._check(given)
        if given.ndim != 1:
            raise DataError(
                f"{type(self).__name__}.decode takes the tokens of one text, (T,). Received: shape {given.shape}. "
                "Of several: [tokenizer.decode(row) for row in tokens]."
            )
        return given


def as_texts(x: Any) -> list[str] | None:
    """Texts, one or several, in whatever holds them, as a list; None: numbers.

    Raises:
        DataError: something else beside texts.
    """
    if isinstance(x, str):
        return [x]
    if isinstance(x, np.ndarray) and x.dtype.kind not in "USOT":
        return None
    several = x.tolist() if hasattr(x, "tolist") else x
    if not isinstance(several, list) or not any(isinstance(text, str) for text in several):
        return None
    for row, text in enumerate(several):
        if not isinstance(text, str):
            raise DataError(
                f"Texts were expected, one a row, as those before. Received: {text!r:.60}, a {type(text).__name__}, in "
                f"row {row} (counted from 0)."
            )
    return several


def named(tokens: Iterable[str]) -> str:
    """Some tokens for a message, those that cannot be seen as they are written in Python."""
    return listed([repr(token) for token in tokens])


def seen(text: str) -> str:
    """A text of a few letters with its blanks and line ends to be seen."""
    shown = text.replace(" ", "␣").replace("\n", "↵")
    return shown if shown.isprintable() else repr(shown)[1:-1]
