"""Mutated tables end in samples, or in a DataError that names file, line and column."""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pellucid import DataError, PellucidWarning, Split
from pellucid_tabular.dataset import Table

TOLD = re.compile(r"fuzzed\.csv, (line|row) \d+.*, column .+: .*[Ee]xpected.+\. Received", re.S)
SPECIAL = [
    b",",
    b";",
    b"\t",
    b'"',
    b"'",
    b"\n",
    b"\r",
    b"\x00",
    b"\xff",
    b"\xe4",
    "é".encode(),
    b"#",
    b" ",
    b"|",
    b"\\",
]
CELLS = [
    "", "?", "NA", "nan", "-", ".", "inf", "-inf", "1e400", "0x10", "1,5", "1.234,5", "007", "yes", "2020-01-01",
    "31/12/2020", "12/31/2020", "a b", '"', '"x', "'", "x,y", "9" * 400, "é", "\u2028", "true", "1_000", "+",
    "1e", "--5", "٣",
]  # fmt: skip


def tables() -> list[bytes]:
    """Small tables of every kind of quirk."""
    made, rng = [], random.Random(3)
    for separator, quote, header in (
        (",", "", True),
        (";", '"', True),
        ("\t", "", False),
        ("|", "'", True),
        (" ", "", False),
    ):
        rows = [["size", "colour", "born", "is it", "weight"]] if header else []
        for i in range(30):
            day = f"{1980 + rng.randrange(40)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
            number = f"{rng.uniform(-5, 5):.3f}"
            if separator == ";":
                number = number.replace(".", ",")
            row = [number, rng.choice(["red", "green", "blue"]), day, rng.choice(["yes", "no"]), str(rng.randrange(2))]
            rows.append(["?" if rng.random() < 0.05 and i > 3 else cell for cell in row])
        text = "\n".join(separator.join(f"{quote}{cell}{quote}" for cell in row) for row in rows)
        made.append((text + "\n").encode())
    return made


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A table with one to four mistakes."""
    ways: list[Callable[[bytes, random.Random], bytes]] = [
        _flipped, _inserted, _deleted, _line_twice, _without_line, _cell, _cell, _cell, _cut, _recoded, _fields,
        _swapped,
    ]  # fmt: skip
    for _ in range(rng.randrange(1, 5)):
        data = rng.choice(ways)(data, rng)
    return data


def _flipped(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


def _inserted(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(SPECIAL) * rng.choice((1, 1, 2, 40)) + data[at:]


def _deleted(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.randrange(1, 30) :]


def _line_twice(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
    return b"\n".join(lines)


def _without_line(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    del lines[rng.randrange(len(lines))]
    return b"\n".join(lines)


def _swapped(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


def _cell(data: bytes, rng: random.Random) -> bytes:
    separator = rng.choice([b",", b";", b"\t", b"|", b" "])
    cells = data.split(separator)
    cells[rng.randrange(len(cells))] = rng.choice(CELLS).encode()
    return separator.join(cells)


def _fields(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    separator = rng.choice([b",", b";", b"\t", b"|", b" "])
    lines[at] = separator.join(lines[at].split(separator)[: rng.randrange(1, 6)]) + rng.choice([b"", separator])
    return b"\n".join(lines)


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)] if rng.random() < 0.3 else data


def _recoded(data: bytes, rng: random.Random) -> bytes:
    return data.decode("latin-1").encode(rng.choice(["utf-8", "utf-16", "utf-8-sig", "latin-1"]))


def outcome(path: Path, content: bytes) -> str:
    """``"samples"``, or the message of a DataError."""
    path.write_bytes(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PellucidWarning)
            splits = Table(str(path), target=-1).splits(0)
    except DataError as error:
        return str(error)
    for part in (splits.train, splits.validation, splits.test):
        assert isinstance(part, Split) and isinstance(part.x, np.ndarray) and not np.isinf(part.x).any()
    return "samples"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_mutated_tables(tmp_path: Path, part: int) -> None:
    """Two thousand of them, in ten parts."""
    found = _many(tmp_path, part, 200)
    assert 40 < found["samples"] < 180


def test_some_mutated_tables(tmp_path: Path) -> None:
    assert _many(tmp_path, 10, 200)["samples"] > 40


def _many(folder: Path, seed: int, count: int) -> dict[str, int]:
    rng, found = random.Random(seed), {"samples": 0, "told": 0}
    bases = tables()
    for number in range(count):
        content = mutated(rng.choice(bases), rng)
        told = outcome(folder / "fuzzed.csv", content)
        if told != "samples":
            assert TOLD.search(told), f"{number}: {told}\n{content!r}"
        found["samples" if told == "samples" else "told"] += 1
    return found
