"""What an attention shows on the page of a step: how much of each position every position takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import PageNote, PagePart, PagePicture

MOST = 8
"""Heads that are shown."""


def map_pictures(call: Any, trace: Any) -> list[PagePart]:
    """The softmax rows P of each head for the first sequence of the batch, (T, S) each."""
    name = call.pattern.format("P")
    if name not in trace or not len(trace[name]):
        return []
    heads = np.asarray(trace[name])[0]
    of = f", the first {MOST} of {len(heads)} heads" if len(heads) > MOST else ""
    note = f"How much of each position (columns) every position (rows) takes, in the first sequence{of}: rows sum to 1."
    return [
        PageNote(note, latex=r"P_{ts} = e^{q_t \cdot k_s/\sqrt d} \big/ \sum_u e^{q_t \cdot k_u/\sqrt d}"),
        *[PagePicture(f"Head {h}", head) for h, head in enumerate(heads[:MOST])],
    ]
