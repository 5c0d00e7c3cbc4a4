"""What the study of penalties says."""

from __future__ import annotations

from studies.drawing import Drawing
from studies.results import Results
from studies.words import best, compared, in_order

DRAWING = Drawing()
ADJUSTED = (
    "of [weight decay](../weight_decay/README.md), with which its file was changed. The rate was 0.001, with 40 epochs "
    "and strengths a tenth of these; 0.005 and 50 epochs let the network learn its images by heart."
)


def sentences(results: Results) -> tuple[str, str]:
    none = results["none"]
    sizes, squares, both = (
        best([s for s in results.settings if s.name.startswith(kind) and (" and " in s.name) is joined])
        for kind, joined in (("L1", False), ("L2", False), ("L1", True))
    )
    return (
        f"The strength of L1 that the validation data choose ({sizes.name}) {compared(sizes, none)}, that of L2 "
        f"({squares.name}) {compared(squares, none)}; the network with both {compared(both, none)}.",
        f"On the test set: {in_order(results.settings)}.",
    )
