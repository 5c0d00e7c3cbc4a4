"""Experiment: the sections of an experiment file, checked all at once, and what they make of the data."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import randbits
from typing import Any, Literal, get_args

import numpy as np

from pellucid.basics.checks import check_float, check_int
from pellucid.basics.errors import ConfigError, PellucidError, PellucidWarning
from pellucid.basics.suggest import did_you_mean, listed
from pellucid.interfaces.dataset import Dataset, Splits
from pellucid.interfaces.layer import require_runtime
from pellucid.interfaces.metric import Metric
from pellucid.interfaces.objective import Loss, Objective
from pellucid.interfaces.optimizer import Optimizer
from pellucid.interfaces.samples import class_labels
from pellucid.interfaces.schedule import Schedule
from pellucid.model.build import build
from pellucid.ops.backends import check_variable, get_ops
from pellucid.ops.threads import get_num_threads, set_num_threads
from pellucid.registry.config import read
from pellucid.registry.reader import FAILED, Reader
from pellucid.registry.registry import default_registry
from pellucid.registry.signature import Argument, signature_of
from pellucid.registry.writer import to_config
from pellucid.standard.csv_files import reads_tables
from pellucid.standard.samplers import Sampler
from pellucid.standard.trainers import trainer_for
from pellucid.training.objective import choose_objective
from pellucid.training.run import Callback
from pellucid.training.trainer import Trainer
from pellucid.workbench.experiments.choosing import add_chooser
from pellucid.workbench.experiments.inference import holds_values, input_shape_of, outputs_of, vocabulary_of
from pellucid.workbench.experiments.proposals import completed, names_type, proposes
from pellucid.workbench.experiments.sections import NAMES, Sections, check_values, is_table

FOLLOWING = ("outputs", "vocabulary")
"""Arguments of models that follow from the data where they are left out."""
VALUES = "regression"
"""What a model's argument ``task`` is for targets that are values, where neither it nor a loss was named."""


@dataclass(frozen=True)
class TrainSettings:
    """The section ``[train]``.

    Attributes:
        epochs: passes over the training data.
        batch_size: samples per micro-batch.
        accumulate: micro-batches per step.
        metrics: figures for validation and test; if not given, the loss's own: accuracy where a classifier learns class
            labels.
        callbacks: told of epochs. ``best_epoch`` is added where there is validation data and none chooses an epoch.
        clip_norm: upper bound on the global norm of the gradient, or none.
        clip_value: upper bound on every number of the gradient, or none.
        patience: epochs without a better one after which the run ends, with the weights of the best; or none.
        seed: of the first weights, of shuffling and of all else that is random; drawn if not given.
        backend: ``cython``, ``reference`` or a plugin's; the best that is installed if not given.
        dtype: ``float32`` or ``float64``.
        threads: of the compiled kernels; as many as the process may use if not given.
        checkpoint_seconds: the longest time whose work a crash may cost; 0 saves after every few steps, which is slow.
    """

    epochs: int = 10
    batch_size: int = 32
    accumulate: int = 1
    metrics: Sequence[Metric] | None = None
    callbacks: Sequence[Callback] = ()
    clip_norm: float | None = None
    clip_value: float | None = None
    patience: int | None = None
    seed: int | None = None
    backend: str | None = None
    dtype: Literal["float32", "float64"] = "float32"
    threads: int | None = None
    checkpoint_seconds: float = 30.0


_RANGES = (
    (check_int, "epochs", "[1, inf)"),
    (check_int, "batch_size", "[1, inf)"),
    (check_int, "accumulate", "[1, inf)"),
    (check_float, "clip_norm", "(0, inf)"),
    (check_float, "clip_value", "(0, inf)"),
    (check_int, "patience", "[1, inf)"),
    (check_int, "seed", "[0, inf)"),
    (check_int, "threads", "[1, 256]"),
    (check_float, "checkpoint_seconds", "[0, inf)"),
)


@dataclass(frozen=True)
class Experiment:
    """A checked experiment; no data has been loaded and no memory taken.

    Attributes:
        dataset, data_seed: where the data comes from, and which samples go into which part (None: as ``seed``).
        model: the configuration of the model; what follows from the data may be missing in it.
        inferred: arguments of the model that are to be found from the data: ``outputs``, ``vocabulary``, ``task``.
        loss, objective, optimizer, schedule: the components; neither loss nor objective: the model's own.
        settings: of ``[train]``.
        open: the sections as they were written, if they name no model and leave that to the data set; else None.
    """

    dataset: Dataset
    data_seed: int | None
    model: dict[str, Any]
    inferred: tuple[str, ...]
    loss: Loss | None
    objective: Objective | None
    optimizer: Optimizer
    schedule: Schedule | None
    sampler: Sampler | None
    settings: TrainSettings
    open: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Prepared:
    """An experiment that is ready to run.

    Attributes:
        trainer: with its built model.
        splits: the data.
        resolved: the sections with everything filled in; the same experiment again.
        settings: of ``[train]``, with everything filled in.
        decided: what the data set was not told and has found out, see :meth:`pellucid.Dataset.decided`.
        proposed: sections that the data set has proposed and nobody had written, :meth:`pellucid.Dataset.proposed`;
            and the model's ``task``, where it followed from the targets.
    """

    trainer: Trainer
    splits: Splits
    resolved: Sections
    settings: TrainSettings
    decided: Mapping[str, Any]
    proposed: Mapping[str, Any]


def check(sections: Mapping[str, Any]) -> Experiment:
    """Read all sections.

    Raises:
        ConfigError: all mistakes of all sections at once, each with its path, a suggestion and what is allowed.
    """
    check_values(sections)
    reader = Reader()
    for name in sections:
        if name not in NAMES:
            reader.note(
                str(name),
                "makes many runs of an experiment: pellucid sweep FILE." if name == "sweep" else
                f"an experiment has no such section.{did_you_mean(str(name), NAMES)} Allowed: {listed(NAMES)}.",
            )
    if "loss" in sections and "objective" in sections:
        reader.note("objective", "give [loss] or [objective], not both: an objective brings its own losses.")
    data, data_seed = _data(reader, sections)
    left_open = proposes(data) and not names_type(sections.get("model", {}))
    model, inferred = ({}, ()) if left_open else _model(reader, sections)
    parts: dict[str, Any] = {
        name: reader.read(name, section, name) if section is not None else None
        for name in ("loss", "objective", "optimizer", "schedule", "sampler")
        for section in [_component(sections, name, left_open)]
    }
    settings = _settings(reader, sections.get("train", {}))
    reader.finish()
    written = sections if left_open else None
    return Experiment(data, data_seed, model, inferred, settings=settings, open=written, **parts)


def _component(sections: Mapping[str, Any], name: str, left_open: bool) -> Any:
    """The section of a component; None where there is none yet. An optimizer that nobody names is Adam."""
    section = sections.get(name)
    if left_open and not names_type(section):
        section = None if isinstance(section, Mapping) else section
    if name != "optimizer":
        return section
    return {"type": "adam", **section} if isinstance(section, Mapping) else section or "adam"


def _data(reader: Reader, sections: Mapping[str, Any]) -> tuple[Any, int | None]:
    if "data" not in sections:
        reader.note("data", 'missing. It names the data set: [data] with type = "iris", or --dataset iris.')
        return FAILED, None
    config, seed = _taken(sections["data"], "seed")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or seed < 0):
        reader.note("data.seed", f"expected an int of at least 0. Received: {seed!r}.")
    return reader.read("dataset", config, "data"), seed


def _model(reader: Reader, sections: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The model's configuration, tried out: with one output or token where the number follows from the data, and with
    any seed where it has one of its own, which is the run's; and which of its arguments follow."""
    if "model" not in sections:
        reader.note(
            "model", f'missing. It names the model: [model] with type = "ann", or --model ann.{_unchosen(sections)}'
        )
        return {}, ()
    config, _ = _taken(sections["model"], "input_shape")
    left = [name for name in (*FOLLOWING, "seed") if isinstance(config, dict) and _needs(config, name)]
    reader.read(("model", "layer"), {**config, **dict.fromkeys(left, 1)} if left else config, "model")
    given = sections["model"]
    table = {"type": given} if isinstance(given, str) else dict(given) if isinstance(given, Mapping) else {}
    left += ["task"] * ("loss" not in sections and "objective" not in sections and _has_tasks(table))
    return table, tuple(name for name in (*FOLLOWING, "task") if name in left)


def _unchosen(sections: Mapping[str, Any]) -> str:
    """What would choose a model for the file that is read: the data set of tables."""
    data = sections.get("data")
    name = data.get("train") if isinstance(data, Mapping) and data.get("type") == "files" else None
    if not isinstance(name, str) or not is_table(name):
        return ""
    how = '[data] type = "table"' if reads_tables() else "pip install pellucid-tabular, then the same command"
    return f" For a table the data set 'table' chooses one: {how}."


def _needs(config: dict[str, Any], name: str) -> bool:
    """Whether the model has this argument, needs it, and is not given it."""
    argument = _left_out(config, name)
    return argument is not None and argument.required


def _has_tasks(config: dict[str, Any]) -> bool:
    """Whether the model has several tasks, values to be predicted among them, and is not told which one."""
    argument = _left_out(config, "task")
    return argument is not None and VALUES in get_args(argument.annotation) and argument.default != VALUES


def _left_out(config: dict[str, Any], name: str) -> Argument | None:
    """The argument of this name that the model has and is not given."""
    registry, model = default_registry(), config.get("type", "")
    try:
        arguments = signature_of(registry.load(registry.find(("model", "layer"), model))).arguments
    except PellucidError:
        return None  # the reader says what is wrong with this name
    return None if name in config else arguments.get(name)


def _taken(section: Any, key: str) -> tuple[Any, Any]:
    """A section as a table without one key, and what stood there."""
    config = {"type": section} if isinstance(section, str) else section
    if not isinstance(config, Mapping):
        return config, None
    return {name: value for name, value in config.items() if name != key}, config.get(key)


def _settings(reader: Reader, config: Any) -> TrainSettings:
    read = reader.arguments(TrainSettings, config, "train", "[train]")
    for check_range, name, interval in _RANGES:
        value = config.get(name) if isinstance(config, Mapping) else None
        if isinstance(value, int | float) and not any(m.path == f"train.{name}" for m in reader.mistakes):
            try:
                check_range(TrainSettings(), name, value, interval)
            except ConfigError as error:
                reader.note(f"train.{name}", str(error), error)
    backend = config.get("backend") if isinstance(config, Mapping) else None
    if isinstance(backend, str | None):
        try:
            check_variable()
            get_ops(backend)
        except PellucidError as error:
            reader.note("train.backend", str(error), error)
    return TrainSettings(**read) if isinstance(read, dict) else TrainSettings()


def _located(dataset: Dataset) -> dict[str, str]:
    """The arguments that name files, as they mean the same from everywhere."""
    given = dataset.arguments()
    return {name: str(Path(given[name]).absolute()) for name in dataset.paths if isinstance(given.get(name), str)}


def prepare(experiment: Experiment) -> Prepared:
    """Load the data, find what follows from it, take what it proposes, build the model and its trainer.

    Raises:
        DataError: the data cannot be used. ShapeError, ConfigError: the model does not suit it.
    """
    settings, proposed = experiment.settings, dict[str, Any]()
    seed = randbits(32) if settings.seed is None else settings.seed
    data_seed = seed if experiment.data_seed is None else experiment.data_seed
    if settings.threads is not None:
        set_num_threads(settings.threads)
    splits = experiment.dataset.splits(data_seed)
    if experiment.open is not None:
        dataset = experiment.dataset
        sections, proposed = completed(experiment.open, dataset.proposed(), type(dataset).__name__)
        experiment = check(sections)
        settings = experiment.settings
        if "data" in proposed:
            with warnings.catch_warnings():  # what there is to say of the data has been said
                warnings.simplefilter("ignore", PellucidWarning)
                splits = experiment.dataset.splits(data_seed)
        else:
            experiment = replace(experiment, dataset=dataset)
    data = to_config(experiment.dataset)
    decided = {
        name: value
        for name, value in experiment.dataset.decided().items()
        if data.get(name) != value and name not in proposed.get("data", {})
    }
    ops = get_ops(settings.backend)
    config = dict(experiment.model)
    if "vocabulary" in experiment.inferred:
        config["vocabulary"] = vocabulary_of(splits)
    if "outputs" in experiment.inferred:
        asked = experiment.objective if experiment.loss is None else experiment.loss
        config["outputs"] = outputs_of(splits, asked)
    if "task" in experiment.inferred and holds_values(splits):
        config["task"] = VALUES
        proposed = {**proposed, "model": {**proposed.get("model", {}), "task": VALUES}}
    try:
        if "input_shape" not in config:
            layer = read(("model", "layer"), config, seed=seed)
            config["input_shape"] = input_shape_of(splits, layer.made_inputs, layer.default_transforms)
        model = build(config, seed=seed, dtype=settings.dtype, backend=ops)
    except PellucidError as error:
        raise type(error)(f"model: {error}") from error
    if photos := getattr(experiment.dataset, "photos", None):  # how one's own photo becomes a sample of this data
        require_runtime(model).metadata["photos"] = photos
    objective = choose_objective(model, experiment.loss, experiment.objective)
    metrics: Sequence[Metric | str] | None = settings.metrics
    if metrics is None:
        metrics = objective.default_metrics(labels=class_labels(splits.train.take(np.arange(1)).y) is not None)
    trainer = trainer_for(
        model, objective=objective, optimizer=experiment.optimizer, schedule=experiment.schedule, metrics=metrics,
        clip_norm=settings.clip_norm, clip_value=settings.clip_value,
        accumulate=settings.accumulate, callbacks=settings.callbacks, seed=seed, sampler=experiment.sampler,
    )  # fmt: skip
    add_chooser(trainer, settings.patience, len(splits.validation) > 0)
    written = {
        **vars(settings),
        "metrics": [to_config(metric) for metric in trainer.metrics],
        "callbacks": [to_config(callback) for callback in trainer.callbacks],
        "patience": None, "clip_value": None,  # a callback and the optimizer say it
        "seed": seed, "backend": ops.name, "threads": get_num_threads(),
    }  # fmt: skip
    shape = [list(n) if isinstance(n, tuple) else n for n in config["input_shape"]]
    variable = None in shape or any(isinstance(n, list) and None in n for n in shape)  # which no TOML can hold
    resolved: Sections = {
        "data": {**data, **decided, **_located(experiment.dataset), "seed": data_seed},
        "model": {**to_config(model), "input_shape": None if variable else shape},
        **({"objective": to_config(objective)} if experiment.loss is None else {"loss": to_config(experiment.loss)}),
        "optimizer": to_config(trainer.optimizer),
        "schedule": None if trainer.schedule is None else to_config(trainer.schedule),
        "sampler": None if trainer.sampler is None else to_config(trainer.sampler),
        "train": written,
    }
    return Prepared(trainer, splits, resolved, settings, decided, proposed)
