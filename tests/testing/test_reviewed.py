"""What a fresh review found to pass the kit, and more of its kinds: arguments of any sign, many rows, far steps, large
values, callbacks that act too late; a sample, or all by `make kit`."""

from __future__ import annotations

import pytest

from tests.testing.mistakes.reviewed import REVIEWED
from tests.testing.mutation import Mistake, Patient
from tests.testing.mutations import place_of

ALL = [(patient, mistake) for patient in REVIEWED for mistake in patient.mistakes]
SAMPLE = ALL[::14]


def test_each_is_one_of_its_kind() -> None:
    places = [place_of(*each) for each in ALL]
    assert len(places) == len(set(places)) > 100
    kinds = {patient.subjects[0].partition(" ")[0] for patient in REVIEWED}
    assert len(kinds) == 11


@pytest.mark.parametrize(("patient", "mistake"), SAMPLE, ids=[place_of(*each) for each in SAMPLE])
def test_a_sample_is_caught(patient: Patient, mistake: Mistake) -> None:
    assert patient.caught(mistake) is not None


@pytest.mark.kit
def test_all_are_caught() -> None:
    missed = [place_of(*each) for each in ALL if each[0].caught(each[1]) is None]
    assert not missed
