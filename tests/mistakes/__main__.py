"""Fresh small mistakes in the code, and whether the tests notice: ``python -m tests.mistakes [--count N] [--seed N]``.

Mistakes are drawn from a seed, four of five in Python and the others in C. Each is made in a copy of a commit, and held
against the tests that reach it. What came of it is written to a journal under ``runs/``: whoever is broken off
goes on where it stood, on the commit that it began with. ``--show`` says what the journal holds, survivors last.
With ``--measure`` those of `make test` run once before, and for each line the quickest that ran it are remembered
beside the journal: they are tried first, which takes seconds where a folder of tests takes minutes.
With ``--quick`` they alone are tried, on what stands in functions in Python: thousands in an hour (``warm.py``), of
which some survive that other tests would catch. It is for whoever looks for weak places, and no measure.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.mistakes import c, python, reach, warm
from tests.mistakes.copies import HERE, Copy, commit_of
from tests.mistakes.journal import CAUGHT, HANGS, REFUSED, SURVIVED, note, read, shown
from tests.mistakes.mistake import Mistake
from tests.mistakes.traced import REACH, Reached

IN_PYTHON = ("core/pellucid/**/*.py", "plugins/*/src/**/*.py", "datasets/src/**/*.py")
IN_C = ("ext/*.c", "ext/**/*.h", "plugins/*/ext/**/*.c", "plugins/*/ext/**/*.h")
NOT = ("/templates/", "/cupy/", "/cuda.py", "core/pellucid/testing/")
"""Left alone: texts for other projects, what takes a GPU, and the kit, which has mistakes of its own to catch."""
SHARE_OF_C = 0.2
Numbered = Iterable[tuple[int, Mistake]]


def drawn(root: Path, seed: int) -> Iterator[Mistake]:
    """Mistakes without end. First a kind is drawn, then one of that kind: else nine of ten would be constants."""
    draw = random.Random(seed)
    kinds = []
    for patterns, maker in ((IN_PYTHON, python), (IN_C, c)):
        found: dict[str, list[Mistake]] = defaultdict(list)
        for path in sorted({path for pattern in patterns for path in root.glob(pattern)}):
            if not any(part in f"/{path.relative_to(root)}" for part in NOT):
                for mistake in maker.drawn_from(path):
                    found[mistake.what].append(mistake)
        kinds.append(found)
    while True:
        found = kinds[draw.random() < SHARE_OF_C]
        mistake = draw.choice(found[draw.choice(sorted(found))])
        if mistake.path.suffix != ".py" or python.is_one(mistake):
            yield mistake


def drawer() -> str:
    """Another word where the code that draws is another: the same seed draws others then."""
    texts = [Path(str(maker.__file__)).read_bytes() for maker in (python, c)]
    return hashlib.sha256(b"".join(texts)).hexdigest()[:10]


class Tests:
    """The tests of a copy, without those that fail on it as it is: each is tried once, when it has failed."""

    def __init__(self, copy: Copy, reached: Reached | None = None) -> None:
        self.copy, self._right, self._wrong = copy, set[str](), set[str]()
        self._reached = reached or Reached()

    def outcome(self, mistake: Mistake) -> tuple[str, str]:
        """What came of a mistake, and the test that caught it, or what was run."""
        place = str(mistake.path.relative_to(self.copy.root))
        quickest = self._reached.tests(place, mistake.line)
        commands = reach.commands(self.copy.root, mistake.path, quickest)
        with self.copy.with_(mistake) as refused:
            if refused is not None:
                return REFUSED, refused.strip().splitlines()[-1]
            failed = self._first_failure(commands)
        if failed is None:
            return SURVIVED, "; ".join(" ".join(command) for command in commands)
        name, command, code = failed
        if name in self._right or self._passes_as_it_is(name, command):
            return CAUGHT if code is not None else HANGS, name
        return self.outcome(mistake)

    def _first_failure(self, commands: Sequence[reach.Command]) -> tuple[str, reach.Command, int | None] | None:
        for command in commands:
            name = " ".join(command)
            if name not in self._wrong:
                code, said = self.copy.python(*command, *(f"--deselect={test}" for test in sorted(self._wrong)
                                                         if "pytest" in command))  # fmt: skip
                if code not in (0, NO_TESTS) and not (code == REFUSED_TO_RUN and "ERROR: not found:" in said):
                    named, alone = self._named(command, said)
                    if named not in self._wrong:  # a file may break as a whole, in which a test fails as it is
                        return named, alone, code
        return None

    def _named(self, command: reach.Command, said: str) -> tuple[str, reach.Command]:
        """The test that failed, and how it is run alone; the whole command where none is named, as of a crash."""
        for line in said.splitlines():
            found = re.match(r"(?:FAILED|ERROR) (\S+?\.py(?:::.+?)?)(?: - .*)?$", line)
            if found:
                return found[1], reach.pytest([found[1]])
        return " ".join(command), command

    def _passes_as_it_is(self, name: str, command: reach.Command) -> bool:
        passes = self.copy.python(*command)[0] in (0, NO_TESTS)
        (self._right if passes else self._wrong).add(name)
        return passes


SOME_FAILED = 1
NO_TESTS = 5
"""What pytest ends with where no test was chosen."""
REFUSED_TO_RUN = 4
"""And where a test that was named is not there: the mistake has changed its name, and other tests say more."""


def measure(copy: Copy, folder: Path) -> None:
    """Run the tests of the copy that mistakes are held against once, and write what lines each of them runs.

    The folder is there when all have run.
    """
    begun = copy.root.with_name("measuring")
    begun.mkdir()
    left_out = (f"--ignore={place}" for place in reach.NOT_NEAR)
    code, said = copy.python(*reach.pytest(left_out), "-p", "tests.mistakes.traced", "--maxfail=1000000", "-n", "auto",
                             timeout=4 * 3600, **{REACH: str(begun)})  # fmt: skip
    if code not in (0, SOME_FAILED):
        raise SystemExit(
            f"Which tests run which lines was not measured: {said[-500:] or 'it took more than four hours'}"
        )
    print(said.strip().splitlines()[-1], flush=True)
    if not any(begun.iterdir()):
        raise SystemExit("Which tests run which lines was not measured: nothing was written.")
    shutil.move(begun, folder)


def thoroughly(copy: Copy, reached: Reached, mistakes: Numbered, journal: Path, until: float) -> None:
    """Hold each against all tests that reach it, until one of them fails."""
    tests = Tests(copy, reached)
    for number, mistake in mistakes:
        if time.monotonic() > until:
            return
        found = entry(copy, number, mistake)
        started = time.monotonic()
        found["outcome"], found["by"] = tests.outcome(mistake)
        found["seconds"] = round(time.monotonic() - started, 1)
        note(journal, found)
        print(f"{number}: {found['file']}:{found['line']}: {found['outcome']}: {found['by'][:90]}", flush=True)


def quickly(copy: Copy, reached: Reached, mistakes: Numbered, journal: Path, until: float) -> None:
    """Hold those in Python against the quickest tests of their lines alone, all cores at once."""
    jobs = copy.root.with_name("jobs.jsonl")
    with jobs.open("w", encoding="utf-8") as file:
        for number, mistake in mistakes:
            if mistake.path.suffix == ".py":
                found = entry(copy, number, mistake)
                job = {"path": str(mistake.path), "first": mistake.first, "last": mistake.last,
                       "tests": reached.tests(found["file"], mistake.line), "entry": found}  # fmt: skip
                file.write(json.dumps(job) + "\n")
    command = (*reach.pytest([f"--ignore={place}" for place in reach.NOT_NEAR]), "-p", "tests.mistakes.warm")
    more = {warm.JOBS: str(jobs), warm.FOUND: str(journal), "TMPDIR": str(copy.root.parent),
            warm.UNTIL: str(time.time() + until - time.monotonic())}  # fmt: skip
    code, said = copy.python(*command, timeout=24 * 3600, **more)
    if code not in (0, NO_TESTS):
        raise SystemExit(f"It broke off: {said[-2000:]}")


def entry(copy: Copy, number: int, mistake: Mistake) -> dict[str, Any]:
    return {
        "number": number, "file": str(mistake.path.relative_to(copy.root)), "line": mistake.line, "what": mistake.what,
        "old": mistake.old, "new": mistake.new,
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("tests.mistakes", description="Make small mistakes in a copy; say who notices.")
    parser.add_argument("--count", type=int, default=200, help="how many are in the journal in the end")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--commit", default="HEAD", help="whose files are copied, where the journal is begun")
    parser.add_argument("--journal", type=lambda named: Path(named).resolve(), default=HERE / "runs" / "mistakes.jsonl")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="no further mistake is begun after so long")
    parser.add_argument("--measure", action="store_true", help="first see which tests run which lines: 15 minutes")
    parser.add_argument("--quick", action="store_true", help="the quickest tests alone, of what stands in functions")
    parser.add_argument("--show", action="store_true", help="say what the journal holds, and run nothing")
    options = parser.parse_args(arguments)
    begun, entries = read(options.journal)
    if options.show:
        print(shown(entries))
        return 0
    if not begun:
        begun = {"seed": options.seed, "commit": commit_of(options.commit), "drawer": drawer(), "quick": options.quick}
        options.journal.parent.mkdir(parents=True, exist_ok=True)
        options.journal.write_text(json.dumps(begun) + "\n", encoding="utf-8")
    if begun.get("drawer", drawer()) != drawer():
        parser.error(f"{options.journal} was begun when mistakes were drawn in another way. Begin another journal.")
    if begun.get("quick", False) != options.quick:
        parser.error(f"{options.journal} was begun {'with' if begun.get('quick') else 'without'} --quick.")
    until = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory(prefix="pellucid-mistakes-") as folder:
        copy = Copy(Path(folder, "copy"), begun["commit"])
        lines = options.journal.with_name(f"{begun['commit'][:10]}.reach")  # for all journals of that commit
        if options.measure and not lines.exists():
            measure(copy, lines)
        if options.quick and not lines.exists():
            parser.error(f"--quick needs to know which tests run which lines ({lines}): say --measure as well.")
        reached, done = Reached.read(lines), {each["number"] for each in entries}
        all_of_them = zip(range(options.count), drawn(copy.root, begun["seed"]), strict=False)
        left = ((number, mistake) for number, mistake in all_of_them if number not in done)
        if options.quick:
            quickly(copy, reached, left, options.journal, until)
        else:
            thoroughly(copy, reached, left, options.journal, until)
    print(shown(read(options.journal)[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
