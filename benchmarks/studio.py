"""What the studio costs: ``python -m benchmarks.studio``: how soon it is there, how many frames it shows, and how much
of the training's speed is left.

The studio is started as users start it, in a process of its own; a page is a web socket in this one, which reads every
frame. Training by ``Trainer.fit`` alone, and in the studio with and without a page, take turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from benchmarks.environment import child_environment, machine

NETWORKS = ("Half moons", "Spirals", "Digits of MNIST")
SMALL = ("Half moons", "Spirals")
"""For which the goals are."""
PAGE, FIRST_FRAME, FRAMES, SPEED = 1.0, 2.0, 20.0, 0.8
"""Seconds, seconds, a second, share of the speed of ``fit`` alone."""
PLAIN = """
import sys, time, json
from pellucid_studio.experiment import made_of
from pellucid_studio.presets import PRESETS
ready = made_of(next(p["sections"] for p in PRESETS if p["name"] == sys.argv[1]))
seconds, trainer = float(sys.argv[2]), ready.trainer
import pellucid as pl
class Timed(pl.Callback):
    def on_run_start(self, run):
        self.start, self.first = None, 0
        run.on_time(self.look, 0.1)
    def look(self, run):
        now = time.perf_counter()
        if self.start is None: self.start, self.first, self.used = now, run.step, time.thread_time()
        elif now - self.start > seconds:
            steps = run.step - self.first
            print(json.dumps({"steps": steps / (now - self.start), "cpu": (time.thread_time() - self.used) / steps}))
            run.stop("measured")
trainer.callbacks.append(Timed())
trainer.fit(ready.splits, epochs=1000000, batch_size=ready.batch_size, verbose=False)
"""
"""Training without a studio, of the same network: steps a second, and seconds of its thread for one."""


@contextmanager
def studio() -> Iterator[tuple[str, float, int]]:
    """A studio in a process of its own: its address, the seconds until its page was there, and its number."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "pellucid", "studio", "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=child_environment(None)) as process:
        assert process.stdout is not None
        address = re.findall(r"http://\S+", process.stdout.readline())[0]
        try:
            with urlopen(address, timeout=20):
                yield address, time.perf_counter() - start, process.pid
        finally:
            process.terminate()


async def _first_frame(address: str) -> None:
    from websockets.asyncio.client import connect

    async with connect(f"ws{address[4:]}live", max_size=None) as socket:
        while json.loads(await socket.recv())["is"] != "frame":
            pass


def beginning() -> dict[str, float]:
    """Seconds from the start of the process until the page is there, and until its first frame is."""
    start = time.perf_counter()
    with studio() as (address, page, process):
        used = _all_used(process)
        asyncio.run(_first_frame(address))
        first = time.perf_counter() - start
        both = _all_used(process)
        with urlopen(f"{address}catalogue", timeout=20) as answer:
            answer.read()
        return {
            "page": page, "first_frame": first, "page_cpu": used, "first_frame_cpu": both,
            "catalogue_cpu": _all_used(process) - both,
        }  # fmt: skip


def _all_used(process: int) -> float:
    """Seconds of processor time of a process, its threads that have ended among them."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _used(process: int) -> dict[str, float]:
    """Seconds of processor time of each thread, where the system tells."""
    ticks = os.sysconf("SC_CLK_TCK")
    found = {}
    for task in Path(f"/proc/{process}/task").glob("*/stat"):
        fields = task.read_text().rpartition(")")[2].split()
        found[task.parent.name] = (int(fields[11]) + int(fields[12])) / ticks
    return found


async def _trained(address: str, process: int, name: str, seconds: float, watched: bool) -> dict[str, float]:
    """A network trained for some seconds, with a page that reads every frame, or with none in between.

    ``cpu`` and ``frames_cpu``: seconds of the trainer's thread for a step, and of the frames' for a frame: the two
    threads that have worked the most, the trainer's first.
    """
    from pellucid_studio.presets import PRESETS
    from websockets.asyncio.client import connect

    sections = next(preset["sections"] for preset in PRESETS if preset["name"] == name)
    sections = {**sections, "train": {**sections["train"], "epochs": 1_000_000}}
    where = f"ws{address[4:]}live"
    async with connect(where, max_size=None) as socket:
        await socket.send(json.dumps({"do": "build", "sections": sections}))
        while json.loads(await socket.recv())["is"] != "built":
            pass
        await socket.send('{"do":"train"}')
        start, step = await _moving(socket)
    frames, size, before = 0, 0, _used(process)
    if watched:
        async with connect(where, max_size=None) as socket:
            start, step = await _moving(socket)
            while time.perf_counter() < start + seconds:
                size += len(await socket.recv())
                frames += 1
            end, last = await _moving(socket)
            after = _used(process)
            await socket.send('{"do":"pause"}')
    else:
        await asyncio.sleep(seconds)
        async with connect(where, max_size=None) as socket:
            end, last = await _moving(socket)
            after = _used(process)
            await socket.send('{"do":"pause"}')
    used = sorted((seconds - before.get(task, 0.0) for task, seconds in after.items()), reverse=True)
    return {
        "steps": (last - step) / (end - start), "frames": frames / (end - start), "bytes": size / max(frames, 1),
        "cpu": used[0] / (last - step), "frames_cpu": used[1] / max(frames, 1),
    }  # fmt: skip


async def _moving(socket: Any) -> tuple[float, int]:
    """The time and the step of the second next frame of a training."""
    found = 0
    while True:
        message = json.loads(await socket.recv())
        found += message["is"] == "frame" and message["state"] == "training"
        if found == 3:
            return time.perf_counter(), message["step"]


def plain(name: str, seconds: float) -> dict[str, float]:
    """Steps a second of ``Trainer.fit`` alone, and seconds of processor time for one."""
    command = [sys.executable, "-c", PLAIN, name, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=child_environment(None))
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(rounds: int, seconds: float, networks: Sequence[str] = NETWORKS) -> dict[str, Any]:
    """All of it, taking turns."""
    found: dict[str, Any] = {
        "machine": machine(),
        "rounds": rounds,
        "seconds": seconds,
        "beginning": [],
        "training": {},
    }
    found["beginning"] = [beginning() for _ in range(rounds)]
    for name in networks:
        turns = []
        for _ in range(rounds):
            turn: dict[str, Any] = {"fit": plain(name, seconds)}
            with studio() as (address, _page, process):
                turn["page"] = asyncio.run(_trained(address, process, name, seconds, True))
                turn["no_page"] = asyncio.run(_trained(address, process, name, seconds, False))
            turns.append(turn)
            print(name, json.dumps(turn), file=sys.stderr, flush=True)
        found["training"][name] = turns
    return found


def told(found: dict[str, Any]) -> str:
    """The medians as a table."""
    begun = {key: statistics.median(each[key] for each in found["beginning"]) for key in found["beginning"][0]}
    lines = [
        "| | measured | goal |", "|---|---|---|",
        _goal("the page is there", begun["page"], PAGE, f"{{:.2f}} s ({begun['page_cpu']:.2f} s of processor time)"),
        _goal("its first frame", begun["first_frame"], FIRST_FRAME,
              f"{{:.2f}} s ({begun['first_frame_cpu']:.2f} s of processor time)"),
        *(_goal(f"frames a second, {name}", _median(turns, "page", "frames"), -FRAMES, "{:.0f}")
          for name, turns in found["training"].items() if name in SMALL),
        *(_goal(f"speed beside `fit` with a page, {name}", _share(turns, "page", "steps"), -SPEED, "{:.0%}")
          for name, turns in found["training"].items() if name in SMALL),
        "", f"The catalogue is made once, after the first frame: {begun['catalogue_cpu']:.2f} s of processor time.", "",
        "| network | frames a second | KiB | speed beside `fit`: with a page, without "
        "| processor time of a step beside `fit`: with a page, without |",
        "|---|---|---|---|---|",
    ]  # fmt: skip
    for name, turns in found["training"].items():
        frames, size = (_median(turns, "page", key) for key in ("frames", "bytes"))
        speed, cpu = ([_share(turns, where, what) for where in ("page", "no_page")] for what in ("steps", "cpu"))
        lines.append(
            f"| {name} | {frames:.0f} | {size / 1024:.0f} | {speed[0]:.0%}, {speed[1]:.0%} "
            f"| {cpu[0]:.2f}, {cpu[1]:.2f} |"
        )
    return "\n".join(lines)


def _median(turns: Sequence[dict[str, Any]], where: str, what: str) -> float:
    return statistics.median(turn[where][what] for turn in turns)


def _share(turns: Sequence[dict[str, Any]], where: str, what: str) -> float:
    """The median of what there is in the studio, beside what there is by ``fit`` alone in the same turn."""
    return statistics.median(turn[where][what] / turn["fit"][what] for turn in turns)


def _goal(name: str, value: float, goal: float, words: str) -> str:
    """A line of the goals; a goal below zero is a least value."""
    kept = value < goal if goal > 0 else value >= -goal
    told = f"{'<' if goal > 0 else '≥'} {words.partition(' (')[0].format(abs(goal))}"
    return f"| {name} | {words.format(value)} | {told}, {'reached' if kept else 'missed'} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write every turn there")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, choices=NETWORKS)
    args = parser.parse_args()
    found = measured(args.rounds, args.seconds, args.networks)
    if args.json is not None:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(told(found))


if __name__ == "__main__":
    main()
