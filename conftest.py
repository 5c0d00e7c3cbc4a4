"""Coverage pauses where it would only make tests slow; the kit's largest cases belong to `make slow`; Ctrl-C works."""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
from collections.abc import Iterator
from zlib import crc32

import pytest
from pellucid.testing.guarded import Fences

from tests import page_ends
from tests.figures import unseen_figures  # noqa: F401  (a fixture)
from tests.levels import simd, threads  # noqa: F401  (fixtures, for all tests of kernels)
from tests.mistakes.traced import REACH
from tests.unrecorded import wrong

REPETITION = re.compile(
    r"^tests/witnesses/.*::test_gradients"
    r"|^tests/testing/test_(mutations|strangers)\.py::test_nothing_is_found"
    r"|^plugins/.*-(gradients|gradients_in_evaluation|used_twice|recorded_plan|sizes)\]$"
    r"|test_conformance\.py::\w+\[[\w/]+\[[1-9]\d*\]-"  # of a component all examples but the first
    r"|^tests/components/test_layer_gradients\.py"
    r"|^tests/docs/test_docs\.py::test_every_snippet"
)
"""Tests that run, hundreds of thousands of times, lines that others run too: comparing every number with central
differences, most of them. Measured they take twice as long, and coverage learns nothing."""
SAMPLED = re.compile(r"^tests/testing/test_(mutations|strangers)\.py::test_(every_mistake|a_sample)")
"""The kit's mistakes reach the branches that report a failure, each of them often: one mistake of three is measured."""
BY_OTHERS = re.compile(r"^tests/(benchmarks|docs|faults|kernels|packaging|studies)/")
"""Tests whose programs run what other tests run, too: no process that they start is measured. Python alone takes three
times as long to start where it is, and a page starts it dozens of times."""
MEASURED = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")
"""By these a process that is started measures itself."""
LONGEST = re.compile(r"test_every_snippet.*/(experiments|sweeps|tutorial)\.md|in_a_kernel_is_caug")
"""They begin first: whichever came last would keep one core busy, and the other waits."""
LARGE = re.compile(r"-(parts|sums|at_the_same_time)\]$")
"""Cases of the kit on large batches; our kernels are tried at such sizes by tests/kernels as well."""
ALIKE = re.compile(
    r"^tests/testing/test_mutations\.py::test_(every_mistake_is|nothing_is_found_in_the_originals)"
    r"|^tests/testing/test_others\.py::test_a_mistake_of_each"
    r"|^tests/components/test_cupy_plans\.py::test_replayed_steps"
    r"|^plugins/tabular/.*\[tabular/ensemble\[\d\]-gradients"
)
"""Many that try one thing on one component after the other: `make test` takes one of three, `make slow` the others."""

AT_THE_END = re.compile(r"test_conformance\.py::.*-sizes\]$")
"""Cases of the kit at many sizes: inputs, outputs and scratch end where nothing can be read."""


def pytest_configure() -> None:
    """Tests press Ctrl-C, which what a script starts with `&` has inherited as ignored."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The processes that share out the tests end without what is due at their exit: their folders are removed now."""
    if hasattr(session.config, "workerinput"):
        stand_in, tables = (sys.modules.get(name) for name in ("tests.fake_cupy", "pellucid_studio.table"))
        for folder in ([stand_in.FOLDER] if stand_in else []) + (tables._FOLDER if tables else []):
            folder.cleanup()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if LARGE.search(item.nodeid) or (ALIKE.search(item.nodeid) and crc32(item.nodeid.encode()) % 3):
            item.add_marker("slow")
    items.sort(key=lambda item: LONGEST.search(item.nodeid) is None)  # stable: the others stay where they are


def pytest_collection_finish() -> None:
    """Thirty thousand tests stay as they are: looking through them whenever a test collects garbage takes 0.7 s."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A component that promises to be recorded and is not fails, unless it is known."""
    report = (yield).get_result()  # type: ignore[misc]
    reason = str(call.excinfo.value) if call.excinfo else ""
    if call.when == "call" and (said := wrong(item.nodeid, report.outcome, reason)):
        report.outcome, report.longrepr = "failed", said


@pytest.fixture(autouse=True)
def _whoever_traced_goes_on() -> Iterator[None]:
    """A test that sets a trace function of its own, to press Ctrl-C at a line, takes it away from coverage."""
    before = sys.gettrace()
    yield
    if sys.gettrace() is not before:
        sys.settrace(before)


@pytest.fixture(autouse=True)
def _nothing_can_be_read_behind_an_array(request: pytest.FixtureRequest) -> None:
    if page_ends.POSSIBLE and AT_THE_END.search(request.node.nodeid):
        request.getfixturevalue("monkeypatch").setattr(Fences, "empty", page_ends.empty)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    coverage = sys.modules.get("coverage")  # imported where it measures
    # Who asks what each test runs (tests/mistakes) is told of all of them.
    measuring = coverage.Coverage.current() if coverage and REACH not in os.environ else None
    inherited = {name: os.environ.pop(name) for name in MEASURED if measuring and BY_OTHERS.search(item.nodeid)
                 if name in os.environ}  # fmt: skip
    # By hand: whenever coverage itself goes on it looks through all modules again, which takes longer than most tests.
    again = REPETITION.search(item.nodeid) or (SAMPLED.search(item.nodeid) and crc32(item.nodeid.encode()) % 3)
    paused = sys.gettrace() if measuring and again else None
    if paused:
        sys.settrace(None)
    yield
    if paused:
        sys.settrace(paused)
    os.environ.update(inherited)
