"""What pellucid does beside packages that misbehave: each command in a forked process, and what came of it.

    python -m tests.registry.children FOLDER

reads names of tests/registry/hostile.py, a line each, and answers each with a line of JSON: command -> exit code,
standard output, standard error.
Forking saves the imports, which all of them have in common; what the tests of the command line run is not forked.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pellucid as pl
from pellucid.registry import registry
from pellucid.registry.discovery import find_claims
from pellucid.registry.plugins import Plugins
from pellucid.registry.registry import Registry
from pellucid.workbench.cli import main
from pellucid.workbench.cli.commands import COMMANDS

from tests.registry.hostile import METADATA, MISDEEDS, lay_out

EXPERIMENT = """
[data]
type = "files"
train = "{folder}/rows.csv"
target = "label"
[model]
type = "sequential"
layers = [{{type = "dense", units = 3, activation = "relu"}}, {{type = "dense", units = 2}}]
[loss]
type = "softmax_cross_entropy"
[train]
epochs = 1
seed = 0
backend = "reference"
"""
LIMIT = 20.0
SAMPLE = (
    "bare", "skips", "mute", "interrupts", "hook_exits", "summary_none", "prints", "signals", "patches", "an archive",
    "deletes_modules", "on_step_exits", "doctor_tampers", "two versions", "seeds", "closes", "thread", "forks",
)  # fmt: skip
"""Of `make test`; all of them are of `make kit`."""


class Fine(pl.Layer):
    """A layer of a user's own, of a name that plugins have as well."""

    def output_shape(self, *input_shapes: pl.Shape) -> pl.Shape:
        return input_shapes[0]

    def forward(self, ctx: pl.Context, *inputs: pl.Array) -> pl.Array:
        return inputs[0]

    def backward(self, ctx: pl.Context, *dy: pl.Array) -> tuple[pl.Array, ...]:
        return dy


def build() -> int:
    """A model of the core, by its name, and one with a class of the user's own: no plugin is imported for either."""
    before = set(sys.modules)
    model = pl.build("core/dense", units=2, input_shape=(3,), seed=0)
    own = pl.build(pl.Sequential([Fine(), pl.Dense(2)]), input_shape=(3,), seed=0)
    for each in (model, own):
        assert np.isfinite(each.predict(np.ones((4, 3)))).all()
    imported = [name for name in set(sys.modules) - before if name.startswith("plugin_")]
    assert not imported, imported
    return 0


def train() -> int:
    """The bits of the weights that come of it."""
    rng = np.random.default_rng(0)
    model = pl.build("core/dense", units=2, input_shape=(3,), seed=0, backend="reference")
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=0)
    trainer.fit(rng.normal(size=(24, 3)), np.arange(24) % 2, epochs=2, batch_size=8, verbose=False)
    print(model.runtime.arena.data.tobytes().hex())
    return 0


def commands(folder: Path, thorough: bool) -> dict[str, Callable[[], int]]:
    """All that is done beside one of them; thorough costs a second more."""
    out = folder / "run"
    every: dict[str, Callable[[], int]] = {
        "--help": lambda: main(["--help"]),
        "list": lambda: main(["list", "--json"]),
        "plugins": lambda: main(["plugins", "--json"]),
        "text": lambda: main(["plugins", "--traceback"]) or main(["list"]),
        "doctor": lambda: main(["doctor", "--json"]),
        "build": build,
        "train": train,
    }
    if thorough:
        every["train by file"] = lambda: main(["train", str(folder / "e.toml"), "--out", str(out), "--json", "--quiet"])
    return every


def child(site: Path, action: Callable[[], int], folder: Path) -> dict[str, object]:
    """Run a command in a process of its own, which sees what is installed in ``site``."""
    said = folder / "out", folder / "err"
    process = os.fork()
    if not process:
        code = 99
        with contextlib.suppress(BaseException):
            for descriptor, path in enumerate(said, 1):
                file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(file, descriptor)
            installed = [str(site), *map(str, sorted(site.glob("*.zip")))]
            sys.path[:0] = installed
            registry.DEFAULT[:] = [Registry(Plugins(lambda: find_claims(installed)))]  # quick: without those of .venv
            os.chdir(folder)
            try:
                code = action()
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 98
            except BaseException:
                traceback.print_exc()
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
        os._exit(code)
    start, status = time.monotonic(), 0
    while not (ended := os.waitpid(process, os.WNOHANG))[0]:
        if time.monotonic() > start + LIMIT:
            os.kill(process, 9)
        time.sleep(0.002)
    status = os.waitstatus_to_exitcode(ended[1])
    out, err = (path.read_text("utf-8", "replace") for path in said)
    return {"code": status, "out": out, "err": err, "seconds": time.monotonic() - start}


def outcomes(folder: Path, name: str) -> dict[str, dict[str, object]]:
    """Command -> what came of it, beside this one; beside all of them at once for ``all``."""
    place = folder / str(len([*folder.iterdir()]))
    site = place / "site"
    site.mkdir(parents=True)
    for each in [*MISDEEDS, *METADATA] if name == "all" else SAMPLE if name == "sample" else [name] if name else []:
        if each in MISDEEDS:
            lay_out(site, each)
        else:
            METADATA[each][0](site)
    (place / "rows.csv").write_text("a,b,label\n" + "".join(f"{i % 5},{i % 3},{'xy'[i % 2]}\n" for i in range(40)))
    (place / "e.toml").write_text(EXPERIMENT.format(folder=place))
    thorough = name in ("all", "sample")
    return {command: child(site, action, place) for command, action in commands(place, thorough).items()}


if __name__ == "__main__":
    for command in COMMANDS:
        import_module(f"pellucid.workbench.cli.commands.{command.replace('-', '_')}")
    with contextlib.redirect_stdout(None):
        train()
    for asked in map(str.strip, sys.stdin):
        print(json.dumps({"name": asked, "outcomes": outcomes(Path(sys.argv[1]), asked)}), flush=True)
