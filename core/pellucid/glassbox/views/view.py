"""View: a way to look at a model; Viewed: what it is given to look at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from zlib import crc32

import numpy as np

from pellucid.basics.component import Component
from pellucid.basics.errors import DataError, PellucidError
from pellucid.glassbox.views.controls import ViewControl
from pellucid.glassbox.views.parts import ViewPart
from pellucid.interfaces.dataset import Splits
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.parameters import Param, State
from pellucid.interfaces.rows import in_memory
from pellucid.interfaces.samples import Split

PARTS = ("test", "validation", "train")
"""Where samples to be shown are looked for, in this order."""


@dataclass(frozen=True, eq=False)
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
    _kept: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, model: Layer, data: Splits | Split | None = None, name: str = "this network") -> Viewed:
        """A model and its data: parts, or samples that are all of them. None: there is no data."""

        def read(part: str) -> Split:
            found: Any = getattr(data, part) if isinstance(data, Splits) else data
            if found is None or not len(found):
                there = "no data" if data is None else f"no {part} part in the data"
                raise DataError(f"There is {there} of {name} at hand. Open a run that knows its data.")
            split: Split = found if in_memory(found) else found.take(np.arange(len(found)))
            return split

        return cls(model, name, read)

    def samples(self, part: str = "test") -> Split:
        """Samples of the data that the model was made for, without its transforms. They are read once.

        Raises:
            DataError: there is no data at hand, or no such part of it.
        """
        if part not in self._kept:
            self._kept[part] = self.read(part)
        return self._kept[part]

    def first(self, count: int) -> Split:
        """The first samples, at most so many, of the test data; where there are none, of the validation, or of the
        training.

        Raises:
            DataError: there is no data at hand.
        """
        for part in PARTS:
            try:
                found = self.samples(part)
            except PellucidError:
                if part == PARTS[-1]:
                    raise
                continue
            return found.take(np.arange(min(len(found), count)))
        raise AssertionError("the last part is given or raises")

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What ``make`` gives, kept under a name for as long as the weights and states of the model stay what they are:
        the codes of all samples for example. It is shared by all views, so the name begins with that of the view."""
        runtime, sums = require_runtime(self.model), 0
        owned: list[Param | State] = [*self.model.parameters(), *self.model.states()]
        for part in owned:
            sums = crc32(np.ascontiguousarray(runtime.ops.to_host(part.data)).data, sums)
        found = self._kept.get(f"once {name}")
        if found is None or found[0] != sums:
            found = self._kept[f"once {name}"] = (sums, make())
        return found[1]

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

    @classmethod
    def tried_on(cls) -> Iterable[Viewed]:
        """Small models that can be looked at so, each with a few samples: on these the conformance kit tries it."""
        return ()

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
