"""The short form of tests/faults/interrupts.py."""

from __future__ import annotations

import os
import random

import pytest

from tests.faults import interrupts
from tests.faults.__main__ import main

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")


@pytest.mark.parametrize("backend", ["reference", "cython"])  # the stand-in's threads take seconds
def test_what_was_interrupted_goes_on_with_the_same_bits(backend: str) -> None:
    for kind in interrupts.KINDS:
        interrupts.throw(kind, backend, 1, random.Random(0))


def test_one_part_can_be_run_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--short", "interrupts:cython:single"]) == 0
    said = capsys.readouterr()
    assert "interrupts:cython:single: interrupts of training (kinds: 1)" in said.out
    assert said.err.startswith("cython:single … ")
    with pytest.raises(SystemExit):
        main(["interrupts:cython:sing"])
    assert "no part 'cython:sing' of interrupts; there are: reference:plain, " in capsys.readouterr().err
