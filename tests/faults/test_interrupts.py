"""The short form of tests/faults/interrupts.py."""

from __future__ import annotations

import os
import random

import pytest

from tests.faults import interrupts

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")


@pytest.mark.parametrize("backend", ["reference", "cython"])  # the stand-in's threads take seconds
def test_what_was_interrupted_goes_on_with_the_same_bits(backend: str) -> None:
    for kind in interrupts.KINDS:
        interrupts.throw(kind, backend, 1, random.Random(0))
