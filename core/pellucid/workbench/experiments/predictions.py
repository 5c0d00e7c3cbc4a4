"""Predictions: what a trained model says about samples, as classes and probabilities where it is a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.samples import check_data
from pellucid.workbench.experiments.finished import FinishedRun


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says about samples.

    Attributes:
        outputs: its raw outputs, (N, …).
        probabilities: of each class, (N, K), of a classifier trained with a cross-entropy; else None.
        labels: the most probable class of each sample, (N,), or None.
        classes: names of the classes, or None.
    """

    outputs: HostArray
    probabilities: HostArray | None = None
    labels: HostArray | None = None
    classes: tuple[str, ...] | None = None

    def name(self, row: int) -> str:
        """The name of the most probable class."""
        assert self.labels is not None
        label = int(self.labels[row])
        return self.classes[label] if self.classes is not None else str(label)


def predict_file(run: FinishedRun[Layer], path: Path, target: str | None = None) -> Predictions:
    """What the model says about the samples of a file; a column of targets in it is left out.

    Raises:
        DataError: no samples, columns of other names than in training, a value that is not finite.
        ConfigError: the model has several outputs.
    """
    table = run.read_samples(path, target, must_have_target=target is not None)
    check_data(table.x, where=str(path))
    outputs = run.model.predict(table.x)
    if isinstance(outputs, tuple):
        raise ConfigError(
            f"{run.path} holds a {type(run.model).__name__}, which has {len(outputs)} outputs a sample. Expected: a "
            "model of one. Use its own verbs, which pellucid show lists, or model.predict(x) in Python."
        )
    return interpret(run.model, outputs)


def interpret(model: Layer, outputs: HostArray) -> Predictions:
    """Logits as probabilities, by the loss that the model was trained with."""
    runtime = model.runtime
    assert runtime is not None
    objective = runtime.metadata.get("objective") or {}
    loss = (objective.get("loss") or {}).get("type")
    logits = outputs.astype(np.float64)
    if loss == "core/softmax_cross_entropy" and outputs.ndim == 2:
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    elif loss == "core/binary_cross_entropy" and outputs.shape[1:] in ((), (1,)):
        yes = 0.5 * (1.0 + np.tanh(0.5 * logits.reshape(-1, 1)))  # the logistic function, without overflow
        probabilities = np.concatenate([1.0 - yes, yes], axis=1)
    else:
        return Predictions(outputs)
    classes = runtime.classes if runtime.classes and len(runtime.classes) == probabilities.shape[1] else None
    return Predictions(outputs, probabilities, probabilities.argmax(axis=1), classes)


def joined(parts: Sequence[Predictions]) -> Predictions:
    """The predictions for several files as one."""
    def together(arrays: list[HostArray | None]) -> HostArray | None:
        return None if arrays[0] is None else np.concatenate([a for a in arrays if a is not None])

    outputs = together([part.outputs for part in parts])
    assert outputs is not None
    return Predictions(
        outputs, together([part.probabilities for part in parts]), together([part.labels for part in parts]),
        parts[0].classes,
    )  # fmt: skip
