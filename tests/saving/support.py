"""Small models, data and tools that damage files, for the tests of saving."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pellucid as pl
from pellucid.saving.container import DTYPES, hash_header

LAYERS = [
    {"type": "dense", "units": 8, "activation": "relu"},
    {"type": "batch_norm"},
    {"type": "dropout", "rate": 0.3},
    {"type": "dense", "units": 3},
]


def small_model(**options: Any) -> pl.Layer:
    settings = {"input_shape": (6,), "seed": 3, "backend": "reference"} | options
    return pl.build({"type": "sequential", "layers": LAYERS}, **settings)


def small_data(n: int = 103) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 6)).astype(np.float32)
    return x, np.argmax(x[:, :3], axis=1)


def small_trainer(model: pl.Layer | None = None, **options: Any) -> pl.Trainer:
    settings = {
        "loss": "softmax_cross_entropy",
        "optimizer": {"type": "adamw", "lr": 1e-2, "weight_decay": 0.1},
        "schedule": {"type": "cosine", "warmup": 3},
        "metrics": ["accuracy"],
        "callbacks": ["best_epoch"],
        "seed": 1,
    } | options
    return pl.Trainer(small_model() if model is None else model, **settings)


def everything(trainer: pl.Trainer) -> dict[str, Any]:
    """All that must be equal, bit for bit, in two trainers that stand at the same place of the same run."""
    model = trainer.model
    return {
        "parameters": [p.data.tobytes() for p in model.parameters()],
        "states": [s.data.tobytes() for s in model.states()],
        "optimizer": {name: buffer.tobytes() for name, buffer in trainer.slots.buffers.items()},
        "t": int(trainer.slots.t),
        "history": trainer.history.records,
        "place": (trainer.steps, trainer.epochs, trainer.position),
        "totals": {name: sums.tolist() for name, sums in trainer.totals.items()},
    }


# -- files -----------------------------------------------------------------------------------------------------------


def parts(path: Path) -> tuple[dict[str, Any], bytes]:
    """Header and values of a safetensors file, read by hand."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def put(path: Path, header: dict[str, Any] | str, values: bytes) -> Path:
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + values)
    return path


def edited(path: Path, edit: Callable[[dict[str, Any]], None], *, sealed: bool = True) -> Path:
    """The file with its document changed; ``sealed`` corrects the hash, as a forger would."""
    header, values = parts(path)
    facts = json.loads(header.pop("__metadata__")["pellucid"])
    edit(facts["document"])
    if sealed:
        table = {name: (np.dtype(DTYPES[entry["dtype"]]), tuple(entry["shape"])) for name, entry in header.items()}
        facts["sha256"] = hash_header(facts["kind"], facts["document"], table, facts["tensors_sha256"])
    return put(path, {"__metadata__": {"pellucid": json.dumps(facts)}, **header}, values)


def with_facts(path: Path, **changes: Any) -> Path:
    """The file with other facts beside its document; None takes one away."""
    header, values = parts(path)
    facts = json.loads(header["__metadata__"]["pellucid"]) | changes
    header["__metadata__"]["pellucid"] = json.dumps({n: value for n, value in facts.items() if value is not None})
    return put(path, header, values)


# -- a plugin that changes -------------------------------------------------------------------------------------------


def plugin(register: Callable[[Any], None]) -> ModuleType:
    """A module that implements the hook, to be found under the name that a claim gives it."""
    module = ModuleType("pellucid_saving_witness")

    def pellucid_register(registry: Any) -> None:
        register(registry)

    pellucid_register.__module__ = module.__name__
    module.pellucid_register = pl.hookimpl(pellucid_register)  # type: ignore[attr-defined]
    return module
