"""pellucid parameters RUN …: how many parameters trained models have."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path

from pellucid import open_run


def parameters(runs: Sequence[Path], *, each: bool = False) -> dict[str, int]:
    """Count the parameters of trained models.

    Args:
        runs: run folders or saved models.
        each: whether every parameter is a line of its own.
    """
    counted: dict[str, int] = {}
    for run in runs:
        for param in open_run(run).model.parameters():
            name = f"{run}: {param.path}" if each else str(run)
            counted[name] = counted.get(name, 0) + prod(param.shape)
    return counted
