"""Everything that this plugin registers keeps the promises of pellucid's contracts."""

import pytest
from pellucid.testing import conformance_cases


@pytest.mark.parametrize("case", conformance_cases("acme"), ids=str)
def test_conformance(case):
    case.run()
