"""Runs what a Markdown page shows: its Python blocks, its commands, and the files it asks the reader to write.

* ```` ```python ```` blocks run in order, in one namespace for the page.
* ```` ```console ```` blocks: lines that begin with ``$ `` are run by the shell; all must succeed.
* A block that begins with ``# file: NAME`` is written to that file instead.
* Pages work in one empty folder each. `make` targets are only looked up in the Makefile: running them is what CI does.
* ```` ```console not-run ```` and ```` ```python not-run ```` are for what cannot run in a test (a clone, a GPU).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"\A# file: (\S+)\n")
ROOT = Path(__file__).resolve().parents[2]


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
    ran = 0
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(page):
        named = FILE.match(block.text)
        if named:
            target = Path(named[1])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text[named.end() :], encoding="utf-8")
        elif not block.runs:
            continue
        elif block.language == "python":
            # Padded with empty lines so that a traceback shows the line of the page.
            exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), namespace)
        elif block.language == "console":
            _run_commands(page, block)
        else:
            continue
        ran += 1
    return ran


def _run_commands(page: Path, block: Block) -> None:
    commands = re.findall(r"^\$ (.*(?:\\\n.*)*)$", block.text, re.MULTILINE)
    assert commands, f"{page}:{block.line}: a console block without a command; begin its lines with '$ '"
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command in commands:
        if command.startswith("make "):
            assert command.split()[1] in targets, f"{page}:{block.line}: no such target: {command}"
            continue
        done = subprocess.run(
            ["bash", "-c", command], env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{page}:{block.line}: {command}\n{done.stdout}\n{done.stderr}"
