"""What a row weighs: the weights that are given, and those of its class."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import HostArray
from scipy.sparse import issparse
from sklearn.utils import check_array, compute_class_weight, compute_sample_weight

LEAST = 1e-15
"""Of the greatest weight; what weighs less is nothing beside it."""


def given_weights(sample_weight: Any, n: int) -> HostArray | None:
    """One weight a row, (n,) float64, at least 0 and at most 1; None stays None.

    Raises:
        ValueError: another shape, a weight below 0, all of them 0.
    """
    if sample_weight is None:
        return None
    weight = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weight.shape != (n,):
        raise ValueError(f"sample_weight must have shape ({n},), a number for each row. Received: {weight.shape}.")
    if weight.min() < 0:
        row = int(weight.argmin())
        raise ValueError(f"Negative values in data passed to `sample_weight`: {weight[row]} in row {row} (from 0).")
    return _scaled(weight)


def weighted_by_class(
    weight: HostArray | None, class_weight: Any, y: Any, codes: HostArray, classes: Any
) -> HostArray | None:
    """The same, times the weights of classes.

    Args:
        class_weight: None; ``"balanced"``: every class weighs the same in all, its rows by their own weights; a dict of
            classes; for several outputs a list of such.
        y: targets as they were given.
        codes: the number of each row's class, (n,).
        classes: the classes of one output; None: there are several.
    """
    if class_weight is None:
        return weight
    if classes is None:  # several outputs
        of_class = compute_sample_weight(class_weight, y.toarray() if issparse(y) else np.asarray(y))
    elif isinstance(class_weight, str) and class_weight == "balanced":
        count = np.bincount(codes, weight, minlength=len(classes))
        of_class = np.divide(count.sum(), len(classes) * count, out=np.zeros(len(classes)), where=count > 0)[codes]
    else:
        of_class = compute_class_weight(class_weight, classes=classes, y=classes[codes])[codes]
    return _scaled(of_class if weight is None else weight * of_class)


def _scaled(weight: HostArray) -> HostArray:
    greatest = weight.max(initial=0.0)
    if not greatest > 0:
        raise ValueError("Sample weights must contain at least one non-zero number: all weights are zero.")
    _, exponent = np.frexp(greatest)
    scaled: HostArray = np.ldexp(weight, -exponent)  # a power of two changes no digit
    scaled[scaled < LEAST] = 0.0
    return scaled
