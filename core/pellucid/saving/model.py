"""save and load: a model as one file that rebuilds by registered names only."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import CheckpointError, ConfigError, PellucidError, PluginError
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.runtime import Runtime
from pellucid.interfaces.transform import Transform
from pellucid.model.build import DTYPES, allocate, declare, read_shapes
from pellucid.ops.backends import get_ops
from pellucid.ops.base import Ops
from pellucid.registry.config import read
from pellucid.registry.registry import default_registry
from pellucid.registry.writer import structure, to_config
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
    model = rebuild(header)
    check_tensors(header, model)
    tensors = read_tensors(header)
    saved = _of_model(header)
    runtime = allocate(
        model, *saved["input_shapes"], seed=saved["seed"], dtype=saved["dtype"], ops=get_ops(backend),
        config=to_config(model),
    )  # fmt: skip
    restore_arrays(model, tensors)
    restore_facts(runtime, header, tensors)
    return model


# -- what is written -------------------------------------------------------------------------------------------------


def model_document(model: Layer) -> dict[str, Any]:
    """Everything about a model but its arrays, fit for JSON."""
    from pellucid import __version__

    runtime = require_runtime(model)
    try:
        config = to_config(model)
        transforms = [to_config(transform) for transform in runtime.transforms]
    except ConfigError as error:
        raise CheckpointError(
            f"This {type(model).__name__} cannot be saved, because no registered name makes it again. {error} "
            "Register the class in a plugin (pellucid new plugin NAME) and build the model by name."
        ) from error
    return {
        "pellucid": __version__,
        "plugins": dict(_plugins([config, transforms, runtime.metadata])),
        "model": {
            "config": config,
            "input_shapes": [list(shape) for shape in runtime.input_shapes],
            "dtype": runtime.dtype.name,
            "seed": runtime.seed,
            "frozen": [param.path for param in model.parameters() if not param.trainable],
        },
        "transforms": transforms,
        "classes": None if runtime.classes is None else list(runtime.classes),
        "metadata": runtime.metadata,
    }


def model_tensors(model: Layer) -> dict[str, HostArray]:
    """All arrays of a model, on the host: ``parameters/…``, ``states/…``, ``transforms/…``."""
    runtime = require_runtime(model)
    tensors = {f"parameters/{param.path}": _host(runtime, param.data) for param in model.parameters()}
    tensors |= {f"states/{state.path}": _host(runtime, state.data) for state in model.states()}
    for i, transform in enumerate(runtime.transforms):
        tensors |= {f"transforms/{i}/{name}": array for name, array in transform.state().items()}
    return tensors


def _host(runtime: Runtime, array: Any) -> HostArray:
    return np.asarray(runtime.ops.to_host(array))


def _plugins(config: Any) -> Iterator[tuple[str, str]]:
    """(vendor, the package that brings it) of every component in a configuration that is not the core's."""
    if isinstance(config, Mapping):
        vendor, slash, _ = str(config.get("type", "")).partition("/")
        if slash and vendor != "core":
            plugin = default_registry().plugins.found[vendor]
            yield vendor, f"{plugin.distribution} {plugin.version}"
    for item in config.values() if isinstance(config, Mapping) else config if isinstance(config, list) else ():
        yield from _plugins(item)


def _check_rebuilds(model: Layer, document: Mapping[str, Any]) -> None:
    """A file that cannot be loaded should not be written: build the structure from the configuration, and compare."""
    saved = document["model"]
    try:
        twin = read(("model", "layer"), saved["config"], saved=True)
        declare(twin, *(tuple(shape) for shape in saved["input_shapes"]))
        difference = next(_differences(declared(model), declared(twin)), None) or _changed_setting(model, twin)
    except PellucidError as error:
        difference = str(error)
    if difference is not None:
        raise CheckpointError(
            f"This {type(model).__name__} cannot be saved: its configuration does not build it again: {difference} "
            "Do not change the layers of a model after it has been built, and let constructors store their arguments."
        )


def _changed_setting(model: Layer, twin: Layer) -> str | None:
    """Where the layers that a factory function made are no longer as it made them, as a sentence."""
    ours, theirs = structure(model), structure(twin)
    if ours is None or theirs is None:  # made of layers that have no name of their own
        return None
    place = next(_unequal(ours, theirs, ""), None)
    return None if place is None else f"{place[0]} is {place[1]!r}, and the configuration gives {place[2]!r}."


def _unequal(a: Any, b: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in dict.fromkeys([*a, *b]):
            yield from _unequal(a.get(key), b.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, pair in enumerate(zip(a, b, strict=True)):
            yield from _unequal(*pair, f"{path}.{i}".lstrip("."))
    elif a != b:
        yield path, a, b


# -- what is read ----------------------------------------------------------------------------------------------------


def rebuild(header: Header) -> Layer:
    """The layers that a file describes, with their parameters declared; takes no memory for these."""
    saved = _of_model(header)
    try:
        model: Layer = read(("model", "layer"), saved["config"], saved=True)
        declare(model, *saved["input_shapes"])
    except PluginError as error:
        raise CheckpointError(f"{header.path} cannot be loaded: {error}") from error
    except PellucidError as error:
        raise CheckpointError(f"{header.path} cannot be loaded: {error}{missing_packages(header)}") from error
    return model


def restore_arrays(model: Layer, tensors: Mapping[str, HostArray]) -> None:
    """Copy parameters and states out of a file whose shapes have been compared."""
    runtime = require_runtime(model)
    for kind, owned in (("parameters", model.named_parameters()), ("states", model.named_states())):
        for path, item in owned:
            item.data[...] = runtime.ops.asarray(tensors[f"{kind}/{path}"], runtime.dtype)


def restore_facts(runtime: Runtime, header: Header, tensors: Mapping[str, HostArray]) -> None:
    """Set all that ``model_document`` holds beside the configuration, and the fitted transforms."""
    document = header.document
    frozen = set(_of_model(header)["frozen"])
    for param in runtime.arena.params:
        param.trainable = param.path not in frozen
    if document.get("classes") is not None:
        runtime.classes = tuple(str(name) for name in _field(header, document, "classes", list))
    runtime.metadata = _field(header, document, "metadata", dict)
    runtime.transforms = restored_transforms(header, tensors)


def restored_transforms(header: Header, tensors: Mapping[str, HostArray]) -> list[Transform]:
    """The transforms of a file, as they were fitted."""
    transforms: list[Transform] = []
    for i, config in enumerate(_field(header, header.document, "transforms", list)):
        try:
            transform: Transform = read("transform", config, path=f"transforms.{i}", saved=True)
            prefix = f"transforms/{i}/"
            transform.restore({n.removeprefix(prefix): a for n, a in tensors.items() if n.startswith(prefix)})
        except PellucidError as error:
            raise CheckpointError(f"{header.path} cannot be loaded: {error}{missing_packages(header)}") from error
        transforms.append(transform)
    return transforms


def _of_model(header: Header) -> dict[str, Any]:
    """The checked description of the model."""
    saved = _field(header, header.document, "model", dict)
    try:
        shapes = read_shapes(_field(header, saved, "input_shapes", list))
    except ConfigError as error:
        raise damaged(header.path, str(error)) from error
    if _field(header, saved, "dtype", str) not in DTYPES:
        raise damaged(header.path, f"its floating-point type is {saved['dtype']!r}")
    return {
        "config": _field(header, saved, "config", dict),
        "input_shapes": shapes,
        "dtype": saved["dtype"],
        "seed": _field(header, saved, "seed", int),
        "frozen": _field(header, saved, "frozen", list),
    }


def _field(header: Header, table: Mapping[str, Any], name: str, kind: type) -> Any:
    value = table.get(name)
    if not isinstance(value, kind):
        raise damaged(header.path, f"its '{name}' must be of type {kind.__name__}, and is {value!r:.80}")
    return value


def declared(model: Layer) -> dict[str, tuple[int, ...]]:
    """The tensors that a model's file must hold, with their shapes; transforms come on top."""
    shapes = {f"parameters/{path}": param.shape for path, param in model.named_parameters()}
    return shapes | {f"states/{path}": state.shape for path, state in model.named_states()}


def check_tensors(header: Header, model: Layer) -> None:
    """Compare shapes and types before any memory is taken: a small file must not ask for a large model."""
    held = {n: shape for n, (_, shape) in header.tensors.items() if n.startswith(("parameters/", "states/"))}
    difference = next(_differences(held, declared(model)), None)
    dtype = np.dtype(_of_model(header)["dtype"])
    for name in held:
        if difference is None and header.tensors[name][0] != dtype:
            difference = f"'{name}' is of type {header.tensors[name][0]} in a model of type {dtype}."
    if difference is not None:
        versions = ", ".join(f"{v}" for v in header.document.get("plugins", {}).values()) or "pellucid"
        raise CheckpointError(
            f"{header.path} does not fit the model that its configuration builds: {difference} Either the file is "
            f"damaged, or a component changed since it was written (by pellucid {header.document.get('pellucid')}"
            f"{', ' + versions if versions != 'pellucid' else ''}); install that version to load it."
        )


def _differences(ours: Mapping[str, tuple[int, ...]], built: Mapping[str, tuple[int, ...]]) -> Iterator[str]:
    for name in [*built, *(n for n in ours if n not in built)]:
        if ours.get(name) != built.get(name):
            shown = [str(shapes[name]) if name in shapes else "absent" for shapes in (ours, built)]
            yield f"'{name}' has shape {shown[0]} here, and {shown[1]} in what the configuration builds."


def missing_packages(header: Header) -> str:
    """Which packages the file was written with, if their plugins are not installed."""
    listed = header.document.get("plugins")
    found = default_registry().plugins.found
    absent = [
        str(package) for vendor, package in (listed if isinstance(listed, dict) else {}).items()
        if vendor not in found and re.fullmatch(r"[\w.-]+ [\w.+-]+", str(package))
    ]  # fmt: skip
    return f" The file was written with {' and '.join(absent)}: install it, and load again." if absent else ""
