"""Traces in files whose hash is right and whose contents are not: what load_trace and the trace then say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
from pellucid.glassbox.why.asking import chain
from pellucid.saving.container import write
from pellucid.saving.reading import opened

OTHERS = (None, True, -1, 0, 1 << 70, 0.5, float("nan"), "x", "layers.0.z", "loss", [], {}, [[]],
          {"type": "core/dense"}, "{}")  # fmt: skip


class Forger:
    """Changes one thing in the file of a trace and asks all that can be asked.

    Args:
        folder: where the files are written.
    """

    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(0)
        first = pl.Dense(3, "tanh", regularizer=pl.create("regularizer", "l2"))
        layers = [first, pl.BatchNorm(), pl.Dropout(0.4), pl.Dense(2)]
        model = pl.build(pl.Sequential(layers), input_shape=(4,), seed=1, backend="reference")
        schedule = {"type": "cosine", "steps": 9}
        trainer = pl.Trainer(
            model, loss="softmax_cross_entropy", optimizer="adam", schedule=schedule, seed=3, clip_norm=0.5
        )
        self.path = folder / "step.safetensors"
        trainer.trace_step(rng.normal(size=(5, 4)), rng.integers(0, 2, 5)).save(self.path)
        self.content = self.path.read_bytes()
        with opened(self.path, "trace") as file:
            self._document, self._tensors = json.dumps(file.header.document), file.tensors()

    def write(self, change: Callable[[dict[str, Any], dict[str, Any]], Any]) -> Path:
        """The file with a document and arrays that were changed, and a hash that is right."""
        document, tensors = json.loads(self._document), dict(self._tensors)
        change(document, tensors)
        write(self.path, "trace", document, tensors)
        return self.path

    def forged(self, seed: int, share: float = 1.0) -> str:
        """Change one thing and ask; returns what became of it.

        Args:
            share: of the questions.

        Raises:
            Exception: whatever is no error of pellucid's.
        """
        rng = np.random.default_rng(seed)

        def change(document: dict[str, Any], tensors: dict[str, Any]) -> None:
            _other_tensor(rng, tensors) if rng.random() < 0.25 else _other_entry(rng, document)

        try:
            trace = pl.load_trace(self.write(change))
        except pl.PellucidError:
            return "refused"
        answers = [_answered(ask) for ask in questions(trace, self.path, rng) if rng.random() < share]
        return "answered" if all(answers) else "answered in part"


def _answered(ask: Callable[[], Any]) -> bool:
    """Whether there is an answer; if not, it is an error of pellucid's."""
    try:
        with np.errstate(all="ignore"):
            ask()
    except pl.PellucidError:
        return False
    return True


def _other_entry(rng: np.random.Generator, document: Any) -> None:
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[rng.integers(len(keys))]
        if not (isinstance(place[key], dict | list) and place[key]) or rng.random() < 0.1:
            break
        place = place[key]
    what = rng.integers(4)
    if what == 0:
        del place[key]
    elif what == 1:
        place[key] = place[keys[rng.integers(len(keys))]]
    elif what == 2 and isinstance(place, dict):
        place[f"{key}2"] = place.pop(key)
    else:
        place[key] = OTHERS[rng.integers(len(OTHERS))]


def _other_tensor(rng: np.random.Generator, tensors: dict[str, Any]) -> None:
    names = sorted(tensors)
    name, other = names[rng.integers(len(names))], names[rng.integers(len(names))]
    array = tensors[name]
    changes: list[Callable[[], Any]] = [
        lambda: array[:0] if array.ndim else array.reshape(1), lambda: array[None], lambda: array.reshape(-1),
        lambda: array.T, lambda: np.full_like(array, np.nan if array.dtype.kind == "f" else 1),
        lambda: array.astype(np.int64), lambda: array.astype(np.bool_), lambda: array.astype(np.float64),
        lambda: np.full_like(array, np.finfo(np.float32).max if array.dtype.kind == "f" else 1 << 30),
        lambda: -array - 1, lambda: tensors[other],
    ]  # fmt: skip
    with np.errstate(all="ignore"):
        made = changes[rng.integers(len(changes))]()
    tensors[name] = np.array(made)
    if rng.random() < 0.1:
        del tensors[name]


def questions(trace: Any, path: Path, rng: np.random.Generator) -> Iterator[Callable[[], Any]]:
    """All that can be asked of a trace."""
    names = trace.names()

    def of_each(name: str) -> None:
        array = trace[name]
        if array.size:
            found = trace.why(name, tuple(int(rng.integers(n)) for n in array.shape))
            str(found), found.latex, found.sorted()

    yield from (partial(of_each, name) for name in names)
    first = next((name for name in names if name.endswith(".weight")), "loss")
    yield from (
        lambda: repr(trace), lambda: [repr(call) for top in trace.calls for call in top.within()],
        lambda: str(trace.replay()), lambda: (str(found := trace.certify(20)), found.json()),
        lambda: str(trace.what_if(first, (0,) * trace[first].ndim, 0.1)), lambda: str(trace.what_if(lr=0.1)),
        lambda: str(trace.what_if(without_sample=0)), lambda: trace.samples("loss"),
        lambda: trace.samples(f"{first}.grad"), lambda: trace.html(path.with_suffix(".html")),
        lambda: trace.save(path.with_suffix(".again")), lambda: str(pl.diff(trace, trace)),
        lambda: chain(trace, "loss", (), 6),
    )  # fmt: skip
