"""The kit is itself tested: every seeded mistake is caught, and nothing is found where there is none."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.testing.kernels import COMPARED, COMPILER, KernelMistake, MutantKernels
from tests.testing.mistakes.kernels import KERNELS
from tests.testing.mutation import Mistake, Patient, described, first_failure
from tests.testing.mutations import mistakes, patients, place_of

CASES = [pytest.param(patient, mistake, id=place_of(patient, mistake)) for patient, mistake in mistakes()]


def test_there_are_many_and_each_is_one_of_its_kind() -> None:
    places = [case.id for case in CASES]
    assert len(places) >= 100
    assert len(places) == len(set(places))


@pytest.mark.parametrize("patient", patients(), ids=lambda p: f"{p.module}: {p.subjects[0]}")
def test_nothing_is_found_in_the_originals(patient: Patient) -> None:
    caught = patient.caught(None)
    assert caught is None, described(caught)


@pytest.mark.parametrize(("patient", "mistake"), CASES)
def test_every_mistake_is_caught(patient: Patient, mistake: Mistake) -> None:
    assert patient.caught(mistake) is not None


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MutantKernels]:
    """All kernels with all mistakes, compiled once."""
    if COMPILER is None or importlib.util.find_spec("pellucid.ops.kernels.native") is None:
        pytest.skip("no C compiler, or the kernels are not installed: there is nothing to seed mistakes into")
    yield MutantKernels(Path(tmp_path_factory.mktemp("kernels")), KERNELS)


def test_nothing_is_found_in_the_kernels(kernels: MutantKernels) -> None:
    subjects = tuple(dict.fromkeys(subject for mistake in KERNELS for subject in mistake.subjects))
    caught = first_failure(subjects, kernels.backends, COMPARED)
    assert caught is None, described(caught)


@pytest.mark.parametrize("mistake", KERNELS, ids=lambda m: f"{m.file}: {m.what}")
def test_every_mistake_in_a_kernel_is_caught(kernels: MutantKernels, mistake: KernelMistake) -> None:
    assert kernels.caught(mistake) is not None
