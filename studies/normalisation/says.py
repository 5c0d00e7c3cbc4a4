"""What the study of normalisation says."""

from __future__ import annotations

from studies.drawing import Drawing
from studies.results import Results
from studies.words import compared, in_order, percent

DRAWING = Drawing()


def sentences(results: Results) -> tuple[str, str]:
    none, batch, layer = (results[name] for name in ("no norm", "batch norm", "layer norm"))
    first = {
        s.name: percent(sum(run.curves["validation_accuracy"][0] or 0.0 for run in s.runs) / max(1, len(s.runs)))
        for s in (none, batch, layer)
    }
    return (
        f"After one epoch the validation accuracy is {first['no norm']} without normalisation, {first['batch norm']} "
        f"with batch and {first['layer norm']} with layer normalisation.",
        f"In the end, on the test set, {in_order([none, batch, layer])}: batch norm {compared(batch, none)}, "
        f"layer norm {compared(layer, none)}.",
    )
