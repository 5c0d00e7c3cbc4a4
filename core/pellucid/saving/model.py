"""save and load: a model as one file that rebuilds by registered names only."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, Shape
from pellucid.basics.errors import CheckpointError, ConfigError, PellucidError
from pellucid.basics.version import __version__
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.transform import Transform
from pellucid.model.build import DTYPES, allocate, declare, read_shapes
from pellucid.ops.backends import get_ops
from pellucid.ops.base import Ops
from pellucid.registry.config import read
from pellucid.registry.plugins import CORE
from pellucid.registry.registry import default_registry
from pellucid.registry.writer import Writer, to_config
from pellucid.saving.container import Header, damaged, read_header, read_tensors, write


def save(model: Layer, path: str | os.PathLike[str]) -> None:
    """Save a model: its configuration, parameters, states, fitted transforms, class names and objective.

    Args:
        model: a built model, all of whose components are registered.
        path: the file to write, by habit ``*.safetensors``. A crash while writing leaves what was there before.

    Raises:
        CheckpointError: the model holds something that no registered name can make again, or the file cannot be
            written.

    Example::

        pellucid.save(model, "digits.safetensors")
    """
    document = model_document(model)
    _check_rebuilds(model, document)
    write(path, "model", document, model_tensors(model))


def load(path: str | os.PathLike[str], *, backend: str | Ops | None = None) -> Layer:
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
    header = read_header(path, "model")
    saved = header.document["model"]
    if saved["dtype"] not in DTYPES:
        raise damaged(header.path, f"its floating-point type is {saved['dtype']!r}")
    try:
        shapes = read_shapes(saved["input_shapes"])
    except ConfigError as error:
        raise damaged(header.path, str(error)) from error
    try:
        model: Layer = read(("model", "layer"), saved["config"], saved=True)
        declare(model, *shapes)  # takes no memory yet
    except PellucidError as error:
        raise refused(header, error) from error
    check_tensors(header, model)
    tensors = read_tensors(header)
    config = to_config(model)
    allocate(model, *shapes, seed=saved["seed"], dtype=saved["dtype"], ops=get_ops(backend), config=config)
    restore(model, header, tensors)
    return model


# -- what is written -------------------------------------------------------------------------------------------------


def model_document(model: Layer) -> dict[str, Any]:
    """Everything about a model but its arrays, fit for JSON; see :data:`pellucid.saving.container.DOCUMENT`."""
    runtime = require_runtime(model)
    try:
        config = to_config(model)
        transforms, of_targets = (
            [to_config(transform) for transform in each] for each in (runtime.transforms, runtime.target_transforms)
        )
    except ConfigError as error:
        raise CheckpointError(
            f"This {type(model).__name__} cannot be saved, because no registered name makes it again. {error} "
            "Register the class in a plugin (pellucid new plugin NAME) and build the model by name."
        ) from error
    return {
        "pellucid": __version__,
        "plugins": dict(_plugins([config, transforms, of_targets, runtime.metadata])),
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
        "metadata": runtime.metadata,
    }


def model_tensors(model: Layer) -> dict[str, HostArray]:
    """All arrays of a model, on the host: ``parameters/…``, ``states/…``, ``transforms/…``, ``target_transforms/…``."""
    runtime = require_runtime(model)
    tensors = {name: runtime.ops.to_host(item.data) for name, item in _owned(model).items()}
    for kind in _TRANSFORMS:
        for i, transform in enumerate(getattr(runtime, kind)):
            tensors |= {f"{kind}/{i}/{name}": array for name, array in transform.state().items()}
    return tensors


_TRANSFORMS = ("transforms", "target_transforms")
"""Of samples and of targets: attributes of the runtime, and what their tensors' names begin with."""


def _owned(model: Layer) -> dict[str, Any]:
    """The parameters and states of a model by the names of their tensors."""
    owned: dict[str, Any] = {f"parameters/{path}": param for path, param in model.named_parameters()}
    return owned | {f"states/{path}": state for path, state in model.named_states()}


def _plugins(config: Any) -> Iterator[tuple[str, str]]:
    """(vendor, the package that brings it) of every component in a configuration that is not the core's."""
    if isinstance(config, Mapping):
        vendor, slash, _ = str(config.get("type", "")).partition("/")
        if slash and vendor != CORE:
            plugin = default_registry().plugins.found[vendor]
            yield vendor, f"{plugin.distribution} {plugin.version}"
    for item in config.values() if isinstance(config, Mapping) else config if isinstance(config, list) else ():
        yield from _plugins(item)


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


def _changed_setting(model: Layer, twin: Layer) -> str | None:
    """Where the layers that a factory function made are no longer as it made them, as a sentence."""
    try:
        ours, theirs = (Writer(default_registry(), remembered=False).component(m, "") for m in (model, twin))
    except ConfigError:  # made of layers that have no name of their own
        return None
    place = next(differences(ours, theirs), None)
    return None if place is None else f"{place[0]} is {place[1]!r}, and the configuration gives {place[2]!r}."


# -- what is read ----------------------------------------------------------------------------------------------------


def check_tensors(header: Header, model: Layer) -> None:
    """Compare shapes and types before any memory is taken: a small file must not ask for a large model."""
    tensors = {n: what for n, what in header.tensors.items() if n.startswith(("parameters/", "states/"))}
    wanted = np.dtype(header.document["model"]["dtype"])
    difference = _other_shape({name: shape for name, (_, shape) in tensors.items()}, built=_shapes(model))
    for name, (dtype, _) in tensors.items():
        if difference is None and dtype != wanted:
            difference = f"'{name}' is of type {dtype} in a model of type {wanted}."
    if difference is not None:
        raise CheckpointError(
            f"{header.path} does not fit the model that its configuration builds: {difference} Either the file is "
            f"damaged, or a component changed since it was written (by {', '.join(_packages(header).values())}); "
            "install that version to load it."
        )


def restore(model: Layer, header: Header, tensors: Mapping[str, HostArray]) -> None:
    """Copy everything out of a file whose tensors have been compared into a model whose memory is there."""
    runtime = require_runtime(model)
    document = header.document
    features = document["metadata"].get("features", [])
    if not isinstance(features, list) or not all(isinstance(name, str) for name in features):
        raise damaged(header.path, f"its 'features' must be a list of names of columns, and is {features!r:.80}")
    # Before anything is changed: these may fail.
    transforms, of_targets = (_fitted_transforms(kind, header, tensors) for kind in _TRANSFORMS)
    for name, item in _owned(model).items():
        item.data[...] = runtime.ops.asarray(tensors[name], runtime.dtype)
    for param in runtime.arena.params:
        param.trainable = param.path not in document["model"]["frozen"]
    runtime.transforms, runtime.target_transforms = transforms, of_targets
    runtime.metadata = document["metadata"]
    runtime.classes = None if document["classes"] is None else tuple(map(str, document["classes"]))


def _fitted_transforms(kind: str, header: Header, tensors: Mapping[str, HostArray]) -> list[Transform]:
    transforms: list[Transform] = []
    for i, config in enumerate(header.document.get(kind) or []):  # files before targets could be scaled have none
        try:
            transform: Transform = read("transform", config, path=f"{kind}.{i}", saved=True)
            transform.restore(below(f"{kind}/{i}/", tensors))
        except PellucidError as error:
            raise refused(header, error) from error
        transforms.append(transform)
    return transforms


def refused(header: Header, error: PellucidError, what: str = "loaded") -> CheckpointError:
    """The error for a file with a component that cannot be made; names the packages that are not installed."""
    found = default_registry().plugins.found
    absent = [package for vendor, package in _packages(header).items() if vendor not in found]
    remedy = f" The file was written with {' and '.join(absent)}: install it, and load again." if absent else ""
    return CheckpointError(f"{header.path} cannot be {what}: {error}{remedy}")


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
