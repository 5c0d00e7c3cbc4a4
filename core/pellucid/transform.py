"""Transform: what is done to samples before the model sees them, fitted on training data and saved with the model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from pellucid.component import Component
from pellucid.errors import CheckpointError, DataError

HostArray = np.ndarray[Any, Any]
Shape = tuple[int | None, ...]


class Transform(Component, ABC):
    """A function of each sample by itself, ``y = t(x)``, the same in training and in prediction.

    What it learns from the training data stands in attributes that the class names in ``fitted``::

        class Center(Transform):
            fitted = ("mean",)

            def fit(self, x):
                self.mean = x.mean(axis=0)

            def apply(self, x):
                return x - self.mean

    Arrays are NumPy's, (N, …) with one sample a row, on every backend.
    """

    kind: ClassVar[str] = "transform"
    fitted: ClassVar[tuple[str, ...]] = ()
    """Names of the attributes that ``fit`` sets: arrays, saved with the model."""

    def fit(self, x: HostArray) -> None:
        """Learn from the training samples and from nothing else."""

    @abstractmethod
    def apply(self, x: HostArray) -> HostArray:
        """The transformed samples. Never writes into ``x``."""

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of a transformed sample. Pure: no data."""
        return input_shape

    def state(self) -> dict[str, HostArray]:
        """What was fitted, to be saved."""
        return {name: np.asarray(self._learned(name)) for name in self.fitted}

    def restore(self, arrays: Mapping[str, HostArray]) -> None:
        """Take back what ``state`` gave."""
        if set(arrays) != set(self.fitted):
            raise CheckpointError(
                f"The saved state of {type(self).__name__} must hold {sorted(self.fitted)}. "
                f"Received: {sorted(arrays)}. The file was written by another version of this transform, or is damaged."
            )
        for name in self.fitted:
            setattr(self, name, np.array(arrays[name]))

    def _learned(self, name: str) -> Any:
        value = getattr(self, name, None)
        if value is None:
            raise DataError(
                f"{type(self).__name__} has not been fitted, so its '{name}' is unknown. "
                "Call transform.fit(x) with the training samples first; Trainer.fit does it for those of a data set."
            )
        return value


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
