"""Coverage pauses in tests that would only become slow by it; the kit's largest cases belong to `make slow`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest

REPETITION = re.compile(
    r"^tests/witnesses/.*::test_gradients"
    r"|^tests/testing/test_mutations\.py::test_nothing_is_found"
    r"|^plugins/.*-(gradients|gradients_in_evaluation|used_twice|recorded_plan|sizes)\]$"
)
"""Tests that run, hundreds of thousands of times, lines that others run too: comparing every number with central
differences, most of them. Measured they take twice as long, and coverage learns nothing."""
LARGE = re.compile(r"-(parts|sums|at_the_same_time)\]$")
"""Cases of the kit on large batches; our kernels are tried at such sizes by tests/kernels as well."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if LARGE.search(item.nodeid):
            item.add_marker("slow")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    coverage = sys.modules.get("coverage")  # imported where it measures
    measuring = coverage.Coverage.current() if coverage and REPETITION.search(item.nodeid) else None
    if measuring is None:
        yield
        return
    measuring.stop()
    yield
    measuring.start()
