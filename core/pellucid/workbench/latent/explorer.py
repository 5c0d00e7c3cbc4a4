"""CodesExplorer: a plane of codes to drag in, and what the decoder makes of the place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.page.parts import PageNote
from pellucid.glassbox.views.controls import ViewChoice, ViewControl, ViewPlane, ViewSlider, ViewSwitch
from pellucid.glassbox.views.parts import ViewPart
from pellucid.glassbox.views.view import Viewed
from pellucid.workbench.latent.codes import CodePlane, CodesView, names_of, numbered
from pellucid.workbench.latent.shown import samples_part

SIDE = 12
"""Places of the whole plane in each direction."""
LEAST = 3.0
"""Deviations to each side that the plane shows at least."""
NONE = "none"
MOST_TOLD = 8
"""Numbers of a code that a sentence can tell."""


class CodesExplorer(CodesView):
    """Drag in the plane of codes, and see what the decoder makes of the place. Points are the codes of test samples.

    Codes of two numbers are the plane. Of longer ones it is the two directions in which the samples' codes vary most;
    across these one other number at a time can be pushed. One unit is one standard deviation of the codes.
    """

    title = "Latent explorer"

    def controls(self, opened: Viewed) -> Sequence[ViewControl]:
        codes, split, plane = self.codes(opened), self.samples(opened), self.plane(opened)
        places, names = plane.places(codes), names_of(split)
        end = float(max(LEAST, np.ceil(np.quantile(np.abs(places), 0.99))))
        asked = self.class_choice(opened)
        size = codes.shape[1]
        if size == 1:
            return [ViewSlider("along", "Code", -end, end, 0.0), *asked]
        classes = None if names is None else split.y
        found: list[ViewControl] = [
            ViewPlane("place", "Place among the codes", -end, end, points=places, classes=classes, labels=names)
        ]
        if size > 2:
            options = [NONE, *(f"code {k}" for k in range(size))]
            found += [
                ViewChoice("unit", "Push one number", options, NONE),
                ViewSlider("push", "by so many deviations", -LEAST, LEAST, 0.0),
            ]
        return [*found, *asked, ViewSwitch("whole", "The whole plane")]

    def show(self, opened: Viewed, **values: Any) -> Sequence[ViewPart]:
        codes, plane = self.codes(opened), self.plane(opened)
        place = values["place"] if "place" in values else (values["along"],)
        code, label = plane.code(place), values.get("label", "")
        pushed = values.get("unit", NONE)
        if pushed != NONE:
            unit = int(pushed.rpartition(" ")[2])
            code[unit] += values["push"] * self.units(codes)[1][unit]
        made = self._decoded(opened, code[None], label)
        split = self.samples(opened)
        near = int(((codes - code) ** 2).sum(axis=1).argmin())
        both = np.concatenate([made, np.asarray(split.x)[near : near + 1]])
        told = f"{self._told(code, plane, place)} The nearest is that of {numbered(split, near)}."
        parts = [samples_part("Decoded here", opened.model, both, ["decoded", "nearest"], columns=2), PageNote(told)]
        if values.get("whole", False):
            parts.append(self._whole(opened, plane, label))
        return parts

    def _decoded(self, opened: Viewed, codes: HostArray, label: str) -> HostArray:
        return self.decode(opened.model, codes, self.labels(opened, label, len(codes)))

    def _told(self, code: HostArray, plane: CodePlane, place: Sequence[float]) -> str:
        if len(code) <= MOST_TOLD:
            return f"The code is ({', '.join(f'{number:.3g}' for number in code)})."
        return (
            f"The place is ({', '.join(f'{number:.2g}' for number in place)}) in the plane of the two directions in "
            f"which the {len(code)} numbers of the codes vary most: {plane.share:.0%} of their variance. Across it the "
            "numbers stand at their middle, but for one that is pushed."
        )

    def _whole(self, opened: Viewed, plane: CodePlane, label: str) -> ViewPart:
        """What the decoder makes of places all over the plane, as they lie there: the first row is the top."""
        ends = np.linspace(-LEAST, LEAST, SIDE)
        places = np.stack(np.meshgrid(ends, ends[::-1]), axis=-1).reshape(-1, 2)
        made = self._decoded(opened, plane.codes(places), label)
        return samples_part("The whole plane, from −3 to 3", opened.model, made, columns=SIDE)
