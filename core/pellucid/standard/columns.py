"""What transforms ask of the columns of samples, and of which type their results are."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import DataError
from pellucid.interfaces.transform import Transform


def check_columns(transform: Transform, x: HostArray, shape: tuple[int, ...]) -> None:
    """DataError unless each row of ``x`` has the shape that the transform was fitted on."""
    if x.shape[1:] != shape:
        single = "A single sample needs a batch axis: x[None]."
        remedy = single if x.shape == shape else "Pass data with the same columns as the training data."
        raise DataError(
            f"{type(transform).__name__} was fitted on samples of shape {shape}. Received: samples of shape "
            f"{x.shape[1:]}. {remedy}"
        )


def floating(x: HostArray) -> np.dtype[Any]:
    """The floating-point type of a result: that of ``x``, or for whole numbers one that holds them."""
    return np.result_type(x.dtype, np.float32)
