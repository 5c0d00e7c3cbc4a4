"""What the study of optimizers says."""

from __future__ import annotations

from studies.drawing import Drawing, chosen
from studies.results import Results
from studies.words import best, compared, in_order

DRAWING = Drawing(over="optimizer.lr")


def sentences(results: Results) -> tuple[str, str]:
    settings = chosen(results, DRAWING)
    first = best(settings)
    others = [setting for setting in settings if setting is not first]
    return (
        f"Each at the learning rate that the validation data chose, after {results.epochs} epochs: "
        f"{in_order(settings)}.",
        f"The first, {first.name}, {compared(first, best(others))}, and "
        f"{compared(first, min(others, key=lambda s: s.mean('test accuracy')))}.",
    )
