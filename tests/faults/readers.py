"""Models are loaded while other processes save to the file, and while ``cp`` copies onto it: never torn, never killed.

Each load gives the complete old model, the complete new one, or an error that says that the file is being written.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pellucid as pl

COUNT, SHORT = 20_000, 60
UNITS = 100
SAVES = "while True: pl.save(models[n % 2], path); n += 1"
COPIES = "while True: shutil.copyfile(f'{path}{n % 2}', path); n += 1; time.sleep(0.05)"
"""As cp does: the file is cut off and written anew. Between two copies it is whole for a while."""


def model(value: int) -> pl.Layer:
    """One all of whose weights have one value: a mixture of two is seen."""
    made = pl.build("dense", units=UNITS, input_shape=(200,), seed=0, backend="reference")
    made.parameters()[0].data[...] = value
    return made


def writer(path: Path, forever: str) -> subprocess.Popen[bytes]:
    program = (
        "import shutil, sys, time; import pellucid as pl; from tests.faults.readers import model\n"
        f"path = sys.argv[1]; models = model(1), model(2); n = 0\nprint(flush=True)\n{forever}"
    )
    started = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
    assert started.stdout is not None
    started.stdout.readline()
    return started


def under(writers: Sequence[str], path: Path, count: int) -> Counter[str]:
    """What so many loads give while these programs write."""
    running = [writer(path, forever) for forever in writers]
    outcomes = Counter[str]()
    try:
        for _ in range(count):
            try:
                weight = pl.load(path, backend="reference").parameters()[0].data
            except pl.CheckpointError as error:
                said = str(error)
                assert COPIES in writers, f"a load while others save: {said}"
                assert "was written to while it was read" in said or "if that goes on, load it when" in said, said
                outcomes["told that it is being written"] += 1
            else:
                assert weight[0, 0] in (1, 2) and np.all(weight == weight[0, 0]), "a mixture of two models"
                outcomes["complete"] += 1
        assert all(process.poll() is None for process in running), "a writer has ended"
    finally:
        for process in running:
            process.kill()
            process.communicate()
    return outcomes


def main(count: int, seed: int) -> str:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "model"
        for n, target in enumerate((f"{path}0", f"{path}1", path), start=1):
            pl.save(model(1 + n % 2), target)
        saved = under([SAVES, SAVES], path, count // 2)
        pl.save(model(1), path)
        assert {entry.name for entry in path.parent.iterdir()} == {"model", "model0", "model1"}, (
            "temporary files are left"
        )
        copied = under([COPIES], path, count - count // 2)
    assert copied["complete"] or count < 1000, "no load came through between two copies"
    told = copied["told that it is being written"]
    return (
        f"{count} loads: {saved['complete']} under two savers, all complete; under a copier {copied['complete']} "
        f"complete, {told} told that the file is being written; no signal"
    )
