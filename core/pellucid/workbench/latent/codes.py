"""CodesView: a view of a model with codes; CodePlane: the plane of codes in which one moves."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.views.controls import ViewChoice, ViewControl
from pellucid.glassbox.views.view import View, Viewed
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.samples import Split, class_labels

MOST_SEEN = 1_000
"""Samples whose codes are looked at: so many points fill a plane."""
OF_THE_SAMPLE = "as the sample"
"""The choice of a class that takes the one of the sample."""


@dataclass(frozen=True, eq=False)
class CodePlane:
    """A plane through the codes (K,) of samples: ``z = center + x a + y b``, where (x, y) is a place in it.

    Places are counted in standard deviations of the codes, so that one place means the same to models whose codes are
    small or large.

    Attributes:
        center: (K,), the place (0, 0).
        axes: a and b, (2, K); of codes of one number (1, 1).
        share: how much of the codes' variance lies in the plane.
    """

    center: HostArray
    axes: HostArray
    share: float = 1.0

    @classmethod
    def through(cls, codes: HostArray, units: tuple[HostArray, HostArray]) -> CodePlane:
        """Of codes of at most two numbers their own axes; of others the two directions in which they vary most.

        Args:
            codes: (N, K). units: where the middle of the codes is, and how long one deviation, (K,) each.
        """
        center, spread = units
        if codes.shape[1] <= 2:
            return cls(center, np.diag(spread))
        away = codes - codes.mean(axis=0)
        variances, directions = np.linalg.eigh(away.T @ away / len(codes))  # ascending
        two = directions[:, ::-1][:, :2].T
        two *= np.sign(two[np.arange(2), np.abs(two).argmax(axis=1)])[:, None]  # of ±v the one that points up
        lengths = np.sqrt(np.maximum(variances[::-1][:2], 0))
        share = float(variances[-2:].sum() / max(variances.sum(), np.finfo(np.float64).tiny))
        return cls(center, two * np.where(lengths > 0, lengths, 1.0)[:, None], min(share, 1.0))

    def code(self, place: Sequence[float]) -> HostArray:
        """The code at a place, (K,)."""
        return self.codes(np.asarray(place, np.float64)[None])[0]

    def codes(self, places: HostArray) -> HostArray:
        """The codes at places (N, 2), or (N, 1): (N, K)."""
        found: HostArray = self.center + places @ self.axes
        return found

    def places(self, codes: HostArray) -> HostArray:
        """Where codes (N, K) lie: their nearest places."""
        found: HostArray = (codes - self.center) @ np.linalg.pinv(self.axes)
        return found


class CodesView(View):
    """A view of models with codes. A plugin says which models these are, and how they encode and decode.

    Attributes:
        of: the class of the models.
    """

    of: ClassVar[type[Layer]]

    def suits(self, opened: Viewed) -> bool:
        return isinstance(opened.model, self.of)

    @abstractmethod
    def encode(self, model: Any, split: Split) -> HostArray:
        """The codes (N, K) of samples."""

    @abstractmethod
    def decode(self, model: Any, codes: HostArray, labels: HostArray | None) -> HostArray:
        """The samples (N, …) that codes (N, K) stand for, in the units of the data.

        Args:
            labels: the class of each, (N,), of a model that is told the class; else None.
        """

    def told(self, model: Any) -> int:
        """How many classes the decoder is told apart; 0: none, the code is all that it knows."""
        return 0

    def units(self, codes: HostArray) -> tuple[HostArray, HostArray]:
        """The middle of the codes and the length of one deviation, (K,) each."""
        spread = codes.std(axis=0)
        return codes.mean(axis=0), np.where(spread > 0, spread, 1.0)

    # -- what its views share ----------------------------------------------------------------------------------------

    def samples(self, opened: Viewed) -> Split:
        """The samples whose codes are looked at.

        Raises:
            DataError: there is no data at hand.
        """
        return opened.first(MOST_SEEN)

    def codes(self, opened: Viewed) -> HostArray:
        """The codes of these samples, float64 (N, K); computed again where the weights have changed."""
        split = self.samples(opened)
        found: HostArray = opened.once(
            f"{self.of.__name__} codes", lambda: self.encode(opened.model, split).astype(np.float64)
        )
        return found

    def plane(self, opened: Viewed) -> CodePlane:
        codes = self.codes(opened)
        found: CodePlane = opened.once(f"{self.of.__name__} plane", lambda: CodePlane.through(codes, self.units(codes)))
        return found

    def class_choice(self, opened: Viewed, first: str | None = None) -> list[ViewControl]:
        """A choice of the class that the decoder is told, where it is told one."""
        count = self.told(opened.model)
        names = [*([] if first is None else [first]), *class_names(opened, count)]
        return [ViewChoice("label", "Class", names, names[0])] if count else []

    def labels(self, opened: Viewed, label: str, count: int) -> HostArray | None:
        """The class that was chosen, once for each of so many codes."""
        classes = self.told(opened.model)
        return np.full(count, class_names(opened, classes).index(label)) if classes else None


def class_names(opened: Viewed, count: int) -> list[str]:
    """What so many classes are called, of which a decoder is told one."""
    names = opened.classes or ()
    return list(map(str, names)) if len(names) == count else [str(k) for k in range(count)]


def names_of(split: Split) -> list[str] | None:
    """What the classes of samples are called; None: they have no classes."""
    labels = class_labels(split.y)
    if labels is None or labels.min() < 0:
        return None
    known = split.classes or ()
    return list(map(str, known)) if len(known) > labels.max() else [str(k) for k in range(int(labels.max()) + 1)]


def class_of(split: Split, row: int) -> str | None:
    """What the class of a sample is called, if it has one."""
    names = names_of(split)
    return None if names is None else names[int(split.y[row])]


def numbered(split: Split, row: int) -> str:
    """A sample by its number, and by its class if it has one."""
    name = class_of(split, row)
    return f"sample {row}" if name is None else f"sample {row}, of class {name}"
