"""Everything of this package keeps every promise of pellucid's contracts."""

from __future__ import annotations

import pytest
from pellucid.testing import Case, conformance_cases


@pytest.mark.parametrize("case", conformance_cases("transformer"), ids=str)
def test_conformance(case: Case) -> None:
    case.run()
