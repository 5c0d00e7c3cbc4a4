"""What the study of optimizers says."""

from __future__ import annotations

from studies.drawing import Drawing, chosen
from studies.results import Results
from studies.words import compared, in_order, ranked

DRAWING = Drawing(over="optimizer.lr")


def sentences(results: Results) -> tuple[str, str]:
    settings = chosen(results, DRAWING)
    first, second, *others = ranked([setting for setting in settings if setting.runs])
    return (
        f"Each at the learning rate that the validation data chose, after {results.epochs} epochs: "
        f"{in_order(settings)}.",
        f"The first, {first.name}, {compared(first, second)}, and {compared(first, [second, *others][-1])}.",
    )
