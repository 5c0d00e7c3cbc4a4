"""What several networks say together: the mean of their probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from statistics import fmean
from typing import Any

import numpy as np
from pellucid import HostArray

from studies.goals.training import accuracy


def votes(probabilities: Mapping[int, HostArray], labels: Any, size: int) -> dict[str, Any]:
    """The accuracy of every group of ``size`` networks, by their seeds, and the mean over the groups.

    The groups share networks, so their spread says less than that of as many independent ones; no group is chosen.
    """
    groups = {
        "+".join(map(str, seeds)): accuracy(np.mean([probabilities[seed] for seed in seeds], axis=0), labels)
        for seeds in combinations(sorted(probabilities), size)
    }
    return {"size": size, "mean": fmean(groups.values()) if groups else None, "groups": groups}
