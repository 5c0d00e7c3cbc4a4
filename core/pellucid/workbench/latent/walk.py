"""CodesWalk: the straight path between the codes of two samples, decoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import DataError
from pellucid.glassbox.views.controls import ViewControl, ViewSlider, ViewSwitch
from pellucid.glassbox.views.parts import ViewPart
from pellucid.glassbox.views.view import Viewed
from pellucid.interfaces.samples import Split
from pellucid.workbench.experiments.codes import straight_path
from pellucid.workbench.latent.codes import OF_THE_SAMPLE, CodesView, class_of
from pellucid.workbench.latent.shown import samples_part

MOST_STEPS = 25


class CodesWalk(CodesView):
    """Walk from one sample to another, on a straight line between their codes. Each step is decoded, and both samples
    stand at the ends."""

    title = "Walk"

    def controls(self, opened: Viewed) -> Sequence[ViewControl]:
        last = len(self.samples(opened)) - 1
        if last < 1:
            raise DataError("A walk leads from one sample to another, and the data has only one.")
        return [
            ViewSlider("first", "From sample", 0, last, 0, step=1),
            ViewSlider("second", "to sample", 0, last, 1, step=1),
            ViewSlider("steps", "Steps", 2, MOST_STEPS, 9, step=1),
            *self.class_choice(opened, OF_THE_SAMPLE),
            ViewSwitch("direct", "Beside it the line between the samples themselves"),
        ]

    def show(self, opened: Viewed, **values: Any) -> Sequence[ViewPart]:
        first, second, steps = values["first"], values["second"], values["steps"]
        split = self.samples(opened)
        ends = split.take(np.array([first, second]))
        codes = self.encode(opened.model, ends).astype(np.float64)
        path = straight_path(codes[0], codes[1], steps)
        way = self.decode(opened.model, path, self._along(opened, ends, values.get("label", OF_THE_SAMPLE), steps))
        x = np.asarray(ends.x)
        names = [class_of(split, first) or str(first), *(f"{t:.0%}" for t in np.linspace(0, 1, steps)),
                 class_of(split, second) or str(second)]  # fmt: skip
        row = np.concatenate([x[:1], way, x[1:]])
        parts = [
            samples_part(
                f"From sample {first} to sample {second}, between their codes",
                opened.model,
                row,
                names,
                columns=len(row),
            )
        ]
        if values.get("direct", False):
            flat = x.reshape(2, -1).astype(np.float64)
            mixed = straight_path(flat[0], flat[1], steps).reshape(steps, *x.shape[1:])
            row = np.concatenate([x[:1], mixed, x[1:]])
            parts.append(samples_part("Between the samples themselves", opened.model, row, names, columns=len(row)))
        return parts

    def _along(self, opened: Viewed, ends: Split, label: str, steps: int) -> HostArray | None:
        """The class that the decoder is told at each step."""
        if label != OF_THE_SAMPLE:
            return self.labels(opened, label, steps)
        return np.full(steps, ends.y[0]) if self.told(opened.model) else None
