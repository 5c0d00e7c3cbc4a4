"""An epoch over a file that is larger than memory: ``python -m benchmarks.larger_than_memory FOLDER [GIB]``.

A file of that size is written into FOLDER, 4 GiB unless told otherwise. Before each measurement it is taken out of the
system's cache (``posix_fadvise``), so that every byte comes from the disk. Measured in turns are the disk by itself,
block after block in a random order; the batches of the data set ``mapped`` by themselves; and an epoch of logistic
regression on them. Then the epoch with the file in the cache, and for some seconds rows in random order over all of the
file, as a mapped array is visited that nobody cuts into blocks. Memory is what the process holds at most beyond what it
held before the epoch (``/proc/self/status``).
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pellucid as pl

WIDTH, CLASSES, BATCH = 3072, 10, 256
"""A picture of 32 x 32 pixels in colours, float32: 12 KiB."""
BLOCK = 4 << 20
PATIENCE = 10.0
"""Seconds of the random order, which would take hours."""


def write(path: Path, gib: float) -> int:
    """A file of random pictures; returns the number of rows."""
    rows = int(gib * 2**30 / (4 * WIDTH)) // BATCH * BATCH
    rng = np.random.default_rng(0)
    array = np.lib.format.open_memmap(path, "w+", np.float32, (rows, WIDTH))
    some = rng.normal(size=(4096, WIDTH)).astype(np.float32)
    for start in range(0, rows, 4096):
        array[start : start + 4096] = some[: rows - start]
    array.flush()
    np.save(path.with_name("y.npy"), rng.integers(0, CLASSES, rows))
    return rows


def forget(path: Path) -> None:
    """Take a file out of the system's cache."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def disk(path: Path) -> float:
    """MB a second of the disk by itself, whole blocks in a random order, each fetched ahead of its reading."""
    size = path.stat().st_size
    blocks = np.random.default_rng(1).permutation(size // BLOCK)
    buffer = bytearray(BLOCK)
    with path.open("rb", buffering=0) as file:
        start = time.perf_counter()
        for at, block in enumerate(blocks):
            for ahead in blocks[at + 1 : at + 9] if at % 8 == 0 else ():
                os.posix_fadvise(file.fileno(), int(ahead) * BLOCK, BLOCK, os.POSIX_FADV_WILLNEED)
            os.preadv(file.fileno(), [buffer], int(block) * BLOCK)
        return len(blocks) * BLOCK / 1e6 / (time.perf_counter() - start)


class Memory:
    """What the process holds at most, beyond what it held at first, in MB."""

    def __enter__(self) -> Memory:
        self.before = self.most = self._now()
        self._done = Event()
        self._watch = Thread(target=self._look)
        self._watch.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._done.set()
        self._watch.join()
        self.mb = (self.most - self.before) / 1e3

    def _look(self) -> None:
        while not self._done.wait(0.02):
            self.most = max(self.most, self._now())

    @staticmethod
    def _now() -> int:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def trainer() -> pl.Trainer:
    model = pl.build("logistic_regression", input_shape=(WIDTH,), outputs=CLASSES, seed=0)
    return pl.Trainer(model, optimizer="sgd", metrics=[], seed=0)


def epoch(path: Path) -> tuple[float, float]:
    """MB a second of an epoch, and MB of memory."""
    data = pl.create("dataset", "mapped", x=str(path), y=str(path.with_name("y.npy")), validation=0, test=0)
    train, own = data.splits().train, trainer()
    with Memory() as memory:
        start = time.perf_counter()
        own.fit(train, epochs=1, batch_size=BATCH, verbose=False)
        seconds = time.perf_counter() - start
    return path.stat().st_size / 1e6 / seconds, memory.mb


def read(path: Path) -> float:
    """MB a second of the same batches, brought and not trained on."""
    train = pl.create("dataset", "mapped", x=str(path), validation=0, test=0).splits().train
    order = train.order(np.random.default_rng(0), epoch=0, batch_size=BATCH)
    start = time.perf_counter()
    for first in range(0, len(order), BATCH):
        train.take(order[first : first + BATCH])
    return path.stat().st_size / 1e6 / (time.perf_counter() - start)


def row_by_row(path: Path) -> float:
    """MB a second where rows come from all over the file."""
    own, start, done = trainer(), time.perf_counter(), 0
    x, y = np.load(path, mmap_mode="r"), np.load(path.with_name("y.npy"))
    for batch in own.batches(x, y, epochs=1, batch_size=BATCH, verbose=False):
        own.step(batch)
        done += len(batch)
        if time.perf_counter() - start > PATIENCE:
            break
    return done * 4 * WIDTH / 1e6 / (time.perf_counter() - start)


def main(folder: str, gib: str = "4") -> None:
    path = Path(folder) / "x.npy"
    rows = write(path, float(gib))
    found: dict[str, list[float]] = {"disk": [], "read": [], "epoch": [], "memory_mb": []}
    for _ in range(3):
        forget(path)
        found["disk"].append(disk(path))
        forget(path)
        found["read"].append(read(path))
        forget(path)
        speed, memory = epoch(path)
        found["epoch"].append(speed)
        found["memory_mb"].append(memory)
    forget(path)
    cached = epoch(path), epoch(path)  # of the second most lies in the cache
    forget(path)
    print(
        json.dumps(
            {
                "gib": float(gib), "rows": rows, **{name: [round(x) for x in values] for name, values in found.items()},
                "epoch_in_cache": round(cached[1][0]), "row_by_row": round(row_by_row(path)),
            }
        )
    )  # fmt: skip
    path.unlink()
    path.with_name("y.npy").unlink()


if __name__ == "__main__":
    main(*sys.argv[1:])
