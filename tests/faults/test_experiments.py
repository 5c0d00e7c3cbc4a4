"""The short form of mutated experiments and data files."""

from __future__ import annotations

from tests.faults import experiments


def test_mutated_experiments_and_data_files_end_in_errors_of_our_own() -> None:
    assert "mutated inputs" in experiments.main(experiments.SHORT, seed=0)
