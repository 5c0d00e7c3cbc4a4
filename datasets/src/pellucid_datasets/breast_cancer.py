"""breast_cancer: nuclei of cells from lumps of the breast, measured under the microscope."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence

import numpy as np
from pellucid import Dataset, Part, Split, Transform

from pellucid_datasets.files import packaged

CHECKSUM = "0e55e622696907018177c345c32d68972190c422909a37d7764b880e0202584d"
CLASSES = ("malignant", "benign")


class BreastCancer(Dataset):
    """Is the lump malignant? 212 are, 357 are benign.

    ``x``: float32 (N, 30): ten measures of the nuclei of its cells, such as radius, texture and concavity; of each
    the mean, the standard error, and the mean of the three largest ("worst"). ``y``: int64, 0 malignant, 1 benign.

    Args:
        validation, test: a fraction of the 569 or a number of lumps, with the two classes in proportion.
        transforms: proposed to whoever trains.

    Source: Street, Wolberg & Mangasarian, Nuclear feature extraction for breast tumor diagnosis, 1993; Breast Cancer
    Wisconsin (Diagnostic), UCI Machine Learning Repository, CC BY 4.0.
    """

    def __init__(
        self, *, validation: Part = 0.2, test: Part = 0.2,
        transforms: Sequence[Transform | str] = ("core/standardize",),
    ) -> None:  # fmt: skip
        super().__init__(validation=validation, test=test, transforms=transforms)

    def load(self, rng: np.random.Generator) -> Split:
        text = gzip.decompress(packaged("breast_cancer.csv.gz", CHECKSUM)).decode("ascii")
        features, *rows = csv.reader(text.splitlines())
        x = np.array([row[:-1] for row in rows], np.float64).astype(np.float32)
        y = np.array([CLASSES.index(row[-1]) for row in rows], np.int64)
        return Split(x, y, CLASSES, tuple(features[:-1]))
