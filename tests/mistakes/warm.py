"""Many mistakes in little time: pytest collects all tests once, and for each mistake a copy of that process runs some.

As a plugin (``-p tests.mistakes.warm``) this module reads the mistakes, and the tests of each, from the file that
``JOBS`` names, and adds to the one that ``FOUND`` names what came of each. A third of a second for one that is caught,
where a process of its own takes four. What stands in the body of a module or of a class cannot be exchanged in it.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.mistakes.journal import CAUGHT, HANGS, OUTSIDE, SURVIVED, note
from tests.mistakes.mistake import Mistake
from tests.mistakes.reach import module_of
from tests.mistakes.swap import Exchange, exchange, functions, put

JOBS, FOUND, UNTIL, LIMIT = (f"PELLUCID_MISTAKES_{name}" for name in ("JOBS", "FOUND", "UNTIL", "LIMIT"))
WORKERS = os.cpu_count() or 1
LONGEST = "30"
"""Seconds, where ``LIMIT`` names none: a test that takes longer hangs."""
NOT_THERE = 99
"""What a copy ends with that has no function of the code that was to be exchanged."""


class _Warm:
    def __init__(self, jobs: Path, found: Path) -> None:
        self._jobs = [json.loads(line) for line in jobs.read_text(encoding="utf-8").splitlines()]
        self._found, self._until = found, float(os.environ.get(UNTIL, "inf"))
        self._longest = float(os.environ.get(LIMIT, LONGEST))
        self._wrong, self._right = set[str](), set[str]()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = {item.nodeid: item for item in session.items}
        self._config: Any = session.config
        for file in sorted({job["path"] for job in self._jobs}):
            _imported(Path(file))
        self._functions = functions(Path(session.config.rootpath))
        workers = [_forked(lambda first=first: self._work(first)) for first in range(WORKERS)]
        ended = [os.waitpid(worker, 0)[1] for worker in workers]
        if any(ended):
            raise RuntimeError("A process that tried mistakes has ended before its time: what it says stands above.")
        return True

    def _work(self, first: int) -> int:
        _end_with_whoever_began()
        for job in self._jobs[first::WORKERS]:
            if time.time() > self._until:
                break
            started = time.monotonic()
            outcome, by = self._outcome(job)
            seconds = round(time.monotonic() - started, 1)
            note(self._found, job["entry"] | {"outcome": outcome, "by": by, "seconds": seconds})
        return 0

    def _outcome(self, job: dict[str, Any]) -> tuple[str, str]:
        """As ``Tests.outcome``, by the quickest tests alone."""
        mistake = Mistake(Path(job["path"]), job["entry"]["what"], job["first"], job["last"], job["entry"]["new"])
        exchanged = exchange(mistake)
        if exchanged is None:
            return OUTSIDE, ""
        while True:
            tests = [name for name in job["tests"] if name in self._items and name not in self._wrong]
            failed = self._failure(tests, mistake, exchanged)
            if failed is None:
                return SURVIVED, f"{len(tests)} tests"
            name, code = failed
            if code == NOT_THERE:
                return OUTSIDE, "no function of that code is there"
            if name in self._right or self._failure([name]) is None:
                self._right.add(name)
                return HANGS if code is None else CAUGHT, name
            self._wrong.add(name)  # or it cannot be run in a copy of a process, as what waits for threads of the first

    def _failure(
        self, names: Sequence[str], mistake: Mistake | None = None, exchanged: Exchange | None = None
    ) -> tuple[str, int | None] | None:
        """The test that fails in a copy of this process in which the mistake is made, and how that ended."""
        if not names:
            return None
        reading, writing = os.pipe()
        folder = tempfile.mkdtemp(prefix="pellucid-warm-")
        items = [self._items[name] for name in names]

        def run() -> int:
            os.setsid()
            _end_with_whoever_began()
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):
                os.dup2(nowhere, stream)
            tempfile.tempdir = folder
            if mistake and exchanged and not put(exchanged, self._functions[str(mistake.path)]):
                return NOT_THERE
            listener = _Failures()
            self._config.pluginmanager.register(listener)
            self._config._tmp_path_factory._basetemp = Path(folder)
            for item, after in zip(items, [*items[1:], None], strict=True):
                os.write(writing, f"{item.nodeid}\n".encode())
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
                if listener.failed:
                    return 1
            return 0

        process = _forked(run)
        os.close(writing)
        code, begun = _waited(process, reading, self._longest)
        os.close(reading)
        shutil.rmtree(folder, ignore_errors=True)
        return None if code == 0 else ([names[0], *begun][-1], code)


def _end_with_whoever_began() -> None:
    """On Linux: who ends everything by Ctrl-C leaves no test behind that does not end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class _Failures:
    failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or report.failed


def _forked(run: Any) -> int:
    """A copy of this process that does this alone, and ends with what it returns."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        code = run()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _waited(process: int, reading: int, seconds: float) -> tuple[int | None, list[str]]:
    """What it ended with, None if it had to be ended as it said nothing for so long; and the lines that it has said.

    Whatever it has started ends as well.
    """
    os.set_blocking(reading, False)
    said, last, code = b"", time.monotonic(), None
    while code is None and time.monotonic() < last + seconds:
        ended, status = os.waitpid(process, os.WNOHANG)
        code = os.waitstatus_to_exitcode(status) if ended else None
        with suppress(BlockingIOError):
            if more := os.read(reading, 65_536):
                said, last = said + more, time.monotonic()
        time.sleep(0 if ended else 0.004)
    for end in (os.killpg, os.kill) if code is None else (os.killpg,):  # it may not have a group of its own yet
        with suppress(ProcessLookupError):
            end(process, signal.SIGKILL)
    if code is None:
        os.waitpid(process, 0)
    return code, said.decode().splitlines()


def _imported(path: Path) -> None:
    """Imported now, each mistake is put into it; what cannot be imported here has no functions."""
    try:
        import_module(module_of(path))
    except Exception as error:  # an extra that is not installed
        print(f"{path}: {error}")


def pytest_configure(config: pytest.Config) -> None:
    if JOBS in os.environ:
        config.pluginmanager.register(_Warm(Path(os.environ[JOBS]), Path(os.environ[FOUND])), "pellucid-warm")
