"""A study: a question, the file of its runs, what they gave, and where all of it lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from pellucid.workbench.cli import main as pellucid
from pellucid.workbench.experiments.experiment import check, prepare
from pellucid.workbench.experiments.sections import Sections, read_sections
from pellucid.workbench.experiments.training import train
from pellucid.workbench.sweeps.folder import SweepFolder
from pellucid.workbench.sweeps.plan import make_plan

from studies.drawing import Drawing
from studies.results import Results, collected

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
        more: adds what no sweep trains, or None: ``more(results, short)``.
    """

    name: str
    question: str
    drawing: Drawing
    sentences: Callable[[Results], tuple[str, str]]
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
        return self.collected(folder, read_sections(self.file))

    def run_short(self, folder: Path) -> Results:
        """The same in seconds, in this process: two seeds, one epoch, sixty points in place of the data."""
        sections = read_sections(self.file)
        sections["data"] = {**SHORT_DATA}
        sections["train"]["epochs"] = 1
        sections["sweep"]["seeds"] = [0, 1]
        plan, sweep = make_plan(sections), SweepFolder(folder)
        with sweep.taken(plan):
            for run in plan.runs:
                train(prepare(check(run.sections)), sweep.run(run), verbose=False)
        return self.collected(folder, sections)

    def collected(self, folder: Path, sections: Sections) -> Results:
        results = collected(self.name, folder)
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
    return Study(name, " ".join(head), says.DRAWING, says.sentences, getattr(says, "more", None))


def names() -> list[str]:
    """All studies."""
    return sorted(path.parent.name for path in HERE.glob("*/study.toml"))


def _head(path: Path) -> list[str]:
    """The lines of the comment that a file begins with."""
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    return lines[:end]
