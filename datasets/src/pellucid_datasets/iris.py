"""iris: Fisher's irises."""

from __future__ import annotations

import csv
from collections.abc import Sequence

import numpy as np
from pellucid import Dataset, Part, Split, Transform

from pellucid_datasets.files import packaged

CHECKSUM = "9cc1c345c71bcc9b486b74cbf6063fa66f4bb5e0f603a4b3c3471ec2e5e8e355"
FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
SPECIES = ("setosa", "versicolor", "virginica")


class Iris(Dataset):
    """Which species is it? 50 flowers of each of three, measured by Anderson, published by Fisher.

    ``x``: float32 (N, 4), the length and width of sepal and petal in cm, as in ``FEATURES``.
    ``y``: int64, the index into ``classes``.

    Args:
        validation, test: a fraction of the 150 or a number of flowers, with the species in proportion.
        transforms: proposed to whoever trains.

    Source: Fisher, The use of multiple measurements in taxonomic problems, Annals of Eugenics 7, 1936, table I.
    """

    def __init__(
        self,
        *,
        validation: Part = 0.2,
        test: Part = 0.2,
        transforms: Sequence[Transform | str] = ("core/standardize",),
    ) -> None:
        super().__init__(validation=validation, test=test, transforms=transforms)

    def load(self, rng: np.random.Generator) -> Split:
        rows = list(csv.DictReader(packaged("iris.csv", CHECKSUM).decode("ascii").splitlines()))
        x = np.array([[float(row[feature]) for feature in FEATURES] for row in rows], np.float32)
        y = np.array([SPECIES.index(row["species"]) for row in rows], np.int64)
        return Split(x, y, SPECIES)
