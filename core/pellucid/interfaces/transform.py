"""Transform: what is done to samples before the model sees them, fitted on training data and saved with the model;
Augmentation: random changes of the training batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

import numpy as np

from pellucid.basics.arrays import Array, HostArray, Shape, as_tuple
from pellucid.basics.component import Component
from pellucid.basics.errors import CheckpointError, ConfigError, DataError
from pellucid.interfaces.context import Context


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
    takes_missing: ClassVar[bool] = False
    """Whether NaN may stand in what it is given, for what is missing; in what it gives there is none then. It is asked
    of the first of a model's transforms."""

    def read(self, x: Any) -> HostArray | tuple[HostArray, ...] | None:
        """What users mean by ``x``, a table of their own with texts and dates in it say, as the array that ``fit`` and
        ``apply`` take; a tuple if it means several inputs, tokens and their mask say, of which they take the first.
        None: nothing that this transform reads; then it must be an array of numbers.

        It is asked of the first of a model's transforms wherever samples come in: ``predict``, ``trace``, ``evaluate``,
        ``fit`` and ``train_step``. An array of numbers is what has been read before: None.

        Raises:
            DataError: another table than the one that it was made for.
        """
        return None

    def fit(self, x: HostArray) -> None:
        """Learn from the training samples and from nothing else."""

    @abstractmethod
    def apply(self, x: HostArray) -> HostArray:
        """The transformed samples. Never writes into ``x``."""

    def inverse(self, y: HostArray) -> HostArray:
        """The samples that ``y`` stands for, in the units of the data: for models that make samples. Where a transform
        loses something, the nearest that can be said.

        Raises:
            ConfigError: this transform cannot be undone.
        """
        raise ConfigError(
            f"{type(self).__name__} cannot be undone, so samples that a model makes cannot be given in the units of "
            "its data. Train on data without this transform, or give its class a method 'inverse'."
        )

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


def as_read(transforms: Sequence[Transform], x: Any) -> Any:
    """``x``, of several inputs the first, as the first of the transforms reads it; as it is, if that reads nothing."""
    known = transforms[0].read(as_tuple(x)[0]) if transforms else None
    return x if known is None else (*as_tuple(known), *x[1:]) if isinstance(x, tuple) else known


def takes_missing(transforms: Sequence[Transform]) -> bool:
    """Whether NaN may stand in samples that go through these transforms."""
    return bool(transforms) and transforms[0].takes_missing


class Augmentation(Transform):
    """A random change of training samples that keeps what they mean: a shifted 7 is a 7.

    It happens in training only, anew at every step, on the gathered batch and on its device. In prediction and
    evaluation the samples are what they are. In a list of transforms, augmentations stand last: what comes before them
    is computed once for the whole data set. ::

        class Noise(Augmentation):
            capturable = True

            def augment(self, ctx, x):
                noisy = ctx.normal(x.shape)            # keyed by step and row: no split into micro-batches changes it
                ctx.ops.scale(noisy, 0.1)
                ctx.ops.add_scaled(noisy, x, 1.0)
                return noisy
    """

    @abstractmethod
    def augment(self, ctx: Context, x: Array) -> Array:
        """The changed batch, of the same shape and dtype; ``x`` (N, …) is never written. Random numbers come from
        ``ctx.uniform`` and ``ctx.normal``, memory from ``ctx.scratch``, as in a layer's forward."""

    @final
    def apply(self, x: HostArray) -> HostArray:
        """The samples as they are: prediction and evaluation are not augmented."""
        return x

    @final
    def inverse(self, y: HostArray) -> HostArray:
        """The samples as they are."""
        return y
