"""Mistakes in a stranger's metrics, transforms, data sets, callbacks, optimizers, …: what the kit catches."""

from __future__ import annotations

from collections import Counter

import pytest
from pellucid.testing import Case, conformance_cases
from pellucid.testing.registries import use_registry

from tests.testing.mistakes import more, others
from tests.testing.mutation import Mistake, Patient, registry
from tests.testing.mutations import place_of

GROUPS = [group for module in (others, more) for group in vars(module).values() if isinstance(group, tuple)]
PATIENTS = [patient for group in GROUPS for patient in group if isinstance(patient, Patient)]
MISTAKES = [(patient, mistake) for patient in PATIENTS for mistake in patient.mistakes]
SAMPLE = [(patient, patient.mistakes[0]) for patient in PATIENTS]
with use_registry(registry()):
    CASES = conformance_cases("others")


@pytest.mark.kit
@pytest.mark.parametrize("case", CASES, ids=str)
def test_right_components_pass(case: Case) -> None:
    with use_registry(registry()):
        case.run()


@pytest.mark.parametrize(("patient", "mistake"), SAMPLE, ids=lambda part: getattr(part, "what", ""))
def test_a_mistake_of_each_component_is_caught(patient: Patient, mistake: Mistake) -> None:
    assert patient.caught(mistake) is not None, place_of(patient, mistake)


@pytest.mark.kit
def test_every_mistake_is_caught(capsys: pytest.CaptureFixture[str]) -> None:
    tried, caught, missed = Counter[str](), Counter[str](), []
    for patient, mistake in MISTAKES:
        kind = patient.subjects[0].partition(" ")[0]
        tried[kind] += 1
        if patient.caught(mistake) is None:
            missed.append(place_of(patient, mistake))
        else:
            caught[kind] += 1
    with capsys.disabled():
        print(f"\n{sum(caught.values())} of {len(MISTAKES)} mistakes of strangers caught:",
              ", ".join(f"{kind} {caught[kind]}/{n}" for kind, n in tried.items()), *missed, sep="\n  ")  # fmt: skip
    assert len(MISTAKES) > 310 and not missed


def test_the_mistakes_are_of_every_kind_but_layers_losses_and_objectives() -> None:
    kinds = {patient.subjects[0].partition(" ")[0] for patient in PATIENTS}
    assert kinds == set(others.KINDS)
