"""Predictions: what a trained model says about samples, as probabilities of classes if it can; and classes by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import ConfigError
from pellucid.basics.suggest import did_you_mean, listed
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.samples import check_data
from pellucid.interfaces.transform import takes_missing
from pellucid.workbench.experiments.file_reading import SaysNext, file_reader, table_of
from pellucid.workbench.experiments.finished import FinishedRun, trained_objective


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says about samples.

    Attributes:
        outputs: its raw outputs, (N, …).
        probabilities: of each class, (N, K), if the loss that it was trained with says so; else None.
        labels: the most probable class of each sample, (N,), or None.
        classes: names of the classes, or None.
        answers: where each output answers yes or no by itself, the probability of each yes, (N, K); else None.
        names: of the outputs: those of the targets, if they are known; or None.
    """

    outputs: HostArray
    probabilities: HostArray | None = None
    labels: HostArray | None = None
    classes: tuple[str, ...] | None = None
    answers: HostArray | None = None
    names: tuple[str, ...] | None = None

    def arrays(self) -> dict[str, HostArray]:
        """All of it by name, without what is None."""
        named = {"outputs": self.outputs, "probabilities": self.probabilities, "labels": self.labels}
        texts = {"classes": self.classes, "names": self.names}
        named |= {"answers": self.answers} | {n: None if of is None else np.array(of) for n, of in texts.items()}
        return {name: array for name, array in named.items() if array is not None}

    def name(self, row: int) -> str:
        """The name of the most probable class."""
        assert self.labels is not None
        label = int(self.labels[row])
        return self.classes[label] if self.classes is not None else str(label)


def outputs_for_file(run: FinishedRun[Layer], path: Path, target: str | None = None) -> HostArray:
    """The model's raw outputs for the samples of a file; a column of targets in it is left out. Of a model that says
    what comes next in a sequence those at its end.

    Raises:
        DataError: no samples, columns of other names than in training, a value that is not finite.
        ConfigError: the model has several outputs.
    """
    reader = file_reader(run.model, path)
    if reader is not None:
        x = reader.read_file(path, target, targets=False).x
    else:
        x = run.read_samples(path, target, must_have_target=target is not None).x
        check_data(x, where=str(path), missing=takes_missing(require_runtime(run.model).transforms))
    outputs = outputs_of(run, x)
    ends = reader.ends(path, outputs) if isinstance(reader, SaysNext) else None
    return outputs if ends is None else outputs[np.arange(len(ends)), ends]


def outputs_of(run: FinishedRun[Layer], x: Any) -> HostArray:
    """The model's raw outputs for samples.

    Raises:
        ConfigError: the model has several outputs.
    """
    outputs = run.model.predict(x)
    if isinstance(outputs, tuple):
        raise ConfigError(
            f"{run.path} holds a {type(run.model).__name__}, which has {len(outputs)} outputs a sample. Expected: a "
            "model of one. Use its own verbs, which pellucid show lists, or model.predict(x) in Python."
        )
    return outputs


def interpret(model: Layer, outputs: HostArray, target: str | int | None = None) -> Predictions:
    """Outputs as probabilities of classes, or of the answers yes, if the objective that the model was trained with
    knows any.

    Args:
        target: what the run calls its target, for a model that does not know.
    """
    runtime = require_runtime(model)
    objective = trained_objective(model)
    probabilities = None if objective is None else objective.probabilities(outputs)
    if probabilities is None:
        table, known = table_of(model), runtime.classes or ([target] if isinstance(target, str) else [])
        names = tuple(table.target_names if table is not None and table.target_names else known)
        columns = outputs.T if objective is not None and outputs.ndim == 2 else ()
        each = [objective.probabilities(z[:, None]) for z in columns]  # type: ignore[union-attr]
        answers = [p[:, 1] for p in each if p is not None and p.shape[1] == 2]
        return Predictions(
            outputs, answers=np.stack(answers, axis=1) if answers else None,
            names=names if outputs.shape[1:] == (len(names),) else None,
        )  # fmt: skip
    table = table_of(model)
    known = runtime.classes or (table.output_names if isinstance(table, SaysNext) else ())
    classes = tuple(known) if len(known) == probabilities.shape[1] else None
    return Predictions(outputs, probabilities, probabilities.argmax(axis=1), classes)


def class_number(model: Layer, label: str, count: int) -> int:
    """The number of a class of the data that the model was trained on.

    Args:
        model: its runtime has the names of the classes, if they have any.
        label: a name, such as ``"Sandal"`` or ``"7"``; the number itself where classes have no names.
        count: how many classes the model knows.

    Raises:
        ConfigError: there is no such class.
    """
    names = require_runtime(model).classes or ()
    if label in names:
        return names.index(label)
    if not names and label.isdecimal() and int(label) < count:
        return int(label)
    known = f"Its classes: {listed(names)}." if names else f"Its classes are the numbers 0 to {count - 1}."
    raise ConfigError(f"The model knows no class {label!r}.{did_you_mean(label, names)} {known}")
