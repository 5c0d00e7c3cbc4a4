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

COUNT, SHORT = 50, 3
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
FILES = sorted(COMPLETE)
GIVEN_UP = 1
"""The exit code where a run was killed too often without a step between; the next call tries it again."""


def program(count: int, seed: int) -> str:
    draw, long = random.Random(seed), count > SHORT
    Path("sweep.toml").write_text(SWEEP.format(epochs=80 if long else 20))
    words = ("sweep", "sweep.toml", "--quiet", "--workers", 2 if long else 1)
    began = time.monotonic()
    check(ended(started(lambda: pellucid(*words, "--out", "known"))) == 0, "the sweep as such fails")
    span, known, kills, sweeps = time.monotonic() - began, results(Path("known")), 0, 0
    check(len(known) == 4, f"the sweep has made {len(known)} runs")
    while kills < count:
        out = Path(f"sweep-{sweeps}")
        kills += disturbed((*words, "--out", out), out, draw, span, count - kills)
        check(results(out) == known, f"sweep {sweeps}, killed {kills} times by now, has other results")
        sweeps += 1
    return f"{sweeps} sweeps were killed {kills} times: no finished run lost or trained twice, the bits of one in peace"


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


def disturbed(words: tuple[object, ...], out: Path, draw: random.Random, span: float, most: int) -> int:
    """Carry a sweep to its end, with at most so many kills on the way; how many there were."""
    kills, seen = 0, dict[Path, tuple[int, int]]()
    while True:
        leader, code = started(lambda: pellucid(*words)), None
        while kills < most and code is None:
            code = _wait(leader, out, draw, span)
            _check_kept(out, seen)
            if code is None:
                kills += 1
                code = _kill(leader, draw)
        code = ended(leader) if code is None else code
        _check_kept(out, seen)
        if code == 0:
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


def _kill(leader: int, draw: random.Random) -> int | None:
    """Kill a worker, the leader or all at once; the leader's exit code, if it is gone."""
    workers = [pid for pid in _children(leader) if pid != leader]
    kind = draw.choice(("worker", "leader", "both"))
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
