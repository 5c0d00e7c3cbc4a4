"""Views of codes on a model that one can compute by hand: a code is a sample as it is, and decoded it is ten times
that."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from pellucid.interfaces.samples import Split
from pellucid.workbench.latent.codes import CodesView
from pellucid.workbench.latent.explorer import CodesExplorer
from pellucid.workbench.latent.reconstruction import CodesReconstruction
from pellucid.workbench.latent.walk import CodesWalk


def opened(x: Any, y: Any = None, classes: Any = None, told: Any = None, features: Any = None) -> Any:
    """A model as a view sees it, whose codes are its samples as they are."""
    runtime = SimpleNamespace(metadata={} if features is None else {"features": features})
    split = Split(np.asarray(x), y, classes)
    return SimpleNamespace(model=SimpleNamespace(runtime=runtime), classes=told, asked=[],
                           first=lambda count: split.take(np.arange(min(count, len(split)))),
                           once=lambda name, make: make())  # fmt: skip


class Plain(CodesView):
    """Decodes a code to ten times itself; one that is told a class adds it."""

    of = SimpleNamespace(__name__="Plain")  # type: ignore[assignment]
    classes = 0

    def encode(self, model: Any, split: Split) -> Any:
        return np.asarray(split.x, np.float64).reshape(len(split), -1)

    def decode(self, model: Any, codes: Any, labels: Any) -> Any:
        assert (labels is None) == (self.classes == 0)
        return 10 * codes + (0 if labels is None else labels[:, None])

    def told(self, model: Any) -> int:
        return self.classes


class Explorer(Plain, CodesExplorer):
    pass


class Walk(Plain, CodesWalk):
    pass


class Reconstruction(Plain, CodesReconstruction):
    pass


class TellsThree(Explorer):
    classes = 3
