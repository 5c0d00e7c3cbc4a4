"""Models whose first transform reads files by itself, and which samples it finds in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.samples import Split


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


def file_reader(model: Layer, path: Path) -> ReadsFiles | None:
    """The first transform of a model, if it reads a file; those of NumPy hold arrays, which need no reading."""
    return table_of(model) if path.suffix.lower() not in (".npy", ".npz") else None


def table_of(model: Layer) -> ReadsFiles | None:
    """The first transform of a model, if it reads files."""
    first: object = next(iter(require_runtime(model).transforms), None)
    return first if isinstance(first, ReadsFiles) else None
