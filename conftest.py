"""Coverage pauses in tests that would only become slow by it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

PLACES = ("tests/witnesses/", "tests/testing/test_mutations.py::test_nothing_is_found")
CHECKS = ("-gradients]", "-gradients_in_evaluation]", "-used_twice]")
"""Checks of the conformance kit that compare every number with central differences."""


def only_repeats(nodeid: str) -> bool:
    """Whether a test runs, hundreds of thousands of times, lines that other tests run too: measured it takes twice as
    long, and coverage learns nothing."""
    return nodeid.startswith(PLACES) or (nodeid.startswith("plugins/") and nodeid.endswith(CHECKS))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    coverage = sys.modules.get("coverage")  # imported where it measures
    measuring = coverage.Coverage.current() if coverage and only_repeats(item.nodeid) else None
    if measuring is None:
        yield
        return
    measuring.stop()
    yield
    measuring.start()
