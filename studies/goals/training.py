"""One training of a goal with one seed: what it reached, and what it took."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from pellucid import HostArray, Split, Splits, save
from pellucid.workbench.experiments.experiment import Prepared, check, prepare
from pellucid_vae import importance_weighted_bound

from benchmarks.gpu.backend import is_stand_in
from studies.goals.goal import Goal

FEW = 64
"""Samples of each part in the short form."""
VIEWS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
"""By how many pixels the five views are moved, down and to the right."""
STATIC_SEED = 0
"""Of pixels that are drawn once: they are the same for all seeds of a training."""


def prepared(goal: Goal, seed: int, *, backend: str | None, short: bool) -> Prepared:
    """The goal's experiment with this seed, ready to run; few samples in the short form."""
    sections = {**goal.sections, "train": {**goal.sections["train"], "seed": seed}}
    if backend is not None and not is_stand_in():
        sections["train"]["backend"] = backend
    ready = prepare(check(sections))
    splits = ready.splits
    if short:
        parts = {name: getattr(splits, name) for name in ("train", "validation", "test")}
        splits = replace(splits, **{n: part.take(np.arange(min(FEW, len(part)))) for n, part in parts.items()})
    if goal.binarized:
        splits = drawn_once(splits)
    if goal.positive is not None:
        splits = one_against_all(splits, goal.positive)
    return replace(ready, splits=splits)


def one_against_all(splits: Splits, positive: str) -> Splits:
    """The same samples with label 1 for one class and 0 for all others."""
    assert splits.classes is not None
    label = [*splits.classes].index(positive)

    def told(part: Any) -> Split:
        return replace(part, y=(np.asarray(part.y) == label).astype(np.int64), classes=(f"not {positive}", positive))

    return replace(splits, train=told(splits.train), validation=told(splits.validation), test=told(splits.test))


def drawn_once(splits: Splits) -> Splits:
    """The same images with pixels that are 0 or 1, drawn from their grey levels; by a seed of their own, so that all
    trainings see the same."""
    rng = np.random.default_rng(STATIC_SEED)

    def drawn(part: Split) -> Split:
        x = np.asarray(part.x)
        return replace(part, x=(rng.random(x.shape, dtype=np.float32) < x).astype(x.dtype))

    return replace(splits, train=drawn(splits.train), validation=drawn(splits.validation), test=drawn(splits.test))


def trained(
    goal: Goal, seed: int, *, epochs: int | None = None, backend: str | None = None, short: bool = False,
    facts: Mapping[str, Any] | None = None, keep: str | None = None,
) -> tuple[dict[str, Any], HostArray | None]:  # fmt: skip
    """Train, and read the test set once, with the weights of the last step.

    Args:
        keep: a file for the model. It is written before the model is judged, which may take longer than its training.

    Returns:
        What goes into the log; probabilities of the classes (N, K) of the test images, if there are classes.
    """
    ready = prepared(goal, seed, backend=backend, short=short)
    trainer, splits, settings = ready.trainer, ready.splits, ready.settings
    epochs = epochs or settings.epochs
    clock, cpu = time.perf_counter(), time.process_time()
    if goal.folds:
        figures = cross_validated(goal, seed, epochs=epochs, backend=backend, short=short)
    else:
        trainer.fit(splits, epochs=epochs, batch_size=settings.batch_size, verbose=False)
    seconds, cpu_seconds = time.perf_counter() - clock, time.process_time() - cpu
    if keep is not None:
        save(trainer.model, keep)
    if not goal.folds:
        figures = {name: float(value) for name, value in trainer.evaluate(splits).items()}
    clock, probabilities = time.perf_counter(), None
    if goal.folds or goal.positive is not None:
        pass
    elif goal.codes:
        codes = 4 if short else goal.codes
        bound = importance_weighted_bound(trainer.model, splits.test.x, samples=codes, seed=seed, batch_size=goal.batch)
        figures |= {"log_likelihood": float(bound.mean()), "codes": codes}
    else:
        probabilities = probabilities_of(trainer.model, splits.test.x)
        figures["accuracy"] = accuracy(probabilities, splits.test.y)
        if goal.shifts:
            views = [probabilities_of(trainer.model, moved(splits.test.x, view)) for view in VIEWS]
            probabilities_of_views = np.mean(views, axis=0)
            figures["accuracy_of_views"] = accuracy(probabilities_of_views, splits.test.y)
    log = {
        "goal": goal.name, "seed": seed, "figures": figures, "epochs": epochs, "batch_size": settings.batch_size,
        "steps": trainer.steps, "seconds": round(seconds, 2), "cpu_seconds": round(cpu_seconds, 2),
        "judging_seconds": round(time.perf_counter() - clock, 2), "backend": trainer.runtime.ops.name,
        "parameters": sum(int(param.data.size) for param in trainer.model.parameters()),
        "samples": {"train": len(splits.train), "test": len(splits.test)}, "short": short,
        "title": goal.title, "experiment": dict(goal.sections), **(facts or {}),
    }  # fmt: skip
    return log, probabilities


def cross_validated(goal: Goal, seed: int, *, epochs: int, backend: str | None, short: bool) -> dict[str, float]:
    """Each sample judged by a model that was trained on the other folds: the mean over the folds, by how many samples
    they have. Loss and accuracy are so those of all samples together; F1 is the mean of the folds'."""
    whole = joined(prepared(goal, seed, backend=backend, short=short).splits)
    fold = folds_of(np.asarray(whole.y), goal.folds, seed)
    figures: dict[str, float] = {}
    for number in range(goal.folds):
        ready = prepared(goal, seed, backend=backend, short=short)
        inside, outside = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        none = whole.take(np.arange(0))
        splits = replace(ready.splits, train=whole.take(outside), validation=none, test=whole.take(inside))
        ready.trainer.fit(splits, epochs=epochs, batch_size=ready.settings.batch_size, verbose=False)
        for name, value in ready.trainer.evaluate(splits).items():
            figures[name] = figures.get(name, 0.0) + float(value) * len(inside) / len(whole)
    return figures


def folds_of(labels: HostArray, folds: int, seed: int) -> HostArray:
    """In which fold each sample is judged, (N,): drawn by the seed, each class in all folds alike."""
    rng, fold = np.random.default_rng(seed), np.empty(len(labels), np.int64)
    start = 0
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        fold[rows] = (start + np.arange(len(rows))) % folds
        start += len(rows)
    return fold


def joined(splits: Splits) -> Split:
    """All parts of the data as one."""
    parts = [part for part in (splits.train, splits.validation, splits.test) if len(part)]
    x, y = (np.concatenate([np.asarray(getattr(part, name)) for part in parts]) for name in ("x", "y"))
    return replace(parts[0], x=x, y=y)


def logged(goal: Goal, seed: int, **how: Any) -> tuple[dict[str, Any], HostArray | None]:
    """As :func:`trained`, from another process: probabilities come in half of the memory."""
    log, probabilities = trained(goal, seed, **how)
    return log, None if probabilities is None else probabilities.astype(np.float32)


def timed(goal: Goal, *, backend: str | None, short: bool) -> tuple[float, float]:
    """The seconds that an epoch takes, and those of judging the model: measured after everything is compiled."""
    ready = prepared(goal, 0, backend=backend, short=short)
    trainer, splits, batch = ready.trainer, ready.splits, ready.settings.batch_size
    trainer.fit(splits, epochs=1, batch_size=batch, verbose=False)
    clock = time.perf_counter()
    trainer.fit(splits, epochs=1, batch_size=batch, verbose=False)
    epoch = time.perf_counter() - clock
    if not goal.codes:
        return epoch, 1.0
    codes = 4 if short else max(1, goal.codes // 50)
    seconds = []
    for count in (1, 1 + codes):
        clock = time.perf_counter()
        importance_weighted_bound(trainer.model, splits.test.x, samples=count, batch_size=goal.batch)
        seconds.append(time.perf_counter() - clock)
    return epoch, seconds[0] + max(seconds[1] - seconds[0], 0.0) / codes * (4 if short else goal.codes)


def probabilities_of(model: Any, x: HostArray) -> HostArray:
    """Softmax of the model's logits, float64 (N, K)."""
    logits = np.asarray(model.predict(x), np.float64)
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: HostArray = e / e.sum(axis=1, keepdims=True)
    return probabilities


def accuracy(probabilities: HostArray, labels: Any) -> float:
    """The fraction whose largest probability is that of the label."""
    return float(np.mean(probabilities.argmax(axis=1) == np.asarray(labels)))


def moved(x: HostArray, by: tuple[int, int]) -> HostArray:
    """Images (N, H, W, C) moved by whole pixels; what comes in at the border is 0."""
    down, right = by
    n, height, width, channels = x.shape
    padded = np.zeros((n, height + 2, width + 2, channels), x.dtype)
    padded[:, 1 + down : 1 + down + height, 1 + right : 1 + right + width] = x
    return padded[:, 1:-1, 1:-1]
