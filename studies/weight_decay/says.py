"""What the study of Adam's two ways to decay weights says."""

from __future__ import annotations

from studies.drawing import Drawing
from studies.results import Results
from studies.words import best, compared, in_order, reached

DRAWING = Drawing()
ADJUSTED = (
    "the first runs had the rate 0.001 and 40 epochs, after which the train loss without decay was 0.09; 0.005 and 50 "
    "epochs let the network learn its images by heart. The seeds, and so the test samples, are the same."
)


def sentences(results: Results) -> tuple[str, str]:
    none = results["no decay"]
    penalised = best([s for s in results.settings if s.name.startswith("Adam, L2")])
    decoupled = best([s for s in results.settings if s.name.startswith("AdamW")])
    return (
        f"Without decay {reached(none)}; the strength of the penalty that the validation data choose, "
        f"{penalised.name}, {compared(penalised, none)}, that of decoupled decay, {decoupled.name}, "
        f"{compared(decoupled, none)}.",
        f"The two against each other: {decoupled.name} {compared(decoupled, penalised)}; all strengths: "
        f"{in_order(results.settings)}.",
    )
