"""The data sets keep every promise of pellucid's contracts; generated files stand for those that are not shipped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pellucid.testing import Case, conformance_cases
from pellucid_datasets import places


@pytest.fixture(autouse=True)
def data(nowhere: Path, clothes: Callable[[Path], object], letters: Callable[..., object]) -> None:
    clothes(places.SYSTEM / "fashion-mnist")
    for split in ("balanced", "letters"):
        letters(places.SYSTEM / "emnist", split)


@pytest.mark.parametrize("case", conformance_cases("datasets"), ids=str)
def test_conformance(case: Case) -> None:
    case.run()
