"""mapped: samples in .npy files that are larger than memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.basics.checks import check_float, check_int
from pellucid.basics.errors import DataError
from pellucid.interfaces.dataset import Dataset, Part, Splits, as_count
from pellucid.interfaces.transform import Transform
from pellucid.standard.mapped.file import MappedFile
from pellucid.standard.mapped.rows import MappedRows

MIB = 1 << 20
FEWEST = 64
"""Blocks of a file, however small it is."""


class Mapped(Dataset):
    """Samples in .npy files that are read where they lie, block by block: of any size, at the speed of the disk.

    An epoch visits the blocks of the file in random order and mixes the rows of as many as ``mixed`` holds, so that
    the disk reads whole blocks and each once. Memory holds two times ``mixed``, whatever the size of the file. Rows
    that lie far from each other do not come into one batch unless their blocks do: where the file is sorted, by class
    say, let ``block`` be small or shuffle the file once.

    Validation and test are whole blocks, drawn by the seed.

    Args:
        x: a .npy file with one sample a row, of any type of numbers; ``uint8`` takes the least to read.
        y: a .npy file with the targets: class labels (N,), integers from 0, or numbers; None: there are none.
        classes: names of the classes, in the order of the labels.
        block: MiB of x that are read in one piece; a file has 64 blocks at least.
        mixed: MiB of x whose rows are mixed.
        validation, test: a fraction of the samples or a number of them, rounded to whole blocks.
        transforms: proposed to whoever trains, such as ``{type = "scale", factor = 0.00392156862745098}`` for bytes.

    Errors: DataError for files that are no arrays, damaged, or of different numbers of rows.
    """

    examples = ()
    paths = ("x", "y")

    def __init__(
        self, x: str, y: str | None = None, *, classes: Sequence[str] | None = None, block: float = 4.0,
        mixed: float = 64.0, validation: Part = 0.1, test: Part = 0.1, transforms: Sequence[Transform | str] = (),
    ) -> None:  # fmt: skip
        super().__init__(validation=validation, test=test, transforms=transforms)
        check_float(self, "block", block, "(0, 1024]")
        check_float(self, "mixed", mixed, "(0, 1048576]")
        self.x = x
        self.y = y
        self.classes = classes
        self.block = block
        self.mixed = mixed

    def load(self, rng: np.random.Generator) -> MappedRows:
        return self._rows(*self._opened(), None)

    def splits(self, seed: int = 0) -> Splits:
        """The parts, of which nothing has been read but the labels. The same seed gives the same."""
        check_int(self, "seed", seed, "[0, inf)")
        x, y = self._opened()
        n, size = len(x.array), self._block_rows(x)
        blocks = np.random.default_rng([seed, 1]).permutation(-(-n // size))
        counts = [as_count(part, n) for part in (self.test, self.validation)]
        n_test, n_validation = (-(-count // size) if count else 0 for count in counts)
        if n_test + n_validation >= len(blocks):
            raise DataError(
                f"{self.x} has {n:,} samples in {len(blocks)} blocks, and {counts[1]:,} for validation and "
                f"{counts[0]:,} for the test leave none to train on. Ask for smaller parts."
            )
        test, validation, train = np.split(blocks, [n_test, n_test + n_validation])
        parts = [self._rows(x, y, np.sort(part)) for part in (train, validation, test)]
        return Splits(parts[0], parts[1], parts[2], self.transforms, self.target_transforms)

    def _opened(self) -> tuple[MappedFile, MappedFile | None]:
        x, y = MappedFile(self.x), None if self.y is None else MappedFile(self.y)
        if x.array.ndim < 2:
            raise DataError(
                f"{self.x} must have one sample a row, shape (N, …). Received: shape {x.array.shape}. For samples of "
                "one number save x[:, None]."
            )
        if y is not None and len(y.array) != len(x.array):
            raise DataError(
                f"{self.x} and {self.y} must have one row for each sample. Received: {len(x.array):,} and "
                f"{len(y.array):,} rows."
            )
        return x, y

    def _block_rows(self, x: MappedFile) -> int:
        return max(1, min(int(self.block * MIB / x.row_bytes), len(x.array) // FEWEST))

    def _rows(
        self, x: MappedFile, y: MappedFile | None, blocks: np.ndarray[tuple[int], np.dtype[np.int64]] | None
    ) -> MappedRows:
        size = self._block_rows(x)
        if blocks is None:
            blocks = np.arange(-(-len(x.array) // size))
        mixed = max(1, round(self.mixed * MIB / (size * x.row_bytes)))
        return MappedRows(x, y, rows_of_block=size, blocks=blocks, mixed=mixed, classes=self.classes)
