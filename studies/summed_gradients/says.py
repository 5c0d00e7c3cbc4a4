"""What the study of summed gradients says."""

from __future__ import annotations

from studies.drawing import Drawing
from studies.results import Results, Setting
from studies.words import in_order, reached

DRAWING = Drawing(curve="loss", logarithmic=True)


def sentences(results: Results) -> tuple[str, str]:
    averaged = [s for s in results.settings if s.name.startswith("averaged")]
    summed = [s for s in results.settings if s.name.startswith("summed")]
    return (
        f"One learning rate, 0.1, for all batch sizes. Where gradients are averaged: {in_order(averaged)}.",
        f"Where they are summed the steps grow with the batch: {'; '.join(map(_said, summed))}.",
    )


def _said(setting: Setting) -> str:
    runs = len(setting.failed) + len(setting.runs)
    lost = f", {len(setting.failed)} of {runs} runs not finite" if setting.failed else ""
    return f"{setting.name} {reached(setting)}{lost}"
