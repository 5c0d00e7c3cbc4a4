"""Sweeps that are killed at random moments, their workers, their leader or both, until they come to their end."""

from __future__ import annotations

import json
import os
import random
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.faults._processes import COMPLETE, check, ended, names, pellucid, ready, started

COUNT, SHORT = 50, 2
SWEEP = """
[data]
type = "half_moons"
n = 1000
noise = 0.15

[model]
type = "ann"
hidden = [16]
dropout = 0.1

[train]
epochs = {epochs}
batch_size = 16
checkpoint_seconds = 0.02

[sweep]
seeds = [0, 1]

[sweep.grid]
"optimizer.lr" = [0.03, 0.01]
"""
CIRCUMSTANCES = ("training_seconds", "finished", "machine")
"""Of a summary: when, how fast, and on how many threads, which are those of the workers that are left."""
SEARCH = (
    SWEEP.partition("[sweep]")[0]
    + """
[sweep.search]
trials = 6
prune = "none"
"optimizer.lr" = {{ log_uniform = [0.001, 0.1] }}
"""
)
FILES = sorted(COMPLETE)
KINDS = ("worker", "leader", "both")
GIVEN_UP = 1
"""The exit code where a run was killed too often without a step between; the next call tries it again."""


def program(count: int, seed: int) -> str:
    draw, long = random.Random(seed), count > SHORT
    said = [many("sweep", SWEEP, KINDS, count, draw, long=long)]
    if long:  # a search of one worker, the only one whose trials do not depend on who is first
        said.append(many("search", SEARCH, KINDS[1:], count // 3, draw, long=long))
    return "; ".join(said)


def many(name: str, text: str, kinds: tuple[str, ...], count: int, draw: random.Random, *, long: bool) -> str:
    """So many kills, over as many sweeps as that takes, and the results of each against those of one in peace."""
    Path(f"{name}.toml").write_text(text.format(epochs=80 if long else 20))
    words = ("sweep", f"{name}.toml", "--quiet", "--workers", 2 if long and name == "sweep" else 1)
    began = time.monotonic()
    check(ended(started(lambda: pellucid(*words, "--out", name))) == 0, f"the {name} as such fails")
    span, known, kills, number = time.monotonic() - began, results(Path(name)), 0, 0
    check(len(known) == (4 if name == "sweep" else 6), f"the {name} has made {len(known)} runs")
    while kills < count:
        out = Path(f"{name}-{number}")
        kills += disturbed((*words, "--out", out), out, kinds, draw, span, count - kills)
        check(results(out) == known, f"{name} {number}, killed {kills} times by now, has other results")
        number += 1
    return (
        f"{number} of one {name} killed {kills} times: no finished run lost or trained twice, the bits of one in peace"
    )


def results(sweep: Path) -> dict[str, tuple[bytes, Any, Any]]:
    """Of each run what must not depend on how it came about: its model, its figures, its epochs."""
    found = {}
    for summary in sorted(sweep.glob("*/*/summary.json")):
        run = summary.parent
        check(names(run) == FILES, f"{names(run)} are left in {run}")
        lines = (run / "metrics.jsonl").read_text().splitlines()
        epochs = [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]
        figures = {k: v for k, v in json.loads(summary.read_text()).items() if k not in CIRCUMSTANCES}
        found[str(run.relative_to(sweep))] = ((run / "model.safetensors").read_bytes(), figures, epochs)
    return found


def disturbed(
    words: tuple[object, ...], out: Path, kinds: tuple[str, ...], draw: random.Random, span: float, most: int
) -> int:  # fmt: skip
    """Carry a sweep to its end, with at most so many kills on the way; how many there were."""
    kills, seen, workers = 0, dict[Path, tuple[int, int]](), set[int]()
    while True:
        leader, code = started(lambda: pellucid(*words)), None
        while kills < most and code is None:
            code = _wait(leader, out, draw, span)
            _check_kept(out, seen)
            if code is None:
                kills += 1
                workers |= {*_children(leader)}
                code = _kill(leader, draw.choice(kinds), draw)
        code = ended(leader) if code is None else code
        _check_kept(out, seen)
        if code == 0:
            _check_gone(workers)
            return kills
        check(code in (-signal.SIGKILL, GIVEN_UP), f"the sweep ended with {code}")


def _wait(pid: int, out: Path, draw: random.Random, span: float) -> int | None:
    """The exit code of a process if it ends within a random time: from now on, or from when the next file appears."""
    before = None if draw.random() < 0.4 else len([*out.glob("*/*/*")])
    until = time.monotonic() + (draw.random() * span if before is None else 20 * span)
    while True:
        reaped, status = os.waitpid(pid, os.WNOHANG)
        if reaped:
            return os.waitstatus_to_exitcode(status)
        if before is not None and len([*out.glob("*/*/*")]) != before:
            before, until = None, time.monotonic() + draw.random() * span / 8
        if time.monotonic() > until:
            return None
        time.sleep(0.005)


def _kill(leader: int, kind: str, draw: random.Random) -> int | None:
    """Kill a worker, the leader or all at once; the leader's exit code, if it is gone."""
    workers = _children(leader)
    if kind in ("worker", "both"):
        for pid in [draw.choice(workers)] if kind == "worker" and workers else workers:
            os.kill(pid, signal.SIGKILL)
    if kind == "worker" and workers:
        return None
    os.kill(leader, signal.SIGKILL)
    return ended(leader)


def _children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def _check_gone(workers: set[int]) -> None:
    """No worker outlives who led it by more than the end of its step."""
    until = time.monotonic() + 10
    while workers and time.monotonic() < until:
        workers = {pid for pid in workers if _lives(pid)}
        time.sleep(0.01)
    check(not workers, f"workers {workers} go on without a leader")


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _check_kept(out: Path, seen: dict[Path, tuple[int, int]]) -> None:
    """What was finished once is what it was: a run that is trained again writes its summary anew."""
    for summary in out.glob("*/*/summary.json"):
        there = summary.stat()
        check(seen.setdefault(summary, (there.st_ino, there.st_mtime_ns)) == (there.st_ino, there.st_mtime_ns),
              f"{summary.parent} was trained twice")  # fmt: skip
    check(all(summary.exists() for summary in seen), "a finished run is gone")


def main(count: int, seed: int) -> str:
    ready()
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(Path(folder).resolve())
        try:
            return program(count, seed)
        finally:
            os.chdir(before)
