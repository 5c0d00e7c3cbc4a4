"""What a run says may fail: no reader, no space, no standard error, few letters, plugins that look on. It is saved."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from pellucid.testing.registries import use_registry

from tests.fake_plugins import install, registry_of
from tests.faults._processes import COMPLETE, check, ended, names, pellucid, ready, started
from tests.saving.support import everything, small_data, small_trainer

COUNT, SHORT = 500, 6
TRAIN = (
    "train", "--model", "ann", "--dataset", "half_moons", "--set", "data.n=60", "--set", "train.epochs=3",
    "--set", "train.seed=3", "--set", "train.threads=1",
)  # fmt: skip
PLACES = ("reader", "no reader", "gone after a line", "full", "closed")
ENCODINGS = ("utf-8", "ascii", "latin-1")


def outputs(number: int, draw: random.Random, known: bytes) -> None:
    """Standard output and error of a training are each in one of five states, and have the letters of one encoding."""
    out, err, encoding = draw.choice(PLACES), draw.choice(PLACES), draw.choice(ENCODINGS)
    as_json, run = draw.choice((True, False)), Path(f"run-{number}")
    what = f"training with output '{out}', error '{err}', {encoding}{', --json' if as_json else ''}"
    with Place(out) as o, Place(err) as e:
        words = [*TRAIN, "--out", run, *(["--json"] if as_json else [])]
        code = ended(started(lambda: pellucid(*words), o.descriptor, e.descriptor, encoding))
        said, errors = o.read(), e.read()
    check(code == (2 if out == "full" else 0), f"{what}: ended with {code}")
    check("Traceback" not in said + errors, f"{what}: {said}{errors}")
    complete(run, known, what)
    if out == "reader":
        check(not as_json or json.loads(said)["epochs"] == 3, f"{what}: the result is {said!r}")
        check("epoch 1/3" not in said, f"{what}: progress is in the result: {said!r}")


def texts(number: int, draw: random.Random, known: bytes) -> None:
    """Help, lists and errors in few letters: an exit code as ever, and no traceback."""
    words, right = draw.choice([(("--help",), 0), (("train", "--help"), 0), (("list", "layer"), 0), (("lst",), 2)])
    place, encoding = draw.choice(PLACES), draw.choice(ENCODINGS)
    what = f"{' '.join(words)} to '{place}' in {encoding}"
    with Place(place) as o, Place("reader") as e:
        code = ended(started(lambda: pellucid(*words), o.descriptor, e.descriptor, encoding))
        said, errors = o.read(), e.read()
    check(code == (2 if place == "full" else right), f"{what}: ended with {code}: {errors}")
    check("Traceback" not in said + errors and "mistake" not in errors, f"{what}: {errors}")
    check(place != "closed" or right == 0 or not said, f"{what}: {said}")


def shell(number: int, draw: random.Random, known: bytes) -> None:
    """As users write it; with Python's own end of a process, which flushes once more."""
    run = Path(f"run-{number}")
    tail, code = draw.choice([("2>&1 | head -1", 0), ("> /dev/full 2>&1", 2), ("2>&-", 0), (">&- 2>&- <&-", 0)])
    words = [*TRAIN, "--out", str(run)]
    program = f"import sys; from tests.faults._processes import pellucid; sys.exit(pellucid(*{words}))"
    line = f'"{sys.executable}" -c "$0" {tail}; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", line, program],
        check=False,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": ":".join(sys.path)},
    )
    check(done.returncode == code, f"pellucid train {tail}: ended with {done.returncode}")
    complete(run, known, f"pellucid train {tail}")


def full_disk(number: int, draw: random.Random, known: bytes) -> None:
    """The log of the figures grows until there is no room for it; everything else is small."""
    run, limit = Path(f"run-{number}"), draw.randint(30_000, 40_000)

    def limited() -> int:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        return pellucid(
            *TRAIN, "--out", run, "--quiet", "--set", "train.epochs=300", "--set", "train.checkpoint_seconds=99"
        )

    with Place("reader") as o, Place("reader") as e:
        code = ended(started(limited, o.descriptor, e.descriptor))
        said, errors = o.read(), e.read()
    check(code in (0, 2), f"figures beyond {limit} bytes: ended with {code}: {errors}")
    check("lacks" in errors, f"figures beyond {limit} bytes: nobody was told: {errors}")
    lines = (run / "metrics.jsonl").read_text().splitlines()
    check([json.loads(line)["epoch"] for line in lines] == list(range(1, len(lines) + 1)), "a line is not whole")
    check((run / "model.safetensors").exists() and (code or "best epoch" in said), f"it is not saved: {errors}")


WATCHING = """
import os
from pellucid import hookimpl

def look(run):
    if run.step >= int(os.environ["FAULT_STEP"]):
        raise {error}

@hookimpl
def pellucid_run_start(run):
    run.{subscribe}

@hookimpl
def pellucid_epoch_end(run):
    look(run)
"""


def observers(number: int, draw: random.Random, known: bytes) -> None:
    """A plugin that only looks raises at some step: the bits of the run without it."""
    step = draw.randint(1, 12)
    error = draw.choice(["ValueError('no')", "SystemExit(0)", "OSError(28, 'full')", "KeyError(3)"])
    subscribe = draw.choice(
        ["on_step(look)", "on_time(look, 0.0)", "on_step(look, every=2)", "on_step(print, every=99)"]
    )
    site = Path(f"site-{number}")
    site.mkdir()
    install(site, f"acme{number}", source=WATCHING.format(error=error, subscribe=subscribe))
    os.environ["FAULT_STEP"] = str(step)
    trained = []
    for watched in (True, False):
        with ExitStack() as within, warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            if watched:
                within.enter_context(use_registry(within.enter_context(registry_of(site))))
            trainer = small_trainer(callbacks=[], metrics=[])
            trainer.fit(small_data(), epochs=2, batch_size=16, verbose=False)
            said = [str(warning.message) for warning in told]
        trained.append(everything(trainer))
        check(any("switched off" in each for each in said) == watched, f"an observer raised {error}: told were {said}")
    check(trained[0] == trained[1], f"an observer raised {error} at step {step}: other bits")


KINDS: tuple[Callable[[int, random.Random, bytes], None], ...] = (outputs, texts, full_disk, shell, observers)
WEIGHTS = (8, 4, 1, 1, 8)


class Place:
    """Where a standard stream goes; ``read`` gives what has arrived there."""

    def __init__(self, name: str) -> None:
        self.name, self.descriptor, self._file = name, -1, None
        self._reader: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Place:
        if self.name == "reader":
            self._file = tempfile.TemporaryFile()
            self.descriptor = self._file.fileno()
        elif self.name == "full":
            self.descriptor = os.open("/dev/full", os.O_WRONLY)
        elif self.name != "closed":
            reading, self.descriptor = os.pipe()
            if self.name == "gone after a line":
                self._reader = subprocess.Popen(["head", "-1"], stdin=reading, stdout=subprocess.DEVNULL)
            os.close(reading)
        return self

    def read(self) -> str:
        if self._file is None:
            return ""
        self._file.seek(0)
        return self._file.read().decode(errors="replace")

    def __exit__(self, *raised: object) -> None:
        if self._file is not None:
            self._file.close()
        elif self.descriptor >= 0:
            os.close(self.descriptor)
        if self._reader is not None:
            self._reader.wait()


def complete(run: Path, known: bytes, what: str) -> None:
    left = names(run)
    check(left == sorted(COMPLETE), f"{what}: the run folder holds {left}")
    check((run / "model.safetensors").read_bytes() == known, f"{what}: other bits")


def main(count: int, seed: int) -> str:
    ready()
    draw, before = random.Random(seed), Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            check(ended(started(lambda: pellucid(*TRAIN, "--out", "known", "--quiet"))) == 0, "the run as such fails")
            known = Path("known/model.safetensors").read_bytes()
            for number in range(count):
                kind = KINDS[number] if number < len(KINDS) else draw.choices(KINDS, WEIGHTS)[0]
                kind(number, draw, known)
        finally:
            os.chdir(before)
    return f"{count} outputs without reader, room, letters or file: all runs are saved, with the same bits"
