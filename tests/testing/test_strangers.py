"""Components as strangers write them pass the kit, and their mistakes are found: a sample, or all by `make kit`."""

from __future__ import annotations

from contextlib import suppress
from unittest import SkipTest

import pytest
from pellucid.testing import Case, conformance_cases
from pellucid.testing.registries import use_registry

from tests.testing.mistakes.strangers import PLACES, UNDECIDED, patients
from tests.testing.mutation import Mistake, Patient, registry

SHARE = 0.95
"""Of what can be decided at all at least so much is caught."""
ALL = [(patient, mistake) for patient in patients() for mistake in patient.mistakes]
SAMPLE = ALL[::23]

with use_registry(registry()):
    RIGHT = conformance_cases("strangers")


def _name(patient: Patient, mistake: Mistake) -> str:
    return f"{patient.within or 'shares'}: {mistake.what}"


def test_each_is_one_of_its_kind() -> None:
    names = [_name(*each) for each in ALL]
    assert len(names) == len(set(names)) > 400
    assert set(UNDECIDED) <= set(names)


@pytest.mark.parametrize("case", RIGHT[::29], ids=str)
def test_nothing_is_found_in_what_is_right(case: Case) -> None:
    with use_registry(registry()):
        case.run()


@pytest.mark.parametrize(("patient", "mistake"), SAMPLE, ids=[_name(*each) for each in SAMPLE])
def test_a_sample_of_what_is_wrong_is_found(patient: Patient, mistake: Mistake) -> None:
    assert _name(patient, mistake) in UNDECIDED or patient.caught(mistake) is not None


@pytest.mark.kit
def test_nothing_is_found_in_all_that_is_right() -> None:
    with use_registry(registry()):
        for case in RIGHT:
            with suppress(SkipTest):
                case.run()


@pytest.mark.kit
@pytest.mark.parametrize("place", PLACES)
def test_nearly_all_that_is_wrong_is_found(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    tried = [each for each in ALL if each[0].module.endswith(place) and _name(*each) not in UNDECIDED]
    missed = [_name(*each) for each in tried if each[0].caught(each[1]) is None]
    with capsys.disabled():
        print(f"\n{place}: {len(tried) - len(missed)} of {len(tried)} wrong components are caught; missed: {missed}")
    assert len(missed) <= (1 - SHARE) * len(tried)
