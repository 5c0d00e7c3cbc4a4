"""Ruler: what ranks the runs of a sweep, and whether more of it is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pellucid.basics.errors import ConfigError
from pellucid.basics.suggest import did_you_mean, listed
from pellucid.registry.config import read
from pellucid.training.evaluation import figure_names
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.sections import read_sections
from pellucid.workbench.sweeps.sweep import Sweep


@dataclass(frozen=True)
class Ruler:
    """What ranks: a figure, on a part of the data, and whether more of it is better."""

    metric: str
    split: str
    higher: bool

    def __str__(self) -> str:
        return f"{self.split} {self.metric}, {'higher' if self.higher else 'lower'} is better"

    @classmethod
    def planned(cls, sweep: Sweep, sections: Mapping[str, Any]) -> Ruler:
        """What a search goes by, which must be known before the first run: a figure on the validation data, the loss if
        none is named.

        Raises:
            ConfigError: nobody knows whether more of the figure is better; or it is one of the test data.
        """
        if sweep.split == "test":
            raise ConfigError(
                "sweep.split: a search looks at validation data. What it has chosen is tested afterwards."
            )
        metric, train = sweep.metric or "loss", sections.get("train", {})
        named = train.get("metrics") if isinstance(train, Mapping) else None
        if sweep.mode is not None or metric in ("loss", "penalty"):
            return cls(metric, "validation", sweep.mode == "max")
        metrics = [read("metric", each, path="train.metrics") for each in named or [metric]]
        better = dict(zip(figure_names(metrics), (each.higher_is_better for each in metrics), strict=True))
        if metric not in better:
            raise ConfigError(
                f"sweep.metric: whether more of {metric!r} is better is not known: the figures of train.metrics are "
                f'{listed(better)}.{did_you_mean(metric, better)} Say it: mode = "max" in [sweep], or "min".'
            )
        return cls(metric, "validation", better[metric])

    @classmethod
    def of(cls, sweep: Sweep, folder: RunFolder) -> Ruler:
        """As the sweep says; what it leaves open is what a finished run of it chose its epoch by.

        Raises:
            ConfigError: the run has no such figure.
        """
        summary, sections = folder.read_summary(), read_sections(folder.experiment)
        split = sweep.split or ("validation" if summary.get("validation") else "test")
        metrics = [read("metric", each, path="train.metrics") for each in sections.get("train", {}).get("metrics", [])]
        better = dict(zip(figure_names(metrics), (each.higher_is_better for each in metrics), strict=True))
        chosen = str(summary.get("chosen_by") or "").removeprefix("validation_")
        figures = summary.get(split) or {}
        metric = sweep.metric or (chosen if chosen in figures else next(iter(better), "loss"))
        if metric not in figures:
            what = f"the figures of its runs on the {split} data are {listed(figures)}"
            raise ConfigError(
                f"sweep.metric: the runs cannot be ranked by {metric!r}: {what}.{did_you_mean(metric, figures)} Other "
                'figures are asked for by metrics = […] in [train], the part of the data by split = "test" in [sweep].'
            )
        higher = better.get(metric, False) if sweep.mode is None else sweep.mode == "max"
        return cls(metric, split, higher)


def figure_of(summary: Mapping[str, Any], ruler: Ruler) -> float | None:
    """What ranks a run; None where it is not finite, which a summary cannot hold."""
    value = (summary.get(ruler.split) or {}).get(ruler.metric)
    return value if isinstance(value, int | float) else None
