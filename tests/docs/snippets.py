"""Runs what a Markdown page shows: its Python blocks, its commands, and the files it asks the reader to write.

* ```` ```python ```` blocks run in order, in one namespace for the page.
* ```` ```console ```` blocks: lines that begin with ``$ `` are run by the shell; all must succeed. ``cd`` holds until
  the end of the block. Other lines are output, which the command must have printed; ``…`` stands for anything.
* A ```` ```text ```` block behind a Python one is what that has printed, in this order: words as they are, numbers with
  a point near those that are shown, as other machines may differ in the last digits; ``…`` stands for anything.
* A block that begins with ``# file: NAME`` is written to that file instead.
* Pages work in one empty folder each. `make` targets are only looked up in the Makefile: running them is what CI does.
* ``pip install -e FOLDER`` installs as pip does, by the build backend's editable wheel, but for this page alone.
* ```` ```console not-run ```` and ```` ```python not-run ```` are for what cannot run in a test (a clone, a GPU).
"""

from __future__ import annotations

import os
import re
import site
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from pellucid.registry.registry import Registry
from pellucid.testing.registries import use_registry

BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"\A# file: (\S+)\n")
NUMBER = re.compile(r"[-−]?\d+(?:\.\d+)?(?:e[-−+]?\d+)?")
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
ROOT = Path(__file__).resolve().parents[2]
BUILD_EDITABLE = "import setuptools.build_meta as b, sys; b.build_editable(sys.argv[1])"


@dataclass(frozen=True)
class Block:
    language: str
    options: str
    text: str
    line: int

    @property
    def runs(self) -> bool:
        return "not-run" not in self.options


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(match[1], match[2].strip(), match[3], text.count("\n", 0, match.start()) + 2)
        for match in BLOCK.finditer(text)
    ]


def run_page(page: Path) -> int:
    """Run everything on a page in the present folder; the number of blocks that ran."""
    with _interpreter_of_its_own() as installed:
        return sum(_run(page, block, installed) for block in blocks(page))


def _run(page: Path, block: Block, installed: _Installed) -> bool:
    if block.language not in ("python", "text"):
        installed.printed = None
    named = FILE.match(block.text)
    if named:
        target = Path(named[1])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.text[named.end() :], encoding="utf-8")
    elif not block.runs:
        return False
    elif block.language == "python":
        # Padded with empty lines so that a traceback shows the line of the page.
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), installed.namespace)
        installed.printed = printed.getvalue()
    elif block.language == "text" and installed.printed is not None:
        _require_printed(block.text.splitlines(), installed.printed, f"{page}:{block.line}")
    elif block.language == "console":
        _run_commands(page, block, installed)
    else:
        return False
    return True


def _run_commands(page: Path, block: Block, installed: _Installed) -> None:
    commands = [(match[1], match[2].splitlines()) for match in COMMAND.finditer(block.text)]
    assert commands, f"{page}:{block.line}: a console block without a command; begin its lines with '$ '"
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    folder = Path.cwd()
    for command, shown in commands:
        verb, _, rest = command.partition(" ")
        if verb == "make":
            assert rest.split()[0] in targets, f"{page}:{block.line}: no such target: {command}"
        elif verb == "cd":
            folder = folder / rest
            assert folder.is_dir(), f"{page}:{block.line}: no such folder: {command}"
        elif command.startswith("pip install -e "):
            installed.install(folder / command.split()[-1])
        else:
            done = subprocess.run(
                ["bash", "-c", command], cwd=folder, env=installed.environment(), capture_output=True, text=True,
                timeout=300, check=False,
            )  # fmt: skip
            where = f"{page}:{block.line}: {command}\n{done.stdout}\n{done.stderr}"
            assert done.returncode == 0, where
            _require_output(shown, done.stdout + done.stderr, where)


def _require_output(shown: list[str], printed: str, where: str) -> None:
    """Every line that the page shows was printed, in this order."""
    position = 0
    for line in filter(str.strip, shown):
        pattern = ".*".join(re.escape(part) for part in line.strip().split("…"))
        found = re.compile(pattern).search(printed, position)
        assert found, f"not printed: {line}\n{where}"
        position = found.end()


def _require_printed(shown: list[str], printed: str, where: str) -> None:
    """Every line that the page shows was printed, in this order, but for the last digits of numbers."""
    lines = iter(printed.splitlines())
    for line in filter(str.strip, shown):
        assert any(_alike(line, other) for other in lines), f"{where}: not printed: {line}\n{printed}"


def _alike(shown: str, printed: str) -> bool:
    """Whether a printed line is the one that is shown."""
    numbers = [part for part in NUMBER.findall(shown) if "." in part]
    words = [NUMBER.sub(lambda found: "#" if "." in found[0] else found[0], text).rstrip() for text in (shown, printed)]
    if not re.fullmatch(".*".join(map(re.escape, words[0].split("…"))), words[1]):
        return False
    others = [part for part in NUMBER.findall(printed) if "." in part]
    return len(numbers) != len(others) or all(map(_near, numbers, others))


def _near(shown: str, printed: str) -> bool:
    """Two numbers as they are printed: a thousandth apart, or one in the last digit that is shown."""
    a, b = (float(text.replace("−", "-")) for text in (shown, printed))
    digits, _, power = shown.partition("e")
    last = 10.0 ** (-len(digits.partition(".")[2]) + int((power or "0").replace("−", "-")))
    return abs(a - b) <= max(1e-3 * abs(a), 1.01 * last)


class _Installed:
    """What this page has installed, the namespace of its Python blocks, and what the last one has printed."""

    def __init__(self, stack: ExitStack) -> None:
        self.namespace: dict[str, object] = {"__name__": "__main__"}
        self.site = Path.cwd() / ".site"
        self._stack = stack
        self.printed: str | None = None

    def install(self, project: Path) -> None:
        """What ``pip install -e`` does with a project that setuptools builds, into a folder beside the page."""
        wheels = self.site / "wheels"
        build = [sys.executable, "-c", BUILD_EDITABLE, str(wheels)]
        done = subprocess.run(build, cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"cannot install {project}\n{done.stdout}\n{done.stderr}"
        for wheel in wheels.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(self.site)
            wheel.unlink()
        # Python reads .pth files in site-packages only; this lets commands read them here too.
        (self.site / "sitecustomize.py").write_text(f"import site\n\nsite.addsitedir({str(self.site)!r})\n")
        site.addsitedir(str(self.site))
        self._stack.enter_context(use_registry(Registry()))

    def environment(self) -> dict[str, str]:
        variables = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        if self.site.is_dir():
            inherited = os.environ.get("PYTHONPATH")
            variables["PYTHONPATH"] = os.pathsep.join([str(self.site), *([inherited] if inherited else [])])
        return variables


@contextmanager
def _interpreter_of_its_own() -> Iterator[_Installed]:
    """Within: imports and registrations of a page; afterwards this process has forgotten them."""
    path, finders, modules = sys.path[:], sys.meta_path[:], set(sys.modules)
    with ExitStack() as stack:
        try:
            yield _Installed(stack)
        finally:
            sys.path[:], sys.meta_path[:] = path, finders
            for name in set(sys.modules) - modules:
                if str(getattr(sys.modules[name], "__file__", None)).startswith(str(Path.cwd())):
                    del sys.modules[name]
