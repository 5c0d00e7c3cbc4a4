"""FinishedRun: a trained model and how it was trained, from a run folder or a model file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeGuard, TypeVar, get_args, overload

import numpy as np

from pellucid.basics.arrays import as_tuple
from pellucid.basics.errors import ConfigError, DataError
from pellucid.basics.suggest import listed
from pellucid.glassbox.flight.recording import FOLDER, Recording
from pellucid.interfaces.dataset import Dataset
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.objective import Objective
from pellucid.interfaces.rows import Samples, in_memory
from pellucid.interfaces.samples import Split
from pellucid.ops.backends import check_variable
from pellucid.ops.threads import set_num_threads
from pellucid.registry.config import read
from pellucid.saving.model import load
from pellucid.standard.files import labelled
from pellucid.standard.tables import Table, in_order, read_table
from pellucid.training.data import by_names, labels_count
from pellucid.training.objective import choose_objective
from pellucid.training.trainer import Trainer
from pellucid.workbench.experiments.file_reading import ReadsOther, file_reader
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.sections import read_sections, reader_of

M_co = TypeVar("M_co", bound=Layer, covariant=True)
SplitName = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class FinishedRun(Generic[M_co]):
    """A trained model and the experiment that it comes from.

    Attributes:
        path: what was opened.
        model: the model of the best epoch.
        sections: the resolved experiment; empty for a model file without a run folder.
    """

    path: Path
    model: M_co
    sections: dict[str, Any]

    @property
    def target(self) -> str | int | None:
        """The column that held the targets, by name or number, if the model was trained on files."""
        target: str | int | None = self.sections.get("data", {}).get("target")
        return target

    @property
    def recorder(self) -> Recording:
        """What the callback ``recorder`` has kept of the run's steps.

        Raises:
            DataError: nothing was recorded. CheckpointError: a file of it cannot be read.
        """
        return Recording(self.path / FOLDER)

    def read_samples(self, path: Path, target: str | None = None, *, must_have_target: bool = True) -> Table:
        """The samples of a file; named columns in the order in which the model takes them.

        Args:
            target: column of the targets in a .csv file; None takes that of the run.
            must_have_target: whether a .csv without that column is an error.
        """
        runtime = require_runtime(self.model)
        features = runtime.metadata.get("features")
        without_names = self.sections.get("data", {}).get("header") is False
        table = read_table(
            path, self.target if target is None else target, must_have_target=must_have_target,
            features=() if without_names else features, classes=runtime.classes,
        )  # fmt: skip
        return in_order(table, None if features is None else tuple(features), str(path))

    def trainer(self) -> Trainer:
        """A trainer that evaluates as the run did."""
        settings = self.sections.get("train", {})
        metrics = settings.get("metrics")
        if metrics is None:
            objective = choose_objective(self.model, None, None)
            metrics = objective.default_metrics(labels=self.model.runtime.classes is not None)  # type: ignore[union-attr]
        return Trainer(self.model, metrics=metrics, seed=settings.get("seed", 0))

    def evaluate(
        self, data: str | None = None, split: SplitName = "test", target: str | None = None
    ) -> dict[str, float]:
        """The figures on the run's own data or on other data.

        Args:
            data, split, target: see :meth:`samples`; samples need targets where the objective does.
        """
        trainer = self.trainer()
        needed = trainer.objective.needs_target
        return trainer.evaluate(self.unread(data, split, target, must_have_target=needed))

    def samples(
        self, data: str | None = None, split: SplitName = "test", target: str | None = None, *,
        must_have_target: bool = False,
    ) -> Split:  # fmt: skip
        """Samples of the run's own data or of other data, without the model's transforms; columns, and labels if they
        mean something to the model, are found by the names that it knows.

        Args:
            data: a file of samples, or the name of a data set; None takes that of the run.
            split: of a data set; a file is taken whole.
            target: column of the targets in a .csv file; None takes that of the run.
            must_have_target: whether a file without targets is an error.

        Raises:
            ConfigError: no data is named, and a model file knows of none. DataError: unusable or no samples; columns or
                classes of names that the model does not know.
        """
        found = self.unread(data, split, target, must_have_target=must_have_target)
        if in_memory(found):
            return found
        return self._named(found.take(np.arange(len(found))), f"the {split} data")

    @staticmethod
    def is_file(data: str | None) -> TypeGuard[str]:
        """Whether this names a file of samples, which is taken whole, and no data set."""
        return data is not None and reader_of(data) is not None

    def unread(
        self, data: str | None = None, split: SplitName = "test", target: str | None = None, *,
        must_have_target: bool = False,
    ) -> Split | Samples:  # fmt: skip
        """The same; what is read when it is asked for stays so, and an evaluation finds its names as it reads."""
        if self.is_file(data):
            if reader_of(data) == "image_folder":
                return self._from_folder(data)
            if (own := self._reads_other(Path(data))) is not None:
                return own.read_other(Path(data), require_runtime(self.model).transforms)
            return self._named(self._from_file(Path(data), target, must_have_target), data)
        seed = self.sections.get("train", {}).get("seed", 0)
        if data is not None:
            dataset: Dataset = read("dataset", data)
        elif "data" in self.sections:
            config = dict(self.sections["data"])
            seed = config.pop("seed", seed)
            dataset = read("dataset", config, path="data")
        else:
            what = (
                "names no data in its experiment.toml"
                if self.path.is_dir()
                else "is a file, which knows nothing of data"
            )
            raise ConfigError(f"{self.path} {what}. Say which: --data iris, or --data FILE.")
        splits = dataset.splits(seed)
        chosen: Split | Samples = getattr(splits, split)
        if not len(chosen):
            there = listed(name for name in get_args(SplitName) if len(getattr(splits, name)))
            raise DataError(
                f"{self.path}: its data has no {split} part. It has: {there}. Choose one of these, --split in the "
                "shell, or give other data, --data."
            )
        return self._named(chosen, f"the {split} data") if in_memory(chosen) else chosen

    def _reads_other(self, path: Path) -> ReadsOther | None:
        """The run's own data set, if the model takes what it reads from a file, and it reads others, too."""
        if file_reader(self.model, path) is None or "data" not in self.sections:
            return None
        own = read("dataset", {k: v for k, v in self.sections["data"].items() if k != "seed"}, path="data")
        return own if isinstance(own, ReadsOther) else None

    def _from_folder(self, folder: str) -> Split | Samples:
        """All images of a folder, in the form that the model was trained on."""
        kept = require_runtime(self.model).metadata.get("photos") or {}
        form = {key: kept[key] for key in ("size", "channels", "fit") if key in kept}
        whole = {"type": "image_folder", "train": folder, "validation": 0, "test": 0}
        dataset: Dataset = read("dataset", {**whole, **form})
        images = dataset.splits().train
        if in_memory(images) and kept.get("flat"):
            images = Split(as_tuple(images.x)[0].reshape(len(images), -1), images.y, images.classes)
        return self._named(images, folder) if in_memory(images) else images

    def _named(self, split: Split, where: str) -> Split:
        """Columns and labels as the model knows them by their names."""
        return by_names(self.model, trained_objective(self.model), split, where)

    def _from_file(self, path: Path, target: str | None, must_have_target: bool) -> Split:
        reader = file_reader(self.model, path)
        split = self._table(path, target, must_have_target) if reader is None else reader.read_file(path, target)
        if split.y is None and must_have_target:
            raise DataError(
                f"{path} has no targets, so there is nothing to compare with. Name their column: --target NAME; "
                "a .npz file needs an array 'y'. To see what the model says without targets: pellucid predict."
            )
        return split

    def _table(self, path: Path, target: str | None, must_have_target: bool) -> Split:
        table = self.read_samples(path, target, must_have_target=must_have_target or target is not None)
        if table.y is None:
            return Split(table.x, features=table.features)
        known = self.model.runtime.classes  # type: ignore[union-attr]
        classes = known if labels_count(self.model, trained_objective(self.model)) else None
        are_labels = self.sections.get("data", {}).get("classify")
        if are_labels is None:
            are_labels = known is not None or table.y.dtype.kind in "iub"
        return labelled(table, classes, are_labels, str(path))


def trained_objective(model: Layer) -> Objective | None:
    """What a model was last trained with, as its file tells; None before the first training."""
    config = require_runtime(model).metadata.get("objective")
    objective: Objective | None = None if config is None else read("objective", config, path="objective", saved=True)
    return objective


@overload
def open_run(path: str | os.PathLike[str], backend: str | None = None) -> FinishedRun[Layer]: ...
@overload
def open_run(path: str | os.PathLike[str], backend: str | None = None, *, of: type[M_co]) -> FinishedRun[M_co]: ...
def open_run(path: str | os.PathLike[str], backend: str | None = None, *, of: type[Layer] = Layer) -> FinishedRun[Any]:
    """A run folder, or a model file.

    Args:
        backend: None takes that of ``PELLUCID_BACKEND``, else the one that the run was made with, whose figures come
            out equal bit for bit.
        of: the class that the model must be of.

    Raises:
        ConfigError: a model of another class. DataError: no finished run, no such file.
    """
    backend = backend or check_variable() or None
    path = Path(path)
    folder = RunFolder(path)
    if not path.exists():
        raise DataError(f"{path} does not exist. Give a run folder, such as runs/…, or a model.safetensors.")
    sections: dict[str, Any] = {}
    if path.is_dir():
        if not folder.model.exists():
            raise folder.unfinished(folder.model.name)
        sections = read_sections(folder.experiment)
        no_table = listed(name for name in ("data", "train") if not isinstance(sections.get(name, {}), dict))
        if no_table != "none":
            raise ConfigError(
                f"{folder.experiment}: {no_table} must be a table, as a run writes it. It was changed after that."
            )
        settings = sections.get("train", {})
        if "threads" in settings:
            set_num_threads(settings["threads"])
        backend = backend or settings.get("backend")
    model = load(folder.model if path.is_dir() else path, backend=backend)
    if not isinstance(model, of):
        raise ConfigError(
            f"{path} holds a model of {type(model).__name__}. Expected: one of {of.__name__}. Give another run."
        )
    return FinishedRun(path, model, sections)
