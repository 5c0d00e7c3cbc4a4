"""Dataset: where samples come from; Split and Splits: its training, validation and test parts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np

from pellucid.basics.checks import check_int, is_int, is_number
from pellucid.basics.component import Component
from pellucid.basics.errors import ConfigError, DataError
from pellucid.interfaces.rows import Samples, in_memory, part
from pellucid.interfaces.samples import Classes, Split, check_data, choose_rows
from pellucid.interfaces.transform import Transform, takes_missing
from pellucid.registry.config import create, read_several
from pellucid.registry.registry import default_registry

Loaded = Split | Samples
LoadedOrNone = TypeVar("LoadedOrNone", bound=Loaded | None)
Part = int | float
"""How much of a data set: a number of samples, or a fraction below 1."""


@dataclass(frozen=True, eq=False)
class Splits:
    """The disjoint parts of a data set. A part that was not asked for is empty: ``len(splits.test) == 0``.

    Attributes:
        train, validation, test: to learn from, to choose the model and the epoch by, to report at the end.
        transforms: what the data set proposes to fit on ``train`` and to apply to every part; not applied yet.
        target_transforms: the same for targets that are values. Predictions and metrics are in the unit of the data.
    """

    train: Loaded
    validation: Loaded
    test: Loaded
    transforms: Sequence[Transform | str] = ()
    target_transforms: Sequence[Transform | str] = ()

    @property
    def classes(self) -> Classes | None:
        """The names of the classes in the order of their labels, or None."""
        return self.train.classes


class Dataset(Component, ABC):
    """Samples under a name. A data set of one's own is a ``load``::

        class Flowers(Dataset):
            def load(self, rng):
                return Split(x, y, classes=("rose", "tulip"))       # x (N, …) in natural units, y (N,) int64

    Values come in natural units (centimetres, grey levels from 0 to 1); scaling to what a network likes is the work
    of ``transforms``, and for targets that are values of ``target_transforms``; both are fitted on the training part
    alone. They and the options below are class attributes; a constructor that takes them as arguments lets users choose
    them.

    Args:
        validation: the part kept for validation, drawn from the training samples: a fraction of what ``load`` gives
            (below 1) or a number of samples; 0 keeps none.
        test: the part kept for the test, likewise; without effect where ``load_test`` gives an official test set.
        transforms: names, configurations or objects, proposed to whoever trains.

    Where arguments name files of the user's, ``paths`` lists them: an experiment writes them into its run folder as
    absolute paths, because that is opened from other working directories, too.

    Test and validation sets of their own are put in order by the names of ``load``'s columns and classes.
    Both parts are drawn by the seed and, where targets are class labels, stratified: each class has the same share in
    every part, up to rounding.
    """

    kind: ClassVar[str] = "dataset"
    paths: ClassVar[Sequence[str]] = ()
    part_of_step: ClassVar[bool] = False
    validation: Part = 0.1
    test: Part = 0.2
    transforms: Sequence[Transform | str] = ()
    target_transforms: Sequence[Transform | str] = ()

    def __init__(self, *, validation: Part = 0.1, test: Part = 0.2, transforms: Sequence[Transform | str] = ()) -> None:
        check_part(self, "validation", validation)
        check_part(self, "test", test)
        self.validation = validation
        self.test = test
        self.transforms = transforms

    @abstractmethod
    def load(self, rng: np.random.Generator) -> Loaded:
        """All samples, or all but the official test set. ``rng`` is for data sets that are generated."""

    def load_test(self) -> Loaded | None:
        """The official test set, or None: then a part of ``load`` is kept for the test."""
        return None

    def load_validation(self) -> Loaded | None:
        """A validation set of its own, or None: then a part of ``load`` is kept for validation."""
        return None

    def decided(self) -> Mapping[str, Any]:
        """What the last ``load`` found out: arguments that were left open, with the values that the data gave them. An
        experiment prints them and writes them into its run folder, where nothing is left open."""
        return {}

    def proposed(self) -> Mapping[str, Any]:
        """Sections of an experiment that suit what the last ``load`` found: a ``model`` with what goes with it,
        ``optimizer``, ``schedule``, ``loss``, ``train``, and ``data`` with the ``transforms`` that it wants. They stand
        where a user names no model, are printed, and are written into the run folder. Empty: nothing is proposed."""
        return {}

    def splits(self, seed: int = 0) -> Splits:
        """Load, check and split. The same seed gives the same parts.

        Errors: DataError for unusable samples, and for parts that leave nothing to train on.
        """
        check_int(self, "seed", seed, "[0, inf)")
        name = type(self).__name__
        # Separate generators: another 'validation' moves no sample between training and test.
        for_load, for_test, for_validation = (np.random.default_rng([seed, purpose]) for purpose in range(3))
        whole = self._loaded(self.load, name, for_load)
        test = self._loaded(self.load_test, f"the test set of {name}")
        validation = self._loaded(self.load_validation, f"the validation set of {name}")
        n_test = 0 if test is not None else as_count(self.test, len(whole))
        n_validation = 0 if validation is not None else as_count(self.validation, len(whole))
        if n_test + n_validation >= len(whole):
            raise DataError(
                f"{name} has {len(whole)} samples, and {n_validation} for validation and {n_test} for the test leave "
                "none to train on. Ask for smaller parts: 'validation' and 'test' are fractions below 1 or counts."
            )
        labels = whole.labels
        rows, test_rows = choose_rows(np.arange(len(whole)), n_test, labels, for_test)
        rows, validation_rows = choose_rows(rows, n_validation, labels, for_validation)
        held = part(whole, validation_rows) if validation is None else validation
        validation = _named(held, whole, f"the validation set of {name}")
        test = part(whole, test_rows) if test is None else _named(test, whole, f"the test set of {name}")
        return Splits(part(whole, rows), validation, test, self.transforms, self.target_transforms)

    def _loaded(self, load: Callable[..., LoadedOrNone], where: str, *arguments: Any) -> LoadedOrNone:
        """What one of the methods above returns, checked, or a PluginError or DataError that says whose fault it is."""
        try:
            split = load(*arguments)
        except BaseException:  # sys.exit, too
            with default_registry().blaming(self):
                raise
        if not isinstance(split, Loaded) and (split is not None or load == self.load):
            raise DataError(
                f"{type(self).__name__}.{load.__name__}: expected a pellucid.Split, as in return Split(x, y), or "
                f"pellucid.Samples. Received: {type(split).__name__}."
            )
        if isinstance(split, Split) and not split.mapped:  # others are checked as they are read
            missing = takes_missing(read_several("transform", self.transforms, path="transforms"))
            check_data(split.x, split.y, where=where, missing=missing)
        return split


def _named(given: Loaded, whole: Loaded, where: str) -> Loaded:
    """Samples by the names of the training part; those that are read later are named by the model then."""
    return given.named(whole.classes, whole.features, where) if in_memory(given) else given


def load_dataset(name: str, *, seed: int = 0, **arguments: Any) -> Splits:
    """Load a registered data set and split it.

    Args:
        name: its registered name, such as ``"mnist"``.
        seed: decides which samples go into which part, and what generated data sets generate.
        arguments: the data set's own, such as ``noise=0.1``, and ``validation=``, ``test=``, ``transforms=`` where it
            takes them.

    Returns:
        ``.train .validation .test``, each with ``.x .y .classes`` and a length.

    Example::

        splits = pellucid.load_dataset("iris", validation=0.2)
        splits.train.x          # float32 (90, 4), in cm
    """
    dataset: Dataset = create("dataset", name, **arguments)
    return dataset.splits(seed)


def check_part(owner: object, name: str, value: Any) -> None:
    """Raise ConfigError unless ``value`` is a fraction in [0, 1) or a number of samples."""
    if not (is_int(value) and int(value) >= 0) and not (is_number(value) and 0.0 <= float(value) < 1.0):
        raise ConfigError(
            f"The '{name}' of {type(owner).__name__} must be a fraction in [0, 1) or a number of samples, an int of at "
            f"least 0. Received: {value!r}."
        )


def as_count(part: Part, n: int) -> int:
    """How many of n samples a fraction or a count asks for."""
    return int(part) if is_int(part) else round(part * n)
