"""Standard descriptors lead where they led, whatever is imported."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pellucid.standard.process import descriptors_kept


@contextmanager
def led(tmp_path: Path) -> Iterator[list[int]]:
    """Within, the three descriptors lead into files of this test; pytest leads them elsewhere before each."""
    before = [os.dup(number) for number in range(3)]
    opened = [os.open(tmp_path / name, os.O_RDWR | os.O_CREAT) for name in ("in", "out", "err")]
    for number, file in enumerate(opened):
        os.dup2(file, number)
    try:
        yield opened
    finally:
        for number, copy in enumerate(before):
            os.dup2(copy, number)
            os.close(copy)
        for file in opened:
            os.close(file)


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("how", ["closed", "another", "both"])
def test_what_was_led_elsewhere_or_closed_is_put_back(number: int, how: str, tmp_path: Path) -> None:
    changed: list[str] = []
    with led(tmp_path) as files:
        with descriptors_kept(changed):
            if how != "another":
                os.close(number)
            if how != "closed":
                other = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)
                if other != number:
                    os.dup2(other, number)
                    os.close(other)
        same = [os.path.samestat(os.fstat(each), os.fstat(file)) for each, file in enumerate(files)]
        os.write(number, b"said")
        said = os.pread(files[number], 9, 0)
    assert same == [True] * 3 and said == b"said"
    assert changed == [f"the descriptor of standard {['input', 'output', 'error'][number]}"]


def test_nothing_is_said_where_nothing_has_changed_and_no_copy_stays_open(tmp_path: Path) -> None:
    changed: list[str] = []
    with led(tmp_path):
        gc.collect()  # a file that somebody has left open is closed now, and not in between
        free = os.dup(1)
        os.close(free)
        with descriptors_kept(changed):
            os.write(1, b"x")
        again = os.dup(1)
        os.close(again)
    assert changed == [] and again == free
