"""The layers, losses and optimizers of the core give on this backend what they give on the reference."""

from __future__ import annotations

import pytest
from pellucid import get_ops
from pellucid.testing import Backends, Case, conformance_cases

TRIED = ("core/dense", "core/layer_norm", "core/softmax_cross_entropy", "core/adam")
BACKENDS = Backends(fast=get_ops("plugname/plain"))
CASES = [case for name in TRIED for case in conformance_cases(name, backends=BACKENDS)]


@pytest.mark.parametrize("case", [case for case in CASES if case.check.name == "parity"], ids=str)
def test_it_agrees_with_the_reference(case: Case) -> None:
    case.run()
