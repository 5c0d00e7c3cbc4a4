"""What is known of sums is known of quantities that equations alone give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pellucid.glassbox.prove.agreement import _OpenedCall, all_calls

from tests.glassbox.every import cases


@pytest.mark.parametrize("name", ["core/layer_norm", "core/dense", "cnn/group_norm", "core/batch_norm"])
def test_sizes_are_kept_of_what_the_code_did_not_give(name: str) -> None:
    case = next(case for case in cases(name, "float32") if case.name == name)
    case.trainer.train_step(*case.batch)
    trace = case.trainer.trace_step(*case.batch)
    for call in all_calls(trace):
        known: dict[str, Any] = {}
        opened = _OpenedCall(trace, call, known, np.random.default_rng(0))
        alone = {of for of in opened.sizes if of not in opened.recorded}
        assert known.keys() == {call.name_of(of) for of in alone} & set(trace.names())
        assert not {call.name_of(of) for of in opened.recorded} & known.keys()
