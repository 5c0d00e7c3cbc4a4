"""Ornaments that fail end no run, in short form; all: python -m tests.faults ornaments."""

from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes as POSIX has them")


def test_the_short_form() -> None:
    from tests.faults import ornaments

    ornaments.main(ornaments.SHORT, 0)
