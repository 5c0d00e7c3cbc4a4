"""A goal: an experiment file with a section ``[goal]``, which says what figure it should reach and how it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pellucid.workbench.experiments.sections import read_sections

HERE = Path(__file__).resolve().parent
SMALL = HERE / "small"
"""Goals that a processor reaches in seconds."""


@dataclass(frozen=True)
class Goal:
    """An experiment and what is wanted of it.

    Attributes:
        name: of its file, without ending.
        sections: the experiment.
        title: what is trained on what, in words.
        figure: of the test set, such as ``"accuracy"``, or ``"log_likelihood"``.
        least: what its mean over the seeds should reach.
        seeds: how many, from 0.
        fewest_epochs: where the time does not suffice for those of the file.
        shifts: whether to predict from five views too: the image, and moved by one pixel in each direction.
        vote: of so many networks, whose probabilities are averaged; 0: none.
        vote_least: what the vote should reach.
        codes: for each test image, of the likelihood's estimate; 0: none.
        binarized: whether pixels are drawn once, before training: static binarisation.
        folds: of cross-validation, in place of the test set; 0: none.
        positive: the class that is told from all others; None: all are told from each other.
        batch: rows at a time when the likelihood is estimated.
        note: a sentence for the page of results.
    """

    name: str
    sections: Mapping[str, Any]
    title: str
    figure: str = "accuracy"
    least: float | None = None
    seeds: int = 5
    fewest_epochs: int = 1
    shifts: bool = False
    vote: int = 0
    vote_least: float | None = None
    codes: int = 0
    binarized: bool = False
    folds: int = 0
    positive: str | None = None
    batch: int = 2000
    note: str = ""

    @property
    def epochs(self) -> int:
        return int(self.sections["train"]["epochs"])


def read_goal(path: Path) -> Goal:
    """A goal from its file.

    Raises:
        ValueError: it has no section [goal], or one with other keys.
    """
    sections = read_sections(path)
    wanted = sections.pop("goal", None)
    known = {field.name for field in fields(Goal)} - {"name", "sections"}
    if wanted is None or not set(wanted) <= known or "title" not in wanted:
        raise ValueError(f"{path} needs a section [goal] with a title and some of: {', '.join(sorted(known))}.")
    return Goal(path.stem, sections, **wanted)


def goals(folder: Path = HERE) -> dict[str, Goal]:
    """All goals, by name."""
    return {path.stem: read_goal(path) for path in sorted(folder.glob("*.toml"))}
