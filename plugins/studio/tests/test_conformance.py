"""The studio's data sets keep every promise of pellucid's contracts."""

from __future__ import annotations

import pytest
from pellucid.testing import Case, conformance_cases

SKIPS = {"studio/own_table: has_example": "there is no table before one is given; test_written gives some"}


@pytest.mark.parametrize("case", conformance_cases("studio", skips=SKIPS), ids=str)
def test_conformance(case: Case) -> None:
    case.run()
