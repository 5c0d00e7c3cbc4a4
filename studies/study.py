"""A study: a question, the file of its runs, what they gave, and where all of it lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from pellucid.workbench.cli import main as pellucid
from pellucid.workbench.experiments.sections import Sections, read_sections
from pellucid.workbench.sweeps.plan import make_plan

from studies.drawing import Drawing
from studies.results import Results, collected, trained_here

HERE = Path(__file__).resolve().parent
SHORT_DATA = {"type": "half_moons", "n": 60}
"""In place of the data, in the short form."""


@dataclass(frozen=True)
class Study:
    """One folder of ``studies/``.

    Attributes:
        name: of the folder.
        question: the comment at the head of its file.
        drawing: what its figure shows.
        sentences: two, of what came out; they are made of the figures, whatever these say.
        adjusted: what was changed in its file after a first look at results; empty if nothing was.
        more: adds what no sweep trains, or None: ``more(results, short)``.
    """

    name: str
    question: str
    drawing: Drawing
    sentences: Callable[[Results], tuple[str, str]]
    adjusted: str = ""
    more: Callable[[Results, Sections], Results] | None = None

    @property
    def file(self) -> Path:
        return HERE / self.name / "study.toml"

    @property
    def results(self) -> Path:
        """Where the results are kept that its page is made of."""
        return HERE / self.name / "results.json"

    def run(self, folder: Path, workers: int | None = None) -> Results:
        """Train what has not been trained yet, over processes, into this folder."""
        arguments = ["sweep", str(self.file), "--out", str(folder), "--quiet"]
        code = pellucid([*arguments, *([] if workers is None else ["--workers", str(workers)])])
        if code not in (0, 1):  # 1: a setting has failed, which is an answer too
            raise SystemExit(code)
        return self._with_more(collected(self.name, folder), read_sections(self.file))

    def run_short(self) -> Results:
        """The same in a second, in this process: two seeds, one epoch, sixty points in place of the data, of a grid
        the first value."""
        sections = read_sections(self.file)
        sections["data"] = {**SHORT_DATA}
        sections["train"]["epochs"] = 1
        sections["sweep"]["seeds"] = [0, 1]
        for path, values in sections["sweep"].get("grid", {}).items():
            sections["sweep"]["grid"][path] = values[:1]
        return self._with_more(trained_here(self.name, make_plan(sections)), sections)

    def _with_more(self, results: Results, sections: Sections) -> Results:
        return results if self.more is None else self.more(results, sections)


def load(name: str) -> Study:
    """The study in the folder of this name.

    Raises:
        ValueError: there is none.
    """
    if name not in names():
        raise ValueError(f"There is no study {name!r}. Studies: {', '.join(names())}.")
    says = import_module(f"studies.{name}.says")
    head = [line[1:].strip() for line in _head(HERE / name / "study.toml")]
    adjusted, more = getattr(says, "ADJUSTED", ""), getattr(says, "more", None)
    return Study(name, " ".join(head), says.DRAWING, says.sentences, adjusted, more)


def names() -> list[str]:
    """All studies."""
    return sorted(path.parent.name for path in HERE.glob("*/study.toml"))


def _head(path: Path) -> list[str]:
    """The lines of the comment that a file begins with."""
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    return lines[:end]
