"""Which epoch should be kept? ``python -m benchmarks.best_epoch``: rules compared on small data, 30 seeds each.

A rule sees the figures on the validation data, as ``best_epoch`` does, and names an epoch; what counts is the accuracy
on test data that no rule has seen. Every run is trained once: all rules choose among the same epochs, so they are
compared in pairs, and the noise of training falls out of the difference.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl

from benchmarks.environment import machine

Numbers = np.ndarray[Any, Any]
Set = Callable[[int], pl.Splits]
Rule = Callable[[Numbers, Numbers], int]

FIGURES = ("validation_accuracy", "validation_loss", "test_accuracy", "test_loss")
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "readme": {"optimizer": {"type": "adamw", "lr": 0.01}, "schedule": "cosine", "epochs": 40, "batch_size": 16},
    "defaults": {"optimizer": "adam", "schedule": None, "epochs": 20, "batch_size": 32},
    "long": {"optimizer": {"type": "adam", "lr": 0.01}, "schedule": None, "epochs": 80, "batch_size": 32},
}
"""That of the README's first lines; what fit does if nothing is said; one that goes on until it overfits."""


def _smooth(values: Numbers) -> Numbers:
    """Of each epoch the mean of it and of the two before it."""
    return np.array([values[max(0, i - 2) : i + 1].mean() for i in range(len(values))])


def _accuracy_then_loss(accuracy: Numbers, loss: Numbers) -> int:
    return int(np.lexsort((loss, -accuracy))[0])


RULES: Mapping[str, Rule] = {
    "accuracy, first of equals": lambda accuracy, loss: int(accuracy.argmax()),
    "accuracy, last of equals": lambda accuracy, loss: len(accuracy) - 1 - int(accuracy[::-1].argmax()),
    "accuracy, then loss": _accuracy_then_loss,
    "loss": lambda accuracy, loss: int(loss.argmin()),
    "mean accuracy of three, then loss": lambda accuracy, loss: _accuracy_then_loss(_smooth(accuracy), _smooth(loss)),
    "mean loss of three": lambda accuracy, loss: int(_smooth(loss).argmin()),
    "last epoch": lambda accuracy, loss: len(accuracy) - 1,
}
BASE = next(iter(RULES))


# -- the data: a seed decides what is drawn and which rows go where --------------------------------------------------


def _shipped(name: str, **arguments: Any) -> Set:
    return lambda seed: pl.create("dataset", name, **arguments).splits(seed)


def _split(x: Numbers, y: Numbers, seed: int, *, train: int, validation: int) -> pl.Splits:
    """The first rows of a random order; all that are left are the test."""
    order = np.random.default_rng(seed).permutation(len(x))
    parts = np.split(order, [train, train + validation])
    names = tuple(map(str, range(int(y.max()) + 1)))
    first, second, third = (
        pl.Split(np.ascontiguousarray(x[rows], np.float32), y[rows].astype(np.int64), names) for rows in parts
    )
    return pl.Splits(first, second, third, ("standardize",))


def _drawn(draw: Callable[[np.random.Generator], tuple[Numbers, Numbers]], train: int, validation: int) -> Set:
    def splits(seed: int) -> pl.Splits:
        return _split(*draw(np.random.default_rng([seed, 1])), seed, train=train, validation=validation)

    return splits


def _rings(rng: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Three rings, one inside the other."""
    y = rng.integers(0, 3, 2300)
    angle, radius = rng.uniform(0, 2 * np.pi, 2300), 1 + y + 0.35 * rng.normal(size=2300)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1), y


def _blobs(rng: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Five clouds in ten dimensions that lie partly in each other."""
    y = rng.integers(0, 5, 2300)
    return rng.normal(size=(5, 10))[y] + 1.2 * rng.normal(size=(2300, 10)), y


def _xor(rng: np.random.Generator) -> tuple[Numbers, Numbers]:
    """The signs of two of six numbers; one label in ten is wrong."""
    x = rng.normal(size=(2300, 6))
    y = (x[:, 0] * x[:, 1] > 0) ^ (rng.uniform(size=2300) < 0.1)
    return x, y.astype(int)


def _rare(rng: np.random.Generator) -> tuple[Numbers, Numbers]:
    """One row in ten belongs to the class that is looked for."""
    y = (rng.uniform(size=2300) < 0.1).astype(int)
    return rng.normal(size=(2300, 8)) + 0.7 * y[:, None], y


@cache
def _mnist() -> tuple[Numbers, Numbers]:
    """3000 images, every second pixel of every second row."""
    whole = pl.load_dataset("mnist", seed=0).train
    return np.asarray(whole.x)[:3000].reshape(3000, 28, 28)[:, ::2, ::2].reshape(3000, -1), np.asarray(whole.y)[:3000]


def _digits(seed: int) -> pl.Splits:
    return _split(*_mnist(), seed, train=300, validation=100)


SETS: Mapping[str, Set] = {
    "iris": _shipped("iris"),
    "half moons": _shipped("half_moons", n=400, noise=0.3, validation=60, test=220),
    "rings": _drawn(_rings, 200, 60),
    "blobs": _drawn(_blobs, 200, 60),
    "xor": _drawn(_xor, 200, 60),
    "rare": _drawn(_rare, 200, 60),
    "digits": _digits,
}


def table(path: Path) -> Set:
    """A file of numbers with the class in its last column, at most 600 rows of it; lines with words are left out."""
    rows: list[list[float]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append([float(value) for value in line.replace(";", ",").split(",")])
        except ValueError:
            continue
    values = np.array(rows)
    x, y = values[:, :-1], np.unique(values[:, -1], return_inverse=True)[1]

    def splits(seed: int) -> pl.Splits:
        chosen = np.random.default_rng([seed, 2]).permutation(len(x))[:600]
        n = len(chosen)
        return _split(x[chosen], y[chosen], seed, train=n * 6 // 10, validation=n * 2 // 10)

    return splits


# -- training and choosing -------------------------------------------------------------------------------------------


class Watch(pl.Callback):
    """The figures of every epoch on the test data, beside those of the history."""

    def __init__(self, test: pl.Split) -> None:
        self.test = test
        self.seen: list[dict[str, float]] = []

    def on_epoch_end(self, run: pl.Run) -> None:
        self.seen.append(run.trainer.evaluate(self.test))  # type: ignore[attr-defined]


def trained(splits: pl.Splits, setting: Mapping[str, Any], seed: int) -> Numbers:
    """(epochs, 4): the FIGURES after each epoch."""
    classes = len(splits.classes or ())
    model = pl.build("ann", input_shape=np.asarray(splits.train.x).shape[1:], hidden=[32], outputs=classes, seed=seed)
    watch = Watch(splits.test)
    trainer = pl.Trainer(model, optimizer=setting["optimizer"], schedule=setting["schedule"], metrics=["accuracy"],
                         callbacks=[watch], seed=seed)  # fmt: skip
    history = trainer.fit(splits, epochs=setting["epochs"], batch_size=setting["batch_size"], verbose=False)
    own = [[record[name] for name in FIGURES[:2]] for record in history]
    return np.concatenate([own, [[seen["accuracy"], seen["loss"]] for seen in watch.seen]], 1)


def compared(runs: Numbers) -> dict[str, dict[str, Any]]:
    """Of each rule over (seeds, epochs, 4): test accuracy, its difference from the first rule with its standard error,
    in points; test loss; the epoch chosen, in the middle."""
    found = {}
    at = np.arange(len(runs))
    chosen = {name: np.array([rule(run[:, 0], run[:, 1]) for run in runs]) for name, rule in RULES.items()}
    base = 100 * runs[at, chosen[BASE], 2]
    for name, epochs in chosen.items():
        accuracy = 100 * runs[at, epochs, 2]
        found[name] = {
            "accuracy": round(float(accuracy.mean()), 2),
            "gain": round(float((accuracy - base).mean()), 2),
            "error": round(float((accuracy - base).std(ddof=1) / np.sqrt(len(runs))), 2),
            "loss": round(float(runs[at, epochs, 3].mean()), 4),
            "epoch": float(np.median(epochs + 1)),
        }
    return found


def over_all(results: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Of each rule the mean gain over the sets, and the error of it."""
    per_set = {rule: [each[rule] for each in results.values()] for rule in RULES}
    return {
        rule: {
            "gain": round(float(np.mean([each["gain"] for each in sets])), 2),
            "error": round(float(np.sqrt(np.sum([each["error"] ** 2 for each in sets])) / len(sets)), 2),
            "loss": round(float(np.mean([each["loss"] for each in sets])), 4),
        }
        for rule, sets in per_set.items()
    }


def as_markdown(document: Mapping[str, Any]) -> str:
    """A table for each setting: rows are rules, columns are sets."""
    lines = [f"# Which epoch should be kept? {document['seeds']} seeds, {document['date']}", ""]
    for setting, results in document["results"].items():
        lines += [f"## {setting}: test accuracy in per cent, and the difference from the first rule", ""]
        lines += [f"| rule | all sets | mean test loss | {' | '.join(results)} |", "|---" * (len(results) + 3) + "|"]
        for rule, mean in document["over_all"][setting].items():
            cells = [f"{each[rule]['accuracy']:.1f} ({each[rule]['gain']:+.1f} ± {each[rule]['error']:.1f})"
                     for each in results.values()]  # fmt: skip
            lines.append(f"| {rule} | {mean['gain']:+.2f} ± {mean['error']:.2f} | {mean['loss']:.3f} | "
                         + " | ".join(cells) + " |")  # fmt: skip
        lines.append("")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.best_epoch", description=__doc__)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--table", type=Path, action="append", default=[], help="a CSV file of numbers, class last")
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--markdown", type=Path, help="where the tables go")
    options = parser.parse_args(arguments)
    sets = {**SETS, **{path.stem: table(path) for path in options.table}}
    results: dict[str, dict[str, Any]] = {}
    start = time.perf_counter()
    for setting, how in SETTINGS.items():
        results[setting] = {}
        for name, make in sets.items():
            runs = np.stack([trained(make(seed), how, seed) for seed in range(options.seeds)])
            results[setting][name] = compared(runs)
            print(f"{setting}, {name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    document = {
        "date": time.strftime("%Y-%m-%d"), "seeds": options.seeds, "machine": machine(), "settings": SETTINGS,
        "seconds": round(time.perf_counter() - start, 1), "results": results,
        "over_all": {setting: over_all(each) for setting, each in results.items()},
    }  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    text = as_markdown(document)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
