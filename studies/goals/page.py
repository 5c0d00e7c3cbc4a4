"""docs/results.md, made of the logs: ``python -m studies.goals.page``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from benchmarks.environment import ROOT
from studies.goals import ready, said
from studies.goals.cost import COST
from studies.goals.goal import HERE, SMALL, Goal, goals

LOGS = HERE / "results"
PAGE = ROOT / "docs" / "results.md"
Log = Mapping[str, Any]
HEAD = (
    "result", "data", "model", "architecture", "regularisation", "dropout", "epochs", "learning rate", "mean ± sd",
    "seeds", "goal", "training", "CPU minutes", "parameters", "commit",
)  # fmt: skip
WAITING = """\
## Recipes that wait for a card

They ran in their short form on a processor, those of dense networks and VAEs on the stand-in of a card, too; nothing is
claimed of what they reach. The CPU minutes of one seed are those of a timed part of an epoch, taken to the whole
(`python -m studies.goals.cost`); a likelihood of 5,000 codes takes 26 minutes more.
"""
WAITING_HEAD = ("recipe", "model", "regularisation", "epochs", "goal", "CPU minutes a seed")
RETRIEVAL = {"precision": "precision", "recall": "recall", "f1": "F1"}
OPENING = """\
<!-- Made by python -m studies.goals.page of the logs in studies/goals/results: change those, or the goals' files. -->

# Best results achieved

What the models reach on well-known data: mean and standard deviation over seeds, each of which draws first weights,
order and augmentation anew. Training is on all samples that are not of the test set, which is read once, with the
weights of the last step: no epoch and no seed is chosen. The settings stand in [files](../studies/goals); they follow
the literature and were not searched for, but for the network of the spirals, which is one of four that were tried on
other points, and where a note says so. What a goal asked for is beside what came out, also where it falls short.
"""
COMMAND = """\
```console not-run
$ python -m studies.goals runs/small --small                           # seconds
$ python -m studies.goals runs/goals                                   # hours on a processor
$ python -m studies.goals runs/goals --backend cupy/tf32 --processes 4 # minutes on a card
$ python -m studies.goals.page                                         # this page, of studies/goals/results
```
"""


def main() -> int:
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: made of {len(logs())} trainings.")
    return 0


def page() -> str:
    """Markdown."""
    known, by_goal = {**goals(), **goals(SMALL)}, dict[str, list[Log]]()
    for log in logs():
        by_goal.setdefault(log["goal"], []).append(log)
    images = [name for name in known if said.is_image(known[name].sections) and known[name].figure == "accuracy"]
    others = [name for name in known if not said.is_image(known[name].sections)]
    likelihoods = [name for name in known if known[name].figure == "log_likelihood"]
    parts = [OPENING]
    for title, names in (("Images", images), ("Small data", others), ("Likelihood of images", likelihoods)):
        done = [name for name in names if name in by_goal]
        rows = [*(_row(known[name], by_goal[name]) for name in done), *ready.rows(title)]
        if rows:
            parts += [f"## {title}\n", *_table([list(HEAD), *rows]), ""]
            parts += [f"{note}\n" for name in done for note in _notes(known[name], by_goal[name])]
            parts += [f"{note}\n" for note in ready.notes(title)]
    waiting = [goal for name, goal in goals().items() if name not in by_goal]
    if waiting:
        parts += [WAITING, *_table([list(WAITING_HEAD), *map(_waiting_row, waiting)]), ""]
    parts += ["## How it was measured\n", *_machines(by_goal), *ready.machines(), "", COMMAND]
    return "\n".join(parts)


def _waiting_row(goal: Goal) -> list[str]:
    kind, architecture = said.model(goal.sections)
    known = _cost().get(goal.name)
    minutes = f"{known['cpu_minutes_of_an_epoch'] * goal.epochs:.0f}" if known else "–"
    scale, unit = (100, " %") if goal.figure == "accuracy" else (1, " nats")
    wanted = "–" if goal.least is None else f"≥ {scale * goal.least:g}{unit}"
    vote = "" if goal.vote_least is None else f"; {goal.vote} voting ≥ {100 * goal.vote_least:g} %"
    return [goal.title, f"{kind}, {architecture}", said.regularisation(goal.sections), str(goal.epochs), wanted + vote,
            minutes]  # fmt: skip


def _cost() -> dict[str, Any]:
    return json.loads(COST.read_text(encoding="utf-8")) if COST.exists() else {}


def logs(folder: Path = LOGS) -> list[Log]:
    """All trainings, those of the short form left out."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    return [log for log in map(json.loads, lines) if not log["short"]]


def _row(goal: Goal, its: Sequence[Log]) -> list[str]:
    sections = its[0]["experiment"]
    kind, architecture = said.model(sections)
    values = [log["figures"][goal.figure] for log in its]
    return [
        its[0]["title"], said.data(sections), kind, architecture, said.regularisation(sections), said.dropout(sections),
        _one([log["epochs"] for log in its]), said.rate(sections), f"**{_figure(goal, values)}**", str(len(its)),
        _goal(goal, fmean(values)), f"{fmean(log['seconds'] for log in its):,.1f} s, {_where(its[0])}",
        _minutes(goal, its), f"{its[0]['parameters']:,}", _one([log["commit"] for log in its]),
    ]  # fmt: skip


def _figure(goal: Goal, values: Sequence[float]) -> str:
    scale, unit = (100, " %") if goal.figure == "accuracy" else (1, " nats")
    spread = f" ± {scale * stdev(values):.2f}" if len(values) > 1 else ""
    return f"{scale * fmean(values):.2f}{spread}{unit}"


def _goal(goal: Goal, mean: float) -> str:
    if goal.least is None:
        return "–"
    wanted = f"{100 * goal.least:g} %" if goal.figure == "accuracy" else f"{goal.least:g}"
    return f"≥ {wanted}: {'reached' if mean >= goal.least else 'not reached'}"


def _where(log: Log) -> str:
    card = log["machine"].get("card")
    return f"{card} ({log['backend']})" if card else "CPU"


def _minutes(goal: Goal, its: Sequence[Log]) -> str:
    """CPU minutes of a training; where a card has trained: by a timed part of an epoch."""
    if not its[0]["machine"].get("card"):
        return f"{fmean(log['cpu_seconds'] for log in its) / 60:.2g}"
    known = _cost()
    if goal.name not in known:
        return "–"
    return f"about {known[goal.name]['cpu_minutes_of_an_epoch'] * its[0]['epochs']:.2g}"


def _notes(goal: Goal, its: Sequence[Log]) -> list[str]:
    """What else the logs know of a goal, a sentence each."""
    figures = its[0]["figures"]

    def figure(name: str) -> str:
        return _figure(goal, [log["figures"][name] for log in its])

    found = [goal.note] if goal.note else []
    if "accuracy_of_views" in figures:
        found.append(
            f"{figure('accuracy_of_views')} where the probabilities of five views are averaged, the image and the same "
            "moved by a pixel in each direction."
        )
    retrieved = {name: words for name, words in RETRIEVAL.items() if name in figures}
    if retrieved:
        found.append(", ".join(f"{words} {figure(name)}" for name, words in retrieved.items()) + ".")
    if goal.codes:
        bound = fmean(-log["figures"]["loss"] for log in its)
        found.append(
            f"log p(x) by importance sampling with {goal.codes:,} codes for each of the "
            f"{its[0]['samples']['test']:,} test images; the evidence lower bound is {bound:.2f} nats."
        )
    vote = _votes().get(goal.name)
    if vote and vote["mean"] is not None:
        found.append(_said_of_vote(goal, vote))
    return [f"{goal.title}: {sentence}" for sentence in found]


def _said_of_vote(goal: Goal, vote: Mapping[str, Any]) -> str:
    values, wanted = list(vote["groups"].values()), goal.vote_least
    verdict = "reached" if wanted is not None and vote["mean"] >= wanted else "not reached"
    asked = "" if wanted is None else f"; wanted was {100 * wanted:g} %, {verdict}"
    between = f"from {100 * min(values):.2f} to {100 * max(values):.2f} %"
    groups = f", the mean of all {len(values)} groups of the seeds, {between}" if len(values) > 1 else ""
    return f"{vote['size']} networks that average their probabilities reach {100 * vote['mean']:.2f} %{groups}{asked}."


def _votes() -> dict[str, Any]:
    path = LOGS / "votes.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _machines(by_goal: Mapping[str, Sequence[Log]]) -> list[str]:
    everything = [log for its in by_goal.values() for log in its]
    cards = {log["machine"]["card"]: log for log in everything if log["machine"].get("card")}
    on_cpu = [log for log in everything if not log["machine"].get("card")]
    processors = {log["machine"]["processor"]: log for log in on_cpu}
    lines = [
        f"* On a card, {name}, {log['date']}: {log['backend']} with CuPy {log['machine']['cupy']}, {log['processes']} "
        "trainings beside each other on the one card, so that their seconds are more than those of one alone. Epochs "
        "were planned from a timed one so that all fitted into the minutes that the card was lent. The CPU minutes are "
        "those of a timed part of an epoch on a processor, taken to the whole training."
        for name, log in sorted(cards.items())
    ]

    def trained(name: str) -> str:
        if len(processors) == 1:
            return "all that says CPU"
        return "; ".join(dict.fromkeys(log["title"] for log in on_cpu if log["machine"]["processor"] == name))

    return [*lines, *(f"* On a CPU, {name}, {log['date']}: {trained(name)}." for name, log in processors.items())]


def _one(values: Sequence[Any]) -> str:
    """What all have in common, or all of it."""
    return ", ".join(str(value) for value in dict.fromkeys(values))


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return [lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]


if __name__ == "__main__":
    sys.exit(main())
