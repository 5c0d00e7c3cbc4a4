"""The command: ``python -m studies NAME …`` trains studies, keeps their results and makes their figures and pages."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.environment import ROOT
from studies.page import HEADING, page
from studies.results import Results
from studies.study import HERE, Study, load, names


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if all went well, 2 for a study that does not exist, or none named."""
    options = _parse(arguments)
    if not options.studies and not options.all:
        print(_choices(), file=sys.stderr)
        return 2
    try:
        studies = [load(name) for name in (names() if options.all else options.studies)]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    for study in studies:
        results = Results.read(study.results) if options.draw else _trained(study, options)
        make(study, results, options.into / study.name, keep=not options.draw, drawn=not options.results_only)
        print(f"{study.name}: {' '.join(study.sentences(results))}\n", flush=True)
    if options.into == HERE:
        (HERE / "README.md").write_text(overview(), encoding="utf-8")
    return 0


def _trained(study: Study, options: argparse.Namespace) -> Results:
    started = time.perf_counter()
    folder = options.out / study.name
    results = study.run_short() if options.short else study.run(folder, options.workers)
    print(f"{study.name}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    return results


def make(study: Study, results: Results, folder: Path, *, keep: bool = True, drawn: bool = True) -> None:
    """Write the results of a study, its figure and its page."""
    folder.mkdir(parents=True, exist_ok=True)
    if keep:
        results.save(folder / "results.json")
    if not drawn:
        return
    from studies.figure import draw  # a machine that trains need not have what draws

    draw(results, study.drawing, folder / "figure.png")
    (folder / "README.md").write_text(page(study, results), encoding="utf-8")


def overview() -> str:
    """All studies that have results, on one page."""
    lines = [
        HEADING, "# Studies\n",
        "Questions that many trainings answer: each is one [sweep](../docs/guide/sweeps.md) with five seeds or ten, "
        "one command, a figure and two sentences of what came out. What is compared on the test set is chosen on the "
        "validation data. Differences are of pairs of runs with the same seed, with the 95 % interval of Student's t. "
        "What is reached on well-known data: [results](../docs/results.md).\n",
        "```console\n$ python -m studies                  # which ones there are\n"
        "$ python -m studies --all            # train all again, hours: `make studies ARGS=--all`\n"
        "$ python -m studies dropout --draw   # figure and page of the results that are kept\n```\n",
    ]  # fmt: skip
    for study in map(load, names()):
        if study.results.exists():
            results = Results.read(study.results)
            lines.append(f"## [{study.name.replace('_', ' ').capitalize()}]({study.name}/README.md)\n")
            lines.append(f"{study.question}\n\n{' '.join(study.sentences(results))}\n")
    return "\n".join(lines)


def _choices() -> str:
    """What can be named: training all takes hours and writes over all results, which nobody should do by mistake."""
    studies = [load(name) for name in names()]
    width = max(len(study.name) for study in studies)
    lines = [f"  {study.name:<{width}}  {study.question.partition('?')[0]}?" for study in studies]
    return "\n".join(["Name studies, or say --all. Each is trained again, and its results are replaced:", *lines])


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m studies", description="Train studies and make their figures and pages.")
    parser.add_argument("studies", nargs="*", metavar="NAME", help="which ones")
    parser.add_argument("--all", action="store_true", help="all of them: hours")
    parser.add_argument("--draw", action="store_true", help="train nothing: make them of results.json")
    parser.add_argument("--short", action="store_true", help="seconds: does it run? Give --into, too")
    parser.add_argument("--results-only", action="store_true", help="no figures and pages: without matplotlib")
    parser.add_argument("--workers", type=int, help="processes that train; all cores by default")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "studies", help="where the runs go")
    parser.add_argument("--into", type=Path, default=HERE, help="where results, figures and pages go")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
