"""Ready: a network that is built, its data and its trainer, made of the sections of an experiment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pellucid import Layer, PellucidError, Splits, Trainer
from pellucid.workbench.experiments.experiment import check, prepare

from pellucid_studio.allowed import Mistake, mistakes_in
from pellucid_studio.placing import placed
from pellucid_studio.reading import splits_of
from pellucid_studio.sizes import check_sizes

Sections = dict[str, Any]
SEED = 0
"""Of an experiment that has none: a network built anew stays comparable, and a link shows everybody the same."""


@dataclass(frozen=True, eq=False)
class Ready:
    """A network before its first step; all that can be checked is checked.

    Attributes:
        sections: as they were asked for; resolved: with everything filled in.
        trainer, splits: what trains it, and on what.
        epochs: after how many the plan ends; batch_size: of a step.
    """

    sections: Sections
    resolved: Sections
    trainer: Trainer
    splits: Splits
    epochs: int
    batch_size: int

    @property
    def model(self) -> Layer:
        return self.trainer.model


class Refused(Exception):
    """Sections that make no network, and all that is wrong with them."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        self.lines = [f"{each.path}: {each.text}" if each.path else each.text for each in mistakes]
        super().__init__("; ".join(self.lines))


@contextmanager
def refusing(place: Callable[[Mistake], Mistake] = lambda mistake: mistake) -> Iterator[None]:
    """Whatever is raised while something is made of sections refuses them: a component is code of any plugin.

    Args:
        place: puts a mistake at the section that it is about.
    """
    try:
        yield
    except Refused:
        raise
    except PellucidError as error:
        raise Refused([place(mistake) for mistake in told(error)]) from error
    except MemoryError as error:
        raise Refused([Mistake("", "There is not enough memory for this. Make layers or batches smaller.")]) from error
    except BaseException as error:  # SystemExit of a component, too, ends no thread of the studio
        text = f"{type(error).__name__}: {error}. This is a mistake in pellucid or in a plugin."
        raise Refused([Mistake("", text)]) from error


def made_of(sections: Mapping[str, Any], *, trusted: bool = False) -> Ready:
    """The network of these sections.

    Args:
        trusted: they come from the user's own file, and not from a page.

    Raises:
        Refused: with every mistake and its path, as pellucid words them.
    """
    asked = {name: value for name, value in sections.items() if value is not None}
    if not trusted and (mistakes := mistakes_in(asked)):
        raise Refused(mistakes)
    parts: dict[str, Any] = {}
    with refusing(lambda mistake: placed(mistake, asked, parts)):
        seeded = seeded_of(asked)
        experiment, seed = check(seeded), seeded["train"]["seed"]
        settings, parts = experiment.settings, vars(experiment)
        splits = splits_of(experiment.dataset, seed if experiment.data_seed is None else experiment.data_seed)
        vars(experiment.dataset)["splits"] = lambda seed=0: splits  # loaded once
        check_sizes(experiment, splits, seed)
        prepared = prepare(experiment)
        trainer = prepared.trainer
        # What chooses an epoch or ends a run belongs to a training that nobody looks at: here weights stay as they are.
        trainer.callbacks.clear()
        trainer.fit(splits, epochs=0, batch_size=settings.batch_size, verbose=False)
    return Ready(asked, prepared.resolved, trainer, splits, settings.epochs, settings.batch_size)


def seeded_of(sections: Sections) -> Sections:
    """With the seed of the studio, where there is none."""
    train = sections.get("train", {})
    if not isinstance(train, dict) or train.get("seed") is not None:
        return sections
    return {**sections, "train": {**train, "seed": SEED}}


def told(error: PellucidError) -> list[Mistake]:
    """The mistakes that an error names, each with its path; see :meth:`pellucid.registry.reader.Reader.finish`."""
    first, *rest = str(error).split("\n")
    lines = rest if first.endswith("in the configuration:") else []
    return [Mistake.of(line.strip()) for line in lines] or [Mistake.of(str(error))]
