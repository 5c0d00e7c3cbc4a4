"""What ``pellucid doctor`` says about data sets: which files are on this machine, how many fonts can be drawn with."""

from __future__ import annotations

from pellucid import DataError, Report

from pellucid_datasets import emnist, fashion_mnist
from pellucid_datasets.fonts import text_fonts
from pellucid_datasets.glyphs import Glyphs
from pellucid_datasets.places import DATA, cache_folder
from pellucid_datasets.source import Source


def examine(report: Report) -> None:
    """Add a line for each data set whose files do not come with this package."""
    report.fact("cache", cache_folder(""))
    try:
        report.fact("fashion_mnist", _where(fashion_mnist.SOURCE, {"": list(fashion_mnist.VALUES)}))
        report.fact("emnist", _where(emnist.SOURCE, {"": [emnist.ARCHIVE], **emnist_files()}))
    except DataError as error:
        report.warn(DATA, str(error))
    report.fact("glyphs", _fonts())


def emnist_files() -> dict[str, list[str]]:
    """The single files of each split of EMNIST."""
    return {
        split: [name for part in ("train", "test") for name in emnist.names(split, part)] for split in emnist.SPLITS
    }


def _where(source: Source, alternatives: dict[str, list[str]]) -> str:
    found = {what: paths for what, files in alternatives.items() if (paths := source.found(files)) is not None}
    if not found:
        return f"not on this machine; {source.size} from {source.url}"
    return ", ".join(f"{what}{' ' * bool(what)}in {next(iter(paths.values())).parent}" for what, paths in found.items())


def _fonts() -> str:
    try:
        families = sorted({face.family for face in text_fonts(Glyphs().characters)})
    except (ImportError, DataError) as error:
        return f"not available: {error}"
    return f"{len(families)} families of fonts: {', '.join(families)}"
