"""Every figure as text: sizes, places, words, numbers and colours are those that were looked at and approved.

``python -m tests.experiments.test_every_figure FOLDER`` writes the texts anew, where a change is meant, and pictures of
them into a folder: to look at before they are committed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from tests.experiments import figures_of_data, figures_of_models, figures_of_training
from tests.figures import lines_of, write

APPROVED = Path(__file__).with_name("figures")
FIGURES = {**figures_of_models.FIGURES, **figures_of_training.FIGURES, **figures_of_data.FIGURES}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_as_it_was_approved(name: str, tmp_path: Path) -> None:
    approved = (APPROVED / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert lines_of(FIGURES[name], tmp_path) == approved, f"If this is meant: python -m {__name__} /tmp/figures"


def test_each_text_is_of_a_figure() -> None:
    assert {file.stem for file in APPROVED.iterdir()} == set(FIGURES)


if __name__ == "__main__":
    write({name: FIGURES[name] for name in sys.argv[2:] or FIGURES}, APPROVED, Path(sys.argv[1]))
