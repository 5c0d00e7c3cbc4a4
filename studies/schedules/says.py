"""What the study of learning rates that fall says."""

from __future__ import annotations

from studies.drawing import Drawing
from studies.results import Results
from studies.words import best, compared, in_order

DRAWING = Drawing(curve="validation_loss", logarithmic=True)


def sentences(results: Results) -> tuple[str, str]:
    found, constants = [], []
    for rate in sorted({setting.changes["optimizer.lr"] for setting in results.settings}):
        own = [setting for setting in results.settings if setting.changes["optimizer.lr"] == rate]
        constants.append(next(setting for setting in own if setting.name.startswith("constant")))
        first = best([setting for setting in own if setting not in constants])
        found.append(f"{first.name}, the best that falls from there, {compared(first, constants[-1])}")
    ranked = sorted(results.settings, key=lambda setting: -setting.mean("test accuracy"))
    return (
        f"{'; '.join(found)}.",
        f"The larger rate counts for more: {constants[-1].name} {compared(constants[-1], constants[0])}; first "
        f"and last are {in_order([*ranked[:2], *ranked[-2:]])}.",
    )
