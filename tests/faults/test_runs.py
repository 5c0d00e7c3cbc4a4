"""Starts and continuations that are killed, in short form; all: python -m tests.faults runs."""

from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes as POSIX has them")


def test_the_short_form() -> None:
    from tests.faults import runs

    runs.main(runs.SHORT, 0)
