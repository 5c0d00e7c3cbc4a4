"""What asks for more than there is: refused at once, with what to do, before any of it is taken.

Each fault is one request of absurd size at one of the entrances: settings, models, data files, downloads, verbs,
pictures, messages. It must end in an error of pellucid's (on the command line in exit code 2), within a second, in a
short message, without memory having been taken.
"""

from __future__ import annotations

import random
import resource
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pellucid as pl
from pellucid.saving.container import write
from pellucid.saving.model import model_document

from tests.faults.experiments import command, small_world

COUNT, SHORT = 2_000, 15
SECONDS = 1.0
"""That a refusal may take, of the process's own time: others may be at work on the machine."""
MEMORY = 200 << 20
"""Bytes that a refusal may take."""
LETTERS = 10_000
"""Of a message."""

Outcome = tuple[int, str]


def main(count: int, seed: int) -> str:
    """Make ``count`` requests; raises AssertionError for the first that is not refused, or not as said above."""
    random_ = random.Random(seed)
    longest = 0.0
    with small_world(), served() as url:
        prepare()
        for i in range(count):
            ask = REQUESTS[i % len(REQUESTS)]
            started, before = time.process_time(), peak()
            code, said = ask(random_, url)
            took, taken = time.process_time() - started, peak() - before
            longest = max(longest, took)
            where = f"{ask.__name__}, number {i} of seed {seed}: {said[:1500]}"
            assert code == 2, f"exit code {code} of {where}"
            assert "mistake in pellucid" not in said, where
            assert len(said) <= LETTERS, f"{len(said)} letters of {where}"
            assert took <= SECONDS, f"{took:.1f} s for {where}"
            assert taken <= MEMORY, f"{taken >> 20} MiB for {where}"
    return f"{count} requests of {len(REQUESTS)} kinds refused, after {longest:.2f} s at most"


def peak() -> int:
    """The most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def prepare() -> None:
    """Files that ask for much."""
    with np.load("small.npz") as small:
        np.savez_compressed("large.npz", x=small["x"])
    content = bytearray(Path("large.npz").read_bytes())
    entry = content.rindex(b"PK\x01\x02")  # its last entry in the directory, in which the size stands
    content[entry + 20 : entry + 28] = struct.pack("<II", 3_000_000, 3_200_000_000)
    Path("large.npz").write_bytes(content)
    for name, columns in (("wide", 50_000), ("wider", 1_000_000)):
        Path(f"{name}.csv").write_text(
            ",".join(f"column{i}" for i in range(columns)) + "\n" + ",".join(columns * "1") + "\n", encoding="utf-8"
        )
    for name, config in {
        "blocks": {"type": "cnn/resnet_small", "outputs": 2, "blocks": 10**8},
        "units": {"type": "core/dense", "units": 10**12},
        "doubled": doubled(60),
        "deep": deep(90),
        "wide": {"type": "core/sequential", "layers": 20_000 * [{"type": "core/flatten"}]},
    }.items():
        document = model_document(pl.build("dense", units=2, input_shape=(4,), seed=0))
        document["model"] |= {"config": config, "input_shapes": [[8, 8, 1] if name == "blocks" else [4]]}
        write(f"{name}.safetensors", "model", document, {})


def doubled(times: int) -> dict[str, Any]:
    """Each layer is the one before, twice: a few lines, and 2^times layers."""
    layers: list[Any] = [{"type": "core/dense", "units": 4}]
    for i in range(times):
        twice = [{"ref": f"layers.{i}"}, {"ref": f"layers.{i}"}]
        layers.append({"type": "core/parallel", "join": "sum", "layers": twice})
    return {"type": "core/sequential", "layers": layers}


def deep(levels: int) -> dict[str, Any]:
    config: dict[str, Any] = {"type": "core/dense", "units": 4}
    for _ in range(levels):
        config = {"type": "core/sequential", "layers": [config]}
    return config


def large(random_: random.Random) -> int:
    """A number that nothing can be as large as."""
    return 10 ** random_.choice((11, 12, 15, 18, 19, 20, 30, 100, 400))


def refused(call: Callable[[], Any]) -> Outcome:
    """A call from Python, as the command line would end."""
    try:
        call()
    except pl.PellucidError as error:
        return 2, str(error)
    except Exception as error:
        return 1, repr(error)
    return 0, ""


# -- settings ----------------------------------------------------------------------------------------------------------


def a_setting(random_: random.Random, url: str) -> Outcome:
    file, key = random_.choice((
        (0, "model.hidden"), (1, "model.layers.0.units"), (2, "model.latent"), (3, "model.filters"),
        (4, "model.hidden"), (4, "model.blocks"), (4, "objective.steps"), (1, "data.n"),
        (0, "train.threads"), (3, "model.kernel_size"),
    ))  # fmt: skip
    value = f"[{large(random_)}, 2]" if key in ("model.hidden", "model.filters") and file != 4 else large(random_)
    return command("train", f"experiment{file}.toml", "--set", f"{key}={value}")


def a_number_of_many_digits(random_: random.Random, url: str) -> Outcome:
    number = random_.choice(("9", "0x1", "-9")) + random_.randrange(400, 20_000) * "7"
    return command("train", "experiment0.toml", "--set", f"train.{random_.choice(('epochs', 'seed', 'lr'))}={number}")


def brackets(random_: random.Random, url: str) -> Outcome:
    n = random_.randrange(200, 20_000)
    opening, closing = random_.choice((("[", "]"), ("{a=", "}"), ("[{a=", "}]")))
    text = f"[model]\nhidden = {n * opening}1{n * closing}\n"
    Path("thrown.toml").write_text(random_.choice((text, f"{n * '['}a{n * ']'}\n", f"{n * 'a.'}b = 1\n")))
    return command("train", "thrown.toml")


def a_long_experiment(random_: random.Random, url: str) -> Outcome:
    Path("thrown.toml").write_text("# " + 2_000_000 * "x")
    return command("train", random_.choice(("thrown.toml", "/dev/zero")))


def a_deep_key(random_: random.Random, url: str) -> Outcome:
    key = ".".join(random_.randrange(200, 5_000) * "a")
    return command("train", "experiment0.toml", "--set", f"{random_.choice(('model', 'data', 'x'))}.{key}=1")


# -- models ------------------------------------------------------------------------------------------------------------


def a_model_file(random_: random.Random, url: str) -> Outcome:
    name = random_.choice(("blocks", "units", "doubled", "deep", "wide"))
    return command(random_.choice(("evaluate", "predict")), f"{name}.safetensors", "small.npy")


def a_size(random_: random.Random, url: str) -> Outcome:
    n = large(random_) if random_.random() < 0.8 else 10**5000
    return refused(random_.choice((
        lambda: pl.build("ann", hidden=[n], outputs=2, input_shape=(4,)),
        lambda: pl.build("dense", units=n, input_shape=(4,)),
        lambda: pl.build(pl.Dense(n), input_shape=(4,)),
        lambda: pl.build("resnet_small", outputs=2, blocks=n, input_shape=(8, 8, 1)),
        lambda: pl.build("conv2d", filters=n, kernel_size=3, input_shape=(8, 8, 1)),
        lambda: pl.build("autoencoder", latent=n, input_shape=(4,)),
        lambda: pl.build("ann", hidden=2000 * [4], outputs=2, input_shape=(4,)),
        lambda: pl.build(doubled(40), input_shape=(4,)),
        lambda: pl.build(deep(100 + n % 3000), input_shape=(4,)),
        lambda: pl.build("sequential", layers=[{"type": "upsample", "factor": n}], input_shape=(8, 8, 1)),
        lambda: pl.load_dataset("half_moons", n=n),
        lambda: pl.load_dataset("glyphs", samples=n),
    )))  # fmt: skip


# -- data --------------------------------------------------------------------------------------------------------------


def a_packed_array(random_: random.Random, url: str) -> Outcome:
    return command("predict", "run2", "large.npz")


def many_columns(random_: random.Random, url: str) -> Outcome:
    name = random_.choice(("wide", "wider"))
    return refused(lambda: pl.load_dataset("files", train=f"{name}.csv", target="colunm7"))


def no_file(random_: random.Random, url: str) -> Outcome:
    link = Path("endless").with_suffix(random_.choice((".csv", ".npy", ".npz")))
    link.unlink(missing_ok=True)
    link.symlink_to(random_.choice(("/dev/zero", "/dev/urandom")))
    return command("predict", "run2", str(link))


def an_idx_file(random_: random.Random, url: str) -> Outcome:
    from pellucid_datasets.idx import read_idx

    lengths = [random_.choice((28, 60_000, 2**31, 2**32 - 1)) for _ in range(2)]
    content = bytes((0, 0, 8, 3)) + struct.pack(">III", 2**20, *lengths) + bytes(100)
    return refused(lambda: read_idx(content, axes=3, name="thrown"))


def a_download(random_: random.Random, url: str) -> Outcome:
    from pellucid_datasets.source import Source

    endless = Source("endless", "endless", url, {"file": 64 * "0"}, "1 MB", 1_000_000)
    return refused(endless.obtained)


# -- what is drawn -----------------------------------------------------------------------------------------------------


def a_verb(random_: random.Random, url: str) -> Outcome:
    run, verb, option = random_.choice((
        ("run2", "sample", "count"), ("run4", "sample", "count"), ("run2", "reconstruct", "count"),
        ("run2", "interpolate", "steps"), ("run2", "traverse", "steps"), ("run3", "features", "maps"),
        ("run3", "features", "scale"), ("run3", "filters", "scale"), ("run3", "augmented", "count"),
        ("run3", "augmented", "times"), ("run4", "sample", "steps"),
    ))  # fmt: skip
    number = random_.choice((10**7, 10**8, 10**30, 10**400))
    return command(verb, run, f"--{option}", str(number), "--output", "drawn.png")


def many_tiles(random_: random.Random, url: str) -> Outcome:
    if random_.random() < 0.5:
        return command("sample", "run2", "--count", "100000", "--shape", "2", "2", "--output", "drawn.png")
    images = np.broadcast_to(np.uint8(7), (100_000, 60, 60))
    return refused(lambda: pl.pictures.tile(images, gap=random_.choice((2, 10**400))))


# -- messages ----------------------------------------------------------------------------------------------------------


def a_long_name(random_: random.Random, url: str) -> Outcome:
    name = random_.randrange(5_000, 100_000) * random_.choice("aä9/")
    words = random_.choice((
        ("show", name), (name, "run0"), ("train", "--model", name, "--dataset", "iris"), ("evaluate", name),
        ("train", "--dataset", f"{name}.csv", "--model", "ann"), ("evaluate", "run0", "--data", name),
        ("predict", "run0", f"{name}.npz"), ("sample", "run2", "--label", name), ("train", f"--{name}"),
    ))  # fmt: skip
    return command(*words)


REQUESTS: tuple[Callable[[random.Random, str], Outcome], ...] = (
    a_setting, a_number_of_many_digits, brackets, a_long_experiment, a_deep_key, a_model_file, a_size, a_packed_array,
    many_columns, no_file, an_idx_file, a_download, a_verb, many_tiles, a_long_name,
)  # fmt: skip


@contextmanager
def served() -> Iterator[str]:
    """The address of a server that sends without end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(1 << 16))
            except OSError:
                return

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
