"""What strangers get wrong in layers, losses and objectives of their own; see tests/testing/strangers.

``UNDECIDED`` names what nothing but a word with its author could tell from a right component.
"""

from __future__ import annotations

from tests.testing.mistakes.strangers_layers import LAYERS
from tests.testing.mistakes.strangers_losses import LOSSES
from tests.testing.mistakes.strangers_more import MORE, MORE_LOSSES
from tests.testing.mistakes.strangers_objectives import OBJECTIVES
from tests.testing.mutation import Mistake, Patient

UNDECIDED = ("Drop: not scaled: no equation says so",)
"""What is not to be known: its author gave no expression, and the other component would be as right."""

SUBJECTS = {"Numbers": "huber", "shares": "denoised"}
"""Where a mistake in what several share is to be seen."""


PLACES = {
    "layers": ("layer", LAYERS), "more": ("layer", MORE), "losses": ("loss", {**LOSSES, **MORE_LOSSES}),
    "objectives": ("objective", OBJECTIVES),
}  # fmt: skip
"""The modules of tests/testing/strangers, with the kind of what is in them and what is seeded into it."""


def patients() -> list[Patient]:
    """Every class of the strangers with what is seeded into it."""
    found = []
    for module, (kind, classes) in PLACES.items():
        for name, wrong in classes.items():
            subject = f"{kind} strangers/{SUBJECTS.get(name, name.lower())}"
            mistakes = tuple(Mistake(*each, every=True) for each in wrong)
            within = "" if name == "shares" else name
            found.append(Patient(f"tests.testing.strangers.{module}", (subject,), mistakes, within))
    return found
