"""Which tests run a line: measured once, so that a mistake is held against those first.

As a plugin of pytest (``-p tests.mistakes.traced``, coverage not measuring) this module keeps for each line of the
project the quickest tests that ran it and passed; each process writes its own file into the folder that ``REACH``
names.
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REACH = "PELLUCID_REACH"
MOST = 24
"""Tests that are kept of each line; and of one function, however many its cases are:"""
OF_ONE = 4
LONGEST = 15.0
"""Seconds: a test that takes longer is no quick way to find a mistake."""
Timed = tuple[float, str]


class Reached:
    """The quickest tests of each line of each file, by its path from the root."""

    def __init__(self) -> None:
        self._of: dict[str, dict[int, list[Timed]]] = defaultdict(lambda: defaultdict(list))

    def add(self, file: str, line: int, test: Timed) -> None:
        kept = self._of[file][line]
        alike = [each for each in kept if _function(each[1]) == _function(test[1])]
        if len(alike) >= OF_ONE or len(kept) >= MOST:
            slowest = max(alike if len(alike) >= OF_ONE else kept)
            if slowest <= test:
                return
            kept.remove(slowest)
        kept.append(test)

    def tests(self, file: str, line: int, above: int = 8) -> list[str]:
        """Those of this line, or of the nearest one above it: a statement of several lines is run at its first."""
        lines = self._of.get(file, {})
        near = next((lines[each] for each in range(line, line - above, -1) if each in lines), [])
        return [test for _, test in sorted(near)]

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(self._of), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Reached:
        """What all processes have written there."""
        found = cls()
        for path in sorted(folder.glob("*.json")):
            for file, lines in json.loads(path.read_text(encoding="utf-8")).items():
                for line, tests in lines.items():
                    for seconds, test in tests:
                        found.add(file, int(line), (seconds, test))
        return found


def _function(test: str) -> str:
    return test.partition("[")[0]


class _Tracing:
    """Reads what coverage's tracer has seen after each test, and empties it.

    Its own contexts would say the same, at 20 ms a test instead of 1; so the sets that it collects in are read, which
    are no part of its promises.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        import coverage

        folders = [root / "core" / "pellucid", root / "datasets" / "src", *root.glob("plugins/*/src")]
        self._coverage = coverage.Coverage(data_file=None, config_file=False, source=[*map(str, folders)])
        self._coverage.start()
        self._root, self._folder, self.reached = root, folder, Reached()
        self._passed = False

    def _seen(self) -> dict[str, set[int]]:
        collected: dict[str, set[int]] = self._coverage._collector.data  # type: ignore[union-attr, assignment]
        found = {file: lines.copy() for file, lines in [*collected.items()] if lines}
        for file, lines in found.items():
            collected[file].difference_update(lines)
        return found

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._seen()
        self._passed, started = True, time.perf_counter()
        yield
        seconds = round(time.perf_counter() - started, 3)
        for file, lines in self._seen().items():
            if self._passed and seconds < LONGEST and Path(file).is_relative_to(self._root):
                for line in lines:
                    self.reached.add(str(Path(file).relative_to(self._root)), line, (seconds, item.nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._passed = self._passed and report.outcome == "passed"

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        self.reached.write(self._folder / f"{os.getpid()}.json")


def pytest_configure(config: Any) -> None:
    folder = os.environ.get(REACH)
    alone = hasattr(config, "workerinput") or not getattr(config.option, "numprocesses", None)
    if folder and alone:  # the process that hands out tests runs none
        config.pluginmanager.register(_Tracing(config.rootpath, Path(folder)), "pellucid-reach")
