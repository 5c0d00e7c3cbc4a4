"""Mistakes are what they say: small, in code, each another program; a journal goes on where it stood."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.mistakes import __main__ as program, c, journal as journal_of, python, reach
from tests.mistakes.copies import HERE, Copy
from tests.mistakes.mistake import Mistake
from tests.mistakes.traced import MOST, OF_ONE, REACH, Reached

SOURCE = '''"""A text with 1 + 2 in it."""

from __future__ import annotations


class Half:
    examples = (Example({"units": 3}),)

    def of(self, n: int = 2, *, why: Literal[7] | None = None) -> float:
        """Says 3 * 4."""
        if n < 1 and why:
            raise ValueError(f"{n + 1} is too few: 5")
        self.seen = n
        return share(n[1:], 0.5) - len(f"{n * 2}")
'''
IN_C = """/* i < n + 1 */
#define AT(i) (i + 1)
UNROLL(8)
static void half(const float *x, dim n) {
    for (dim i = 0; i < n; i++) y[i] = x[i] * 0.5f + (n == 3 && i); // a * b
}
"""


def made(maker: Any, path: Path) -> list[tuple[str, str, str]]:
    return [(mistake.what, mistake.old, mistake.new) for mistake in maker.drawn_from(path)]


def test_of_python_only_code_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "half.py"
    path.write_text(SOURCE)
    found = made(python, path)
    assert sorted(found) == sorted([
        ("constant", "2", "(3)"), ("branch", "n < 1 and why", "(not (n < 1 and why))"),
        ("logic", "n < 1 and why", "(n < 1 or why)"), ("comparison", "n < 1", "(n <= 1)"), ("constant", "1", "(2)"),
        ("statement", 'raise ValueError(f"{n + 1} is too few: 5")', "pass"), ("statement", "self.seen = n", "pass"),
        ("arithmetic", 'share(n[1:], 0.5) - len(f"{n * 2}")', "(share(n[1:], 0.5) + len(f'{n * 2}'))"),
        ("arguments", "share(n[1:], 0.5)", "(share(0.5, n[1:]))"), ("boundary", "1", "(1 + 1)"),
        ("constant", "1", "(2)"), ("constant", "0.5", "(0.625)"),
    ])  # fmt: skip
    assert all(python.is_one(mistake) for mistake in python.drawn_from(path))


def test_of_c_only_code_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "half.h"
    path.write_text(IN_C)
    assert sorted(made(c, path)) == sorted([
        ("boundary", "0", "1"), ("boundary", "n", "n - 1"), ("comparison", "<", "<="), ("arithmetic", "*", "+"),
        ("constant", "0", "(0 + 1)"), ("constant", "3", "(3 + 1)"), ("constant", "0.5f", "(1.25f * 0.5f)"),
        ("arithmetic", "+", "-"), ("comparison", "==", "!="),
        ("logic", "&&", "||"),
    ])  # fmt: skip


def test_the_larger_of_two_numbers_is_the_same_in_either_order(tmp_path: Path) -> None:
    path = tmp_path / "larger.py"
    path.write_text(
        "a = max(b, c)\nd = np.minimum(b, c)\ne = max(b, key=c)\nf = max(b, c, d)\ng = min(b, c, default=1)\n"
    )
    assert [old for what, old, _ in made(python, path) if what == "arguments"] == [
        "max(b, c, d)",
        "min(b, c, default=1)",
    ]


def test_what_a_type_checker_is_told_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "told.py"
    told, held = ["a is not None and isinstance(b, C)", "d is not None"], ["a is not None and b", "a is not b"]
    path.write_text("".join(f"assert {test}\n" for test in (*told, *held)))
    found = [old for what, old, _ in made(python, path) if what == "statement"]
    assert found == [f"assert {test}" for test in held]


def test_what_is_no_other_program_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = f(1, 1)\n")
    swapped, once_more = Mistake(path, "arguments", 4, 11, "(f(1, 1))"), Mistake(path, "statement", 0, 1, "break")
    assert not python.is_one(swapped) and not python.is_one(once_more)


def test_a_seed_draws_the_same_of_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "IN_PYTHON", ("core/pellucid/standard/losses/*.py",))
    monkeypatch.setattr(program, "IN_C", ("ext/body/losses.h", "ext/body/softmax.h"))
    first, again, other = ([*islice(program.drawn(HERE, seed), 40)] for seed in (3, 3, 4))
    assert first == again != other
    assert len({mistake.what for mistake in first}) > 5
    assert {mistake.path.suffix for mistake in first} == {".py", ".h"}


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("core/pellucid/saving/container.py", "tests/saving"),
        ("core/pellucid/standard/callbacks/checkpoint.py", "tests/saving/test_checkpoint.py"),
        ("core/pellucid/standard/callbacks/checkpoint.py", "core/checkpoint"),
        ("plugins/vae/src/pellucid_vae/verbs.py", "plugins/vae/tests/test_verbs.py"),
        ("ext/body/losses.h", "tests/kernels"),
        ("plugins/transformer/src/pellucid_transformer/imports/bert.py", "tests/benchmarks"),
        ("plugins/tabular/ext/body/periodic.h", "tests/kernels/test_sanitizers.py"),
    ],
)
def test_the_tests_that_reach_a_file_are_found(place: str, expected: str) -> None:
    assert any(expected in command for command in reach.commands(HERE, HERE / place))


def test_of_each_line_the_quickest_tests_are_remembered(tmp_path: Path) -> None:
    reached = Reached()
    for n in range(40):
        reached.add("a.py", 3, (1.0 - n / 100, f"t.py::slow[{n}]"))
        reached.add("a.py", 3, (0.5 + n / 100, f"t.py::test_{n}"))
    reached.add("a.py", 3, (0.1, "t.py::quick"))
    reached.write(tmp_path / "1.json")
    again = Reached.read(tmp_path)
    found = again.tests("a.py", 3)
    assert found[0] == "t.py::quick" and len(found) == MOST
    assert sum(test.startswith("t.py::slow") for test in found) <= OF_ONE
    assert again.tests("a.py", 5) == found and again.tests("a.py", 2) == again.tests("b.py", 3) == []
    assert reach.commands(HERE, HERE / "ext/body/losses.h", found)[0][-MOST:] == tuple(found)


def test_which_lines_a_test_runs_is_measured(tmp_path: Path) -> None:
    """In a tree of two functions and two tests, of which one fails: what it ran is nobody's."""
    source = tmp_path / "core" / "pellucid"
    source.mkdir(parents=True)
    (source / "both.py").write_text("def one():\n    return 1\n\n\ndef two():\n    return 2\n")
    (tmp_path / "test_both.py").write_text(
        "import both\n\ndef test_one():\n    assert both.one() == 1\n\ndef test_two():\n    assert both.two() == 1\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mistakes.traced", "-p", "no:cacheprovider", "."]
    paths = os.pathsep.join(map(str, (HERE, source)))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))}
    subprocess.run(command, cwd=tmp_path, env=kept | {"PYTHONPATH": paths, REACH: str(tmp_path)}, check=False)
    reached = Reached.read(tmp_path)
    assert reached.tests("core/pellucid/both.py", 2) == ["test_both.py::test_one"]
    assert reached.tests("core/pellucid/both.py", 6, above=1) == []


def test_every_folder_has_tests_that_are_there() -> None:
    assert all((HERE / place).exists() for places in reach.FOLDERS.values() for place in places)
    folders = [f"core/pellucid/{path.name}" for path in (HERE / "core" / "pellucid").iterdir() if path.is_dir()]
    assert {folder for folder in folders if not folder.endswith("__pycache__")} <= set(reach.FOLDERS)


def test_what_a_journal_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(journal_of, "EQUIVALENT", {("a.py", 3, "<="): "nothing is equal"})
    journal = tmp_path / "journal.jsonl"
    outcomes = ["caught", "caught: it hangs", "survived", "survived", "refused by the compiler"]
    entries = [
        {"number": n, "file": "a.py", "line": n, "old": "<", "new": "<=", "outcome": outcome}
        for n, outcome in enumerate(outcomes)
    ]
    journal.write_text("".join(json.dumps(line) + "\n" for line in ({"seed": 0, "commit": "c"}, *entries)))
    assert program.main(["--show", "--journal", str(journal)]) == 0
    said = capsys.readouterr().out
    assert "2: a.py:2: < -> <= (not explained)" in said and "3: a.py:3: < -> <= (nothing is equal)" in said
    assert "2 of 3 caught, 66.7%, without 1 that change nothing" in said


class FakeCopy:
    """A copy in which one test fails as it is, and another where there is a mistake."""

    def __init__(self, root: Path) -> None:
        self.root, self.wrong, self.ran = root, False, list[str]()

    def python(self, *arguments: str) -> tuple[int, str]:
        self.ran.append(" ".join(arguments))
        left_out = {argument.partition("=")[2] for argument in arguments if argument.startswith("--deselect")}
        named = [argument for argument in arguments if "::" in argument and not argument.startswith("--")]
        failing = ["t/test_a.py::old", *(["t/test_a.py::new"] if self.wrong else [])]
        failed = [test for test in failing if test not in left_out and (not named or test in named)]
        return (1, f"FAILED {failed[0]} - assert 1 == 2") if failed else (0, "")

    def with_(self, mistake: Mistake) -> Any:
        copy = self

        class Made:
            def __enter__(self) -> None:
                copy.wrong = mistake.new == "wrong"

            def __exit__(self, *_: object) -> None:
                copy.wrong = False

        return Made()


def test_a_test_that_fails_as_it_is_catches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "commands", lambda root, path, quickest: [reach.pytest(["t/test_a.py"])])
    (tmp_path / "a.py").write_text("a = 1\n")
    tests = program.Tests(FakeCopy(tmp_path))  # type: ignore[arg-type]
    outcome = {new: tests.outcome(Mistake(tmp_path / "a.py", "logic", 0, 1, new)) for new in ("wrong", "right")}
    assert outcome["wrong"] == ("caught", "t/test_a.py::new")
    assert outcome["right"][0] == "survived"


def test_a_file_that_breaks_as_a_whole_where_one_of_it_fails_as_it_is_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(FakeCopy):
        def python(self, *arguments: str) -> tuple[int, str]:
            if self.wrong and "t/test_b.py" not in arguments:
                return 2, "ERROR t/test_a.py - ImportError"
            return super().python(*arguments)

    files = [reach.pytest(["t/test_a.py"]), reach.pytest(["t/test_b.py"])]
    monkeypatch.setattr(reach, "commands", lambda root, path, quickest: files)
    (tmp_path / "a.py").write_text("a = 1\n")
    tests = program.Tests(Broken(tmp_path))  # type: ignore[arg-type]
    assert tests.outcome(Mistake(tmp_path / "a.py", "logic", 0, 1, "wrong")) == ("caught", "t/test_a.py::new")


def test_ctrl_c_ends_the_tests_that_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy: Any = object.__new__(Copy)
    copy.root, copy.environment = tmp_path, dict(os.environ)
    started: list[Any] = []
    communicate = subprocess.Popen.communicate

    def interrupted(process: Any, *given: Any, **named: Any) -> Any:
        started.append(process)
        if len(started) == 1:
            raise KeyboardInterrupt
        return communicate(process, *given, **named)

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        copy.python("-c", "import time; time.sleep(60)")
    assert started[0].returncode == -signal.SIGKILL
