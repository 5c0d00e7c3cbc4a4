"""What strangers get wrong in layers, losses and objectives of their own; see tests/testing/strangers.

``UNDECIDED`` names what nothing but a word with its author could tell from a right component.
"""

from __future__ import annotations

from tests.testing.mistakes.strangers_layers import LAYERS
from tests.testing.mistakes.strangers_losses import LOSSES
from tests.testing.mistakes.strangers_objectives import OBJECTIVES
from tests.testing.mutation import Mistake, Patient

UNDECIDED = ("Drop: not scaled: no equation says so",)
"""What is not to be known: its author gave no expression, and the other component would be as right."""

SUBJECTS = {"Numbers": "huber", "shares": "denoised"}
"""Where a mistake in what several share is to be seen."""


def patients() -> list[Patient]:
    """Every class of the strangers with what is seeded into it."""
    found = []
    for kind, module in (("layer", LAYERS), ("loss", LOSSES), ("objective", OBJECTIVES)):
        place = f"tests.testing.strangers.{'losses' if kind == 'loss' else kind + 's'}"
        for name, wrong in module.items():
            subject = f"{kind} strangers/{SUBJECTS.get(name, name.lower())}"
            mistakes = tuple(Mistake(*each, every=True) for each in wrong)
            found.append(Patient(place, (subject,), mistakes, within="" if name == "shares" else name))
    return found
