"""View: a way to look at a model; Viewed: what it is given to look at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pellucid.basics.component import Component
from pellucid.glassbox.views.controls import ViewControl
from pellucid.glassbox.views.parts import ViewPart
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.samples import Split


@dataclass(frozen=True)
class Viewed:
    """A model that is looked at, and where its samples are.

    Attributes:
        model: built; it is in nobody else's hands while ``show`` runs.
        name: of the run, for a reader.
        read: gives the samples of a part.
    """

    model: Layer
    name: str
    read: Callable[[str], Split]

    def samples(self, part: str = "test") -> Split:
        """Samples of the data that the model was made for, without its transforms.

        Raises:
            DataError: there is no data at hand, or no such part of it.
        """
        return self.read(part)

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """The labels that the model tells apart, in the order of its outputs; or None."""
        return self.model.runtime.classes if self.model.runtime is not None else None


class View(Component, ABC):
    """A way to look at a model in the studio, interactively: data and Python, no markup and no JavaScript.

    It says what may be set, as controls, and what is then shown, as parts; the studio's page draws both. The first
    sentence of a view's docstring stands below its title. Views are registered as anything is::

        registry.view("latent", "pellucid_acme.views:Latent", summary="…")

    Attributes:
        title: the heading.
    """

    kind: ClassVar[str] = "view"
    part_of_step: ClassVar[bool] = False
    title: ClassVar[str] = ""

    @abstractmethod
    def suits(self, opened: Viewed) -> bool:
        """Whether this model can be looked at so. Asked of each model; it must be quick, and raises for none."""

    @abstractmethod
    def controls(self, opened: Viewed) -> Sequence[ViewControl]:
        """What may be set, in the order of the page."""

    @abstractmethod
    def show(self, opened: Viewed, *never: Any, **values: Any) -> Sequence[ViewPart] | Iterator[Sequence[ViewPart]]:
        """What is shown for these values of the controls, by their names: ``show(self, opened, *, steps)``. (``*never``
        lets a type checker accept any names; nothing is given so.)

        What takes its time is a generator: each sequence of parts that it yields is shown in place of the one before.
        It must change neither weights nor states of the model, and give the same for the same values.

        Raises:
            PellucidError: shown in place of parts, in its own words.
        """
