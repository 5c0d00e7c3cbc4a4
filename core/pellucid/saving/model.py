"""save and load: a model as one file that rebuilds by registered names only."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.config import DTYPES, read, read_shapes
from pellucid.config.writer import structure, to_config
from pellucid.errors import CheckpointError, ConfigError, PellucidError
from pellucid.model import allocate, declare, require_runtime
from pellucid.ops import get_ops
from pellucid.registry import default_registry
from pellucid.registry.plugins import CORE
from pellucid.saving.container import Header, HostArray, damaged, read_header, read_tensors, write
from pellucid.version import __version__

if TYPE_CHECKING:
    from pellucid.layer import Layer, Shape
    from pellucid.ops import Ops
    from pellucid.transform import Transform


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
    saved = describe(read_header(path, "model"))
    model = _rebuilt(saved)
    check_tensors(saved, model)
    tensors = read_tensors(saved.header)
    allocate(
        model, *saved.input_shapes, seed=saved.seed, dtype=saved.dtype, ops=get_ops(backend), config=to_config(model)
    )
    restore(model, saved, tensors)
    return model


# -- what is written -------------------------------------------------------------------------------------------------


def model_document(model: Layer) -> dict[str, Any]:
    """Everything about a model but its arrays, fit for JSON; :func:`describe` reads it again."""
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
    tensors = {name: runtime.ops.to_host(item.data) for name, item in _owned(model).items()}
    for i, transform in enumerate(runtime.transforms):
        tensors |= {f"transforms/{i}/{name}": array for name, array in transform.state().items()}
    return tensors


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
    ours, theirs = structure(model), structure(twin)
    if ours is None or theirs is None:  # made of layers that have no name of their own
        return None
    place = next(differences(ours, theirs), None)
    return None if place is None else f"{place[0]} is {place[1]!r}, and the configuration gives {place[2]!r}."


# -- what is read ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Description:
    """What a file says of its model: read once and checked once; no component of it has been made yet.

    Attributes:
        header: of the file.
        config: the model's configuration.
        input_shapes: one per input, without the batch axis.
        dtype: of parameters and states.
        seed: that the first values were drawn with.
        frozen: paths of the parameters that are not trained.
        transforms: configurations of the fitted transforms.
        classes: names of the classes, or None.
        metadata: further facts, such as the objective of the last training.
        packages: vendor -> the package, with its version, that the file was written with; first pellucid itself.
    """

    header: Header
    config: dict[str, Any]
    input_shapes: tuple[Shape, ...]
    dtype: str
    seed: int
    frozen: frozenset[str]
    transforms: list[Any]
    classes: tuple[str, ...] | None
    metadata: dict[str, Any]
    packages: dict[str, str]

    def refused(self, error: PellucidError, what: str = "loaded") -> CheckpointError:
        """The error for a file with a component that cannot be made; names the packages that are not installed."""
        found = default_registry().plugins.found
        absent = [package for vendor, package in self.packages.items() if vendor not in found]
        remedy = f" The file was written with {' and '.join(absent)}: install it, and load again." if absent else ""
        return CheckpointError(f"{self.header.path} cannot be {what}: {error}{remedy}")


def describe(header: Header) -> Description:
    """The description of the model in a file, of a model or a checkpoint.

    Raises:
        CheckpointError: something in it is missing or of a wrong type.
    """
    document = header.document
    model = field(header, document, "model", dict)
    try:
        shapes = read_shapes(field(header, model, "input_shapes", list))
    except ConfigError as error:
        raise damaged(header.path, str(error)) from error
    dtype = field(header, model, "dtype", str)
    if dtype not in DTYPES:
        raise damaged(header.path, f"its floating-point type is {dtype!r}")
    classes = None if document.get("classes") is None else field(header, document, "classes", list)
    packages = {CORE: f"pellucid {document.get('pellucid')}"} | field(header, document, "plugins", dict)
    return Description(
        header,
        config=field(header, model, "config", dict),
        input_shapes=shapes,
        dtype=dtype,
        seed=field(header, model, "seed", int),
        frozen=frozenset(map(str, field(header, model, "frozen", list))),
        transforms=field(header, document, "transforms", list),
        classes=None if classes is None else tuple(map(str, classes)),
        metadata=field(header, document, "metadata", dict),
        packages={vendor: package for vendor, package in packages.items() if _PACKAGE.fullmatch(str(package))},
    )


_PACKAGE = re.compile(r"[\w.-]+ [\w.+-]+")
"""Name and version. What is to be installed stands in messages, so that a file must not smuggle a command in there."""


def field(header: Header, table: Mapping[str, Any], name: str, kind: type) -> Any:
    """What a table in a file holds under a name, or an error if it is of another type."""
    value = table.get(name)
    if not isinstance(value, kind):
        raise damaged(header.path, f"its '{name}' must be of type {kind.__name__}, and is {value!r:.80}")
    return value


def check_tensors(saved: Description, model: Layer) -> None:
    """Compare shapes and types before any memory is taken: a small file must not ask for a large model."""
    tensors = {n: what for n, what in saved.header.tensors.items() if n.startswith(("parameters/", "states/"))}
    difference = _other_shape({name: shape for name, (_, shape) in tensors.items()}, built=_shapes(model))
    for name, (dtype, _) in tensors.items():
        if difference is None and dtype != np.dtype(saved.dtype):
            difference = f"'{name}' is of type {dtype} in a model of type {saved.dtype}."
    if difference is not None:
        raise CheckpointError(
            f"{saved.header.path} does not fit the model that its configuration builds: {difference} Either the file "
            f"is damaged, or a component changed since it was written (by {', '.join(saved.packages.values())}); "
            "install that version to load it."
        )


def restore(model: Layer, saved: Description, tensors: Mapping[str, HostArray]) -> None:
    """Copy everything out of a file whose tensors have been compared into a model whose memory is there."""
    runtime = require_runtime(model)
    transforms = _fitted_transforms(saved, tensors)  # before anything is changed: these may fail
    for name, item in _owned(model).items():
        item.data[...] = runtime.ops.asarray(tensors[name], runtime.dtype)
    for param in runtime.arena.params:
        param.trainable = param.path not in saved.frozen
    runtime.transforms = transforms
    runtime.metadata = saved.metadata
    if saved.classes is not None:
        runtime.classes = saved.classes


def _rebuilt(saved: Description) -> Layer:
    """The layers that a file describes, with their parameters declared; takes no memory for these."""
    try:
        model: Layer = read(("model", "layer"), saved.config, saved=True)
        declare(model, *saved.input_shapes)
    except PellucidError as error:
        raise saved.refused(error) from error
    return model


def _fitted_transforms(saved: Description, tensors: Mapping[str, HostArray]) -> list[Transform]:
    transforms: list[Transform] = []
    for i, config in enumerate(saved.transforms):
        try:
            transform: Transform = read("transform", config, path=f"transforms.{i}", saved=True)
            transform.restore(below(f"transforms/{i}/", tensors))
        except PellucidError as error:
            raise saved.refused(error) from error
        transforms.append(transform)
    return transforms


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
