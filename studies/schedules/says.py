"""What the study of learning rates that fall says."""

from __future__ import annotations

from studies.drawing import Drawing
from studies.results import Results
from studies.words import best, compared, in_order

DRAWING = Drawing()


def sentences(results: Results) -> tuple[str, str]:
    constant = results["constant"]
    falling = [setting for setting in results.settings if setting is not constant]
    first = best(falling)
    rest = [setting for setting in falling if setting is not first]
    worst = min(falling, key=lambda s: s.mean("test accuracy"))
    return (
        f"The best, {first.name}, {compared(first, constant)} and {compared(first, best(rest))}, the next one that "
        f"falls; the last of them, {worst.name}, {compared(worst, constant)}.",
        f"On the test set: {in_order(results.settings)}.",
    )
