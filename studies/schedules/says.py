"""What the study of learning rates that fall says."""

from __future__ import annotations

from studies.drawing import Drawing
from studies.results import Results
from studies.words import best, compared, in_order

DRAWING = Drawing(curve="validation_loss")


def sentences(results: Results) -> tuple[str, str]:
    found = []
    for rate in sorted({setting.changes["optimizer.lr"] for setting in results.settings}):
        own = [setting for setting in results.settings if setting.changes["optimizer.lr"] == rate]
        constant = next(setting for setting in own if setting.name.startswith("constant"))
        first = best([setting for setting in own if setting is not constant])
        found.append(f"{first.name}, the best that falls from there, {compared(first, constant)}")
    return (f"{'; '.join(found)}.", f"On the test set: {in_order(results.settings)}.")
