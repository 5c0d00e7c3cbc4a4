"""save and load: a model as one file that rebuilds by registered names only."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, Shape
from pellucid.basics.errors import CheckpointError, ConfigError, PellucidError, PellucidWarning
from pellucid.basics.version import __version__
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.transform import Transform
from pellucid.model.build import DTYPES, allocate, declare, read_shapes
from pellucid.ops.backends import get_ops
from pellucid.ops.base import Backend
from pellucid.registry.config import config_or_none, read
from pellucid.registry.plugins import CORE
from pellucid.registry.registry import default_registry
from pellucid.registry.writer import Writer, to_config
from pellucid.saving.container import Header, as_path, damaged, write
from pellucid.saving.documents import as_json
from pellucid.saving.files import shown
from pellucid.saving.reading import opened


def save(model: Layer, path: str | os.PathLike[str]) -> None:
    """Save a model: its configuration, parameters, states, fitted transforms, class names and objective.

    Args:
        model: a built model, all of whose components are registered.
        path: the file to write, by habit ``*.safetensors``. A crash while writing leaves what was there before.

    Raises:
        CheckpointError: the model holds something that no registered name can make again, or the file cannot be
            written. An objective that no name can make is left out, with a warning.

    Example::

        pellucid.save(model, "digits.safetensors")
    """
    document, tensors = model_document(model), model_tensors(model)
    check_facts(as_path(path), document, "cannot be saved")
    _check_rebuilds(model, document)
    _check_transforms(model, document, tensors)
    if "objective" in document["metadata"] and document["metadata"]["objective"] is None:
        warnings.warn(
            "The file holds the model, and not what it was trained with: that has a part which no registered name "
            "makes, such as a plain function as its loss. Name it again to train on, Trainer(model, loss=…), or "
            "register what makes it: pellucid new plugin NAME.",
            PellucidWarning, stacklevel=2,
        )  # fmt: skip
    write(path, "model", document, tensors)


def load(path: str | os.PathLike[str], *, backend: str | Backend | None = None) -> Layer:
    """A model from its file, ready to predict and to be trained on.

    Args:
        path: a file that :func:`save` wrote.
        backend: as for :func:`pellucid.build`; it need not be the one that the model was trained on.

    Raises:
        CheckpointError: the file is missing, foreign, truncated, changed after it was written or of a newer version;
            or a plugin that it needs is not installed, or does not build what the file holds any more.

    Example::

        model = pellucid.load("digits.safetensors")
        logits = model.predict(x)
    """
    ops = get_ops(backend)
    with opened(path, "model") as file:
        header = file.header
        shapes = check_facts(header.path, header.document)
        saved = header.document["model"]
        with refusing(header):
            model: Layer = read(("model", "layer"), saved["config"], saved=True)
            declare(model, *shapes)  # takes no memory yet
            config = to_config(model)
        check_tensors(header, model)
        tensors = file.tensors()
    allocate(model, *shapes, seed=saved["seed"], dtype=saved["dtype"], ops=ops, config=config)
    prepare(model, header, tensors)()
    return model


# -- what is written -------------------------------------------------------------------------------------------------


def model_document(model: Layer) -> dict[str, Any]:
    """Everything about a model but its arrays, fit for JSON; see :data:`pellucid.saving.container.DOCUMENT`."""
    runtime = require_runtime(model)
    if config_or_none(model) is None:  # a class may be of a plugin that nobody has asked for
        default_registry().plugins.load_all()
    try:
        metadata = as_json(runtime.metadata, "metadata", 2)
        config = as_json(to_config(model), "model.config", 3)
        transforms, of_targets = (
            [as_json(to_config(transform), "transforms", 3) for transform in each]
            for each in (runtime.transforms, runtime.target_transforms)
        )
    except ConfigError as error:
        raise CheckpointError(
            f"This {type(model).__name__} cannot be saved, because no registered name makes it again. {error} "
            "Register the class in a plugin (pellucid new plugin NAME) and build the model by name."
        ) from error
    return {
        "pellucid": __version__,
        "plugins": dict(plugins_of([config, transforms, of_targets, metadata])),
        "model": {
            "config": config,
            "input_shapes": [list(shape) for shape in runtime.input_shapes],
            "dtype": runtime.dtype.name,
            "seed": runtime.seed,
            "frozen": [param.path for param in model.parameters() if not param.trainable],
        },
        "transforms": transforms,
        "target_transforms": of_targets,
        "classes": None if runtime.classes is None else list(runtime.classes),
        "metadata": metadata,
    }


def model_tensors(model: Layer) -> dict[str, HostArray]:
    """All arrays of a model, on the host: ``parameters/…``, ``states/…``, ``transforms/…``, ``target_transforms/…``."""
    runtime = require_runtime(model)
    tensors = {name: runtime.ops.to_host(item.data) for name, item in _owned(model).items()}
    for kind in TRANSFORMS:
        for i, transform in enumerate(getattr(runtime, kind)):
            tensors |= {f"{kind}/{i}/{name}": array for name, array in transform.state().items()}
    return tensors


TRANSFORMS = ("transforms", "target_transforms")
"""Of samples and of targets: attributes of the runtime, and what their tensors' names begin with."""


def _owned(model: Layer) -> dict[str, Any]:
    """The parameters and states of a model by the names of their tensors."""
    owned: dict[str, Any] = {f"parameters/{path}": param for path, param in model.named_parameters()}
    return owned | {f"states/{path}": state for path, state in model.named_states()}


def plugins_of(config: Any) -> Iterator[tuple[str, str]]:
    """(vendor, the package that brings it) of every component in a configuration that is not the core's."""
    if isinstance(config, Mapping):
        vendor, slash, _ = str(config.get("type", "")).partition("/")
        plugin = default_registry().plugins.found.get(vendor) if slash and vendor != CORE else None
        if plugin is not None:  # None, too, for what merely looks like a name in the metadata of a user
            yield vendor, f"{plugin.distribution} {plugin.version}"
    for item in config.values() if isinstance(config, Mapping) else config if isinstance(config, list) else ():
        yield from plugins_of(item)


def _check_rebuilds(model: Layer, document: Mapping[str, Any]) -> None:
    """A file that cannot be loaded should not be written: build the structure from the configuration, and compare."""
    saved = document["model"]
    try:
        twin = read(("model", "layer"), saved["config"], saved=True)
        declare(twin, *require_runtime(model).input_shapes)
        difference = _other_shape(_shapes(model), built=_shapes(twin)) or _changed_setting(model, twin)
    except PellucidError as error:
        difference = str(error)
    if difference is not None:
        raise CheckpointError(
            f"This {type(model).__name__} cannot be saved: its configuration does not build it again: {difference} "
            "Do not change the layers of a model after it has been built, and let constructors store their arguments."
        )


def _check_transforms(model: Layer, document: Mapping[str, Any], tensors: Mapping[str, HostArray]) -> None:
    """The same for transforms: make them again and let them take back what they learned."""
    try:
        for kind in TRANSFORMS:
            _fitted_transforms(kind, document, tensors)
    except Exception as error:  # a stranger's transform may raise anything
        raise CheckpointError(
            f"This {type(model).__name__} cannot be saved, because its transforms could not be loaded again: "
            f"{reason(error)}"
        ) from error


def _changed_setting(model: Layer, twin: Layer) -> str | None:
    """Where the layers that a factory function made are no longer as it made them, as a sentence."""
    try:
        ours, theirs = (Writer(default_registry(), remembered=False).component(m, "") for m in (model, twin))
    except ConfigError:  # made of layers that have no name of their own
        return None
    place = next(differences(ours, theirs), None)
    return None if place is None else f"{place[0]} is {place[1]!r}, and the configuration gives {place[2]!r}."


def config_as_it_is(model: Layer, config: dict[str, Any]) -> dict[str, Any]:
    """Its configuration, or that of its layers, where they are no longer as the factory function of that made them."""
    twin = read(("model", "layer"), config, saved=True)
    declare(twin, *require_runtime(model).input_shapes)
    if _changed_setting(model, twin) is None:
        return config
    return Writer(default_registry(), remembered=False).component(model, "")


# -- what is read ----------------------------------------------------------------------------------------------------


def check_tensors(header: Header, model: Layer, more: tuple[str, ...] = ()) -> None:
    """Compare shapes and types before any memory is taken: a small file must not ask for a large model.

    ``more``: what the names of tensors may begin with that are no model's.
    """
    tensors = {n: what for n, what in header.tensors.items() if n.startswith(("parameters/", "states/"))}
    known = tuple(f"{kind}/{i}/" for kind in TRANSFORMS for i in range(len(header.document.get(kind) or [])))
    stray = next((n for n in header.tensors if n not in tensors and not n.startswith((*known, *more))), None)
    if stray is not None:
        raise damaged(header.path, f"nothing in it belongs to its tensor {stray!r:.80}")
    wanted = np.dtype(header.document["model"]["dtype"])
    difference = _other_shape({name: shape for name, (_, shape) in tensors.items()}, built=_shapes(model))
    for name, (dtype, _) in tensors.items():
        if difference is None and dtype != wanted:
            difference = f"'{name}' is of type {dtype} in a model of type {wanted}."
    if difference is not None:
        raise CheckpointError(
            f"{shown(header.path)} does not fit the model that its configuration builds: {difference} Either the file "
            f"is damaged, or a component changed since it was written (by {', '.join(_packages(header).values())}); "
            "install that version to load it."
        )


def check_facts(path: Path, document: Mapping[str, Any], what: str = "is damaged") -> tuple[Shape, ...]:
    """Hold what a document says of a model beside its configuration against types and ranges; returns the input shapes.

    Raises:
        CheckpointError: something is none of its kind. ``what`` is said of the file then.
    """
    saved, metadata = document["model"], document["metadata"]
    classes, features, objective = document.get("classes"), metadata.get("features"), metadata.get("objective")
    try:
        shapes = read_shapes(saved["input_shapes"])
        wrong = (
            None
            if [list(shape) for shape in shapes] == saved["input_shapes"]
            else "'input_shapes' is no list of shapes"
        )
    except ConfigError as error:
        shapes, wrong = (), str(error)
    checks = {
        f"its floating-point type is {saved['dtype']!r:.80}": saved["dtype"] in DTYPES,
        f"its seed is {saved['seed']!r:.80}, and must be an int in [0, 2**64)": _is_seed(saved["seed"]),
        "its 'frozen' must be a list of paths of parameters": _is_texts(saved["frozen"]),
        "its 'plugins' must be texts by name": _is_texts(list(document["plugins"].values())),
        "its 'classes' must be a list of names": classes is None or _is_texts(classes),
        f"its 'features' must be a list of names of columns, and is {features!r:.80}": features is None
        or _is_texts(features),
        f"its 'objective' must be a configuration, and is {objective!r:.80}": isinstance(objective, dict | None),
    }
    wrong = wrong or next((wrong for wrong, good in checks.items() if not good), None)
    if wrong is not None:
        raise damaged(path, wrong) if what == "is damaged" else CheckpointError(f"{shown(path)} {what}: {wrong}.")
    return shapes


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_seed(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 64


def prepare(model: Layer, header: Header, tensors: Mapping[str, HostArray]) -> Callable[[], None]:
    """Make all that a model takes out of a file whose tensors have been compared; nothing is changed yet.

    Returns:
        A function that puts it in its place, which nothing in the file can make fail.
    """
    runtime = require_runtime(model)
    document = header.document
    frozen = set(document["model"]["frozen"])
    unknown = sorted(frozen - {param.path for param in runtime.arena.params})
    if unknown:
        raise damaged(header.path, f"it freezes the parameter {unknown[0]!r:.80}, which the model does not have")
    with refusing(header):
        transforms, of_targets = (_fitted_transforms(kind, document, tensors) for kind in TRANSFORMS)
    values = {name: runtime.ops.asarray(tensors[name], runtime.dtype) for name in _owned(model)}
    classes = document.get("classes")

    def place() -> None:
        for name, item in _owned(model).items():
            item.data[...] = values[name]
        for param in runtime.arena.params:
            param.trainable = param.path not in frozen
        runtime.transforms, runtime.target_transforms = transforms, of_targets
        runtime.metadata = document["metadata"]
        runtime.classes = None if classes is None else tuple(classes)

    return place


def _fitted_transforms(kind: str, document: Mapping[str, Any], tensors: Mapping[str, HostArray]) -> list[Transform]:
    transforms: list[Transform] = []
    for i, config in enumerate(document.get(kind) or []):  # files before targets could be scaled have none
        transform: Transform = read("transform", config, path=f"{kind}.{i}", saved=True)
        transform.restore(below(f"{kind}/{i}/", tensors))
        transforms.append(transform)
    return transforms


@contextmanager
def refusing(header: Header, what: str = "loaded") -> Iterator[None]:
    """Within: components are made of what a file says. Whatever they raise becomes one error that names the file."""
    try:
        yield
    except Exception as error:  # a file may bring a stranger's component into any state
        raise refused(header, error, what) from error


def reason(error: Exception) -> str:
    """What an error says; of one that is not ours, its kind too."""
    return str(error) if isinstance(error, PellucidError) else f"{type(error).__name__}: {error!s:.500}"


def refused(header: Header, error: Exception, what: str = "loaded") -> CheckpointError:
    """The error for a file with a component that cannot be made; names the packages that are not installed."""
    found = default_registry().plugins.found
    absent = [package for vendor, package in _packages(header).items() if vendor not in found]
    how = "give its folder: --plugins-dir DIR, or pellucid.localplugins_of(DIR)"
    get = how if all(package.endswith(" local") for package in absent) else "install it, and load again"
    remedy = f" The file was written with {' and '.join(absent)}: {get}." if absent else ""
    return CheckpointError(f"{shown(header.path)} cannot be {what}: {reason(error)}{remedy}")


def _packages(header: Header) -> dict[str, str]:
    """vendor -> the package, with its version, that a file was written with; first pellucid itself.

    They stand in messages that say what to install, so what has another form, a command say, is left out.
    """
    packages = {CORE: f"pellucid {header.document['pellucid']}"} | header.document["plugins"]
    return {vendor: package for vendor, package in packages.items() if re.fullmatch(r"[\w.-]+ [\w.+-]+", str(package))}


def below(prefix: str, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors whose names begin with a prefix, by what follows it."""
    return {name.removeprefix(prefix): what for name, what in tensors.items() if name.startswith(prefix)}


# -- what differs ----------------------------------------------------------------------------------------------------


def differences(one: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(path, the one value, the other) of all that is not equal in two nested tables; None where a key is absent."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in [*one, *(key for key in other if key not in one)]:
            yield from differences(one.get(key), other.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{path}.{i}" if path else str(i))
    elif one != other:
        yield path, one, other


def _shapes(model: Layer) -> dict[str, Shape]:
    """The tensors that a model's file must hold; those of transforms come on top."""
    return {name: item.shape for name, item in _owned(model).items()}


def _other_shape(ours: Mapping[str, Shape], *, built: Mapping[str, Shape]) -> str | None:
    """The first tensor that is not of the same shape in both, as a sentence."""
    place = next(differences(built, ours), None)
    if place is None:
        return None
    name, *shapes = place
    theirs, here = ("absent" if shape is None else str(shape) for shape in shapes)
    return f"'{name}' has shape {here} here, and {theirs} in what the configuration builds."
