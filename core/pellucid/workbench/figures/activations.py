"""draw_activations: how the outputs of each layer are distributed over samples, and how often each unit is awake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.record.quantity import Call
from pellucid.glassbox.trace import Trace
from pellucid.interfaces.layer import Layer
from pellucid.workbench.experiments.figures import BLUE, FAINT, ORANGE, style
from pellucid.workbench.figures.sheet import Sheet, bare, say_axes, say_title

MOST = 5
"""Layers that are shown: of more the first and the last."""
BINS = 48


@dataclass(frozen=True, eq=False)
class Outputs:
    """What a layer gave: its path, its kind, and numbers (N, …, units)."""

    path: str
    kind: str
    values: HostArray

    @property
    def awake(self) -> HostArray:
        """Of each unit, a channel of a picture, in which part of the samples it is not 0: (units,)."""
        flat = self.values.reshape(len(self.values), -1, self.values.shape[-1])
        awake: HostArray = (flat != 0).any(axis=1).mean(axis=0)
        return awake


def outputs_of(trace: Trace) -> list[Outputs]:
    """The outputs of layers that are made of no others, of a prediction; not what is its input in another shape."""
    found: list[Outputs] = []
    for call in _leaves(trace.calls):
        name = call.made.get("y")
        if name is None or name not in trace.names():
            continue
        values, given = trace[name], call.given.get("x")
        reshaped = given in trace.names() and trace[given].size == values.size and np.array_equal(
            trace[given].ravel(), values.ravel()
        )  # fmt: skip
        if values.dtype.kind == "f" and values.ndim >= 2 and values.size and not reshaped:
            found.append(Outputs(call.path, type(call.component).__name__, values))
    return found


def _leaves(calls: Sequence[Call]) -> list[Call]:
    layers = [call for call in calls if isinstance(call.component, Layer)]
    return [each for call in layers for each in (_leaves(call.inner) or [call])]


def draw_activations(outputs: Sequence[Outputs], path: Path, *, title: str = "activations") -> str:
    """Write a PNG: above, for each layer, how many of its outputs lie where; below, how many units are awake for which
    part of the samples: those at 0 are dead.

    Returns:
        why nothing was drawn, or empty.
    """
    if not outputs:
        return "no layer gives numbers of its own"
    kept = list(outputs) if len(outputs) <= MOST else [*outputs[: MOST // 2], *outputs[-(MOST - MOST // 2) :]]
    sheet = Sheet(2, len(kept), panel=(2.9, 2.1), left=0.62, bottom=0.55, between=0.08, above=0.42)
    dead = 0
    for place, layer in enumerate(kept):
        _values(sheet.axes(place), layer)
        dead += _units(sheet.axes(len(kept) + place), layer)
    some = f"{len(kept)} of {len(outputs)} layers" if len(kept) < len(outputs) else ""
    sheet.heading(title, [f"{len(kept[0].values):,} samples", some, f"{_units_of(dead)} at 0 for every sample"])
    sheet.save(path)
    return ""


def _values(axes: Axes, layer: Outputs) -> None:
    values = layer.values[np.isfinite(layer.values)].astype(np.float64)
    style(axes)
    say_title(axes, f"{layer.path}  {layer.kind}", 9.5)
    say_axes(axes, "output", "how many")
    if not values.size:
        return
    zeros = int(np.count_nonzero(values == 0))
    rest = values[values != 0]
    counts, edges = np.histogram(rest if rest.size else values, BINS)
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=BLUE)
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_ylim(bottom=0.7)
    if zeros:
        axes.text(0.97, 0.95, f"{zeros / values.size:.0%} exactly 0,\nleft out", transform=axes.transAxes, ha="right",
                  va="top", fontsize=7.5, color=FAINT)  # fmt: skip


def _units(axes: Axes, layer: Outputs) -> int:
    """Draws when units are awake; how many never are."""
    awake = layer.awake
    dead = int(np.count_nonzero(awake == 0))
    if (awake == 1).all():
        bare(axes)
        axes.text(0.5, 0.5, f"{_units_of(len(awake))},\nawake for every sample", transform=axes.transAxes, ha="center",
                  va="center", fontsize=9, color=FAINT)  # fmt: skip
        return dead
    style(axes)
    counts, edges = np.histogram(awake, 20, (0.0, 1.0))
    axes.bar(edges[:-1], counts, np.diff(edges) * 0.92, align="edge", color=BLUE)
    axes.bar(0.0, dead, edges[1] * 0.92, align="edge", color=ORANGE)  # of the first bar, the part that never is
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["never", "half", "always"])
    say_axes(axes, "awake for which part of the samples", "units")
    say_title(axes, f"{_units_of(len(awake))}, {dead:,} dead", 9.5)
    return dead


def _units_of(count: int) -> str:
    return f"{count:,} unit{'s' * (count != 1)}"
