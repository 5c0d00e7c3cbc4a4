"""Sweep: what the section ``[sweep]`` of an experiment file asks for, every mistake told with its key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pellucid.basics.checks import is_int
from pellucid.basics.suggest import did_you_mean, listed, said
from pellucid.registry.reader import Reader
from pellucid.workbench.experiments.sections import NAMES
from pellucid.workbench.sweeps.draws import Draw, is_draw, read_draw

KEYS = ("seeds", "grid", "list", "random", "search", "metric", "split", "mode", "pictures")
CHOICES = {"split": ("validation", "test"), "mode": ("max", "min"), "pictures": (True, False)}
OF_SWEEP = tuple(key for key in KEYS if key not in ("grid", "list", "random", "search"))
"""Keys that tell of the whole sweep, and are no settings."""
SEARCH_CHOICES = {"sampler": ("tpe", "random"), "prune": ("median", "none")}


@dataclass(frozen=True)
class Random:
    """``[sweep.random]``: settings that are drawn.

    Attributes:
        draws: how many.
        seed: of the numbers that are drawn.
        ranges: path of a setting -> where its values come from.
    """

    draws: int
    seed: int
    ranges: Mapping[str, Draw]


@dataclass(frozen=True)
class Search:
    """``[sweep.search]``: settings that Optuna proposes, in the light of those before.

    Attributes:
        trials: how many.
        seed: of the proposals.
        sampler: ``tpe`` learns from the trials so far, ``random`` does not.
        prune: ``median`` ends a trial that is worse than the median of the others at the same epoch; ``none``.
        ranges: as those of ``[sweep.random]``.
    """

    trials: int
    seed: int
    sampler: str
    prune: str
    ranges: Mapping[str, Draw]


@dataclass(frozen=True)
class Sweep:
    """The section ``[sweep]``. Where it has a list, a grid and draws, every combination of them is a setting.

    Attributes:
        seeds: each setting is trained with each; None: with that of ``[train]``.
        entries: of ``[[sweep.list]]``: name -> the settings that it changes.
        grid: path of a setting -> its values.
        random, search: see there, or None.
        metric, split, mode: the figure that ranks, on which part of the data, and whether more is better (``max``);
            None: what the runs chose their epoch by.
        pictures: whether each run draws its own.
    """

    seeds: tuple[int, ...] | None = None
    entries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    grid: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    random: Random | None = None
    search: Search | None = None
    metric: str | None = None
    split: str | None = None
    mode: str | None = None
    pictures: bool = False


def read_sweep(section: Any) -> Sweep:
    """The section as it stands in the file.

    Raises:
        ConfigError: all mistakes, each with its key, what was expected, and a suggestion.
    """
    reader = Reader()
    if not isinstance(section, Mapping):
        reader.note("sweep", f"expected a table: [sweep] with {listed(KEYS)}. Received: {said(section):.80}.")
        reader.finish()
    for key in section:
        if key not in KEYS:
            remedy = _belongs(str(key)) or f"{did_you_mean(str(key), KEYS)} Allowed: {listed(KEYS)}."
            reader.note(f"sweep.{key}", f"[sweep] has no such key.{remedy}")
    told = {key: _choice(reader, f"sweep.{key}", section, key, CHOICES[key], None) for key in CHOICES}
    metric = section.get("metric")
    if not isinstance(metric, str | None):
        reader.note("sweep.metric", f'expected the name of a figure: "accuracy". Received: {said(metric):.80}.')
    read = Sweep(
        seeds=_seeds(reader, section.get("seeds")),
        entries=_entries(reader, section.get("list", [])),
        grid=_grid(reader, section["grid"]) if "grid" in section else {},
        random=_random(reader, section.get("random")),
        search=_search(reader, section),
        metric=metric, split=told["split"], mode=told["mode"], pictures=bool(told["pictures"]),
    )  # fmt: skip
    _once(reader, read)
    if not reader.mistakes and not any((read.seeds, read.entries, read.grid, read.random, read.search)):
        reader.note("sweep", "says of nothing what is to vary. Give seeds, grid, list, random or search.")
    reader.finish()
    return read


def _seeds(reader: Reader, seeds: Any) -> tuple[int, ...] | None:
    if seeds is None:
        return None
    good = isinstance(seeds, list) and all(is_int(s) and s >= 0 for s in seeds)
    if not good or not seeds or len(set(seeds)) < len(seeds):
        expected = "a list of different whole numbers of at least 0: seeds = [0, 1, 2]"
        reader.note("sweep.seeds", f"expected {expected}. Received: {said(seeds):.80}.")
        return None
    return tuple(seeds)


def _grid(reader: Reader, table: Any) -> dict[str, tuple[Any, ...]]:
    grid: dict[str, tuple[Any, ...]] = {}
    for path, values in _settings(reader, "sweep.grid", table, lambda value: False):
        if not isinstance(values, list) or not values:
            what = f'expected a list of values: "{path}" = [0.1, 0.01]'
            reader.note(f"sweep.grid.{path}", f"{what}. Received: {said(values):.80}.")
        elif any(value in values[:place] for place, value in enumerate(values)):
            reader.note(f"sweep.grid.{path}", f"there is a value twice: {said(values):.80}.")
        else:
            grid[path] = tuple(values)
    return grid


def _entries(reader: Reader, entries: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        reader.note("sweep.list", f"expected tables: [[sweep.list]] above each. Received: {said(entries):.80}.")
        return found
    for number, entry in enumerate(entries):
        where, name = f"sweep.list.{number}", entry.get("name", f"{number + 1}")
        if not isinstance(name, str) or not name.strip():
            reader.note(f"{where}.name", f"expected a text. Received: {said(name):.80}.")
            continue
        if name in found:
            reader.note(f"{where}.name", f"there is an entry {name!r} already. Give each a name of its own.")
        changed = {key: value for key, value in entry.items() if key != "name"}
        found[name] = dict(_settings(reader, where, changed, lambda value: "type" in value, may_be_empty=True))
    return found


def _random(reader: Reader, table: Any) -> Random | None:
    if table is None:
        return None
    draws = _count(reader, "sweep.random", table, "draws", None)
    seed = _count(reader, "sweep.random", table, "seed", 0, least=0)
    ranges = _ranges(reader, "sweep.random", table, ("draws", "seed"))
    return None if draws is None or seed is None else Random(draws, seed, ranges)


def _search(reader: Reader, section: Mapping[str, Any]) -> Search | None:
    table = section.get("search")
    if table is None:
        return None
    others = [key for key in ("grid", "list", "random") if key in section]
    if others:
        reader.note("sweep.search", f"proposes all settings itself. Leave out of [sweep]: {listed(others)}.")
    seeds = section.get("seeds")
    if isinstance(seeds, list) and len(seeds) > 1:
        reader.note(
            "sweep.seeds", "a search trains each trial with one seed, so that it can end those that are behind. Give "
            "one here, and train the best ones with several in a sweep of their own: [[sweep.list]].",
        )  # fmt: skip
    trials = _count(reader, "sweep.search", table, "trials", None)
    seed = _count(reader, "sweep.search", table, "seed", 0, least=0)
    sampler, prune = (
        _choice(reader, f"sweep.search.{key}", table, key, choices, choices[0])
        for key, choices in SEARCH_CHOICES.items()
    )
    ranges = _ranges(reader, "sweep.search", table, ("trials", "seed", *SEARCH_CHOICES))
    return None if trials is None or seed is None else Search(trials, seed, str(sampler), str(prune), ranges)


def _ranges(reader: Reader, where: str, table: Any, reserved: tuple[str, ...]) -> dict[str, Draw]:
    if not isinstance(table, Mapping):
        return {}  # told with its numbers
    settings = {key: value for key, value in table.items() if key not in reserved}
    found = _settings(reader, where, settings, is_draw, further=reserved)
    draws = ((path, read_draw(reader, f"{where}.{path}", value)) for path, value in found)
    return {path: draw for path, draw in draws if draw is not None}


def _count(reader: Reader, where: str, table: Any, key: str, default: int | None, *, least: int = 1) -> int | None:
    value = table.get(key, default) if isinstance(table, Mapping) else None
    if value is None or not is_int(value) or value < least:
        said_of = "It is missing" if value is None else f"Received: {said(value):.80}"
        reader.note(f"{where}.{key}", f"expected a whole number of at least {least}: {key} = 20. {said_of}.")
        return None
    return int(value)


def _choice(
    reader: Reader, path: str, table: Any, key: str, choices: tuple[Any, ...], default: Any
) -> Any:  # fmt: skip
    value = table.get(key, default) if isinstance(table, Mapping) else default
    if value is not default and not any(value is c or (isinstance(c, str) and value == c) for c in choices):
        allowed = listed(f'"{c}"' if isinstance(c, str) else str(c).lower() for c in choices)
        suggestion = did_you_mean(value, map(str, choices)) if isinstance(value, str) else ""
        reader.note(path, f"expected one of {allowed}.{suggestion} Received: {said(value):.80}.")
        return default
    return value


def _settings(
    reader: Reader, where: str, table: Any, is_value: Callable[[Mapping[str, Any]], bool], *,
    further: tuple[str, ...] = (), may_be_empty: bool = False,
) -> list[tuple[str, Any]]:  # fmt: skip
    """The settings of a table by their paths, ``optimizer.lr``, whether written with quotes or as tables in tables."""
    if not isinstance(table, Mapping) or (not table and not may_be_empty and not further):
        reader.note(where, f'expected settings by their paths: "optimizer.lr" = …. Received: {said(table):.80}.')
        return []
    if not table and not may_be_empty:
        reader.note(where, 'expected settings to be drawn: "optimizer.lr" = { log_uniform = [1e-4, 1e-1] }.')
    found: list[tuple[str, Any]] = []
    waiting = [(str(key), value) for key, value in reversed([*table.items()])]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Mapping) and value and not is_value(value):
            waiting += [(f"{path}.{key}", item) for key, item in reversed([*value.items()])]
        elif wrong := _wrong_path(path, further):
            reader.note(f"{where}.{path}", wrong)
        else:
            found.append((path, value))
    return found


def _wrong_path(path: str, further: tuple[str, ...]) -> str | None:
    """What is wrong with the path of a setting, with its remedy."""
    first, *others = path.split(".")
    if path == "train.seed":
        return "seeds are given for the sweep as a whole: seeds = [0, 1, 2] in [sweep]."
    if first == "train" and others and others[0] in NAMES:
        return f"[{others[0]}] is a section of its own. Write {'.'.join(others)}."
    if path in OF_SWEEP:
        return f"belongs into [sweep] itself: write {path} = … there."
    if first not in NAMES or not all(others):
        known = tuple(dict.fromkeys((*NAMES, *further)))
        return f"begins with no section of an experiment.{did_you_mean(first, known)} Allowed: {listed(known)}."
    return None


def _belongs(key: str) -> str:
    """Where a setting is to be written that stands in [sweep] itself."""
    return f' A setting stands in one of its tables: [sweep.grid] with "{key}" = […].' if key in NAMES else ""


def _once(reader: Reader, sweep: Sweep) -> None:
    """Note settings that two of list, grid and draws would change."""
    entries = {path for changes in sweep.entries.values() for path in changes}
    for path in entries & sweep.grid.keys():
        reader.note(f"sweep.grid.{path}", "[[sweep.list]] sets it, too. Which value would count? Leave out one.")
    for path in (entries | sweep.grid.keys()) & (sweep.random.ranges if sweep.random else {}).keys():
        reader.note(f"sweep.random.{path}", "list or grid sets it, too. Which value would count? Leave out one.")
