"""Who reads a file: the data set that a model names, or its first transform; and which samples are found in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import ConfigError, DataError, PluginError
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.rows import Samples
from pellucid.interfaces.samples import Split
from pellucid.interfaces.transform import Transform
from pellucid.registry.registry import default_registry

_TEXT = ".txt"
"""Such a file may be a table or a text to learn to write."""


@runtime_checkable
class ReadsFiles(Protocol):
    """What a transform has that knows the files of its table: it was fitted on their columns, and knows their names.

    Attributes:
        target_names: of the columns of targets, in the order of the model's outputs where these are one for each.
    """

    @property
    def target_names(self) -> Sequence[str]: ...

    def read_file(self, path: Path, target: str | None = None, *, targets: bool = True) -> Split:
        """The samples of a file, as the transform takes them, with targets where it has them.

        Args:
            target: the column of targets, if this file calls it otherwise.
            targets: whether to read them; rows without one are left out then.
        """


@runtime_checkable
class ReadsOther(Protocol):
    """What a data set has that reads other files than its own in its own way, such as another text as windows."""

    def read_other(self, path: Path, transforms: Sequence[Transform]) -> Split | Samples:
        """The samples of a file, for a model with these transforms."""


@runtime_checkable
class SaysNext(Protocol):
    """What a transform has that makes sequences of what a file holds, and knows what outputs stand for."""

    @property
    def output_names(self) -> Sequence[str]:
        """Of what comes next in a sequence, in the order of the model's outputs."""

    def ends(self, path: Path, outputs: HostArray) -> HostArray | None:
        """The place of the last part of each sequence of a file, (N,), if outputs (N, T, K) say what comes next."""


def reader_named_by(model: Any, name: str | None) -> str | None:
    """The data set that reads a file for a model: what stands for the file's ending in ``reads``, an attribute of the
    model's class or function; None: it says nothing.

    Args:
        model: the section of an experiment.
    """
    kind = model.get("type") if isinstance(model, Mapping) else model
    if name is None or not isinstance(kind, str):
        return None
    try:
        target = default_registry().load(default_registry().find(("model", "layer"), kind))
    except ConfigError:  # it is said where the experiment is checked, beside its other mistakes
        return None
    found: str | None = getattr(target, "reads", {}).get(Path(name).suffix.lower())
    return found


@contextmanager
def told_of_texts(name: str | None) -> Iterator[None]:
    """A ``with`` block for reading a file: where it ends in .txt and is no table, it may be a text, which is said."""
    try:
        yield
    except DataError as error:
        if name is None or Path(name).suffix.lower() != _TEXT:
            raise
        raise DataError(f"{error} If it is running text, {_who_learns_from_texts()}.") from error


def _who_learns_from_texts() -> str:
    for entry in default_registry().entries("model"):
        with suppress(PluginError):
            reader = getattr(default_registry().load(entry), "reads", {}).get(_TEXT)
            if reader is not None:
                return f"the data set {reader} reads it, and the model {entry.name} learns from it"
    return "a language model learns from it: pip install pellucid-transformer, then --model language_model"


def file_reader(model: Layer, path: Path) -> ReadsFiles | None:
    """The first transform of a model, if it reads a file; those of NumPy hold arrays, which need no reading."""
    return table_of(model) if path.suffix.lower() not in (".npy", ".npz") else None


def table_of(model: Layer) -> ReadsFiles | None:
    """The first transform of a model, if it reads files."""
    first: object = next(iter(require_runtime(model).transforms), None)
    return first if isinstance(first, ReadsFiles) else None
