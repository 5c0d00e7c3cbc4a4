"""labelled_texts and text_pairs: tables of texts, as tokens of different length with their mask."""

from __future__ import annotations

from abc import abstractmethod
from math import gcd
from typing import Any

import numpy as np
from pellucid import (
    ConfigError,
    DataError,
    Dataset,
    Example,
    HostArray,
    Samples,
    Sequences,
    Split,
    Splits,
    Transform,
    check_int,
    listed,
    read,
    to_config,
)

from pellucid_transformer.text.data import OfTexts, PartOrFile
from pellucid_transformer.text.files import called, column_of, columns_of
from pellucid_transformer.text.tokenizer import STEPS, Tokenizer


class _Table(OfTexts):
    """A table of texts, each row of which becomes samples of one part."""

    longest: int | None = None
    column: str

    def _given(self) -> Tokenizer:
        """The tokenizer, for texts of different length: with a mask."""
        config = {**to_config(given := super()._given()), "mask": True, "column": self.column}
        made: Tokenizer = read("transform", config if self.longest is None else {**config, "longest": self.longest})
        if given.trained:
            made.restore(given.state())
        return made

    def load(self, rng: np.random.Generator) -> Samples:
        """The rows by their numbers: ``splits`` makes tokens of their texts."""
        return self._numbered(self._rows(self.train))

    def load_validation(self) -> Samples | None:
        return self._numbered(self._rows(self.validation)) if isinstance(self.validation, str) else None

    def load_test(self) -> Samples | None:
        return self._numbered(self._rows(self.test)) if isinstance(self.test, str) else None

    def _parts(self, tokenizer: Tokenizer, seed: int) -> Splits:
        rows = self._rows(self.train)
        drawn = Dataset.splits(self, seed)
        learned = [rows[number] for number in _numbers(drawn.train)]
        if not tokenizer.trained:
            tokenizer.train(text for row in learned for text in self._texts(row))
        self._learn(learned)
        train = self._part(tokenizer, rows, drawn.train, self.train)
        validation, test = (
            self._part(tokenizer, self._rows(given), part, given)
            if isinstance(given, str)
            else self._part(tokenizer, rows, part, self.train)
            for given, part in ((self.validation, drawn.validation), (self.test, drawn.test))
        )
        return Splits(train, validation, test)

    def _part(self, tokenizer: Tokenizer, table: list[Any], part: Samples | Split, given: Any) -> Samples | Split:
        numbers, where = _numbers(part), called(given)
        rows = [table[number] for number in numbers]
        y = self._targets(rows, numbers, where)
        if not rows:
            return Split((np.zeros((0, 1), np.int64), np.zeros((0, 1), bool)), y, self._classes)
        each = [(text, number) for row, number in zip(rows, numbers.tolist(), strict=True) for text in self._texts(row)]
        texts, places = zip(*each, strict=True)
        multiple = STEPS if self.longest is None else gcd(STEPS, self.longest)  # padded to no more than the longest
        tokens = tokenizer.encoded(texts, where, places)
        return self._sequences(tokens, y, multiple=multiple, padding=tokenizer.padding, classes=self._classes)

    _sequences = Sequences
    _classes: tuple[str, ...] | None = None

    @abstractmethod
    def _rows(self, table: Any) -> list[Any]:
        """The rows of a table."""

    @abstractmethod
    def _texts(self, row: Any) -> tuple[str, ...]:
        """The texts of a row, each a sample."""

    @abstractmethod
    def _targets(self, rows: list[Any], numbers: HostArray, where: str) -> HostArray:
        """A target for each text of these rows."""

    def _learn(self, rows: list[Any]) -> None:
        """What there is to learn from the rows to train on."""

    def _numbered(self, rows: list[Any]) -> Samples:
        return _Numbered(len(rows))


_TEXTS = {"text": [f"{i % 2 * 'no '}glass {i}" for i in range(20)], "label": ["yes", "no"] * 10}
_PAIRS = {"first": [f"the number {i}" for i in range(20)], "second": [f"{i} it is" for i in range(20)]}


class LabelledTexts(_Table):
    """A table of texts with labels, ``.csv``, ``.tsv`` or ``.jsonl``, as tokens of different length with their mask.

    Args:
        train: the file, or a dict of columns.
        text, label: names of its columns.
        tokenizer: what makes tokens of the texts; it learns from those that are trained on.
        longest: of longer texts the first so many tokens are taken; None: all.
        validation, test: how much is kept, a fraction or a number of texts, with the labels in proportion; or a file.
        tokens: of which vocabulary a run was made, noted in its folder; another one is an error.

    ``x``: tokens (N, T) and mask (N, T) of each batch, :class:`pellucid.Sequences`; ``y``: int64, the place of the
    label among the ``classes``, in alphabetical order.

    Raises:
        DataError: a file, a line or a column that is not as it should be; an empty text; a label of the validation that
            no text to train on has.
    """

    examples = (
        Example({"train": _TEXTS}),
        Example({"train": _TEXTS, "tokenizer": {"type": "transformer/characters", "unknown": True}, "longest": 12}),
    )

    def __init__(
        self, train: Any, *, text: str = "text", label: str = "label", tokenizer: Transform | str = "transformer/bytes",
        longest: int | None = None, validation: PartOrFile = 0.1, test: PartOrFile = 0.2, tokens: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(train, tokenizer, validation, test, tokens)
        if longest is not None:
            check_int(self, "longest", longest, "[1, inf)")
        self.text = self.column = text
        self.label = label
        self.longest = longest

    def _rows(self, table: Any) -> list[tuple[str, str]]:
        return _side_by_side(table, self.text, self.label)

    def _texts(self, row: tuple[str, str]) -> tuple[str, ...]:
        return row[:1]

    def _learn(self, rows: list[tuple[str, str]]) -> None:
        self._classes = tuple(sorted({label for _, label in rows}))

    def _targets(self, rows: list[tuple[str, str]], numbers: HostArray, where: str) -> HostArray:
        assert self._classes is not None
        place = {label: i for i, label in enumerate(self._classes)}
        for (_, label), number in zip(rows, numbers, strict=True):
            if label not in place:
                raise DataError(
                    f"{where}, text {number} (counted from 0): the label {label!r} is none of those that are trained "
                    f"on, {listed(self._classes)}."
                )
        return np.array([place[label] for _, label in rows], np.int64)

    def _numbered(self, rows: list[tuple[str, str]]) -> Samples:
        return _Numbered(len(rows), np.unique([label for _, label in rows], return_inverse=True)[1].astype(np.int64))


class _Pairs(Sequences):
    """Texts of which rows 2k and 2k + 1 belong together."""

    def order(self, rng: np.random.Generator, *, epoch: int, batch_size: int) -> HostArray:
        """All pairs in random order, the two of each side by side."""
        if batch_size % 2:
            raise ConfigError(
                f"The batch size of text_pairs must be even, or batches would cut pairs. Received: {batch_size}."
            )
        rows: HostArray = (2 * rng.permutation(len(self) // 2)[:, None] + np.arange(2)).ravel()
        return rows


class TextPairs(_Table):
    """Pairs of texts that mean the same, or belong together, for sentence encoders: ``.csv``, ``.tsv`` or ``.jsonl``.

    Samples are single texts: the two of pair k have the label k and stand next to each other. An epoch visits them pair
    by pair, in random order, so that both are in one batch, where the other texts are what they are told from.

    Args:
        train: the file, or a dict of columns.
        first, second: names of its two columns.
        tokenizer: what makes tokens of the texts; it learns from those that are trained on.
        longest: of longer texts the first so many tokens are taken; None: all.
        validation, test: how many pairs are kept, a fraction or a number; or a file.
        tokens: of which vocabulary a run was made, noted in its folder; another one is an error.

    ``x``: tokens (2N, T) and mask (2N, T) of each batch, :class:`pellucid.Sequences`; ``y``: int64, the pair.

    Raises:
        DataError: a file, a line or a column that is not as it should be; an empty text.
        ConfigError: in training, an odd batch size, which would cut a pair.
    """

    examples = (Example({"train": _PAIRS}),)
    _sequences = _Pairs

    def __init__(
        self, train: Any, *, first: str = "first", second: str = "second",
        tokenizer: Transform | str = "transformer/bytes", longest: int | None = None, validation: PartOrFile = 0.1,
        test: PartOrFile = 0.1, tokens: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(train, tokenizer, validation, test, tokens)
        if longest is not None:
            check_int(self, "longest", longest, "[1, inf)")
        self.first = self.column = first
        self.second = second
        self.longest = longest

    def _rows(self, table: Any) -> list[tuple[str, str]]:
        return _side_by_side(table, self.first, self.second)

    def _texts(self, row: tuple[str, str]) -> tuple[str, ...]:
        return row

    def _targets(self, rows: list[tuple[str, str]], numbers: HostArray, where: str) -> HostArray:
        return np.repeat(numbers.astype(np.int64), 2)


def _side_by_side(table: Any, one: str, other: str) -> list[tuple[str, str]]:
    columns, path = columns_of(table), called(table)
    return list(zip(column_of(columns, one, path), column_of(columns, other, path), strict=True))


class _Numbered(Samples):
    """Rows of a table by their numbers, with the labels that they have."""

    def __init__(self, count: int, labels: HostArray | None = None) -> None:
        self._count, self.labels = count, labels

    def __len__(self) -> int:
        return self._count

    def take(self, rows: HostArray) -> Split:
        return Split(np.asarray(rows)[:, None])


def _numbers(part: Samples | Split) -> HostArray:
    """Which rows are in a part."""
    x = part.take(np.arange(len(part))).x
    assert not isinstance(x, tuple)
    return x[:, 0]
