"""What the studio costs: the kept measurement, and how it is told."""

from __future__ import annotations

import json

from benchmarks.environment import ROOT
from benchmarks.studio import NETWORKS, told


def test_the_kept_measurement_stands_in_the_page() -> None:
    found = json.loads((ROOT / "benchmarks/results/studio-amd-epyc.json").read_text())
    assert tuple(found["training"]) == NETWORKS and found["rounds"] == len(found["beginning"])
    page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    for line in told(found).splitlines():
        assert line in page


def test_medians_of_turns_are_told() -> None:
    page = {"steps": 90.0, "cpu": 1.1e-3, "frames": 25.0, "bytes": 2048.0}
    turn = {"fit": {"steps": 100.0, "cpu": 1e-3}, "page": page, "no_page": {"steps": 100.0, "cpu": 1e-3}}
    slow = {**turn, "page": {**page, "steps": 10.0}}
    begun = {"page": 0.5, "first_frame": 2.75, "page_cpu": 0.25, "first_frame_cpu": 0.5, "catalogue_cpu": 0.125}
    text = told({"beginning": [begun, begun, {**begun, "page": 9.0}], "training": {"Half moons": [turn, slow, turn]}})
    goals = text.splitlines()[2:6]
    assert goals == [
        "| the page is there | 0.50 s (0.25 s of processor time) | < 1.00 s, reached |",
        "| its first frame | 2.75 s (0.50 s of processor time) | < 2.00 s, missed |",
        "| frames a second, Half moons | 25 | ≥ 20, reached |",
        "| speed beside `fit` with a page, Half moons | 90% | ≥ 80%, reached |",
    ]
    assert text.splitlines()[-1] == "| Half moons | 25 | 2 | 90%, 100% | 1.10, 1.00 |"
