"""The kit run over everything that is built in, and over the plugins of this repository."""

from __future__ import annotations

import pytest
from pellucid.registry import default_registry
from pellucid.testing import Case, conformance_cases
from pellucid.testing.cases import covered

SKIPS = {
    "core/transposed: has_example": "it shares the weight of another layer and cannot stand alone; tests/config tries it",
    "core/files: has_example": "it reads files that the user names; tests/data tries it",
}


@pytest.mark.parametrize("case", conformance_cases("core", skips=SKIPS), ids=str)
def test_core(case: Case) -> None:
    case.run()


@pytest.mark.parametrize("case", conformance_cases("ann"), ids=str)
def test_ann(case: Case) -> None:
    case.run()


def test_every_component_of_the_core_is_tried() -> None:
    tried = {case.subject.entry.name for case in conformance_cases("core", skips=SKIPS)}
    registered = {entry.name for entry in default_registry().entries() if entry.vendor == "core" and covered(entry)}
    assert tried == registered
