"""import_model: arrays of others become the parameters of an architecture, each accounted for, by an importer of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, Shape
from pellucid.basics.errors import CheckpointError, ConfigError
from pellucid.basics.suggest import listed
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.transform import Transform
from pellucid.model.build import build
from pellucid.registry.blame import blaming
from pellucid.registry.registry import default_registry
from pellucid.workbench.imports.source import WeightSource, read_source

IMPORTER = "import_weights"
"""The attribute of an architecture, a function or class, that holds its importer: ``(source) -> Importing``."""
MOST = 12
"""Lines of what does not fit that a message has."""


@dataclass(frozen=True)
class MadeOf:
    """What a parameter is made of: arrays of the source, one as it is, or several.

    Args:
        names: of the arrays.
        make: from them to the parameter; None: the first.
    """

    names: Sequence[str]
    make: Callable[..., HostArray] | None = None


@dataclass(frozen=True)
class Importing:
    """What an importer says of a source.

    Attributes:
        arguments: of the architecture, such as follow from the source's own configuration.
        input_shape: as of :func:`pellucid.build`.
        parameters: path of each of the model's parameters -> what it is made of.
        unused: names of arrays, or patterns such as ``"pooler.*"``, that the architecture has no use for.
        transforms: of the model, fitted: a tokenizer.
    """

    arguments: Mapping[str, Any]
    input_shape: Any
    parameters: Mapping[str, MadeOf]
    unused: Sequence[str] = ()
    transforms: Sequence[Transform] = field(default_factory=tuple)


@dataclass(frozen=True)
class Imported:
    """A model with the arrays of others.

    Attributes:
        model: built, with its transforms, ready to predict and to be saved.
        used: how many arrays of the source it holds.
        left_out: the names of those that it has no use for.
    """

    model: Layer
    used: int
    left_out: tuple[str, ...]


def import_model(architecture: str, source: WeightSource | str | os.PathLike[str]) -> Imported:
    """Build an architecture as the source says, and give every parameter its numbers.

    Args:
        architecture: a registered model, whose function or class has an attribute ``import_weights``.
        source: what was read, or the path of a folder, file or archive; see :func:`read_source`.

    Raises:
        ConfigError: no such model, or it has no importer. CheckpointError: arrays that no parameter takes, parameters
            that get none, other shapes, numbers that are not finite: all of them are listed.
    """
    source = source if isinstance(source, WeightSource) else read_source(Path(source))
    registry = default_registry()
    entry = registry.find("model", architecture)
    importer = getattr(registry.load(entry), IMPORTER, None)
    if importer is None:
        raise ConfigError(
            f"{entry.name} has no importer of weights: its function or class has no attribute '{IMPORTER}'. "
            "docs/plugins/importers.md says how one is written; architectures that have one say so in their pages."
        )
    with blaming(entry, "importer of the"):
        told: Importing = importer(source)
    model = build(entry.name, input_shape=told.input_shape, seed=0, **told.arguments)
    with blaming(entry, "importer of the"):
        values, wrong = _values(model, told, source)
    taken = {name for made in told.parameters.values() for name in made.names}
    left_out = sorted(name for name in source.arrays if name not in taken)  # the format keeps no order
    strays = [name for name in left_out if not any(fnmatchcase(name, each) for each in told.unused)]
    wrong += [
        f"{name} {_shape(source.arrays[name])} of the source: nothing of {entry.name} takes it" for name in strays
    ]
    if wrong:
        more = f"; and {len(wrong) - MOST} more" if len(wrong) > MOST else ""
        raise CheckpointError(
            f"The weights of {source.name} are not those of {entry.name}: {'; '.join(wrong[:MOST])}{more}. Give the "
            "architecture that they were trained for, and the configuration that belongs to them."
        )
    runtime = require_runtime(model)
    for param in model.parameters():
        param.data[...] = runtime.ops.asarray(values[param.path], runtime.dtype)
    runtime.transforms = list(told.transforms)
    runtime.metadata["imported"] = {"source": source.name, "sha256": source.sha256}
    return Imported(model, len(taken), tuple(left_out))


def _values(model: Layer, told: Importing, source: WeightSource) -> tuple[dict[str, HostArray], list[str]]:
    """The numbers of every parameter, and what is wrong about the others, a sentence each."""
    shapes = {param.path: param.shape for param in model.parameters()}
    wrong = [f"the importer names {path}, which the model has not" for path in told.parameters if path not in shapes]
    values: dict[str, HostArray] = {}
    for path, shape in shapes.items():
        made = told.parameters.get(path)
        absent = [] if made is None else [name for name in made.names if name not in source.arrays]
        if made is None:
            wrong.append(f"{path} {_shape(shape)} of the model: nothing of the source is for it")
        elif absent:
            wrong.append(f"{path} {_shape(shape)} needs {listed(absent)}, which the source has not")
        else:
            value = _made(made, [source.arrays[name] for name in made.names])
            given = ", ".join(f"{name} {_shape(source.arrays[name])}" for name in made.names)
            if value is None or value.shape != shape:
                wrong.append(f"{path} {_shape(shape)} cannot be made of {given}")
            elif not np.isfinite(value).all():
                wrong.append(f"{path} would hold numbers that are not finite, of {given}")
            else:
                values[path] = value
    return values, wrong


def _made(made: MadeOf, arrays: list[HostArray]) -> HostArray | None:
    """None: arrays of these shapes do not go together."""
    try:
        return np.asarray(arrays[0] if made.make is None else made.make(*arrays))
    except (ValueError, IndexError):
        return None


def _shape(of: HostArray | Shape) -> str:
    return str(tuple(of)) if isinstance(of, tuple) else str(tuple(of.shape))
