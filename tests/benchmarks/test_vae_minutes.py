"""The VAE at equal CPU time: PyTorch's layers stand where ours do, and a pair is a difference."""

from __future__ import annotations

from argparse import Namespace

import pytest

from benchmarks.vae_minutes import arrays, document, fresh


def test_the_arrays_are_weight_and_bias_of_each_layer_in_turns() -> None:
    shapes = [tuple(param.shape) for param in arrays(fresh(0, hidden=8))]
    assert shapes == [(784, 8), (8,), (8, 8), (8,), (8, 20), (20,), (8, 20), (20,), (20, 8), (8,), (8, 8), (8,),
                      (8, 784), (784,)]  # fmt: skip


def test_a_pair_is_a_difference() -> None:
    options = Namespace(seconds=1.0, images=2, codes=3)
    reached = (("pellucid", 0, -90.0), ("torch", 0, -91.0), ("torch", 1, -93.0), ("pellucid", 1, -90.0),
               ("pellucid", 2, -80.0))  # fmt: skip
    runs = [{"contestant": name, "seed": seed, "log_likelihood": value} for name, seed, value in reached]
    found = document(runs, options)
    assert found["nats_ahead"] == 2.0 and found["sd"] == pytest.approx(2**0.5) and found["codes"] == 3
