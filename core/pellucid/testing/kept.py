"""Whether a plan keeps all memory alive that its calls point to, found without running it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

MAPS = Path("/proc/self/maps")
SMALL = 2**16
"""A word whose lower half is less is a number of 32 bits, as a kernel's activation, and what the stack left beside it:
half an address, as it happens."""
LOADED = 1
"""The kind of a part of an ELF file that is loaded."""
Range = tuple[int, int]


def recorded_with_memory(record: Callable[[], tuple[Any, Any]]) -> tuple[Any, list[str]]:
    """The plan that a recording gives, and where its calls point to memory that nobody keeps for them.

    A call is a piece of memory, and each of its words may be an address. One is looked for that lies in an array which
    was made while it was recorded and which the plan does not keep, so that it is gone when a replay comes; or in what
    a library may write to, which all calls share. Of a plan that shows no addresses nothing is found.
    """
    try:
        from pellucid.ops.kernels import native  # compiled, where there was a compiler
    except ImportError:
        return record()[1], []
    (_, plan), taken = native.memory_taken(record)
    if not hasattr(plan, "words"):
        return plan, []
    kept = [own for arrays in plan.kept for own in _ranges(arrays)]
    watched = [*((first, first + size - 1) for first, size in taken), *_of_libraries()]
    found = []
    for number, words in enumerate(plan.words, 1):
        for place, word in enumerate(words, 1):
            if word % 2**32 >= SMALL and _within(word, watched) and not _within(word, kept):
                found.append(f"call {number} of {len(plan)}, word {place} of its arguments")
    return plan, found


def _within(address: int, ranges: Iterable[Range]) -> bool:
    return any(first <= address <= last for first, last in ranges)


def _of_libraries() -> list[Range]:
    """What compiled modules may write to: their static arrays. Where the system does not tell, nothing."""
    ranges, library, end = list[Range](), "", 0
    for line in MAPS.read_text(encoding="utf-8").splitlines() if MAPS.exists() else ():
        span, rights, _, _, _, *path = line.split(maxsplit=5)
        first, last = (int(bound, 16) for bound in span.split("-"))
        if path and path[0] != library:
            library, end = path[0], first + (_bytes_of(Path(path[0])) if ".so" in path[0] else 0)
        if "w" in rights and first < end:
            ranges.append((first, min(last, end) - 1))
    return ranges


@cache
def _bytes_of(library: Path) -> int:
    """How much memory a library takes, with what no file holds as it begins with zeros; behind that, the system may
    place anything. Of another format than ELF with 64 bits 0."""
    with suppress(OSError, struct.error):
        content = library.read_bytes()
        if content[:5] == b"\x7fELF\x02":
            (table,), (size, count) = struct.unpack_from("<Q", content, 32), struct.unpack_from("<HH", content, 54)
            headers = (struct.unpack_from("<IIQQQQQ", content, table + size * i) for i in range(count))
            return max((address + taken for kind, _, _, address, _, _, taken in headers if kind == LOADED), default=0)
    return 0


def _ranges(kept: Any) -> Iterator[Range]:
    """The memory of what is kept: arrays, tuples and lists of them, and whatever else lends its memory."""
    if isinstance(kept, np.ndarray):
        yield np.lib.array_utils.byte_bounds(kept)
    elif isinstance(kept, tuple | list):
        for each in kept:
            yield from _ranges(each)
    elif kept is not None and not isinstance(kept, int | float | str):
        try:
            lent = np.frombuffer(kept, np.uint8)
        except (TypeError, ValueError, BufferError, AttributeError):
            return
        yield from _ranges(lent)
