"""What the study of random search says; and its searches, which no sweep trains."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

from pellucid.workbench.experiments.experiment import check, prepare
from pellucid.workbench.experiments.sections import Sections

from studies.drawing import Drawing
from studies.random_search.by_chance import FORWARDS_OF_A_STEP, search
from studies.results import OneRun, Results, Setting, rounded
from studies.words import compared, reached

DRAWING = Drawing(
    curve="loss", logarithmic=True, epochs_are="steps of gradient descent, or as much arithmetic", epoch_is=6
)
POINTS = 50
"""Of the curves."""


def more(results: Results, sections: Sections) -> Results:
    """The results with those of random search, which gets as much arithmetic; all curves with as many points."""
    epochs, seeds = sections["train"]["epochs"], sections["sweep"]["seeds"]
    every = max(1, epochs // POINTS)
    descents = [replace(s, runs=[_thinned(run, every) for run in s.runs]) for s in results.settings]
    searches = []
    for setting in descents:
        runs = []
        for seed in seeds:
            own = {name: deepcopy(section) for name, section in sections.items() if name != "sweep"}
            own["model"] |= {"hidden": setting.changes["model.hidden"]}
            own["train"] |= {"seed": seed}
            ready = prepare(check(own))
            found = search(ready, FORWARDS_OF_A_STEP * epochs, epochs // every)
            test = ready.trainer.evaluate(ready.splits)
            figures = {"test accuracy": test["accuracy"], "test loss": test["loss"], "train loss": found["loss"][-1]}
            curves = {name: [rounded(v) for v in found[name]] for name in ("loss", "validation_accuracy")}
            short = {name: rounded(value) for name, value in figures.items()}
            runs.append(OneRun(seed, short, curves, epochs, round(found["seconds"], 2)))
        searches.append(
            replace(setting, name=setting.name.replace("gradient", "random"), runs=runs,
                    changes={**setting.changes, "method": "random search"})
        )  # fmt: skip
    settings: list[Setting] = [*descents, *searches]
    return replace(results, settings=settings, seconds=round(sum(run.seconds for s in settings for run in s.runs), 1))


def _thinned(run: OneRun, every: int) -> OneRun:
    return replace(run, curves={name: curve[every - 1 :: every] for name, curve in run.curves.items()})


def sentences(results: Results) -> tuple[str, str]:
    small, large = results["gradient, 82 weights"], results["gradient, 4,482 weights"]
    by_chance, large_by_chance = results["random, 82 weights"], results["random, 4,482 weights"]
    return (
        f"For as much arithmetic as {results.epochs} steps of gradient descent random search reaches "
        f"{reached(by_chance)} with 82 weights and {reached(large_by_chance)} with 4,482: it "
        f"{compared(by_chance, small)}, and it {compared(large_by_chance, large)}.",
        f"The training loss: {small.mean('train loss'):.2g} and {large.mean('train loss'):.2g} by gradient, "
        f"{by_chance.mean('train loss'):.2g} and {large_by_chance.mean('train loss'):.2g} by chance.",
    )
