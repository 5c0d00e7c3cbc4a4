"""Everything of this package keeps every promise of pellucid's contracts."""

from __future__ import annotations

import pytest
from pellucid.testing import Case, conformance_cases

_OF_PAIRS = "each row is compared with all others of its batch, so a part of a batch is another task"
SKIPS = {f"transformer/contrastive: {case}": _OF_PAIRS for case in ("mean_once", "splits_add_up", "weights")}
SKIPS["transformer/contrastive: bad_targets"] = "every whole number from 0 on is a label: of a pair, by its number"


@pytest.mark.parametrize("case", conformance_cases("transformer", skips=SKIPS), ids=str)
def test_conformance(case: Case) -> None:
    case.run()
