"""Rows: where each row of a text begins, how many fields it has and in which line it stands; found for all at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pellucid import HostArray

_CHUNK = 1 << 22
"""Bytes that are looked at together."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a text, without blank lines and comments.

    Attributes:
        data: the text of these rows alone.
        starts, ends: of each row in ``data``; the end is that of its last line, before the newline.
        fields: how many each has.
        lines: the number of its first line in the file, from 1.
        comments: lines that are comments, in front of the first row.
        is_open: whether the last row ends within quotes.
    """

    data: bytes
    starts: HostArray
    ends: HostArray
    fields: HostArray
    lines: HostArray
    comments: tuple[bytes, ...]
    is_open: bool

    def __len__(self) -> int:
        return len(self.starts)

    def only(self, keep: HostArray) -> Rows:
        """The rows for which ``keep`` is true."""
        if keep.all():
            return self
        edges = np.flatnonzero(np.diff(np.concatenate([[False], keep, [False]]).astype(np.int8)))
        data = b"\n".join(self.data[self.starts[a] : self.ends[b - 1]] for a, b in edges.reshape(-1, 2))
        lengths = (self.ends - self.starts)[keep]
        starts = np.concatenate([[0], np.cumsum(lengths[:-1] + 1)]) if len(lengths) else lengths
        return Rows(data, starts, starts + lengths, self.fields[keep], self.lines[keep], self.comments, self.is_open)

    def text(self, row: int) -> str:
        return self.data[self.starts[row] : self.ends[row]].decode(errors="replace")


def rows_of(data: bytes, separator: str, quote: str, comment: str) -> Rows:
    """The rows of a text; a newline or a separator within quotes is part of its field.

    Args:
        separator, quote: one character of ASCII; quote may be empty: there is none.
        comment: what lines that are no rows begin with; empty: there are none.
    """
    ends, fields, raw, is_open = _scanned(data, ord(separator), ord(quote) if quote else -1)
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    lines = np.concatenate([[0], raw[:-1]]) + 1 if len(raw) else raw
    keep = ends > starts
    for row in np.flatnonzero((fields == 1) & keep):
        if not data[starts[row] : ends[row]].strip():
            keep[row] = False
    remarks = np.zeros(len(keep), bool)
    if comment:
        mark = comment.encode()
        first = np.frombuffer(data, np.uint8)[starts]
        for row in np.flatnonzero((first == mark[0]) & keep):
            remarks[row] = data[starts[row] : ends[row]].startswith(mark)
    keep &= ~remarks
    before = np.flatnonzero(remarks & (np.cumsum(keep) == 0))
    comments = tuple(data[starts[row] : ends[row]] for row in before)
    return Rows(data, starts, ends, fields, lines, comments, is_open).only(keep)


def _scanned(data: bytes, separator: int, quote: int) -> tuple[HostArray, HostArray, HostArray, bool]:
    """(ends of the rows, fields in each, lines up to each end, whether the end lies within quotes)."""
    ends, fields, raw = [], [], []
    inside, n_fields, n_lines = 0, 1, 0
    whole = np.frombuffer(data, np.uint8)
    for at in range(0, len(whole), _CHUNK):
        chunk = whole[at : at + _CHUNK]
        newlines, splits = np.flatnonzero(chunk == 10), np.flatnonzero(chunk == separator)
        numbers = np.arange(n_lines + 1, n_lines + 1 + len(newlines))
        n_lines += len(newlines)
        if quote >= 0 and (len(quotes := np.flatnonzero(chunk == quote)) or inside):
            outside = ((np.searchsorted(quotes, newlines) + inside) & 1) == 0
            newlines, numbers = newlines[outside], numbers[outside]
            splits = splits[((np.searchsorted(quotes, splits) + inside) & 1) == 0]
            inside = (inside + len(quotes)) & 1
        before = np.searchsorted(splits, newlines)
        ends.append(newlines + at)
        raw.append(numbers)
        if len(newlines):
            counts = np.diff(before, prepend=0) + 1
            counts[0] += n_fields - 1
            fields.append(counts)
            n_fields = len(splits) - int(before[-1]) + 1
        else:
            n_fields += len(splits)
    if len(whole) and (whole[-1] != 10 or inside):
        ends.append(np.array([len(whole)]))
        raw.append(np.array([n_lines + 1]))
        fields.append(np.array([n_fields]))
    none = np.zeros(0, np.int64)
    return np.concatenate([none, *ends]), np.concatenate([none, *fields]), np.concatenate([none, *raw]), bool(inside)
