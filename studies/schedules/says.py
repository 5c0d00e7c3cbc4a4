"""What the study of learning rates that fall says."""

from __future__ import annotations

from studies.drawing import Drawing
from studies.results import Results
from studies.words import best, compared, in_order, ranked

DRAWING = Drawing(curve="validation_loss", logarithmic=True, apart="optimizer.lr")
ADJUSTED = "the first runs all had the rate 0.05, at which the ways of falling were level; 0.2 came afterwards."


def sentences(results: Results) -> tuple[str, str]:
    found, constants = [], []
    for rate in sorted({setting.changes["optimizer.lr"] for setting in results.settings}):
        own = [setting for setting in results.settings if setting.changes["optimizer.lr"] == rate]
        constants.append(next(setting for setting in own if setting.name.startswith("constant")))
        first = best([setting for setting in own if setting not in constants])
        found.append(f"{first.name} {compared(first, constants[-1])}")
    order = ranked(results.settings)
    return (
        f"Of the rates that do not stay, the validation data choose at each height one: {'; '.join(found)}.",
        f"The larger rate beside the smaller: {constants[-1].name} {compared(constants[-1], constants[0])}; first "
        f"and last are {in_order([*order[:2], *order[-2:]])}.",
    )
