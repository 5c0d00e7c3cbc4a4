"""CodesReconstruction: a sample, its code, and what comes back from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.glassbox.page.parts import PageNote
from pellucid.glassbox.views.controls import ViewControl, ViewSlider
from pellucid.glassbox.views.parts import ViewBars, ViewPart
from pellucid.glassbox.views.view import Viewed
from pellucid.interfaces.samples import Split
from pellucid.workbench.latent.codes import CodesView, numbered
from pellucid.workbench.latent.shown import samples_part

MOST_BARS = 64
"""Numbers of a code that are shown."""


class CodesReconstruction(CodesView):
    """See what comes back of a sample from its code, and how far the two are apart."""

    title = "Reconstruction"

    def controls(self, opened: Viewed) -> Sequence[ViewControl]:
        last = max(1, len(self.samples(opened)) - 1)
        return [ViewSlider("sample", "Sample", 0, last, 0, step=1)]

    def seen(self, model: Any, split: Split) -> Split:
        """The sample as the encoder sees it here; that of a denoising autoencoder is corrupted."""
        return split

    def show(self, opened: Viewed, **values: Any) -> Sequence[ViewPart]:
        split = self.samples(opened)
        row = min(values["sample"], len(split) - 1)
        one = split.take(np.array([row]))
        seen = self.seen(opened.model, one)
        codes = self.encode(opened.model, seen).astype(np.float64)
        labels = np.asarray(one.y) if self.told(opened.model) else None
        x, back = np.asarray(one.x), self.decode(opened.model, codes, labels)
        away = np.abs(back.astype(np.float64) - x)
        pictures = {"sample": x, "as it is seen": np.asarray(seen.x), "comes back": back,
                    "apart": away}  # fmt: skip
        if seen is one:
            pictures.pop("as it is seen")
        if x.size == 2:  # a difference is no point among the others
            pictures.pop("apart")
        shown = samples_part("The sample and its reconstruction", opened.model,
                             np.concatenate(list(pictures.values())), list(pictures))  # fmt: skip
        bars, size = codes[0, :MOST_BARS], codes.shape[1]
        more = f" The first {MOST_BARS} of the {size} numbers of the code are shown." if size > MOST_BARS else ""
        told = f"The mean squared error of {numbered(split, row)} is {np.mean(away**2):.4g}.{more}"
        return [
            shown, PageNote(told),
            ViewBars("The code", [f"code {k}" for k in range(len(bars))], bars),
        ]  # fmt: skip
