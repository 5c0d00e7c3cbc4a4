"""The studio's data sets keep every promise of pellucid's contracts."""

from __future__ import annotations

import pytest
from pellucid.testing import Case, conformance_cases


@pytest.mark.parametrize("case", conformance_cases("studio"), ids=str)
def test_conformance(case: Case) -> None:
    case.run()
