"""What the study of dropout says."""

from __future__ import annotations

from studies.drawing import Drawing
from studies.results import Results
from studies.words import compared, in_order

DRAWING = Drawing()


def sentences(results: Results) -> tuple[str, str]:
    small, small_dropped = results["small"], results["small, dropout"]
    scaled, scaled_dropped = results["scaled"], results["scaled, dropout"]
    return (
        f"The small network with dropout {compared(small_dropped, small)}, the scaled one "
        f"{compared(scaled_dropped, scaled)}.",
        f"With dropout the scaled network {compared(scaled_dropped, small_dropped)}; on the test set "
        f"{in_order(results.settings)}.",
    )
