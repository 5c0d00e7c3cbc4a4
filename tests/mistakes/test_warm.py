"""Mistakes in a process that runs: the functions that are there change, and only in the copy that runs the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from tests.mistakes import python, warm
from tests.mistakes.copies import HERE
from tests.mistakes.journal import CAUGHT, HANGS, OUTSIDE, SURVIVED
from tests.mistakes.mistake import Mistake
from tests.mistakes.swap import exchange, functions, put

SOURCE = """MOST = 3


def few(n, most=4):
    return n < most


class Counter:
    first = 1

    def __init__(self):
        self.then = lambda: [n + 1 for n in range(3)]


def adding(by):
    def added(n):
        return n + by
    return added


two_more = adding(2)
"""
TESTS = """import os
import time
import source

def test_few():
    assert source.few(3) and not source.few(4)

def test_added(tmp_path):
    (tmp_path / "a").write_text("")
    assert source.two_more(1) == 3

def test_wrong():
    assert False

def test_long():
    while source.few(4):
        time.sleep(0.01)

def test_ends():
    if source.two_more(0) != 2:
        os._exit(7)

def test_later():
    assert source.Counter().then() == [1, 2, 3]
"""


@pytest.fixture
def source(tmp_path: Path) -> Any:
    path = tmp_path / "source.py"
    path.write_text(SOURCE)
    spec = spec_from_file_location("source", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def mistakes(path: Path) -> dict[tuple[str, str], Mistake]:
    return {(each.old, each.new): each for each in python.drawn_from(path)}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("n < most", "(n <= most)", (True, 3, [1, 2, 3])),
        ("n + by", "(n - by)", (False, -1, [1, 2, 3])),
        ("n + 1", "(n - 1)", (False, 3, [-1, 0, 1])),
        ("3", "(4)", (False, 3, [1, 2, 3, 4])),
        ("n < most", "(n is 4)", (True, 3, [1, 2, 3])),  # which Python warns of
    ],
)
def test_functions_that_are_there_have_the_mistake(source: Any, old: str, new: str, said: Any, tmp_path: Path) -> None:
    counter, path = source.Counter, Path(source.__file__)
    first = SOURCE.encode().rindex(old.encode())
    found = Mistake(path, "any", first, first + len(old), new)
    exchanged = exchange(found)
    assert exchanged is not None
    assert put(exchanged, functions(tmp_path)[source.__file__]) >= 1
    assert (source.few(4), source.two_more(1), counter().then()) == said


def test_what_stands_in_the_body_of_a_module_or_class_is_none_of_a_function(source: Any) -> None:
    found = mistakes(Path(source.__file__))
    assert exchange(found["4", "(5)"]) is None  # a default
    assert exchange(found["1", "(2)"]) is not None  # of the three the last in the file, within a function
    body = next(each for each in python.drawn_from(Path(source.__file__)) if each.old == "1" and each.line == 9)
    assert exchange(body) is None


def test_what_is_gone_when_it_is_imported_is_no_function(source: Any, tmp_path: Path) -> None:
    path = Path(source.__file__)
    path.write_text(SOURCE + "many = [n + 2 for n in range(9)]\n")
    exchanged = exchange(mistakes(path)["n + 2", "(n - 2)"])
    assert exchanged is not None and put(exchanged, functions(tmp_path)[source.__file__]) == 0


def test_of_each_mistake_is_said_what_came_of_it(tmp_path: Path) -> None:
    """In a tree of its own, of which one test fails as it is."""
    path = tmp_path / "source.py"
    path.write_text(SOURCE)
    (tmp_path / "test_source.py").write_text(TESTS)
    found, names = mistakes(path), ["test_wrong", "test_few", "test_added", "test_later"]
    asked = [("n < most", "(n <= most)", names), ("n + by", "(n - by)", names), ("n + 1", "(n - 1)", names[:3]),
             ("n < most", "(n <= most)", ["test_wrong", "not_there"]), ("4", "(5)", names),
             ("n < most", "(n <= most)", ["test_added", "test_long"]),
             ("n + by", "(n - by)", ["test_ends"])]  # fmt: skip
    with (tmp_path / "jobs").open("w") as file:
        for number, (old, new, tests) in enumerate(asked):
            each = found[old, new]
            entry = {"number": number, "what": each.what, "new": each.new}
            job = {"path": str(path), "first": each.first, "last": each.last, "entry": entry,
                   "tests": [f"test_source.py::{name}" for name in tests]}  # fmt: skip
            file.write(json.dumps(job) + "\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))}
    kept |= {
        "PYTHONPATH": str(HERE),
        "TMPDIR": str(tmp_path),
        warm.LIMIT: "5",
        warm.JOBS: str(tmp_path / "jobs"),
        warm.FOUND: str(tmp_path / "found"),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mistakes.warm", "-p", "no:cacheprovider", "."]
    done = subprocess.run(command, cwd=tmp_path, env=kept, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    said = [json.loads(line) for line in (tmp_path / "found").read_text().splitlines()]
    assert [(each["outcome"], each["by"]) for each in sorted(said, key=lambda each: each["number"])] == [
        (CAUGHT, "test_source.py::test_few"), (CAUGHT, "test_source.py::test_added"),
        (SURVIVED, "2 tests"), (SURVIVED, "0 tests"), (OUTSIDE, ""),
        (HANGS, "test_source.py::test_long"), (CAUGHT, "test_source.py::test_ends"),
    ]  # fmt: skip
    assert not [*tmp_path.glob("pellucid-warm-*")]


@pytest.mark.parametrize("own_group", [True, False])
def test_whoever_says_nothing_for_too_long_is_ended(own_group: bool) -> None:
    def run() -> int:
        if own_group:
            os.setsid()
        for line in (b"one\n", b"two\n"):
            time.sleep(0.2)
            os.write(writing, line)
        time.sleep(60)
        return 0

    reading, writing = os.pipe()
    started = time.monotonic()
    assert warm._waited(warm._forked(run), reading, 1.0) == (None, ["one", "two"])
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("code", [0, 3])
def test_what_a_copy_ends_with_is_told(code: int) -> None:
    reading, _ = os.pipe()
    assert warm._waited(warm._forked(lambda: code), reading, 10.0) == (code, [])
