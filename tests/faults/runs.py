"""Starts and continuations: killed at every file before the first checkpoint, four at once, other data in between."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults._processes import COMPLETE, check, ended, kill_at, names, pellucid, ready, started

COUNT, SHORT = 300, 5
# files, not what a file of its own is read by: that reader has threads, which a fork of this process would wait for
TRAIN = (
    "train", "--model", "ann", "--dataset", "files", "--set", "data.train=samples.csv", "--set", "data.target=y",
    "--set", "train.epochs=2", "--set", "train.seed=3", "--set", "train.threads=1", "--quiet",
)  # fmt: skip


def program(count: int, seed: int, folder: Path) -> str:
    draw = random.Random(seed)
    write_samples(folder)
    check(ended(started(lambda: pellucid(*TRAIN, "--out", "known"))) == 0, "the run as such fails")
    known = Path("known/model.safetensors").read_bytes()
    for number in range(count):
        kind = KINDS[number] if number < len(KINDS) else draw.choices(KINDS, WEIGHTS)[0]
        kind(number, draw, known)
    return f"{count} starts and continuations, killed, at once, or with other data: the bits of the run, or refused"


def write_samples(folder: Path, first: str = "0.5") -> None:
    rows = [f"{first},{i % 5},{'pq'[i % 2]}" if i == 0 else f"{i % 7},{i % 5},{'pq'[i % 2]}" for i in range(40)]
    (folder / "samples.csv").write_text("\n".join(["a,b,y", *rows]) + "\n")


def killed(number: int, draw: random.Random, known: bytes) -> None:
    """At the n-th file that the process touches: what is left is resumed, or as good as nothing."""
    at, run = draw.randint(1, 24), Path(f"run-{number}")

    def dies() -> int:
        kill_at(at, Path.cwd() / run)
        kill_at(at, run)
        return pellucid(*TRAIN, "--out", run)

    goes_on(run, ended(started(dies)), known, f"killed at its file {at}")


def killed_at_once(number: int, draw: random.Random, known: bytes) -> None:
    """At a random moment."""
    run, wait = Path(f"run-{number}"), draw.random() * 0.15
    pid = started(lambda: pellucid(*TRAIN, "--out", run))
    time.sleep(wait)
    os.kill(pid, signal.SIGKILL)
    goes_on(run, ended(pid), known, f"killed after {wait:.3f} s")


def goes_on(run: Path, code: int, known: bytes, what: str) -> None:
    """With --resume where there is something to be resumed, and as a new run elsewhere."""
    check(code in (0, -signal.SIGKILL), f"{what}: ended with {code}")
    if not (run / "summary.json").exists():
        resumed = ended(started(lambda: pellucid("train", "--resume", "--out", run, "--quiet")))
        if resumed == 2:
            left = names(run)
            check("experiment.toml" not in left, f"{what}: it cannot be resumed with {left}")
            again = ended(started(lambda: pellucid(*TRAIN, "--out", run)))
            check(again == 0, f"{what}: with {left} it can neither be resumed nor begun anew")
        else:
            check(resumed == 0, f"{what}: --resume ended with {resumed}")
    check((run / "model.safetensors").read_bytes() == known, f"{what}: other bits than the run itself")
    check(names(run) == sorted(COMPLETE), f"{what}: {names(run)} are left")


def four_at_once(number: int, draw: random.Random, known: bytes) -> None:
    """Without a name for their folder, in one second."""
    before = set(Path("runs").iterdir()) if Path("runs").exists() else set()
    ready, go = os.pipe()

    def waits() -> int:
        os.close(go)
        os.read(ready, 1)  # until all are there
        return pellucid(*TRAIN)

    processes = [started(waits) for _ in range(4)]
    os.close(ready)
    os.close(go)
    codes = [ended(pid) for pid in processes]
    check(codes == [0] * 4, f"four at once ended with {codes}")
    made = set(Path("runs").iterdir()) - before
    check(len(made) == 4, f"four at once have made {len(made)} folders")
    for run in made:
        check((run / "model.safetensors").read_bytes() == known, f"of four at once {run} has other bits")


def other_data(number: int, draw: random.Random, known: bytes) -> None:
    """Exchanged between stop and --resume: refused; put back: continued."""
    run, here = Path(f"run-{number}"), Path.cwd()
    shorter = [word.replace("epochs=2", "epochs=1") for word in TRAIN]
    check(ended(started(lambda: pellucid(*shorter, "--out", run))) == 0, "the first part fails")
    resume = ("train", "--resume", "--out", run, "--set", "train.epochs=2", "--quiet")
    write_samples(here, first=f"{draw.random():.6f}")
    code = ended(started(lambda: pellucid(*resume)))
    write_samples(here)
    check(code == 2, f"a run was continued with other data: {code}")
    check(ended(started(lambda: pellucid(*resume))) == 0, "the data were put back, and it is not continued")
    check((run / "model.safetensors").read_bytes() == known, "continued with its own data: other bits")


KINDS: tuple[Callable[[int, random.Random, bytes], None], ...] = (killed, four_at_once, other_data, killed_at_once)
WEIGHTS = (6, 1, 1, 4)


def main(count: int, seed: int) -> str:
    ready()
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as above:
        folder = Path(above, "work").resolve()
        folder.mkdir()
        os.chdir(folder)
        try:
            return program(count, seed, folder)
        finally:
            os.chdir(before)
