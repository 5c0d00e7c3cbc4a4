"""Model files and checkpoints with anything in them changed, hashes corrected too: loaded as they are, or one error.

A mutant whose hashes do not fit is refused. One whose hashes were made to fit is refused, or what was loaded can be
used and saved again. A refusal is a CheckpointError that names the file, and changes nothing.
"""

from __future__ import annotations

import json
import math
import random
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint
from pellucid.saving.container import DTYPES, hash_header

from tests.saving.support import everything, parts, put

COUNT, SHORT = 100_000, 150
BLOCK = {"type": "sequential", "layers": [{"type": "layer_norm"}, {"type": "dense", "units": 6, "activation": "gelu"}]}
LAYERS = [
    {"type": "dense", "units": 6, "activation": "relu"},
    {"type": "batch_norm"},
    {"type": "residual", "layer": BLOCK},
    {"type": "dropout", "rate": 0.3},
    {"type": "dense", "units": 3, "regularizer": {"type": "l2", "strength": 0.01}},
]
STRANGE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 7, 1.0, 0.5, -0.0, math.nan, math.inf, 1e308, 5e-324, 2**31, 2**63, 2**64, 10**30,
    "", "x", "core/dense", "acme/dense", "os:system", "\0", "\ud800", "NaN", "a" * 300, [], {}, [None], [[]], [{}],
    {"type": "core/dense"}, {"type": "core/dense", "units": 3}, {"type": "core/standardize"}, {"ref": "layers.0"},
    {"": None}, [0] * 40, {"type": "sequential", "layers": []}, ["x", "y", "z"], {"a": {"b": {"c": {}}}},
)  # fmt: skip


def samples() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 4)).astype(np.float32)
    return x, np.argmax(x[:, :3], axis=1)


def make() -> pl.Trainer:
    model = pl.build({"type": "sequential", "layers": LAYERS}, input_shape=(4,), seed=3, backend="reference")
    return pl.Trainer(
        model, loss="softmax_cross_entropy", optimizer={"type": "adamw", "lr": 1e-2}, metrics=["accuracy"],
        schedule={"type": "cosine", "warmup": 2}, callbacks=["best_epoch"], seed=1,
    )  # fmt: skip


def originals(folder: Path) -> tuple[Path, Path]:
    """A trained model and its checkpoint."""
    x, y = samples()
    split = pl.Split(x, y, ("p", "q", "r"), tuple("abcd"))
    trainer = make()
    trainer.fit(pl.Splits(split, split, split, transforms=["standardize"]), epochs=2, batch_size=16, verbose=False)
    model, checkpoint = folder / "model", folder / "checkpoint"
    pl.save(trainer.model, model)
    save_checkpoint(trainer, checkpoint)
    return model, checkpoint


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything that is in a nested table."""
    if path:
        yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(item, (*path, key))


def mutate(root: Any, draw: random.Random) -> None:
    """Change one thing in a nested table."""
    path = draw.choice(list(places(root)))
    owner = root
    for key in path[:-1]:
        owner = owner[key]
    key, what = path[-1], draw.randrange(8)
    if what == 0:
        del owner[key]
    elif what == 1 and isinstance(owner, dict):
        owner[draw.choice([f"{key}2", "", "type", "ref", "version", key.upper()])] = owner.pop(key)
    elif what == 2 and isinstance(owner, list):
        owner.insert(draw.randrange(len(owner) + 1), deepcopy(owner[key]))
    elif what == 3:
        other = draw.choice(list(places(root)))
        found = root
        for step in other:
            found = found[step]
        owner[key] = deepcopy(found)
    elif what == 4 and type(owner[key]) in (int, float):
        owner[key] = draw.choice([-owner[key], owner[key] + 1, owner[key] * 1000, float(owner[key]), str(owner[key])])
    elif what == 5 and isinstance(owner, dict):
        owner[draw.choice(["units", "rate", "extra", "layers", "eps"])] = deepcopy(draw.choice(STRANGE))
    else:
        owner[key] = deepcopy(draw.choice(STRANGE))


def bytes_changed(content: bytes, draw: random.Random, header: Any = None) -> bytes:
    """Damage as of a disk, a cable or an editor of texts."""
    if not content:
        return draw.randbytes(1)
    at, what = draw.randrange(len(content)), draw.randrange(5)
    if what == 0:
        return content[:at]
    if what == 1:
        return content + draw.randbytes(draw.randrange(1, 9))
    if what == 2:
        return content[:at] + draw.randbytes(draw.randrange(1, 50)) + content[at:]
    if what == 3:
        return content[:at] + content[at + draw.randrange(1, 50) :]
    return content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]


def sealed(path: Path, header: dict[str, Any], values: bytes, facts: dict[str, Any]) -> None:
    """Write it with the hashes that a forger would give it, as far as there is a table of tensors to hash."""
    try:
        table = {name: (np.dtype(DTYPES[entry["dtype"]]), tuple(entry["shape"])) for name, entry in header.items()}
        spans = {name: header[name]["data_offsets"] for name in sorted(header)}
        facts["tensors_sha256"] = sha256(b"".join(values[a:b] for a, b in spans.values())).hexdigest()
        facts["sha256"] = hash_header(facts["kind"], facts["document"], table, facts["tensors_sha256"])
    except (LookupError, TypeError, AttributeError, ValueError):
        pass
    put(path, {"__metadata__": {"pellucid": json.dumps(facts)}, **header}, values)


def mutant(original: bytes, path: Path, draw: random.Random) -> bool:
    """Write one; returns whether its hashes fit."""
    path.write_bytes(original)
    kind = draw.randrange(6)
    if kind == 0:
        path.write_bytes(bytes_changed(original, draw))
        return False
    header, values = parts(path)
    facts = json.loads(header.pop("__metadata__")["pellucid"])
    for _ in range(draw.choice([1, 1, 1, 2, 4])):
        if kind == 1:
            mutate(header, draw)  # the table of tensors
        elif kind == 2:
            values = draw.choice([bytes_changed, other_history, other_values])(values, draw, header)
        else:
            mutate(facts["document"], draw)
    if kind == 3:
        put(path, {"__metadata__": {"pellucid": json.dumps(facts)}, **header}, values)
        return False
    sealed(path, header, values, facts)
    return True


def other_values(values: bytes, draw: random.Random, header: dict[str, Any]) -> bytes:
    """As many numbers, and none that means anything."""
    return draw.randbytes(len(values))


def other_history(values: bytes, draw: random.Random, header: dict[str, Any]) -> bytes:
    """A history of the same length with something in it changed, or cut off."""
    if "history" not in header:
        return other_values(values, draw, header)
    start, end = header["history"]["data_offsets"]
    try:
        records = json.loads(values[start:end])
        mutate(records, draw)
        text = json.dumps(records, separators=(",", ":"))
    except (ValueError, IndexError):
        text = ""
    return values[:start] + text.encode().ljust(end - start)[: end - start] + values[end:]


def same(path: Path, original: bytes) -> bool:
    """Whether a mutant says what the original does: changes may meet on the value that was there."""
    mine = contents(path)
    path.write_bytes(original)
    return mine == contents(path)


def contents(path: Path) -> tuple[str, bytes]:
    """The facts in one order, and the values."""
    header, values = parts(path)
    return json.dumps(json.loads(header["__metadata__"]["pellucid"]), sort_keys=True), values


def main(count: int, seed: int) -> str:
    draw, outcomes = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(name)
        files = [path.read_bytes() for path in originals(folder)]
        path, again = folder / "mutant", folder / "again"
        trainer = make()
        before = deepcopy(everything(trainer))
        for number in range(count):
            which = number % 2
            fits = mutant(files[which], path, draw)
            where = f"mutant {number} of seed {seed}, a {('model', 'checkpoint')[which]}"
            try:
                if which == 0:
                    loaded = pl.load(path, backend="reference")
                else:
                    restore_checkpoint(trainer, path)
            except pl.CheckpointError as error:
                assert str(path) in str(error), f"{where}: the error does not name the file: {error}"
                assert len(str(error)) < 4000, f"{where}: an error of {len(str(error))} characters"
                outcomes["refused"] += 1
                if which:
                    assert everything(trainer) == before, f"{where}: refused ({error}), and the trainer is another"
                continue
            except Exception as error:
                raise AssertionError(f"{where}: {type(error).__name__}: {error}") from error
            assert fits or same(path, files[which]), f"{where}: loaded, though its hashes do not fit"
            outcomes["loaded"] += 1
            try:
                if which == 0:
                    pl.save(loaded, again)
                    loaded.predict(samples()[0])
                else:
                    save_checkpoint(trainer, again)
                    trainer = make()
            except pl.PellucidError as error:
                assert which == 0 and not isinstance(error, pl.CheckpointError), f"{where}: loaded, and {error}"
                outcomes["unfit for these samples"] += 1
            except Exception as error:
                raise AssertionError(f"{where}: loaded, and then {type(error).__name__}: {error}") from error
    return f"{count} mutants: {', '.join(f'{number} {what}' for what, number in outcomes.most_common())}"
