"""Whether a plan keeps all memory alive that its calls point to, found without running it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

MAPS = Path("/proc/self/maps")
Range = tuple[int, int]


def require_kept(plan: Any) -> list[str]:
    """Where the calls of a plan point to memory that can be written and that nobody keeps for them; nothing where this
    cannot be known: the plan shows no addresses, or the system does not say what is memory.

    A call is a piece of memory, and each of its words may be an address. One that lies where no array of the plan does
    is that of an array which is gone when the replay comes, of memory that all calls share, or of a stack.
    """
    if not hasattr(plan, "words") or sys.platform != "linux" or not MAPS.exists():
        return []
    memory = _writable()
    kept = [own for arrays in plan.kept for own in _ranges(arrays)]
    found = []
    for number, words in enumerate(plan.words, 1):
        for place, word in enumerate(words, 1):
            if word % 4 == 0 and _within(word, memory) and not _within(word, kept):
                found.append(f"call {number} of {len(plan)}, word {place} of its arguments")
    return found


def _within(address: int, ranges: Iterable[Range]) -> bool:
    return any(first <= address <= last for first, last in ranges)


def _writable() -> list[Range]:
    """What the process may write to: the heap, blocks of memory, stacks, static arrays of libraries."""
    ranges = []
    for line in MAPS.read_text(encoding="utf-8").splitlines():
        span, rights, *_ = line.split()
        if "w" in rights:
            first, _, last = span.partition("-")
            ranges.append((int(first, 16), int(last, 16) - 1))
    return ranges


def _ranges(kept: Any) -> Iterator[Range]:
    """The memory of what is kept: arrays, tuples and lists of them, and whatever else lends its memory."""
    if isinstance(kept, np.ndarray):
        first, last = np.lib.array_utils.byte_bounds(kept)
        yield first, last
    elif isinstance(kept, tuple | list):
        for each in kept:
            yield from _ranges(each)
    elif kept is not None and not isinstance(kept, int | float | str):
        try:
            lent = np.frombuffer(kept, np.uint8)
        except (TypeError, ValueError, BufferError, AttributeError):
            return
        yield from _ranges(lent)
