"""Mutated experiments and data files: nothing but pellucid's own errors and exit code 2, and no long time.

Each fault is one run of the command line, in this process, over a small run of its own: an experiment file with bytes,
words or values exchanged, a .csv, .npy, .npz or IDX file likewise, the files of a finished run,
or words of the command
line. What is still good may train, for an epoch of a few rows.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import shutil
import struct
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
from pellucid.basics.errors import DataError
from pellucid.workbench.cli import main as pellucid

COUNT, SHORT = 13_000, 40
SECONDS = 10.0
"""That a refusal may take, on a machine that does other things too."""

CURVES = "pellucid.workbench.experiments.curves"
EXPERIMENTS = (
    """[data]
type = "files"
train = "small.csv"
target = "kind"
validation = 0.25
test = 0.25
transforms = ["standardize"]

[model]
type = "ann"
hidden = [4, 3]
activation = "relu"
dropout = 0.1
normalization = "batch_norm"

[optimizer]
type = "adamw"
lr = 0.01
weight_decay = 0.1
groups = [{match = "*.bias", weight_decay = 0.0}]

[schedule]
type = "cosine"
warmup = 2

[train]
epochs = 1
batch_size = 8
accumulate = 2
clip_norm = 1.0
seed = 3
metrics = ["accuracy"]
callbacks = ["best_epoch"]
""",
    """[data]
type = "half_moons"
n = 40
noise = 0.1
seed = 1
[model]
type = "sequential"
input_shape = [2]
layers = [
  {type = "dense", units = 4, activation = "tanh"},
  {type = "residual", layer = {type = "dense", units = 4}},
  {type = "parallel", layers = [{type = "dense", units = 2}, {ref = "layers.0", transpose = true}]},
  {type = "layer_norm"},
  {type = "reshape", shape = [2, 2]},
  "flatten",
  {type = "dense", units = 2, init = {type = "normal", std = 0.1}, regularizer = {type = "l2", strength = 0.1}},
]
[loss]
type = "softmax_cross_entropy"
[optimizer]
type = "sgd"
lr = 0.1
momentum = 0.9
[train]
epochs = 2
seed = 0
backend = "reference"
dtype = "float64"
threads = 1
checkpoint_seconds = 10.0
""",
    """[data]
type = "files"
train = "small.npz"
[model]
type = "vae"
latent = 2
hidden = [3]
[objective]
type = "elbo"
likelihood = "gaussian"
warmup_epochs = 1
[train]
epochs = 1
seed = 2
""",
    """[data]
type = "files"
train = "images.npz"
transforms = []
[model]
type = "lenet"
filters = [2, 2]
hidden = [4]
[train]
epochs = 1
seed = 2
""",
    """[data]
type = "half_moons"
n = 30
[model]
type = "mlp_denoiser"
hidden = 4
blocks = 1
[objective]
type = "denoise"
steps = 5
[train]
epochs = 1
seed = 2
""",
)
WORDS = (
    "0", "-1", "1", "2", "3.5", "1e400", "nan", "-inf", "true", '""', '"x"', "[]", "{}", "[[]]", "[1, [2]]",
    "1" + 400 * "0",
    5000 * "9", "0x" + 6000 * "f", 2000 * "[" + 2000 * "]", 300 * "[" + 300 * "]", '"\\u0000"', '"' + 5000 * "ä" + '"',
    "9223372036854775807", "9223372036854775808", "18446744073709551615", "-9223372036854775808", "100000000",
    "1979-05-27",
    "1979-05-27T07:32:00Z", "07:32:00", '{type = "dense", units = 1}', '{type = "no/such"}', '{ref = "layers.0"}',
    '{type = ["dense"]}', '"core/dense"', '"conv2d"', '"max_pool2d"', '"autoencoder"', '"unet"', '"resnet_small"',
    '"."',
    '"/"', '"small.csv"', '"/dev/zero"', '"/dev/null"', '"adam"', '"mse"', '"binary_cross_entropy"', '"files"',
    '"iris"',
    '[1000000000, 1000000000]', '"' + ".".join(200 * "a") + '"', '"€"', "1_000", "[0]", "[-1, 2]", '["relu", 1]',
)  # fmt: skip
NUMBERS = (
    "0", "1", "2", "3", "7", "64", "1000", "100000", "100000000", "9223372036854775807", "9223372036854775808",
    "18446744073709551615", "1" + 400 * "0", "-1", "0.5", "1e30", "1e-300", "1e308", "[3]", "[1000000000]",
    "[4, 4, 4]",
    "[9223372036854775807]", "[3, 100000000]", "true",
)  # fmt: skip
KEYS = (
    "type", "units", "layers", "blocks", "kernel_size", "filters", "stride", "groups", "factor", "shape", "size",
    "hidden",
    "outputs", "latent", "classes", "steps", "n", "validation", "test", "target", "classify", "header", "epochs",
    "seed",
    "batch_size", "input_shape", "ref", "version", "lr", "eps", "beta1", "threads", "dtype", "backend", "metrics",
    "callbacks", "a" * 3000, ".".join(500 * "a"), '"\\u0000"', "x.y", "source", "transpose", "decay", "loss",
    "encoder",
)  # fmt: skip


def main(count: int, seed: int) -> str:
    """Throw ``count`` mutated inputs; raises AssertionError for the first that ends in anything but 0 or 2."""
    random_ = random.Random(seed)
    kinds = (_experiment, _experiment, _experiment, _setting, _csv, _csv, _npy, _npz, _run_file, _idx)
    refused, longest = 0, 0.0
    with small_world() as run:
        for i in range(count):
            mutate = kinds[i % len(kinds)]
            started = time.monotonic()
            code, said = mutate(random_, run)
            took = time.monotonic() - started
            longest = max(longest, took)
            where = f"{mutate.__name__} number {i} of seed {seed}"
            bad = "mistake in pellucid" in said or (code == 2 and (took > SECONDS or len(said) > 20_000))
            if code not in (0, 2) or bad:
                raise AssertionError(f"{where}: exit code {code} after {took:.1f} s: {said[-2000:]}")
            refused += code == 2
    return f"{count} mutated inputs, {refused} refused with a message, the others used, {longest:.1f} s at most"


@contextmanager
def small_world() -> Iterator[Path]:
    """A folder to work in, with small data files and a finished run; of the machine's settings none matter in it."""
    before, kept = Path.cwd(), dict(os.environ)
    drawing = sys.modules.get(CURVES)
    folder = Path(tempfile.mkdtemp(prefix="pellucid-faults-"))
    try:
        os.chdir(folder)
        sys.modules[CURVES] = None  # type: ignore[assignment]  # drawing takes longer than all else
        os.environ |= {"PELLUCID_CACHE": str(folder / "cache"), "PELLUCID_MEMORY": "1", "NO_PROXY": "*"}
        rows = [f"{i}.5,{i % 7},{'yes' if i % 3 else 'no'}" for i in range(24)]
        Path("small.csv").write_text("\n".join(["width,height,kind", *rows]) + "\n", encoding="utf-8")
        numbers = np.random.default_rng(0)
        x, y = numbers.normal(size=(24, 4)).astype(np.float32), np.arange(24) % 3
        np.savez("small.npz", x=x, y=y, classes=np.array(["a", "b", "c"]))
        np.save("small.npy", x)
        np.savez_compressed("images.npz", x=numbers.random((24, 12, 12, 1), np.float32), y=y)
        for i, text in enumerate(EXPERIMENTS):
            Path(f"experiment{i}.toml").write_text(text, encoding="utf-8")
            code, said = command("train", f"experiment{i}.toml", "--quiet", "--out", f"run{i}")
            assert code == 0, said
        yield Path("run0")
    finally:
        os.chdir(before)
        sys.modules.pop(CURVES, None)
        if drawing is not None:
            sys.modules[CURVES] = drawing
        os.environ.clear()
        os.environ.update(kept)
        shutil.rmtree(folder, ignore_errors=True)


def command(*words: str) -> tuple[int, str]:
    """Exit code and all output of the command line."""
    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(output), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = pellucid(list(words))
    return code, output.getvalue()


def trained(*words: str) -> tuple[int, str]:
    """A training whose folder is gone afterwards."""
    try:
        return command("train", *words, "--quiet", "--out", "new", "--set", "train.epochs=1")
    finally:
        shutil.rmtree("new", ignore_errors=True)


# -- what is thrown --------------------------------------------------------------------------------------------------


def _experiment(random_: random.Random, run: Path) -> tuple[int, str]:
    text = random_.choice(EXPERIMENTS)
    for _ in range(random_.choice((1, 1, 1, 2, 4))):
        text = random_.choice((_other_value, _other_value, _other_key, _lines, _bytes))(random_, text)
    Path("thrown.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    return trained("thrown.toml")


def _other_value(random_: random.Random, text: str) -> str:
    lines = text.split("\n")
    places = [i for i, line in enumerate(lines) if "=" in line]
    if places:
        i = random_.choice(places)
        parts = lines[i].split("=")
        k = random_.randrange(1, len(parts))
        end = max(parts[k].rfind(","), parts[k].rfind("}")) if "{" in lines[i] and k < len(parts) - 1 else len(parts[k])
        parts[k] = f" {_word(random_)}{parts[k][end:] if end >= 0 else ''}"
        lines[i] = "=".join(parts)
    return "\n".join(lines)


def _word(random_: random.Random) -> str:
    return random_.choice(NUMBERS if random_.random() < 0.5 else WORDS)


def _other_key(random_: random.Random, text: str) -> str:
    lines = text.split("\n")
    lines.insert(random_.randrange(len(lines)), f"{random_.choice(KEYS)} = {_word(random_)}")
    return "\n".join(lines)


def _lines(random_: random.Random, text: str) -> str:
    lines = text.split("\n")
    i, k = random_.randrange(len(lines)), random_.randrange(len(lines))
    what = random_.randrange(4)
    if what == 0:
        del lines[i]
    elif what == 1:
        lines.insert(k, lines[i])
    elif what == 2:
        lines[i], lines[k] = lines[k], lines[i]
    else:
        lines = lines[:i]
    return "\n".join(lines)


def _bytes(random_: random.Random, text: str) -> str:
    return mutated(random_, text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def mutated(random_: random.Random, content: bytes) -> bytes:
    """Bytes exchanged, removed, doubled or cut off."""
    changed = bytearray(content)
    for _ in range(random_.choice((1, 1, 2, 5))):
        i = random_.randrange(len(changed) + 1)
        what = random_.randrange(5)
        if what == 0 and i < len(changed):
            changed[i] ^= 1 << random_.randrange(8)
        elif what == 1:
            changed[i:i] = bytes([random_.randrange(256)])
        elif what == 2:
            del changed[i : i + random_.choice((1, 1, 10, 100))]
        elif what == 3:
            changed[i:i] = changed[i : i + 20]
        elif random_.random() < 0.2:
            del changed[i:]
    return bytes(changed)


def _setting(random_: random.Random, run: Path) -> tuple[int, str]:
    number = random_.randrange(len(EXPERIMENTS))
    sections = ("data", "model", "optimizer", "schedule", "train", "loss", "objective", "model.layers.0", "x", "")
    settings = [
        f"{random_.choice(sections)}.{random_.choice(KEYS)}={_word(random_)}" for _ in range(random_.choice((1, 1, 2)))
    ]
    return trained(f"experiment{number}.toml", *(word for setting in settings for word in ("--set", setting)))


def _used(random_: random.Random, path: str, run: Path) -> tuple[int, str]:
    what = random_.randrange(4)
    if what == 0:
        return command("predict", str(run), path)
    if what == 1:
        return command("evaluate", str(run), "--data", path)
    return trained("--model", random_.choice(("ann", "logistic_regression", "autoencoder")), "--dataset", path,
                   *random_.choice(((), ("--set", "data.target=-1"), ("--set", "data.target=kind"))))  # fmt: skip


def _csv(random_: random.Random, run: Path) -> tuple[int, str]:
    text = Path("small.csv").read_text(encoding="utf-8")
    fields = ("", "1e400", "nan", "-0", "1_0", "0x10", "007", 5000 * "9", "yes", '"', '"a\nb"',
    "9223372036854775808", "\0", ";", "1;2",
              200_000 * "a", "\u2028", "12345678901234567", "NA", "  ", "1,2,3")  # fmt: skip
    for _ in range(random_.choice((1, 1, 3))):
        lines = text.split("\n")
        i = random_.randrange(len(lines))
        parts = lines[i].split(",")
        parts[random_.randrange(len(parts))] = random_.choice(fields)
        lines[i] = ",".join(parts)
        text = "\n".join(lines)
        text = random_.choice((text, text, _lines(random_, text), _bytes(random_, text)))
    Path("thrown.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    return _used(random_, "thrown.csv", run)


def _npy(random_: random.Random, run: Path) -> tuple[int, str]:
    Path("thrown.npy").write_bytes(_array(random_, Path("small.npy").read_bytes()))
    return _used(random_, "thrown.npy", run)


def _array(random_: random.Random, content: bytes) -> bytes:
    """A file in NumPy's format with another header, or with bytes exchanged, mostly in the header."""
    if random_.random() < 0.5:
        return mutated(random_, content[:128]) + content[128:]
    kinds = (
        "<f4",
        "<f8",
        "<i8",
        "|O",
        "|V0",
        "<U0",
        "|S4",
        "<M8[s]",
        "<c16",
        "|b1",
        ">f4",
        "<f2",
        "<u8",
        "V8",
        "|V4",
        "nonsense",
    )
    shapes = ("(24, 4)", "(-1, -96)", "(96,)", "()", "(0, 4)", "(24, 4, 1, 1)", "(10000000000, 10000000000)",
              "(24, 10**9)",
              "[24, 4]", "(True, 96)", "(1,) * 99", "(" * 200, f"({'1, ' * 70})", "(1e3,)",
              "(" + "9" * 5000 + ",)")  # fmt: skip
    order = random_.choice(("False", "True", "3"))
    header = f"{{'descr': '{random_.choice(kinds)}', 'fortran_order': {order}, 'shape': {random_.choice(shapes)}, }}"
    body = content[128:]
    return (
        b"\x93NUMPY"
        + bytes((random_.choice((1, 2, 3, 9)), 0))
        + struct.pack("<H", len(header))
        + header.encode()
        + body
    )


def _npz(random_: random.Random, run: Path) -> tuple[int, str]:
    source = random_.choice(("small.npz", "images.npz"))
    what = random_.randrange(3)
    if what == 0:
        Path("thrown.npz").write_bytes(mutated(random_, Path(source).read_bytes()))
    elif what == 1:
        import zipfile

        with zipfile.ZipFile("thrown.npz", "w", random_.choice((0, 8, 12, 14))) as archive:
            archive.writestr("x.npy", _array(random_, Path("small.npy").read_bytes()))
    else:
        with np.load(source) as loaded:
            arrays = dict(loaded)
        labels = (np.arange(24) * 2**57, np.full(24, 2**62), np.arange(24) - 5, np.arange(24) % 2 + 0.5,
        np.zeros((24, 0)), np.zeros(3),
                  np.array(["a"] * 24), np.full((24, 3), 2**40), np.arange(24).astype(np.uint64) + 2**63,
                  np.zeros(24, bool),
                  np.arange(24).astype("M8[s]"), np.array([b"x"] * 24), np.full(24, np.nan), np.array([["a",
                  "b"]] * 24), np.array(3))  # fmt: skip
        arrays[random_.choice(("x", "y", "y", "classes"))] = random_.choice(labels)
        np.savez("thrown.npz", **arrays)
    return _used(random_, "thrown.npz", run)


def _run_file(random_: random.Random, run: Path) -> tuple[int, str]:
    """The files of a finished run that a user may have changed."""
    shutil.rmtree("changed", ignore_errors=True)
    shutil.copytree(run, "changed")
    name = random_.choice(("experiment.toml", "summary.json", "metrics.jsonl", "experiment.toml"))
    path = Path("changed", name)
    text = path.read_text(encoding="utf-8")
    if name.endswith(".toml"):
        text = random_.choice((_other_value, _other_key, _lines, _bytes))(random_, text)
    else:
        text = random_.choice(
            (
                _bytes(random_, text),
                3000 * "[",
                json.dumps({"test": {"a": 10**400}}),
                "{}",
                "null",
                '{"test": {"a": []}}\n',
            )
        )
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    words = random_.choice(
        (("compare", "changed", "run1"), ("evaluate", "changed"), ("predict", "changed", "small.npy"))
    )
    return command(*words)


def _idx(random_: random.Random, run: Path) -> tuple[int, str]:
    from pellucid_datasets.idx import read_idx

    pixels = bytes((0, 0, 8, 3)) + struct.pack(">III", 4, 28, 28) + bytes(4 * 28 * 28)
    content = mutated(random_, pixels[:40]) + pixels[40:]
    if random_.random() < 0.5:
        content = gzip.compress(content)
        if random_.random() < 0.5:
            content = mutated(random_, content)
    try:
        read_idx(content, axes=3, name="thrown")
    except DataError as error:
        return 2, str(error)
    return 0, ""
