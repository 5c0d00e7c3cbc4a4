"""draw_run: the figures of a run in its folder, for the commands that offer them."""

from __future__ import annotations

from pathlib import Path

from pellucid.basics.errors import ConfigError
from pellucid.interfaces.layer import Layer
from pellucid.workbench.evaluation.evaluation import Evaluation
from pellucid.workbench.experiments.finished import FinishedRun, SplitName
from pellucid.workbench.figures.listing import Drawn

FOLDER = "figures"


def require_matplotlib(option: str) -> None:
    """Raise ConfigError where matplotlib cannot be had: before any work is done for figures."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f'{option} needs matplotlib, which is missing: pip install "pellucid[plot]". Or leave it out.'
        ) from error


def folder_of(path: Path, of: str) -> Path:
    """Where figures stand: ``figures/test`` in a run folder; ``model-figures/test`` beside ``model.safetensors``."""
    return (path / FOLDER if path.is_dir() else path.with_name(f"{path.stem}-{FOLDER}")) / of


def draw_run(
    run: FinishedRun[Layer], found: Evaluation, data: str | None = None, split: SplitName = "test",
    target: str | None = None,
) -> Drawn:  # fmt: skip
    """Draw what a run allows on the samples that it was evaluated on, into its folder.

    Args:
        found: what :func:`evaluate_run` said of them.
        data, split, target: as it was asked for.
    """
    from pellucid.workbench.figures.drawn import draw_figures
    from pellucid.workbench.figures.material import Material

    samples = run.unread(data, split, target)
    of = split if data is None else f"{Path(data).stem}" if run.is_file(data) else f"{data.rpartition('/')[2]}-{split}"
    return draw_figures(Material(run, samples, found), folder_of(run.path, of))
