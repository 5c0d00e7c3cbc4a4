"""Files are written while other processes write them, are killed, or the system refuses a call: whole, and told truly.

Of the faults one in fifteen is a kill of a process that saves, a third are saves of several processes to one file that
all believe to be process 1, the others are calls of the operating system that fail.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pellucid as pl
from pellucid.saving.files import replace_file

COUNT, SHORT = 3_000, 30
AT_ONCE = 4
SAVER = """
import os, sys
os.getpid = lambda: 1  # as in a container
from pellucid.saving.files import replace_file
path, mine, times = sys.argv[1], sys.argv[2].encode(), int(sys.argv[3])
print(flush=True)
n = 0
while n != times:
    replace_file(path, mine * 200_000)
    n += 1
"""


def saver(path: Path, letter: str, times: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SAVER, str(path), letter, str(times)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert started.stdout is not None
    started.stdout.readline()
    return started


def check_whole(path: Path) -> None:
    content = path.read_bytes()
    assert len(content) == 200_000 and len(set(content)) == 1, f"{path} is torn: {len(content)} bytes"


def kills(folder: Path, count: int, draw: random.Random) -> int:
    """Kill a saver; returns how many temporary files were left, all of which the next save removes."""
    path, left = folder / "killed", 0
    replace_file(path, b"0" * 200_000)
    for _ in range(count):
        with saver(path, draw.choice("abc"), -1) as process:
            time.sleep(draw.uniform(0, 0.01))
            process.kill()
        check_whole(path)
        left += len(list(folder.iterdir())) - 1
        time.sleep(0.1)  # looking for them takes a hundredth of the time at most
        replace_file(path, b"0" * 200_000)
        assert [entry.name for entry in folder.iterdir()] == ["killed"], "what killed savers left is still there"
    return left


def together(folder: Path, count: int) -> None:
    """Several processes save to one file: none fails, and the file is one of theirs."""
    path, each = folder / "shared", max(count // AT_ONCE, 1)
    processes = [saver(path, letter, each) for letter in "abcd"[:AT_ONCE]]
    for process in processes:
        _, said = process.communicate()
        assert process.returncode == 0, f"a save failed beside others: {said.decode()[-500:]}"
    check_whole(path)
    assert [entry.name for entry in folder.iterdir()] == ["shared"], "temporary files are left"


def failing(real: Callable[..., Any], at: int, code: int) -> Callable[..., Any]:
    """A call of the system that fails when it is made for the n-th time."""
    calls = 0

    def call(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at:
            raise OSError(code, os.strerror(code))
        return real(*arguments, **options)

    return call


def refusals(folder: Path, count: int, draw: random.Random) -> int:
    """Let a call fail; what the error says of the file is true. Returns how many saves failed."""
    path, failed = folder / "refused", 0
    calls = [(os, "open"), (os, "fsync"), (os, "fchmod"), (os, "stat"), (Path, "replace"), (os, "lseek"), (os, "close")]
    for number in range(count):
        new = bytes([number % 251]) * 50
        old = path.read_bytes() if path.exists() and draw.randrange(4) else None
        if old is None:
            path.unlink(missing_ok=True)
        owner, name = draw.choice(calls)
        said = ""
        call = failing(getattr(owner, name), draw.choice([1, 1, 2, 3]), draw.choice([5, 28, 13]))
        with patch.object(owner, name, call):
            try:
                replace_file(path, new)
            except pl.CheckpointError as error:
                said, failed = str(error), failed + 1
        now = path.read_bytes() if path.exists() else None
        assert ("untouched" not in said) or now == old, f"{said} {old!r:.20} {now!r:.20}"
        assert ("holds the new content" not in said) or now == new, said
        assert ("there is no such file" not in said) or now is None, said
        assert said or now == new, f"{owner.__name__}.{name} failed silently"
        assert set(folder.iterdir()) <= {path}, f"{owner.__name__}.{name}: a temporary file is left"
    return failed


def main(count: int, seed: int) -> str:
    draw, part = random.Random(seed), count // 3
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / kind for kind in ("kills", "together", "refusals")]
        for folder in folders:
            folder.mkdir()
        (folders[2] / "refused").write_bytes(b"old")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pl.PellucidWarning)
            left = kills(folders[0], part // 5, draw)
            together(folders[1], part)
            failed = refusals(folders[2], 2 * part - part // 5, draw)
    return (
        f"{part // 5} kills, {left} temporary files found and removed; {part} saves of {AT_ONCE} processes 1, none "
        f"failed; {2 * part - part // 5} calls of the system refused, {failed} saves failed and said what was true"
    )
