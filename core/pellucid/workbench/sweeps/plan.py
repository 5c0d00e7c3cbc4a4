"""Plan: the settings that a sweep makes of an experiment, and the runs, each with the name of its folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import product
from math import prod
from typing import Any

from pellucid.basics.checks import is_int
from pellucid.basics.errors import ConfigError
from pellucid.workbench.experiments.sections import Sections, put
from pellucid.workbench.sweeps.draws import unit
from pellucid.workbench.sweeps.sweep import Sweep, read_sweep

MOST_RUNS = 10_000
_OF_NO_EFFECT = ("seed", "threads", "checkpoint_seconds")
"""Of ``[train]``: what tells no setting from another, as no bit of a result depends on it; and the seed."""
_LETTERS = 60
"""Of a folder's name, that say what was set."""


@dataclass(frozen=True)
class Setting:
    """One point of a sweep.

    Attributes:
        name: of its entry in ``[[sweep.list]]``, or "".
        entry: path -> value, of what that entry sets; varied: of what the grid and the draws set.
        sections: the experiment with these changes.
        pruned: it is a trial of a search that was ended on its way, being behind.
    """

    name: str
    entry: Mapping[str, Any]
    varied: Mapping[str, Any]
    sections: Sections
    pruned: bool = False

    @property
    def changes(self) -> dict[str, Any]:
        """path -> value, of all that the sweep sets."""
        return {**self.entry, **self.varied}

    @property
    def label(self) -> str:
        """``"batch norm, optimizer.lr = 0.1"``."""
        varied = (f"{path} = {shown(value)}" for path, value in self.varied.items())
        return ", ".join([*([self.name] if self.name else []), *varied]) or "as it is"

    @cached_property
    def text(self) -> str:
        """All that it sets and all that it leaves, which no other setting has, in a text."""
        train = {key: value for key, value in _train(self.sections).items() if key not in _OF_NO_EFFECT}
        return json.dumps({**self.sections, "train": train}, sort_keys=True, default=str)

    @property
    def folder(self) -> str:
        """What its folder is called: in readable letters, and by six of a hash of its sections."""
        varied = (f"{path.rpartition('.')[2]}={shown(value)}" for path, value in self.varied.items())
        words = ",".join([self.name, *varied]).replace(", ", "+").replace("[", "").replace("]", "")
        readable = re.sub(r"[^A-Za-z0-9.,=_+-]+", "-", words).strip(",")[:_LETTERS].strip("-.,")
        key = blake2b(self.text.encode(), digest_size=3).hexdigest()
        return f"{readable}-{key}" if readable else key


@dataclass(frozen=True)
class PlannedRun:
    """A setting with a seed: one run, in the folder ``SETTING/seed-0`` of the sweep's."""

    setting: Setting
    seed: int

    @property
    def folder(self) -> str:
        return f"{self.setting.folder}/seed-{self.seed}"

    @property
    def label(self) -> str:
        return f"{self.setting.label}, seed {self.seed}"

    @property
    def sections(self) -> Sections:
        """The experiment that is trained."""
        return {**self.setting.sections, "train": {**_train(self.setting.sections), "seed": self.seed}}


@dataclass(frozen=True)
class Plan:
    """What a file with ``[sweep]`` means.

    Attributes:
        sections: the file as it is, ``[sweep]`` included.
        sweep: that section, read.
        settings: all of them; none where a search proposes them.
        seeds: each setting is trained with each.
    """

    sections: Sections
    sweep: Sweep
    settings: tuple[Setting, ...]
    seeds: tuple[int, ...]

    @property
    def base(self) -> Sections:
        """The experiment without ``[sweep]``."""
        return {name: section for name, section in self.sections.items() if name not in ("sweep", "plugins")}

    @property
    def searched(self) -> Sections:
        """All that must stay what it is while a search goes on: everything but the number of its trials."""
        sweep = {key: value for key, value in self.sections.get("sweep", {}).items() if key != "pictures"}
        search = {key: value for key, value in sweep.get("search", {}).items() if key != "trials"}
        train = {key: value for key, value in _train(self.sections).items() if key not in _OF_NO_EFFECT[1:]}
        return {**self.sections, "train": train, "sweep": {**sweep, "search": search}}

    @property
    def runs(self) -> list[PlannedRun]:
        """Every setting with the first seed, then with the second, …: the first round shows all settings."""
        return [PlannedRun(setting, seed) for seed in self.seeds for setting in self.settings]


def make_plan(sections: Sections) -> Plan:
    """The plan of a file's sections.

    Raises:
        ConfigError: mistakes in ``[sweep]``, each with its key; a setting that cannot be put where its path says; two
            equal settings; more runs than anybody waits for.
    """
    sweep = read_sweep(sections.get("sweep"))
    own = _train(sections).get("seed", 0)
    seeds = sweep.seeds or (own if is_int(own) else 0,)
    plan = Plan(sections, sweep, (), seeds)
    draws = sweep.random.draws if sweep.random else 1
    count = (len(sweep.entries) or 1) * prod(map(len, sweep.grid.values())) * draws * len(seeds)
    if count > MOST_RUNS:
        raise ConfigError(f"sweep: makes {count:,} runs. At most {MOST_RUNS:,}: fewer values, draws or seeds.")
    settings = () if sweep.search else tuple(_settings(sweep, plan.base))
    return Plan(sections, sweep, settings, seeds)


def _train(sections: Sections) -> Mapping[str, Any]:
    """``[train]``; what is none is refused where experiments are checked."""
    train = sections.get("train", {})
    return train if isinstance(train, Mapping) else {}


def _settings(sweep: Sweep, base: Sections) -> Iterator[Setting]:
    entries = sweep.entries or {"": {}}
    points = [dict(zip(sweep.grid, values, strict=True)) for values in product(*sweep.grid.values())]
    known: dict[str, Setting] = {}
    folders: dict[str, Setting] = {}
    for (name, entry), point, drawn in product(entries.items(), points, _drawn(sweep)):
        setting = made(base, name, entry, {**point, **drawn})
        before = known.setdefault(setting.text, setting)
        if before is setting:
            if folders.setdefault(setting.folder, setting) is not setting:
                raise ConfigError(
                    f"sweep: by chance {folders[setting.folder].label!r} and {setting.label!r} would have one folder. "
                    "Give one of them another name, or leave it out."
                )
            yield setting
        elif sweep.random is None or before.name != name:  # few choices are drawn twice now and then
            raise ConfigError(f"sweep: the settings {before.label!r} and {setting.label!r} are equal. Leave out one.")


def _drawn(sweep: Sweep) -> list[dict[str, Any]]:
    if sweep.random is None:
        return [{}]
    seed, ranges = sweep.random.seed, sweep.random.ranges
    return [
        {path: draw.at(unit(seed, path, number)) for path, draw in ranges.items()}
        for number in range(sweep.random.draws)
    ]


def made(
    base: Sections, name: str, entry: Mapping[str, Any], varied: Mapping[str, Any], *, pruned: bool = False
) -> Setting:  # fmt: skip
    """A setting: the experiment with values at their paths.

    Raises:
        ConfigError: a path leads through what is no table.
    """
    sections = deepcopy(base)
    changes = {**entry, **varied}
    for path in sorted(changes, key=lambda path: path.count(".")):  # a section before its keys
        _change(sections, path, changes[path])
    return Setting(name, entry, varied, sections, pruned)


def _change(sections: Sections, path: str, value: Any) -> None:
    """Put a value at its path; a table that names no component changes the keys of the one that is there."""
    if isinstance(value, Mapping) and value and "type" not in value:
        for key, item in value.items():
            _change(sections, f"{path}.{key}", item)
    else:
        put(sections, path.split("."), deepcopy(value), f"sweep: {path}")


def shown(value: Any) -> str:
    """A value in few letters: of a component its name and arguments."""
    if isinstance(value, Mapping):
        name = [str(value["type"])] if "type" in value else []
        return " ".join([*name, *(f"{key}={shown(item)}" for key, item in value.items() if key != "type")])
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(shown, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
